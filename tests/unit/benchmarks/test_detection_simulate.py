"""The simulation is the played script without Prometheus, and the tables of docs/ are what it returns today."""

import hashlib
from itertools import islice
from pathlib import Path

import pytest

from aiprobe.core.suspicion import Tuning
from benchmarks.detection import declared
from benchmarks.detection.__main__ import SIMULATED, lines_of
from benchmarks.detection.false_pages import Months, Rates, rates
from benchmarks.detection.flakes import MONTH_SECONDS, bursty, independent, members
from benchmarks.detection.judge import OURS, TODAY_FAILED
from benchmarks.detection.page import PAGES, as_part, read_part, write_part
from benchmarks.detection.probes import Asked, Fault, Target, ask, chance
from benchmarks.detection.scenarios import brown, outage, simulated
from benchmarks.detection.series import World
from benchmarks.detection.simulate import attempts, found, judged


def failures(asked: list[Asked]) -> list[tuple[float, bool]]:
    return [(round(one.began, 3), one.confirm) for one in asked if one.bad or one.confirm]


@pytest.mark.parametrize("flakes", [independent(0.005), independent(0.005, hangs=True), bursty(0.002)])
def test_a_sparse_month_has_every_failure_and_follow_up_of_the_whole_one(flakes: object) -> None:
    assert callable(flakes)
    targets = members("month", flakes, targets=2, seconds=MONTH_SECONDS / 6)
    world = World("p", targets, MONTH_SECONDS / 6)

    sparse, whole = attempts(world, sparse=True), attempts(world)

    for name, each in whole.items():
        assert failures(list(sparse[name])) == failures(list(each)) != []
        assert len(sparse[name]) < len(each) / 3


def test_independent_flakes_have_the_share_that_was_asked_for() -> None:
    target = independent(0.002)("m0", 10, MONTH_SECONDS, chance("share"))
    assert len(target.faults) == pytest.approx(86, rel=0.3)


def test_bursts_have_the_same_share_on_average_and_come_in_clusters() -> None:
    target = bursty(0.002)("m0", 10, 20 * MONTH_SECONDS, chance("bursts"))
    [asked] = ask([target], 20 * MONTH_SECONDS, dice=chance, follow_ups=False, sparse=True).values()
    assert sum(one.bad for one in asked) == pytest.approx(20 * 86, rel=0.2)
    assert len(target.faults) < 0.6 * 2 * 20 * 86


def test_flakes_of_follow_ups_hit_no_scheduled_probe() -> None:
    target = Target("m0", "API", (Fault(60, 61),), 0, flakes=Fault(0, 9999, 1.0))
    [asked] = ask([target], 400, dice=chance).values()
    assert [one.bad for one in asked if not one.confirm] == [False, True] + [False] * 5
    assert [one.bad for one in asked if one.confirm and one.began < 110] == [True] * 6


def test_a_service_that_never_fails_pages_nobody_for_months() -> None:
    none = Months("none", lambda name, phase, *_: Target(name, "API", (), phase))
    assert rates(none, providers=2).months[OURS] == [0, 0]
    assert rates(none, providers=2).more_probes == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("months", "more", "said"),
    [
        ([0.15, 0.05], 0.03, []),
        ([0.3, 0.0], 0.03, ["flaky: 0.15 false pages per target and month > 0.1"]),
        ([0.0, 0.0], 0.04, ["flaky: 0.04 of more probes > 0.035"]),
    ],
)
def test_the_bars_hold_for_all_months_and_for_the_cost(months: list[float], more: float, said: list[str]) -> None:
    kind = Months("flaky", independent(0.002), 0.1, 0.035)
    assert Rates({OURS: months}, more).missed_by(kind) == said


def test_a_past_of_bursts_pages_less_than_none() -> None:
    first, second = rates(Months("bursts", bursty(0.002)), providers=10).months[OURS]
    assert second < first / 2


def test_each_rule_set_has_its_own_pages() -> None:
    worlds = outage("down", brown(1.0), count=5, minutes=10, targets=1)
    both = judged(worlds)
    assert both[OURS].found == both[TODAY_FAILED].found == 5
    assert found(worlds) == both[OURS]
    assert both[OURS].median < both[TODAY_FAILED].median


def test_a_longer_persistence_pages_later() -> None:
    def median(seconds: float) -> float:
        world = outage("down", brown(1.0), count=1, minutes=10, targets=1)[0]
        tuned = Target("m0", "API", world.targets[0].faults, tuning=Tuning(persistence_seconds=seconds))
        return found([World("p", (tuned,), world.seconds, world.incident)]).median

    assert median(20) < median(40) < median(90)


def test_a_part_of_a_page_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    for page in PAGES:
        (tmp_path / page).write_text(
            f"# {page}\n\n<!-- detection: {page[:3]} -->\n<!-- end -->\n\nrest\n<!-- end -->\n"
        )
    write_part("det", ["| a |"], docs=tmp_path)
    assert read_part("det", docs=tmp_path) == "\n| a |\n\n"
    assert (tmp_path / "detection.md").read_text().endswith("<!-- end -->\n\nrest\n<!-- end -->\n")
    assert read_part("ale", docs=tmp_path) == ""
    write_part("det", ["| b |"], docs=tmp_path)
    assert read_part("det", docs=tmp_path) == "\n| b |\n\n"
    with pytest.raises(KeyError):
        write_part("nothing", [], docs=tmp_path)


@pytest.mark.parametrize(("flake", "expected"), [((), 2), ((Fault(1500, 1501, 1.0),), 1)])
def test_a_doubt_continues_the_page_of_an_outage(flake: tuple[Fault, ...], expected: int) -> None:
    """The second outage begins 20 minutes after the first one; the flake is between them."""
    target = Target("m0", "API", (Fault(600, 900), *flake, Fault(2100, 2400)), phase=0.5)
    assert found([World("p", (target,), 3600, (600, 2400))]).pages == expected


def test_the_incidents_of_the_page_are_those_of_the_table() -> None:
    part = read_part("declared")
    assert hashlib.sha256(declared.FILE.read_bytes()).hexdigest() in part
    assert all(f"| {one.id} |" in part for one in declared.incidents())


@pytest.mark.slow
def test_the_lead_over_the_status_page_is_written_byte_for_byte() -> None:
    assert as_part(declared.lines()) == read_part("declared")


@pytest.mark.slow
def test_the_simulated_table_is_written_byte_for_byte() -> None:
    wanted = {"fast-failing model", "blips of 50 s"}
    part, missed = read_part("simulated"), list[str]()
    for scenario in simulated(count=SIMULATED):
        if scenario.name in wanted:
            rows = lines_of(scenario, judged(scenario.worlds, target_months=scenario.target_months), missed)
            assert "\n".join(islice(rows, 3)) in part
    assert missed == []
