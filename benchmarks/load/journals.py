"""Writes a journal of five weeks of a thousand targets, hour by hour, with the journal's own store.

Each hour has a row for each target, folded and sealed as in production; the running hour has its ticks. Rows of single
good probes are omitted: a start does not read them, and they would take gigabytes.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiprobe.core.clock import Clock
from aiprobe.core.outcomes import Verdict
from aiprobe.journal.entries import Entry
from aiprobe.journal.hours import HourCounts, pack_facts, pack_verdicts
from aiprobe.journal.store import Store

_GOOD: Final = pack_verdicts({"availability": Verdict.GOOD, "time_to_first_token": Verdict.GOOD})
_BAD: Final = pack_verdicts({"availability": Verdict.BAD, "time_to_first_token": Verdict.EXCLUDED})
_BAD_SHARE: Final = 0.005
_KINDS_OF_HOUR: Final = 200
"""The number of different hours, which are reused: making each one separately would take most of the time."""


@dataclass(slots=True)
class _Past:
    """A clock that the caller sets."""

    now: float

    def wall(self) -> float:
        return self.now


def write_journal(
    directory: Path, identities: Sequence[tuple[str, ...]], *, days: int, interval_seconds: int, until: float
) -> int:
    """Write `days` days that end at `until` (Unix time); return the number of hour rows."""
    dice, past = random.Random(35), _Past(until)  # noqa: S311 - a repeatable journal, not a secret
    dealt = [_an_hour(dice, interval_seconds) for _ in range(_KINDS_OF_HOUR)]
    store = Store(directory, keep_ok="none", clock=Clock(wall=past.wall, monotonic=time.monotonic))
    this_hour = int(until) // 3600
    rows = 0
    for hour in range(this_hour - days * 24, this_hour):
        past.now = (hour + 1) * 3600.0
        work = store.pending.evidence_of(hour // 24)
        work.hours.extend((hour, identity, dice.choice(dealt)) for identity in identities)
        work.folds.append((hour, store.heads["ok"].seq + 1))
        rows += len(identities)
        _tick(store, identities[:1], hour, [0])
        store.cycle(lambda: None)
    past.now = until
    _tick(store, identities, this_hour, range(0, int(until) % 3600, interval_seconds))
    store.cycle(lambda: None)
    store.close()
    assert store.errors == 0
    return rows


def _an_hour(dice: random.Random, interval_seconds: int) -> tuple[bytes, bytes, bytes | None]:
    counts = HourCounts()
    for second in range(0, 3600, interval_seconds):
        counts.add(second, _BAD if dice.random() < _BAD_SHARE else _GOOD)
    return counts.blobs()


def _tick(store: Store, identities: Sequence[tuple[str, ...]], hour: int, seconds: Sequence[int]) -> None:
    facts = pack_facts(state=0, ok=True, consecutive_failures=0)
    work = store.pending.ok_of(hour // 24)
    for second in seconds:
        for identity in identities:
            work.ticks.append(
                Entry(
                    day=hour // 24,
                    hour=hour,
                    second=second,
                    identity=identity,
                    ticks=True,
                    verdicts=_GOOD,
                    facts=facts,
                    speed=None,
                    ok=None,
                    failed=None,
                    started=hour * 3600.0 + second,
                )
            )
