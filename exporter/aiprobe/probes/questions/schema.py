"""Checks an answer against a JSON Schema or a regular expression, in a time that is linear in the answer.

The regular expressions are Rust's, without look-around and back-references, so that no pattern of a configuration can
take long over an answer. References outside a schema are not fetched.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiprobe.protocols.jsonvalues import load

LONGEST_TEXT: Final = 65_536
"""Characters of an answer that are checked; a longer one is refused."""
_AUTOMATON_BYTES: Final = 1 << 20


class Checker:
    """Checks answers against one schema."""

    __slots__ = ("_validator",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Raises ValueError for what is no schema, or refers to something outside it."""
        # Nine megabytes that a configuration without such a question never needs.
        import jsonschema_rs  # noqa: PLC0415

        options = jsonschema_rs.RegexOptions(size_limit=_AUTOMATON_BYTES, dfa_size_limit=_AUTOMATON_BYTES)
        try:
            self._validator = jsonschema_rs.validator_for(dict(schema), pattern_options=options, offline=True)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise ValueError(f"`json_schema` is no JSON Schema: {str(error).splitlines()[0]}") from None

    def problem(self, instance: object) -> str:
        """Return where an instance breaks the schema, without its values; empty for nothing."""
        try:
            error = next(self._validator.iter_errors(instance), None)
        except UnicodeEncodeError:  # JSON can escape half a pair, and Rust has no such text
            return "a text has half of a surrogate pair"
        if error is None:
            return ""
        at = "/".join(str(part) for part in error.instance_path) or "the whole"
        rule = "/".join(str(part) for part in error.schema_path)
        return f"{at} breaks {rule} of the schema"


def matcher(pattern: str) -> Checker:
    """Return a checker of texts that match `pattern` somewhere. Raises ValueError for what is no pattern."""
    try:
        return Checker({"type": "string", "pattern": pattern})
    except ValueError:
        raise ValueError("`regex` is no regular expression in the syntax of Rust, which has no look-around") from None


def loaded(text: str) -> object:
    """Return the one JSON document that a text is. Raises ValueError for anything else."""
    return load(text.encode())
