"""Writes the journal: assigns probes to the files of their days, folds ended hours, and retries if the disk fails.

Belongs to one thread. A failing disk raises nothing here: each failure is counted, the first one is logged, and the
write is tried again.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, Literal

from aiprobe.core.clock import Clock
from aiprobe.journal import days
from aiprobe.journal.days import KINDS, OTHER, DayFile, Kind, day_of
from aiprobe.journal.entries import Entry
from aiprobe.journal.hours import HourCounts
from aiprobe.journal.openday import Rows, Stamp, Term
from aiprobe.journal.openfiles import OpenFiles
from aiprobe.journal.restart import left_over, may_go, newest_head, newest_named
from aiprobe.journal.seals import Head
from aiprobe.journal.work import Pending, run_term

log = logging.getLogger(__name__)

KeepOk = Literal["all", "sampled", "none"]
SAMPLED_ONE_IN: Final = 10
"""With `sampled`, one in this many good probes of a target is stored."""
GRACE_SECONDS: Final = 120
"""An hour is folded this long after its end: probes count in the hour in which they began."""
_PAUSE_EVERY: Final = 20
"""Hours that are folded between two pauses."""
_PAUSE_SECONDS: Final = 0.001
"""Long enough for the event loop to get the interpreter lock."""
_MOST_SEEN: Final = 10_000
"""Targets whose good results are counted for sampling."""


class Store:
    """Owns the files of a directory while the exporter runs."""

    def __init__(self, directory: Path, *, keep_ok: KeepOk, clock: Clock) -> None:
        self.directory = directory
        self.up = False
        self.errors = 0
        self.why = ""
        """The last error of the files, in the system's words."""
        self.last_commit_timestamp_seconds: float | None = None
        self.bytes_on_disk = 0
        self.heads: dict[Kind, Head] = {kind: Head() for kind in KINDS}
        self.pending = Pending()
        self.waiting = 0
        """Probes in `pending`; another thread can read this."""
        self._keep_ok = keep_ok
        self._clock = clock
        self._hours: dict[int, dict[tuple[str, ...], HourCounts]] = {}
        self._seen: dict[tuple[str, ...], int] = {}
        self._files = OpenFiles(directory)
        self._ready = False
        self._reported = False
        self._failed_now = False
        self._named: Head | None = None
        """The newest seal of evidence that a seal of an `ok` file names."""
        self._today: int | None = None

    def take(self, entry: Entry, *, version: str, config_hash: str) -> None:
        """Add one probe to the pending work."""
        if entry.failed is not None:
            self.pending.evidence_of(entry.day).failed.append((entry, run_term(version, config_hash)))
        if entry.ticks:
            work = self.pending.ok_of(entry.day)
            work.ticks.append(entry)
            if entry.ok is not None and self._keeps(entry):
                work.ok.append(entry)
            if self._ready:
                self._count(entry)

    def cycle(self, take: Callable[[], None], *, last: bool = False) -> None:
        """Fold ended hours, take new results and write everything; the `last` cycle marks the end of the run."""
        now = self._clock.wall()
        self._failed_now = False
        if self._prepare(now):
            self._fold(now)
            take()
            self._write_all(now, last=last)
        else:
            take()
        self.waiting = self.pending.probes
        self._judge()
        if self._ready and self._today != day_of(now):
            self._turn_day(day_of(now))

    def give_up(self) -> int:
        """Drop all pending work, and return the number of dropped probes."""
        lost = self.pending.probes
        self.pending = Pending()
        self.up, self.waiting = False, 0
        return lost

    def close(self) -> None:
        """Close every file."""
        self._files.close()

    def measure(self) -> None:
        """Update the size of the files."""
        try:
            self.bytes_on_disk = days.bytes_on_disk(self.directory)
        except OSError as error:
            self._fail("read the size of the files", error)

    def note_read_error(self, file: DayFile, error: Exception) -> None:
        """Count a file that could not be read."""
        self.errors += 1
        log.warning("cannot read a file of the journal: it is skipped (%s)", error, extra={"file": file.name})

    def _prepare(self, now: float) -> bool:
        """Lock the directory and find the ends of the chains; once, as soon as the disk allows it."""
        try:
            self._files.take_directory()
            if self._ready:
                return True
            for log_file in days.set_lost_logs_aside(self.directory):
                self.errors += 1
                log.error("a write-ahead log without its file, or without a head, is set aside: its results are lost",
                          extra={"file": log_file.name})  # fmt: skip
            for kind in KINDS:
                self.heads[kind] = newest_head(self.directory, kind, on_error=self.note_read_error)
            self._skip_lost_tail()
            files = days.list_files(self.directory, "ok")
        except (OSError, sqlite3.Error) as error:
            self._fail("open the directory", error)
            return False
        for file in files:
            left = left_over(self.directory, file.day, on_error=self.note_read_error)
            for (hour, identity), counts in left.items():
                self._hours.setdefault(hour, {})[identity] = counts
        for work in self.pending.ok.values():
            for entry in work.ticks:
                self._count(entry)
        self.pending.evidence_of(day_of(now)).note = "begin"
        self._ready = True
        self.measure()
        return True

    def _skip_lost_tail(self) -> None:
        """Continue after the newest seal that the other kind names, even if it is lost, so that numbers stay unique."""
        for kind in KINDS:
            head = self.heads[kind]
            named = newest_named(self.directory, OTHER[kind], on_error=self.note_read_error)
            if named > head.seq:
                log.error(
                    "the journal lost its newest commits: the disk failed, or a file was changed",
                    extra={"kind": kind, "commits": named - head.seq},
                )
                self.heads[kind] = Head(named, head.seal)

    def _count(self, entry: Entry) -> None:
        if entry.verdicts:
            counts = self._hours.setdefault(entry.hour, {}).setdefault(entry.identity, HourCounts())
            counts.add(entry.second, entry.verdicts)
            if entry.speed is not None:
                counts.add_speed(entry.second, entry.speed)

    def _keeps(self, entry: Entry) -> bool:
        if self._keep_ok == "sampled":
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()  # nearly all of them are removed targets
            seen = self._seen[entry.identity] = self._seen.get(entry.identity, -1) + 1
            return seen % SAMPLED_ONE_IN == 0
        return self._keep_ok == "all"

    def _fold(self, now: float) -> None:
        """Move ended hours to the pending work, only if all their ticks are durable, so that none counts twice."""
        if self.pending.ok:
            return
        through = self.heads["ok"].seq
        for hour in sorted(hour for hour in self._hours if (hour + 1) * 3600 + GRACE_SECONDS <= now):
            work = self.pending.evidence_of(day_of(hour * 3600))
            for number, (identity, counts) in enumerate(self._hours.pop(hour).items(), start=1):
                work.hours.append((hour, identity, counts.blobs()))
                if number % _PAUSE_EVERY == 0:
                    time.sleep(_PAUSE_SECONDS)
            work.folds.append((hour, through))

    def _write_all(self, now: float, *, last: bool) -> None:
        if last:
            self._write_ok(now)
            self.pending.evidence_of(day_of(now)).note = "end"
        self._write_evidence(now)
        self._write_ok(now)
        self._files.close_all_but(day_of(now))

    def _write_evidence(self, now: float) -> None:
        for day, work in sorted(self.pending.evidence.items()):
            stamp = Stamp(at_ms=int(now * 1000), note=work.note, anchor=self.heads["ok"])
            if self._write(DayFile(day, "evidence"), work.rows, stamp):
                del self.pending.evidence[day]

    def _write_ok(self, now: float) -> None:
        for day, work in sorted(self.pending.ok.items()):
            seq, evidence = self.heads["ok"].seq + 1, self.heads["evidence"]
            stamp = Stamp(at_ms=int(now * 1000), anchor=None if evidence == self._named else evidence)
            if self._write(DayFile(day, "ok"), partial(work.rows, seq=seq), stamp):
                self._named = evidence
                del self.pending.ok[day]

    def _write(self, file: DayFile, build: Callable[[Term], Rows], stamp: Stamp) -> bool:
        """Commit to a file, or to a new one if the file is broken; return whether that succeeded."""
        for _ in range(2):
            try:
                self.heads[file.kind] = self._files.get(file).commit(build, self.heads[file.kind], stamp)
            except (sqlite3.Error, OSError) as error:
                self._fail(f"write {file.name}", error)
                if not self._again(file, error):
                    return False
            else:
                self.last_commit_timestamp_seconds = stamp.at_ms / 1000
                return True
        return False

    def _again(self, file: DayFile, error: Exception) -> bool:
        try:
            return self._files.recover(file, error)
        except OSError as failure:
            self._fail(f"set {file.name} aside", failure)
            return False

    def _fail(self, what: str, error: Exception) -> None:
        self.errors += 1
        self.why = str(error)
        self._failed_now = True
        if not self._reported:
            self._reported = True
            log.error("the journal cannot %s: probing continues, results wait in memory (%s)", what, error,
                      extra={"directory": str(self.directory)})  # fmt: skip

    def _judge(self) -> None:
        """Log that the disk works again, after everything that waited was written."""
        self.up = self._ready and not (self.pending.evidence or self.pending.ok)
        if self.up and self._reported and not self._failed_now:
            self._reported = False
            log.info("the journal is written again", extra={"directory": str(self.directory)})

    def _turn_day(self, today: int) -> None:
        """Log the seals of the day that ended, delete old files, and measure the others."""
        if self._today is not None:
            for kind in KINDS:
                head = self.heads[kind]
                log.info("the journal's day is sealed", extra={"kind": kind, "day": DayFile(self._today, kind).date,
                                                               "seq": head.seq, "seal": head.seal.hex()})  # fmt: skip
        self._today = today
        try:
            self._retire(today)
        except OSError as error:
            self._fail("delete old files", error)
        self.measure()

    def _retire(self, today: int) -> None:
        files = [file for kind in KINDS for file in days.list_files(self.directory, kind)]
        old = days.expired(files, today)
        for file in old:
            if may_go(self.directory, file, [each for each in files if each not in old]):
                self._files.close_one(file)
                days.remove(self.directory / file.name)
                log.info("a file of the journal is older than its retention and is deleted", extra={"file": file.name})
