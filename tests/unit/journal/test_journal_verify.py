"""An edited, removed or inserted row, a missing file, a replaced seal is found and named; a crash is told apart."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from aiprobe.core.model import Attempt
from aiprobe.core.outcomes import Outcome
from aiprobe.journal.schema import SEALED
from aiprobe.journal.seals import GENESIS, Commit, Head, canonical, gauge, seal
from tests.unit.journal.builders import (
    DAY,
    NOON,
    a_clock,
    a_journal,
    a_probe,
    an_open_journal,
    check,
    rows,
    tamper,
    write,
)

pytestmark = pytest.mark.slow

OK_FILE, EVIDENCE_FILE = "ok-2026-11-22.sqlite", "evidence-2026-11-22.sqlite"


async def a_day(directory: Path, at: float = NOON) -> None:
    """Write a day: forty commits of one failed and two good probes each, and the hour that is over."""
    clock = a_clock(at)
    async with an_open_journal(directory, clock) as journal:
        for number in range(40):
            journal.record(a_probe(at + number * 60, Outcome.OVERLOADED, result={"request_id": f"req_{number}"}))
            journal.record(a_probe(at + number * 60 + 20))
            journal.record(a_probe(at + number * 60 + 40))
            await clock.advance(60)
            await journal.flush()
        await clock.advance(3600)
        await journal.flush()


async def test_an_untouched_journal_holds(tmp_path: Path) -> None:
    await a_day(tmp_path)
    found = check(tmp_path)
    assert found.ok
    assert (found.fault, found.torn, found.files) == (None, (), 2)
    assert found.commits == 40 + 40 + 3  # begin, hour, end
    assert found.rows == 40 * 4 + 2 + 3  # failed, ok, ok, tick; hour and fold; three terms


async def test_days_that_are_not_asked_for_are_not_checked(tmp_path: Path) -> None:
    await a_day(tmp_path)
    tamper(tmp_path, EVIDENCE_FILE, "UPDATE failed SET outcome = 'dns' WHERE id = 7")
    assert check(tmp_path, NOON + DAY, NOON + 3 * DAY).ok
    assert not check(tmp_path, NOON, NOON + 60).ok


EDITS = [
    (EVIDENCE_FILE, "UPDATE failed SET outcome = 'dns' WHERE id = 7", "failed", 7, "changed", 6 * 60),
    (EVIDENCE_FILE, "UPDATE failed SET started = started + 1 WHERE id = 7", "failed", 7, "changed", 6 * 60 + 1),
    (EVIDENCE_FILE, "UPDATE failed SET request_id = NULL WHERE id = 40", "failed", 40, "changed", 39 * 60),
    (EVIDENCE_FILE, "UPDATE hour SET sums = x'01780000000000' WHERE id = 1", "hour", 1, "changed", 0),
    (EVIDENCE_FILE, "UPDATE term SET value = replace(value, 'gpt', 'xyz') WHERE id = 1", "term", 1, "changed", 60),
    (EVIDENCE_FILE, "UPDATE fold SET through = 1", "fold", 1, "changed", 0),
    (EVIDENCE_FILE, "DELETE FROM failed WHERE id = 7", "failed", 7, "removed", 7 * 60),
    (EVIDENCE_FILE, "DELETE FROM failed WHERE id = 40", "failed", 40, "removed", 40 * 60),
    (EVIDENCE_FILE, "UPDATE failed SET id = 1000 WHERE id = 7", "failed", 7, "removed", 7 * 60),
    (EVIDENCE_FILE, "INSERT INTO hour SELECT 2, hour, target, sums, minutes, NULL FROM hour", "hour", 2, "inserted", 0),
    (EVIDENCE_FILE, "UPDATE seal SET at_ms = at_ms + 1 WHERE seq = 9", "seal", 9, "replaced", 8 * 60 + 0.001),
    (EVIDENCE_FILE, "UPDATE seal SET seal = zeroblob(32) WHERE seq = 9", "seal", 9, "replaced", 8 * 60),
    (EVIDENCE_FILE, "UPDATE seal SET marks = x'0000' WHERE seq = 9", "failed", 8, "changed", 7 * 60),
    (EVIDENCE_FILE, "UPDATE seal SET anchor_seq = 1, anchor = zeroblob(32) WHERE seq = 9", "seal", 9, "replaced", 480),
    (EVIDENCE_FILE, "UPDATE seal SET counts = '0 2 0 0' WHERE seq = 9", "failed", 9, "changed", 8 * 60),
    (EVIDENCE_FILE, "DELETE FROM seal WHERE seq = 9", "seal", 10, "missing", 9 * 60),
    (EVIDENCE_FILE, "UPDATE seal SET note = 'end' WHERE seq = 9", "seal", 9, "replaced", 8 * 60),
    (OK_FILE, "UPDATE ok SET duration_ms = 1 WHERE id = 12", "ok", 12, "changed", 5 * 60 + 40),
    (OK_FILE, "UPDATE ok SET first_token_ms = NULL WHERE id = 12", "ok", 12, "changed", 5 * 60 + 40),
    (OK_FILE, "DELETE FROM ok WHERE id = 12", "ok", 12, "removed", 6 * 60),
    (OK_FILE, "UPDATE tick SET events = zeroblob(24) WHERE id = 3", "tick", 3, "changed", 0),
    (OK_FILE, "INSERT INTO ok SELECT 81, at_ms, target, attempt, verdicts, duration_ms, 1, 1, 1, 1 FROM ok LIMIT 1",
     "ok", 81, "inserted", 20),
]  # fmt: skip


@pytest.mark.parametrize(("file", "statement", "table", "row", "what", "after_noon"), EDITS)
async def test_an_edit_is_found_and_named(
    tmp_path: Path, file: str, statement: str, table: str, row: int, what: str, after_noon: float
) -> None:
    await a_day(tmp_path)
    tamper(tmp_path, file, statement)
    fault = check(tmp_path).fault
    assert fault is not None
    assert (fault.file, fault.table, fault.row) == (file, table, row)
    assert what in fault.what
    assert fault.timestamp_seconds == pytest.approx(NOON + after_noon)


async def test_of_two_edits_the_first_is_named(tmp_path: Path) -> None:
    await a_day(tmp_path)
    tamper(tmp_path, EVIDENCE_FILE, "UPDATE failed SET detail = 'x' WHERE id IN (30, 20)")
    tamper(tmp_path, OK_FILE, "DELETE FROM ok WHERE id = 12")
    fault = check(tmp_path).fault
    assert fault is not None
    assert (fault.table, fault.row) == ("ok", 12)


async def three_days(directory: Path) -> None:
    for day in (0, 1, 2):
        await a_day(directory, NOON + day * DAY)


def check_three(directory: Path, **changes: float) -> object:
    return check(directory, NOON - DAY, NOON + 4 * DAY, **({"now": NOON + 3 * DAY} | changes)).fault


async def test_the_chain_goes_on_over_days_and_restarts(tmp_path: Path) -> None:
    await three_days(tmp_path)
    assert check_three(tmp_path) is None
    ((previous,),) = rows(tmp_path, "evidence-2026-11-23.sqlite", "SELECT previous FROM seal ORDER BY seq LIMIT 1")
    ((last,),) = rows(tmp_path, EVIDENCE_FILE, "SELECT seal FROM seal ORDER BY seq DESC LIMIT 1")
    assert previous == last


@pytest.mark.parametrize("kind", ["evidence", "ok"])
@pytest.mark.parametrize("day", [22, 23, 24])
async def test_a_missing_file_is_found_wherever_it_was(tmp_path: Path, kind: str, day: int) -> None:
    await three_days(tmp_path)
    (tmp_path / f"{kind}-2026-11-{day}.sqlite").unlink()
    fault = check(tmp_path, NOON - DAY, NOON + 4 * DAY, now=NOON + 3 * DAY).fault
    assert fault is not None
    assert "missing" in fault.what
    assert fault.file.startswith(kind)


async def test_a_day_taken_from_another_journal_is_found(tmp_path: Path) -> None:
    await three_days(tmp_path / "one")
    await a_day(tmp_path / "two", NOON + DAY)
    shutil.copy(tmp_path / "two/evidence-2026-11-23.sqlite", tmp_path / "one")
    assert check_three(tmp_path / "one") is not None


async def test_a_file_under_another_day_s_name_is_found(tmp_path: Path) -> None:
    await a_day(tmp_path)
    (tmp_path / EVIDENCE_FILE).rename(tmp_path / "evidence-2026-11-23.sqlite")
    fault = check(tmp_path).fault
    assert fault is not None
    assert fault.file == "evidence-2026-11-23.sqlite"


@pytest.mark.parametrize("kind", ["evidence", "ok"])
async def test_a_chain_cut_off_at_its_end_is_found_by_the_other_one(tmp_path: Path, kind: str) -> None:
    await a_day(tmp_path)
    file = f"{kind}-2026-11-22.sqlite"
    table, rest = {"evidence": ("failed", 20), "ok": ("ok", 40)}[kind]
    tamper(
        tmp_path,
        file,
        "DELETE FROM seal WHERE seq > 21" if kind == "evidence" else "DELETE FROM seal WHERE seq > 20",
        f"DELETE FROM {table} WHERE id > {rest}",
        *(["DELETE FROM hour", "DELETE FROM fold"] if kind == "evidence" else ["DELETE FROM tick WHERE id > 20"]),
    )
    fault = check(tmp_path).fault
    assert fault is not None
    assert (fault.file, fault.table) == (file, "seal")
    assert "missing" in fault.what


async def test_a_cut_that_a_restart_wrote_over_is_found_all_the_same(tmp_path: Path) -> None:
    await a_day(tmp_path)
    (tmp_path / EVIDENCE_FILE).unlink()
    await write(tmp_path, [a_probe(NOON + 7300, Outcome.TLS)], clock=a_clock(NOON + 7300))
    fault = check(tmp_path).fault
    assert fault is not None
    assert "missing" in fault.what


async def test_an_unreadable_file_is_told_from_an_edit(tmp_path: Path) -> None:
    await a_day(tmp_path)
    (tmp_path / OK_FILE).write_bytes(b"noise" * 1000)
    fault = check(tmp_path).fault
    assert fault is not None
    assert (fault.file, fault.table) == (OK_FILE, "")
    assert "unreadable" in fault.what


async def test_a_file_that_was_set_aside_is_named(tmp_path: Path) -> None:
    await a_day(tmp_path)
    (tmp_path / OK_FILE).write_bytes(b"noise" * 1000)
    await write(tmp_path, [a_probe(NOON + 7300)], clock=a_clock(NOON + 7300))
    fault = check(tmp_path).fault
    assert fault is not None
    assert "ok-2026-11-22.sqlite.unreadable-1" in fault.what


async def test_files_that_were_kept_long_enough_are_not_missed(tmp_path: Path) -> None:
    await three_days(tmp_path)
    for kind in ("ok", "evidence"):
        (tmp_path / f"{kind}-2026-11-22.sqlite").unlink()
    assert check_three(tmp_path, now=NOON + 3 * DAY) is not None
    assert check_three(tmp_path, now=NOON + 46 * DAY) is not None, "evidence is kept for 400 days"
    assert check_three(tmp_path, now=NOON + 401 * DAY) is None


async def test_evidence_holds_when_the_good_probes_were_let_go(tmp_path: Path) -> None:
    await three_days(tmp_path)
    for path in sorted(tmp_path.glob("ok-*")):  # noqa: ASYNC240 - a test
        path.unlink()
    assert check_three(tmp_path, now=NOON + 3 * DAY) is not None
    assert check_three(tmp_path, now=NOON + 60 * DAY) is None


async def test_the_end_of_a_killed_run_is_a_crash_and_not_an_edit(tmp_path: Path) -> None:
    await a_day(tmp_path / "live")
    journal = a_journal(tmp_path / "live", a_clock(NOON + 7300))
    await journal.open()
    journal.record(a_probe(NOON + 7300, Outcome.TLS))
    await journal.flush()
    shutil.copytree(tmp_path / "live", tmp_path / "crashed")  # as a kill leaves it, with the log beside it
    await journal.close()
    await write(tmp_path / "crashed", [a_probe(NOON + 7400)], clock=a_clock(NOON + 7400))
    found = check(tmp_path / "crashed")
    assert found.ok
    (torn,) = found.torn
    assert torn.timestamp_seconds == NOON + 7400
    assert "without closing" in torn.what
    assert check(tmp_path / "live").torn == ()


async def test_commits_that_the_disk_lost_in_a_crash_are_told_from_an_edit(tmp_path: Path) -> None:
    clock = a_clock()
    journal = a_journal(tmp_path / "live", clock)
    await journal.open()
    for number in range(5):
        journal.record(a_probe(NOON + number))
        await journal.flush()
    shutil.copytree(tmp_path / "live", tmp_path / "crashed")
    journal.record(a_probe(NOON + 5))
    await journal.flush()
    journal.record(a_probe(NOON + 6, Outcome.TLS))
    await journal.flush()
    for path in sorted((tmp_path / "live").glob("evidence*")):
        shutil.copy(path, tmp_path / "crashed")  # of one file the disk kept its promise
    await journal.close()
    await write(tmp_path / "crashed", [a_probe(NOON + 10)], clock=a_clock(NOON + 10))
    found = check(tmp_path / "crashed")
    assert found.ok
    assert ["disk lost" in torn.what for torn in found.torn] == [True, False]


async def test_what_servers_send_is_sealed_as_it_is_read_back(tmp_path: Path) -> None:
    nasty = {
        "detail": 'quote " back\\slash \x00 \u2028 \U0001f600 \ud800' + "x" * 5000,
        "request_id": "",
        "error_type": "\u00e9" * 3000,
        "phases": {"stream": float("nan"), "con\udc00nect": 0.5},
        "duration_seconds": float("inf"),
        "cost_usd": float("nan"),
        "input_tokens": 10**40,
        "output_tokens": -5,
    }
    probes = [a_probe(NOON + at, Outcome.MALFORMED, result=nasty, attempt=Attempt.CONFIRM) for at in (0, 0.1, 1 / 3)]
    await write(tmp_path, [*probes, a_probe(NOON, result={"cost_usd": 1e300, "input_tokens": 10**30})])
    kept = list(a_journal(tmp_path).failed(NOON, NOON + 1))
    assert [each.started_timestamp_seconds for each in kept] == [NOON, NOON + 0.1, NOON + 1 / 3]
    assert (kept[0].phases, kept[0].input_tokens, kept[0].output_tokens) == ({"con?nect": 0.5}, None, -5)
    assert check(tmp_path).ok


async def test_a_seal_can_be_checked_with_a_few_lines_of_another_program(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON, Outcome.DNS)])
    previous = bytes(32)
    ids = dict.fromkeys(SEALED["evidence"], 0)
    query = "SELECT seq, at_ms, note, counts, hex(marks), anchor_seq, anchor, seal FROM seal ORDER BY seq"
    for seq, at_ms, note, counts, marks, anchor_seq, anchor, value in rows(tmp_path, EVIDENCE_FILE, query):
        head = ["evidence", int(NOON // DAY), seq, at_ms, note, counts, marks.lower(), anchor_seq, anchor.hex()]
        text = json.dumps(head, separators=(",", ":"))
        for table, count in zip(SEALED["evidence"], map(int, counts.split()), strict=True):
            span = f"id > {ids[table]} AND id <= {ids[table] + count}"
            ids[table] += count
            found = rows(tmp_path, EVIDENCE_FILE, f"SELECT * FROM {table} WHERE {span} ORDER BY id")
            text += json.dumps([table, found], separators=(",", ":"))
        previous = sha256(previous + text.encode()).digest()
        assert previous == value


def test_the_gauge_tells_52_bits_exactly() -> None:
    value = bytes(range(1, 33))
    assert f"{gauge(value):013x}" == value.hex()[:13]
    assert float(gauge(b"\xff" * 32)) == gauge(b"\xff" * 32) == 2**52 - 1


def test_every_part_of_a_commit_is_under_its_seal() -> None:
    plain: dict[str, Any] = {
        "kind": "ok",
        "day": 1,
        "seq": 2,
        "at_ms": 3,
        "note": None,
        "anchor": Head(1, b"a"),
        "rows": [("ok", [(1, 2)])],
    }
    changes: list[dict[str, Any]] = [
        {"kind": "evidence"},
        {"day": 2},
        {"seq": 3},
        {"at_ms": 4},
        {"note": "end"},
        {"anchor": None},
        {"anchor": Head(2, b"a")},
        {"anchor": Head(1, b"b")},
        {"rows": [("ok", [(1, 3)])]},
        {"rows": [("ok", [(1, 2), (2, 2)])]},
        {"rows": [("tick", [(1, 2)])]},
        {"rows": [("ok", [(1, "2")])]},
        {"rows": [("ok", [(1, None)])]},
    ]
    seals = {seal(Commit(**(plain | change)), GENESIS, marks=b"") for change in [{}, *changes]}
    seals |= {seal(Commit(**plain), b"x" * 32, marks=b""), seal(Commit(**plain), GENESIS, marks=b"x")}
    assert len(seals) == len(changes) + 3


def test_canonical_bytes_do_not_depend_on_the_machine() -> None:
    value = [1, 1.5, 0.1 + 0.2, None, "a\u00e9\n", b"\x00\xff", {"b": 1}]
    assert canonical(value) == b'[1,1.5,0.30000000000000004,null,"a\\u00e9\\n","00ff",{"b":1}]'
