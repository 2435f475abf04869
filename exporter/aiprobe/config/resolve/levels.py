"""What a key is where several levels may give it: a target's own section, its provider's or preset, the defaults."""

from dataclasses import fields
from typing import Any, TypeVar

_T = TypeVar("_T")


def given(name: str, *levels: object, default: Any = None) -> Any:
    """Return the value of the first level that gives the key `name`, else `default`."""
    for level in levels:
        value = getattr(level, name, None)
        if value is not None:
            return value
    return default


def built(kind: type[_T], /, *levels: object, **made: object) -> _T:
    """Return a `kind` of what is `made`. Every other field is the key of its name, else the default of the field.

    So a key that is only passed on is declared in the schema and in `kind`, and nowhere else.
    """
    names = (field.name for field in fields(kind) if field.name not in made)  # type: ignore[arg-type]
    keys = {name: value for name in names if (value := given(name, *levels)) is not None}
    return kind(**made, **keys)
