"""Errors that a contract counts once: those repeated within a window after a first one.

A stretch of slices is a table: for each number of slices that a window still covers when the stretch begins, the
errors that count and the slices still covered when it ends. Tables of neighbouring stretches join to one, so an hour
is gone through once. Which methods use it, and in which reading, belongs in `tally`.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Counted(NamedTuple):
    """What a stretch adds up to for one state at its start."""

    errors: int
    covered: int
    """Slices after the stretch that its last window still covers."""


Repeats = tuple[Counted, ...]
"""By slices covered at the start; empty for a stretch without errors."""


def repeats_of(bad: Sequence[int], window: int) -> Repeats:
    """Return the table of a stretch, given the errors of each slice; `window` is in slices, 0 for none."""
    return tuple(_walk(bad, window, covered) for covered in range(window)) if any(bad) else ()


def joined(one: Repeats, two: Repeats, *, lengths: tuple[int, int]) -> Repeats:
    """Return the table of two neighbouring stretches with so many slices each."""
    first, second = lengths
    if not one and not two:
        return ()
    before = one or tuple(_quiet(covered, first) for covered in range(len(two)))
    joint = []
    for start in before:
        end = two[start.covered] if two else _quiet(start.covered, second)
        joint.append(Counted(start.errors + end.errors, end.covered))
    return tuple(joint)


def _quiet(covered: int, slices: int) -> Counted:
    return Counted(0, max(0, covered - slices))


def _walk(bad: Sequence[int], window: int, covered: int) -> Counted:
    errors = 0
    for count in bad:
        if count and not covered:
            errors += 1
            covered = window
        covered = max(0, covered - 1)
    return Counted(errors, covered)
