"""The table of caches in the design names every container that grows while the program runs, and none that is gone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "exporter/aiprobe"
CONTAINERS = {"dict", "set", "deque", "defaultdict", "OrderedDict"}


def is_empty_container(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Dict):
        return not value.keys
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in CONTAINERS


def cached(node: ast.AST) -> Iterator[str]:
    """Yield a function that keeps what it returned, without a bound of its own."""
    if isinstance(node, ast.FunctionDef):
        for decorator in map(ast.unparse, node.decorator_list):
            if decorator.endswith("cache") or (decorator.startswith("lru_cache") and "maxsize=None" in decorator):
                yield node.name


def filled(node: ast.AST) -> Iterator[str]:
    """Yield attributes that an object begins with as an empty container."""
    if not isinstance(node, ast.FunctionDef) or node.name != "__init__":
        return
    for each in ast.walk(node):
        target = (
            each.targets[0]
            if isinstance(each, ast.Assign)
            else each.target
            if isinstance(each, ast.AnnAssign)
            else None
        )
        if (
            isinstance(target, ast.Attribute)
            and isinstance(each, ast.Assign | ast.AnnAssign)
            and is_empty_container(each.value)
        ):
            yield target.attr


def in_the_code(package: Path = PACKAGE) -> set[tuple[str, str]]:
    return {
        (path.relative_to(package).as_posix(), name)
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in (*cached(node), *filled(node))
    }


def in_the_table() -> set[tuple[str, str]]:
    part = (ROOT / "docs/design.md").read_text("utf-8").partition("\n## Caches\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z_/]+\.py)` \| ([^|]+) \| [^|]+ \|$", part, re.MULTILINE)
    return {(file, name) for file, names in rows for name in re.findall(r"`(\w+)`", names)}


def test_every_cache_stands_in_the_table_with_its_bound_or_its_owner() -> None:
    assert sorted(in_the_code() - in_the_table()) == []
    assert sorted(in_the_table() - in_the_code()) == []


def test_a_cache_that_nobody_wrote_down_is_found(tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text(
        "class Keeper:\n    def __init__(self):\n        self._all: dict[str, int] = {}\n        self.some = deque()\n"
        "@cache\ndef one(x): ...\n@lru_cache(maxsize=8)\ndef two(x): ...\n"
    )
    assert in_the_code(tmp_path) == {("room.py", "_all"), ("room.py", "some"), ("room.py", "one")}
