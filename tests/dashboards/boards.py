"""The boards as JSON, and ways to walk over them, for tests."""

import re
from collections.abc import Iterator
from typing import Any, Final

from dashboards.src.boards import BOARDS

Json = dict[str, Any]
ALL: Final[dict[str, Json]] = {board["uid"]: board for board in (make().as_json() for make in BOARDS)}
PANELS: Final = [(uid, panel) for uid, board in ALL.items() for panel in board["panels"]]
DATA_PANELS: Final = [(uid, panel) for uid, panel in PANELS if "targets" in panel]
BUILT_IN: Final = frozenset(
    {"__rate_interval", "__range", "__range_s", "__interval", "__interval_ms", "__url_time_range", "__from", "__to"}
)


def ids(pairs: list[tuple[str, Json]]) -> list[str]:
    """Return names of panels for pytest."""
    return [f"{uid}: {panel['title']}" for uid, panel in pairs]


def strings(value: object) -> Iterator[str]:
    """Yield every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def objects(value: object) -> Iterator[Json]:
    """Yield every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


def variables_used(text: str) -> set[str]:
    """Return the dashboard variables that a text asks Grafana to fill in."""
    found = re.findall(r"\$\{(\w+)[^}]*\}|\$(\w+)", text)
    names = {braced or bare for braced, bare in found}
    return {name for name in names if not name.isdecimal() and name not in BUILT_IN | {"__field", "__data", "__all"}}


def filled(expr: str) -> str:
    """Fill in a query as Grafana would with All chosen."""
    for macro, value in (
        ("$__rate_interval", "4m"),
        ("$__interval_ms", "300000"),
        ("$__interval", "5m"),
        ("$__range_s", "86400"),
        ("$__range", "86400s"),
        ("$cost_by", "account"),
    ):
        expr = expr.replace(macro, value)
    return re.sub(r"\$(?!\d)\w+", ".*", expr)
