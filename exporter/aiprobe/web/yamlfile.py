"""Reading one small YAML file strictly: no key twice, no unknown key, every problem noted with its path.

What the keys mean belongs in `webconfig.py`.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

MAX_BYTES: Final = 1 << 20
_KIND_NAMES: Final[Mapping[type, str]] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
}

_T = TypeVar("_T")


class WebError(Exception):
    """A web config file or a listen address that cannot be used; the text says everything that is wrong with it."""


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that does not let a key be given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):
                if key in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
                seen.add(key)
        return super().construct_mapping(node, deep)


@dataclass(slots=True)
class Section:
    """A mapping of the file being read: takes typed values out, notes what is wrong, and what was left over."""

    path: str
    values: dict[Any, Any]
    problems: list[str]

    def take(self, key: str, kind: type[_T], default: _T) -> _T:
        value = self.values.pop(key, None)
        if value is None:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.complain(key, f"should be {_KIND_NAMES[kind]}, not {type(value).__name__}")
            return default
        return value

    def take_strings(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list, [])
        if all(isinstance(value, str) for value in values):
            return tuple(values)
        self.complain(key, "should be a list of strings")
        return ()

    def take_section(self, key: str) -> "Section | None":
        if key not in self.values:
            return None
        return Section(self._join(key), dict(self.take(key, dict, {})), self.problems)

    def complain(self, key: str, problem: str) -> None:
        self.problems.append(f"{self._join(key)}: {problem}")

    def finish(self, known: str) -> None:
        for key in self.values:
            self.complain(str(key), f"unknown key; known are {known}")

    def _join(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def parse(path: Path) -> dict[Any, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise WebError(f"{path}: cannot read it: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise WebError(f"{path}: larger than {MAX_BYTES} bytes")
    try:
        document = yaml.load(content, Loader=_StrictLoader)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # PyYAML quotes the offending line, which may hold a hash: only the place and the problem are told.
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark is not None else ""
        raise WebError(f"{path}{where}: not valid YAML: {getattr(error, 'problem', None) or 'malformed'}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise WebError(f"{path}: should be a mapping")
    return document
