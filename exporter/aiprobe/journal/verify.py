"""Checks that a journal is unchanged: every row matches its seal, and every seal follows the one before.

Findings are reported, never repaired. This check cannot detect a journal that was sealed again from some row on, or cut
off at its end. The bits of the newest seal in Prometheus and each day's seal in the log reveal that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from aiprobe.journal.days import KEPT_DAYS, KINDS, OTHER, DayFile, Kind, aside, day_of, list_files
from aiprobe.journal.read import READ_ERRORS, log_error, opened
from aiprobe.journal.schema import open_for_reading
from aiprobe.journal.sealedfile import Found, Place, SealedFile
from aiprobe.journal.seals import GENESIS

_TORN_COMMITS: Final = 3
"""More commits than a crash can lose: one per second, for at most two seconds."""
_EDGE_DAYS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of a check."""

    fault: Place | None = None
    """The first place with a fault."""
    torn: Sequence[Place] = ()
    """Places where a run ended without closing the journal, or the disk lost its last commits: a crash, not an edit."""
    files: int = 0
    commits: int = 0
    rows: int = 0

    @property
    def ok(self) -> bool:
        """Return whether there is no fault."""
        return self.fault is None


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive commits in one file."""

    file: DayFile
    first: Found
    last: Found


@dataclass(slots=True)
class _Tally:
    torn: list[Place] = field(default_factory=list)
    faults: list[Place] = field(default_factory=list)
    files: int = 0
    commits: int = 0
    rows: int = 0
    runs: dict[Kind, list[_Run]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    named: dict[Kind, dict[int, Found]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    """By kind and number of a seal that was not read yet: the commit that names it."""
    notes: list[tuple[Found, DayFile]] = field(default_factory=list)


def verify(directory: Path, start: float, end: float, *, now: float) -> Verification:
    """Check the files of the days that overlap [start, end) in Unix time; `now` determines the retention."""
    tally = _Tally()
    days = range(day_of(start), day_of(max(start, end - 1)) + 1)
    chains: list[_Chain] = []
    for kind in KINDS:
        try:
            files = list_files(directory, kind)
        except OSError as error:
            return Verification(fault=Place(file=str(directory), what=f"unreadable: {error.strerror}"))
        chain = _Chain(directory, kind, files, day_of(now))
        for file in files:
            if file.day in days and not _check_file(directory, file, tally):
                break
        else:
            chains.append(chain)
            _check_links(chain, tally)
    for chain in chains:
        _check_named(chain, tally)
    _judge_ends(tally)
    _judge_aside(directory, days, tally)
    fault = min(tally.faults, key=lambda place: place.timestamp_seconds or 0.0, default=None)
    return Verification(fault=fault, torn=tuple(tally.torn), files=tally.files, commits=tally.commits, rows=tally.rows)


@dataclass(frozen=True, slots=True)
class _Chain:
    directory: Path
    kind: Kind
    files: Sequence[DayFile]
    today: int

    def find(self, seq: int) -> bytes | None:
        """Return a seal by its number, from any file."""
        for file in reversed(self.files):
            with opened(self.directory, file, log_error) as connection:
                row = connection and connection.execute("SELECT seal FROM seal WHERE seq = ?", (seq,)).fetchone()
                if row:
                    return bytes(row[0])
        return None

    def lost_before(self, seq: int, previous: bytes) -> Sequence[int]:
        """Return the few missing numbers before `seq`, if the writer itself continued after them."""
        for number in range(seq - 2, max(seq - 2 - _TORN_COMMITS, 0), -1):
            found = self.find(number)
            if found is not None:
                return range(number + 1, seq) if found == previous else ()
        return ()

    def may_be_deleted(self, day: int) -> bool:
        """Return whether the files before a day can have exceeded their retention."""
        return day <= self.today - KEPT_DAYS[self.kind] + _EDGE_DAYS

    def set_aside(self) -> str:
        """Return a text that lists the files that were set aside; empty if there are none."""
        names = aside(self.directory, self.kind)
        return f"; set aside as unreadable: {', '.join(names)}" if names else ""


def _judge_aside(directory: Path, days: Sequence[int], tally: _Tally) -> None:
    """Note the results that no file has any more because theirs was set aside; other faults state more."""
    if tally.faults:
        return
    dates = {DayFile(day, kind).name for day in days for kind in KINDS}
    for name in (name for kind in KINDS for name in aside(directory, kind)):
        if name.partition(".unreadable-")[0] in dates:
            tally.faults.append(Place(file=name, what="set aside as unreadable: its results are not in the journal"))


def _check_file(directory: Path, file: DayFile, tally: _Tally) -> bool:
    """Check a file alone and collect its runs of commits; return whether it has no fault."""
    tally.files += 1
    runs = tally.runs[file.kind]
    whole = False
    try:
        connection = open_for_reading(directory / file.name, file.kind)
        try:
            connection.execute("BEGIN")
            for found in SealedFile(connection, file).check():
                tally.commits += 1
                tally.rows += found.rows
                if found.fault is not None:
                    tally.faults.append(found.fault)
                    return False
                if found.previous is None and whole:
                    runs[-1] = replace(runs[-1], last=found)
                else:
                    runs.append(_Run(file, found, found))
                whole = True
                _note(found, file, tally)
        finally:
            connection.close()
    except READ_ERRORS as error:
        tally.faults.append(Place.of(file, f"unreadable: {error}"))
        return False
    return True


def _note(found: Found, file: DayFile, tally: _Tally) -> None:
    """Compare a seal with the anchor in the other kind of file, and store the anchor that it contains."""
    witness = tally.named[file.kind].pop(found.seq, None)
    if witness is not None and witness.anchor is not None and witness.anchor.seal != found.seal:
        tally.faults.append(found.at(file, "is not the seal that the other files name"))
    if found.anchor is not None and found.anchor.seq:
        tally.named[OTHER[file.kind]][found.anchor.seq] = found
    if found.note is not None:
        tally.notes.append((found, file))


def _judge_ends(tally: _Tally) -> None:
    """Collect the places where a run began although the run before it was not closed."""
    running = None
    first = min((run.first.seq for run in tally.runs["evidence"]), default=0)
    for found, file in sorted(tally.notes, key=lambda noted: noted[0].seq):
        if found.note == "begin" and (running or (running is None and found.seq > first)):
            what = "a run ended without closing the journal: up to two seconds before it were not written"
            tally.torn.append(found.at(file, what))
        running = found.note == "begin"


def _check_links(chain: _Chain, tally: _Tally) -> None:
    """Join the runs by their numbers: each one begins with the seal at the end of another."""
    before: _Run | None = None
    for run in sorted(tally.runs[chain.kind], key=lambda run: run.first.seq):
        first = run.first
        expected = first.seq - 1
        if before is not None and before.last.seq == expected:
            found: bytes | None = before.last.seal
        else:
            found = chain.find(expected) if expected else GENESIS
        if found is None:
            _judge_gap(chain, run, tally)
        elif found != first.previous:
            tally.faults.append(first.at(run.file, "does not follow the seal before it"))
        before = run


def _judge_gap(chain: _Chain, run: _Run, tally: _Tally) -> None:
    """Decide why a seal is missing: retention, a crash, or a removal."""
    first = run.first
    if chain.may_be_deleted(run.file.day):
        return
    lost = [] if first.previous is None else chain.lost_before(first.seq, first.previous)
    for seq in lost:
        tally.named[chain.kind].pop(seq, None)
    if lost:
        what = f"the disk lost the last commits ({len(lost)}) of a run that crashed"
        tally.torn.append(first.at(run.file, what))
        return
    what = "commits before this one are missing: a file or rows were removed" + chain.set_aside()
    tally.faults.append(first.at(run.file, what))


def _check_named(chain: _Chain, tally: _Tally) -> None:
    """Check that the newest seal that the other kind names exists, so that a removed end of a chain is found."""
    named = tally.named[chain.kind]
    newest = max(named, default=0)
    if newest <= max((run.last.seq for run in tally.runs[chain.kind]), default=0) and chain.kind == "ok":
        return  # lower numbers are before the checked days; a gap between them was found already
    witness = named.get(newest)
    if witness is None or witness.anchor is None or chain.may_be_deleted(day_of(witness.timestamp_seconds)):
        return
    if chain.find(newest) != witness.anchor.seal:
        file = DayFile(day_of(witness.timestamp_seconds), chain.kind)
        what = "the seal that the other files name is missing: a file or its end was removed" + chain.set_aside()
        tally.faults.append(Place.of(file, what, "seal", newest, witness.timestamp_seconds))
