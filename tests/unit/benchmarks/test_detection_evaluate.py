"""The evaluation is that of a real Prometheus, and says so when it could not evaluate."""

from pathlib import Path

import pytest
import yaml

from benchmarks.detection.evaluate import evaluate
from benchmarks.detection.judge import RULE_SETS, judge
from benchmarks.detection.probes import Fault, Target
from benchmarks.detection.rules import paging_rules
from benchmarks.detection.scenarios import brown, outage
from benchmarks.detection.series import World, of_exporter, of_world
from benchmarks.detection.simulate import judged

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.e2e  # promtool comes with Prometheus


def an_outage(*faults: Fault) -> World:
    """Return a provider with one target for a quarter of an hour."""
    return World("p", (Target("m0", "API", faults, 10),), 900, (300, 600))


def shipped(folder: Path) -> Path:
    """Write the rules that page into `folder`."""
    file = folder / "paging.rules.yml"
    file.write_text(yaml.safe_dump(paging_rules(sorted((ROOT / "alerts").glob("*.rules.yml")))), encoding="utf-8")
    return file


def test_a_healthy_service_pages_nobody(tmp_path: Path) -> None:
    series = [*of_exporter(900), *of_world(an_outage())]

    assert evaluate(series, 900, rule_files=[shipped(tmp_path)], scratch=tmp_path) == {}


def test_three_failures_in_a_row_page_by_the_shipped_rules(tmp_path: Path) -> None:
    world = an_outage(Fault(300, 600))
    series = [*of_exporter(900), *of_world(world)]

    firing = evaluate(series, 900, rule_files=[shipped(tmp_path)], scratch=tmp_path)

    assert ("AIModelDown", "p") in firing
    assert judge([world], firing, "AI").delays == (60,)


def test_the_rules_of_today_see_the_same_outage(tmp_path: Path) -> None:
    series = of_world(an_outage(Fault(300, 840)))

    firing = evaluate(series, 900, rule_files=[ROOT / "benchmarks" / "detection" / "today.rules.yml"], scratch=tmp_path)

    assert {alert for alert, _ in firing} == {"TodayProbeFailed", "TodayFailureRatio"}


@pytest.mark.parametrize(("share", "minutes"), [(0.5, 20), (0.2, 45)])
def test_the_simulation_pages_when_prometheus_does(tmp_path: Path, share: float, minutes: float) -> None:
    worlds = outage("agree", brown(share), count=8, minutes=minutes, targets=1)
    seconds = worlds[0].seconds
    series = [*of_exporter(seconds), *(one for world in worlds for one in of_world(world))]
    today = ROOT / "benchmarks" / "detection" / "today.rules.yml"

    firing = evaluate(series, seconds, rule_files=[shipped(tmp_path), today], scratch=tmp_path)

    simulated = judged(worlds)
    for name, prefix in RULE_SETS.items():
        found = judge(worlds, firing, prefix)
        assert found.delays == simulated[name].delays
        assert found.pages == simulated[name].pages > 0


def test_rules_that_promtool_cannot_read_are_not_taken_for_silence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.rules.yml"
    broken.write_text("groups: [{name: a, rules: [{alert: A, expr: 'sum('}]}]", encoding="utf-8")

    with pytest.raises(RuntimeError, match="could not evaluate"):
        evaluate(of_exporter(60), 60, rule_files=[broken], scratch=tmp_path)
