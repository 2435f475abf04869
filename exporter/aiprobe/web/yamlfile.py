"""Typed values of one small YAML file: no unknown key, every problem noted with its path.

What the keys mean belongs in `webconfig.py`; YAML itself is read by `strictyaml.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

_KIND_NAMES: Final[Mapping[type, str]] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
}

_T = TypeVar("_T")


class WebError(Exception):
    """A web config file or a listen address that cannot be used; the message lists every problem."""


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
