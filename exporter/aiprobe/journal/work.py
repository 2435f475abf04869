"""The work that waits for the next commit: probes by the file that they belong to, and the rows of those files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from aiprobe.journal.entries import Entry
from aiprobe.journal.hours import Tick, pack_speeds, pack_ticks
from aiprobe.journal.openday import Rows, Term
from aiprobe.journal.seals import Value

Blobs = tuple[bytes, bytes, bytes | None]


@dataclass(slots=True)
class EvidenceWork:
    """The pending content of one day's evidence file."""

    failed: list[tuple[Entry, str]] = field(default_factory=list)
    """Each with the term of its run: version and config hash."""
    hours: list[tuple[int, tuple[str, ...], Blobs]] = field(default_factory=list)
    folds: list[tuple[int, int]] = field(default_factory=list)
    note: str | None = None

    def rows(self, term: Term) -> Rows:
        """Return the rows of a commit."""
        failed: list[Sequence[Value]] = []
        for entry, run in self.failed:
            assert entry.failed is not None
            started, *rest = entry.failed
            failed.append((started, term("target", _identity(entry.identity)), term("run", run), *rest))
        hours: list[Sequence[Value]] = [
            (hour, term("target", _identity(identity)), *blobs) for hour, identity, blobs in self.hours
        ]
        return {"failed": failed, "hour": hours, "fold": self.folds}


@dataclass(slots=True)
class OkWork:
    """The pending content of one day's `ok` file: rows of good probes, and the ticks of all but cancelled ones."""

    ok: list[Entry] = field(default_factory=list)
    ticks: list[Entry] = field(default_factory=list)

    def rows(self, term: Term, seq: int) -> Rows:
        """Return the rows of the commit `seq`."""
        ok: list[Sequence[Value]] = []
        for entry in self.ok:
            assert entry.ok is not None
            at_ms, *rest = entry.ok
            ok.append((at_ms, term("target", _identity(entry.identity)), *rest))
        return {"ok": ok, "tick": self._tick_rows(term, seq)}

    def _tick_rows(self, term: Term, seq: int) -> Sequence[Sequence[Value]]:
        by_hour: dict[int, list[tuple[Tick, float | None]]] = {}
        for entry in self.ticks:
            target = term("target", _identity(entry.identity))
            tick = Tick(target, entry.second, entry.verdicts, entry.facts)
            by_hour.setdefault(entry.hour, []).append((tick, entry.speed))
        return [
            (
                hour,
                seq,
                pack_ticks(tick for tick, _ in ticks),
                pack_speeds([(tick.target, tick.second, speed) for tick, speed in ticks if speed is not None]),
            )
            for hour, ticks in sorted(by_hour.items())
        ]


@dataclass(slots=True)
class Pending:
    """All pending work, by day."""

    evidence: dict[int, EvidenceWork] = field(default_factory=dict)
    ok: dict[int, OkWork] = field(default_factory=dict)

    @property
    def probes(self) -> int:
        """Return the number of pending probes."""
        failed = sum(len(work.failed) for work in self.evidence.values())
        return max(failed, sum(len(work.ticks) for work in self.ok.values()))

    def evidence_of(self, day: int) -> EvidenceWork:
        """Return the pending content of one day's evidence file."""
        return self.evidence.setdefault(day, EvidenceWork())

    def ok_of(self, day: int) -> OkWork:
        """Return the pending content of one day's `ok` file."""
        return self.ok.setdefault(day, OkWork())


def run_term(version: str, config_hash: str) -> str:
    """Return the term of a run for the table `failed`."""
    return json.dumps([version, config_hash], separators=(",", ":"))


@lru_cache(maxsize=256)
def _identity(identity: tuple[str, ...]) -> str:
    return json.dumps(identity, separators=(",", ":"), ensure_ascii=False)
