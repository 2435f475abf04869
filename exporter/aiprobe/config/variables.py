"""`${VAR}` and `${VAR:-default}` in the text of a configuration, `$$` for a dollar sign.

A value is put in whole, after YAML was read: it may hold any character and never becomes YAML itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiprobe.core.secret import MASK

_REFERENCE: Final = re.compile(
    r"\$\$|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>(?:(?!\$\{)[^}])*))?\}|(?P<broken>\$\{[^}\n]{0,40}\}?)"
)
_SOUNDS_SECRET: Final = re.compile(r"(?i)key|token|secret|passw|credential|auth")


class VariableError(ValueError):
    """A reference that cannot be resolved; the arguments are the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A text with its variables put in."""

    text: str
    variables: tuple[str, ...] = ()
    """The names that were read from the environment, in the order of the text."""
    values: tuple[str, ...] = ()
    """What those variables hold."""
    masked: str = ""
    """The text with `***` in place of those values."""
    fell_back: bool = False
    """A default stands in for at least one variable."""


def expand(text: str, environ: Mapping[str, str]) -> Expanded:
    """Put the environment's values into `text`.

    Raises:
        VariableError: a variable is unset or empty and has no default, or a reference is malformed.
    """
    if "$" not in text:
        return Expanded(text, masked=text)
    names: list[str] = []
    defaults: list[str] = []
    values: list[str] = []

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
        values.append(value)
        return value

    def shown_of(match: re.Match[str]) -> str:
        return MASK if environ.get(match["name"] or "") else match["default"] or "$" * (match["name"] is None)

    return Expanded(
        _REFERENCE.sub(value_of, text), tuple(names), tuple(values), _REFERENCE.sub(shown_of, text), bool(defaults)
    )


def sounds_secret(name: str) -> bool:
    """Return whether a variable of this name is likely to hold a secret."""
    return _SOUNDS_SECRET.search(name) is not None
