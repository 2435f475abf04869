"""What is wrong with a status page beyond its last poll: a frozen page, and a platform that is down. Pure.

A page that is frozen or cannot be read declares nothing: its components have no state, never an operational one.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aiprobe.core.statuspage import PROBLEMS, PageSnapshot, Watched
from aiprobe.statuspages.specs import DAY_SECONDS, PageSpec

UNREACHABLE: Final = "unreachable"

Pages = Mapping[str, tuple[PageSpec, PageSnapshot]]
"""Every page that is read by its key."""


def diagnose(pages: Pages, now: float) -> Mapping[str, PageSnapshot]:
    """Return each snapshot with all of its problems, and without the states that they make void."""
    return {key: _diagnosed(spec, snapshot, pages, now) for key, (spec, snapshot) in pages.items()}


def in_words(snapshot: PageSnapshot) -> str:
    """Return the problems of a page as a person reads them; empty without one."""
    told = [PROBLEMS[problem] for problem in snapshot.problems]
    return "; ".join([*told, snapshot.detail] if snapshot.detail and told else told)


def _diagnosed(spec: PageSpec, snapshot: PageSnapshot, pages: Pages, now: float) -> PageSnapshot:
    problems = list(snapshot.problems)
    if UNREACHABLE in problems and _platform_is_down(spec, pages):
        problems[problems.index(UNREACHABLE)] = "platform_down"
    frozen = snapshot.up and _is_old(spec, snapshot, now) and not _platform_is_frozen(spec, pages, now)
    if frozen:
        problems.append("frozen")
    if snapshot.up and not frozen:
        return snapshot
    watched = tuple(_void(one) for one in snapshot.watched)
    reading = replace(snapshot.reading, incidents=()) if frozen and snapshot.reading else snapshot.reading
    return replace(snapshot, problems=tuple(problems), watched=watched, reading=reading)


def _void(one: Watched) -> Watched:
    return replace(one, component=replace(one.component, word="", state=None, maintenance=False))


def _is_old(spec: PageSpec, snapshot: PageSnapshot, now: float) -> bool:
    edited = snapshot.reading.updated_timestamp_seconds if snapshot.reading else None
    return edited is not None and now - edited > spec.frozen_after_days * DAY_SECONDS


def _platform_is_frozen(spec: PageSpec, pages: Pages, now: float) -> bool:
    """Return whether other pages of the platform are read, and all stand still: then the platform lost its dates."""
    others = [
        _is_old(other, snapshot, now)
        for other, snapshot in pages.values()
        if other.reader == spec.reader and other.key != spec.key and snapshot.up and _is_dated(snapshot)
    ]
    return bool(others) and all(others)


def _is_dated(snapshot: PageSnapshot) -> bool:
    return snapshot.reading is not None and snapshot.reading.updated_timestamp_seconds is not None


def _platform_is_down(spec: PageSpec, pages: Pages) -> bool:
    """Return whether two pages of the platform or more are read and none answers, while a page elsewhere does."""
    own = [snapshot for other, snapshot in pages.values() if other.reader == spec.reader]
    elsewhere = any(snapshot.up for other, snapshot in pages.values() if other.reader != spec.reader)
    return elsewhere and len(own) > 1 and all(UNREACHABLE in snapshot.problems for snapshot in own)
