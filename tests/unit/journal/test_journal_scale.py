"""A thousand targets at thirty seconds, scaled down in time but not in density: bytes a row, and a start in seconds."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from aiprobe.core.model import Finished
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.journal.entries import to_entry
from aiprobe.journal.hours import HourCounts, pack_verdicts
from aiprobe.journal.restart import rebuild_windows
from aiprobe.journal.store import Store
from aiprobe.objectives.windows import Windows
from tests.builders import a_target
from tests.unit.journal.builders import HOUR, NOON, THREE_SLOS, a_clock, a_probe, rows

TARGETS, INTERVAL = 1000, 30
GIGABYTE = 1e9
targets = [a_target(name=f"target-{number:04}", objectives=THREE_SLOS) for number in range(TARGETS)]


def a_varied_probe(dice: random.Random, at: float, number: int) -> Finished:
    if dice.random() < 0.005:
        failed = {
            "request_id": f"req_{dice.getrandbits(96):024x}",
            "detail": "Overloaded: try again",
            "http_status": 529,
        }
        return a_probe(at, Outcome.OVERLOADED, targets[number], result=failed)
    varied = {
        "duration_seconds": dice.uniform(0.4, 39),
        "time_to_first_token_seconds": dice.uniform(0.1, 3),
        "input_tokens": dice.randrange(10, 400),
        "output_tokens": dice.randrange(10, 400),
        "cost_usd": dice.uniform(1e-6, 1e-2),
    }
    return a_probe(at, target=targets[number], result=varied)


def run(store: Store, probes: list[Finished]) -> None:
    """Write one commit."""

    def take() -> None:
        for probe in probes:
            entry = to_entry(probe, declared_state="", now=NOON)
            store.take(entry, version="0.1.0", config_hash="c0ffee")

    store.cycle(take)


@pytest.mark.slow
def test_a_compact_row_takes_at_most_63_bytes_with_everything_that_goes_with_it(tmp_path: Path) -> None:
    dice, clock, seconds = random.Random(1), a_clock(), 300
    store = Store(tmp_path, keep_ok="all", clock=clock.clock)
    for second in range(seconds):
        clock.now = float(second)
        run(store, [a_varied_probe(dice, NOON + second, number) for number in range(second % 30, TARGETS, INTERVAL)])
    assert (store.errors, store.up) == (0, True)
    store.close()
    ok = "ok-2026-11-22.sqlite"
    ((count,),) = rows(tmp_path, ok, "SELECT count(*) FROM ok")
    assert count == pytest.approx(seconds * TARGETS / INTERVAL, rel=0.02)
    each = (tmp_path / ok).stat().st_size / count
    assert each <= 63
    assert each * TARGETS * 2880 * 45 <= 9 * GIGABYTE


@pytest.mark.slow
def test_an_hour_row_takes_its_share_of_a_gigabyte_and_a_half(tmp_path: Path) -> None:
    store, kept = a_store_of_hours(tmp_path, hours=24, count=200)
    store.close()
    assert (tmp_path / "evidence-2026-11-22.sqlite").exists()
    size = sum(path.stat().st_size for path in tmp_path.glob("evidence-*.sqlite"))
    assert size / kept * TARGETS * 24 * 400 <= 1.5 * GIGABYTE


def a_store_of_hours(directory: Path, *, hours: int, count: int) -> tuple[Store, int]:
    """Write hours of many targets, one commit an hour, the last of them the hour before noon; return how many."""
    dice = random.Random(2)
    good = pack_verdicts(dict.fromkeys(("availability", "correctness", "time_to_first_token"), Verdict.GOOD))
    bad = pack_verdicts({"availability": Verdict.BAD, "correctness": Verdict.EXCLUDED})
    clock = a_clock()
    store = Store(directory, keep_ok="all", clock=clock.clock)
    store.cycle(lambda: None)
    for hour in range(HOUR - hours, HOUR):
        work = store.pending.evidence_of(hour // 24)
        for number in range(count):
            counts = HourCounts()
            for second in range(number % INTERVAL, 3600, INTERVAL):
                counts.add(second, bad if dice.random() < 0.005 else good)
            work.hours.append((hour, targets[number].identity, counts.blobs()))
        work.folds.append((hour, 0))
        store.cycle(lambda: None)
    return store, hours * count


@pytest.mark.slow
def test_a_start_does_per_hour_row_what_it_must_and_no_more(
    tmp_path: Path, count_calls: Callable[[object, str], list[int]]
) -> None:
    store, kept = a_store_of_hours(tmp_path, hours=35 * 24, count=4)
    store.close()
    minutes = count_calls(Windows, "replay_minutes")
    sums = count_calls(Windows, "replay_hour")
    windows = rebuild_windows(tmp_path, targets[:4], NOON)
    assert {each.read(NOON)["30d"][0].valid for each in windows.values()} == {30 * 2880}
    assert len(minutes) <= 4 * (3 * 24 + 1), "only three days are read minute by minute"
    assert 4 * (30 - 4) * 24 <= len(sums) <= kept


@pytest.fixture
def count_calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[object, str], list[int]]:
    """Return a function that counts the calls of a method, which goes on doing what it does."""

    def count(owner: object, name: str) -> list[int]:
        calls: list[int] = []
        original = getattr(owner, name)

        def counted(*args: object, **kwargs: object) -> object:
            calls.append(1)
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)
        return calls

    return count
