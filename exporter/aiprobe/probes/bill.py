"""Checks the token counts of a reply against what was asked and received, before they are billed."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from aiprobe.protocols.base import Usage

ABSURD: Final = 10
"""Counts above this multiple of the bound are absurd: some models exceed their cap, but no known one tenfold."""


def believed(usage: Usage, *, answered: bool, most: tuple[int, int]) -> Usage:
    """Return the plausible part of a usage; `most` bounds (input, output) tokens by what was asked.

    Zero tokens beside an answer were not counted. Counts above `ABSURD` times the bound are capped at the bound. An
    input below its own cached part is in another unit.
    """
    tokens = [usage.input_tokens, usage.output_tokens]
    if answered:
        tokens = [None if count == 0 else count for count in tokens]
    tokens = [
        bound if count is not None and count > ABSURD * bound else count
        for count, bound in zip(tokens, most, strict=True)
    ]
    input_tokens, output_tokens = tokens
    cached = usage.cached_input_tokens
    if cached and input_tokens is not None and cached > input_tokens:
        capped = input_tokens != usage.input_tokens
        input_tokens, cached = (input_tokens, input_tokens) if capped else (None, None)
    reasoning = usage.reasoning_tokens
    if reasoning is not None and output_tokens is not None:
        reasoning = min(reasoning, output_tokens)
    return Usage(
        input_tokens=input_tokens, output_tokens=output_tokens, reasoning_tokens=reasoning, cached_input_tokens=cached
    )


def summed(usages: Sequence[Usage]) -> Usage:
    """Return the tokens of several replies; a sum is unknown where one of its parts is."""
    known = {
        field.name: [count for usage in usages if (count := getattr(usage, field.name)) is not None]
        for field in fields(Usage)
    }
    return Usage(**{name: sum(counts) if len(counts) == len(usages) else None for name, counts in known.items()})


def is_capped(reported: Usage, usage: Usage) -> bool:
    """Return whether a count was capped at its bound."""
    pairs = ((reported.input_tokens, usage.input_tokens), (reported.output_tokens, usage.output_tokens))
    return any(count is not None and kept is not None and kept < count for count, kept in pairs)
