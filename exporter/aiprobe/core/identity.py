"""Who answers behind the name of a model: what replies show of it, and when that changed. Pure.

A fleet serves several builds at once, so a value that was seen before is no change, and neither is one that comes
beside a known one: only an unseen value in three replies, while no known one came, is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aiprobe.core.model import ModelChange, Result

PROPERTIES: Final = ("model", "fingerprint", "call_format", "input_tokens")
"""What is remembered: the values of `what` of `aiprobe_model_changes_total`."""
REPLIES: Final = 3
"""Replies with an unseen value, and none with a known one, that are a change."""
_VALUES_KEPT: Final = 8
_PREFIX: Final = re.compile(r"(?:[A-Za-z]+[-_]){0,3}")


@dataclass(slots=True)
class _Seen:
    """The values of one property."""

    known: tuple[str, ...] = ()
    """The last one is the one that answered last; the oldest is dropped first."""
    fresh: tuple[str, ...] = ()
    """Unseen values since a known one came, one for each reply."""

    def take(self, what: str, value: str) -> ModelChange | None:
        if not self.known or value in self.known:
            self.known, self.fresh = _last(self.known, value), ()
            return None
        self.fresh = (*self.fresh, value)[-_VALUES_KEPT:]
        if self.fresh.count(value) < REPLIES:
            return None
        change = ModelChange(what=what, before=self.known[-1], after=value)
        for each in (*self.fresh, value):
            self.known = _last(self.known, each)
        self.fresh = ()
        return change


def _last(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    if values and values[-1] == value:  # nearly always
        return values
    return (*(each for each in values if each != value), value)[-_VALUES_KEPT:]


@dataclass(slots=True)
class Identity:
    """What is remembered of one target's replies."""

    _seen: dict[str, _Seen] | None = None
    _model: str | None = None
    """The model of the last reply that showed nothing else, if it was a known one: nearly every reply is like it."""

    def known(self) -> dict[str, list[str]]:
        """Return the known values by property, for `resume` after a restart."""
        if self._seen is None:
            return {"model": [self._model]} if self._model else {}
        return {what: list(seen.known) for what, seen in self._seen.items()}

    def resume(self, known: Mapping[str, object]) -> None:
        """Take the known values of the last run. Ignores what is none."""
        found = {
            what: tuple(str(value) for value in values[-_VALUES_KEPT:])
            for what, values in known.items()
            if what in PROPERTIES and isinstance(values, list) and values
        }
        if found.keys() == {"model"} and len(found["model"]) == 1:
            (self._model,) = found["model"]
        elif found:
            self._seen = {what: _Seen(known=values) for what, values in found.items()}

    def take(self, result: Result) -> tuple[ModelChange, ...]:
        """Take a reply; return what changed with it."""
        plain = result.system_fingerprint is None and result.call_id is None and result.fixed_input_tokens is None
        if plain and self._model == result.response_model:
            return ()
        if self._seen is None:
            if plain and self._model is None:  # all that most targets ever need to keep
                self._model = result.response_model
                return ()
            self._seen = {"model": _Seen(known=(self._model,))} if self._model else {}
        changes: tuple[ModelChange, ...] = ()
        for what, value in _shown(result):
            change = self._seen.setdefault(what, _Seen()).take(what, value)
            if change is not None:
                changes = (*changes, change)
        models = self._seen.get("model")
        self._model = result.response_model if plain and models is not None and not models.fresh else None
        return changes


def _shown(result: Result) -> Iterator[tuple[str, str]]:
    """Yield what a reply shows of who answered, by the values of `what` of `aiprobe_model_changes_total`."""
    if result.response_model:
        yield "model", result.response_model
    if result.system_fingerprint:
        yield "fingerprint", result.system_fingerprint
    if result.call_id:
        yield "call_format", call_format(result.call_id)
    if result.fixed_input_tokens is not None:
        yield "input_tokens", str(result.fixed_input_tokens)


def call_format(call_id: str) -> str:
    """Return the form of an id of a tool call: its words and its length, such as `toolu_*30`."""
    prefix = _PREFIX.match(call_id)
    return f"{prefix[0] if prefix else ''}*{len(call_id)}"
