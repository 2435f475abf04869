"""`${VAR}` and `${VAR:-default}` in the text of a configuration, `$$` for a dollar sign.

A value is put in whole, after YAML was read: it may hold any character and never becomes YAML itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_REFERENCE: Final = re.compile(
    r"\$\$|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>(?:(?!\$\{)[^}])*))?\}|(?P<broken>\$\{[^}\n]{0,40}\}?)"
)
_SOUNDS_SECRET: Final = re.compile(r"(?i)key|token|secret|passw|credential|auth")


class VariableError(ValueError):
    """A reference that cannot be resolved; the first argument says why, the second what to do."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A text with its variables put in."""

    text: str
    variables: tuple[str, ...] = ()
    """The names that were read from the environment, in the order of the text."""
    secrets: tuple[str, ...] = ()
    """Values of variables whose names sound like a secret's."""
    fell_back: bool = False
    """A default stands in for at least one variable."""


def expand(text: str, environ: Mapping[str, str]) -> Expanded:
    """Put the environment's values into `text`.

    Raises:
        VariableError: a variable is unset or empty and has no default, or a reference is malformed.
    """
    if "$" not in text:
        return Expanded(text)
    names: list[str] = []
    defaults: list[str] = []
    secrets: list[str] = []

    def value_of(match: re.Match[str]) -> str:
        if match["broken"] is not None:
            raise VariableError("holds a malformed variable reference", "write ${NAME}, or $$ for a dollar sign")
        name, default = match["name"], match["default"]
        if name is None:
            return "$"
        value = environ.get(name, "")
        if not value:
            if default is not None:
                defaults.append(default)
                return default
            state = "empty" if name in environ else "not set"
            raise VariableError(f"the variable {name} is {state}", f"export {name}, or write ${{{name}:-default}}")
        names.append(name)
        if _SOUNDS_SECRET.search(name):
            secrets.append(value)
        return value

    expanded = _REFERENCE.sub(value_of, text)
    return Expanded(expanded, tuple(names), tuple(secrets), bool(defaults))
