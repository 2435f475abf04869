"""Run the detection benchmark: `python -m benchmarks.detection`. Exits 1 where a bar is missed."""

import argparse
import resource
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml

from benchmarks.detection.evaluate import Firing, evaluate
from benchmarks.detection.judge import OURS, RULE_SETS, Judgement, judge
from benchmarks.detection.rules import paging_rules
from benchmarks.detection.scenarios import Scenario, scenarios
from benchmarks.detection.series import of_blackbox, of_exporter, of_world
from benchmarks.detection.timelines import real_timelines

HERE: Final = Path(__file__).resolve().parent
ALERTS: Final = HERE.parents[1] / "alerts"
INCIDENTS: Final = HERE.parents[2] / "shared" / "data" / "incidents"
BATCH: Final = 100
"""Providers per run of promtool; five times as many would exceed its limit of samples."""
HEAD: Final = (
    "| scenario | rules | found | median | nine of ten | worst | pages | false | per target and month |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def main() -> int:
    """Play every scenario, print the table, return 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="play only the scenarios whose names contain this")
    parser.add_argument("--scale", type=int, default=1, help="play everything this many times as often")
    parser.add_argument("--alerts", type=Path, default=ALERTS, help="folder of the rules, to try a change")
    asked = parser.parse_args()
    missed: list[str] = []
    _say(HEAD)
    with tempfile.TemporaryDirectory() as scratch:
        for scenario in (*scenarios(scale=asked.scale), *real_timelines(INCIDENTS)):
            if asked.only in scenario.name:
                missed += [f"{scenario.name}: {what}" for what in _play(scenario, Path(scratch), asked.alerts)]
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    _say(f"\nCPU: {sum(one.ru_utime + one.ru_stime for one in used):.0f} s")
    _say("\n".join(f"MISSED {what}" for what in missed) or "Every bar was met.")
    return 1 if missed else 0


def _play(scenario: Scenario, scratch: Path, alerts: Path) -> list[str]:
    """Evaluate one scenario, print its lines, return the missed bars."""
    tickets = frozenset({scenario.ticket} if scenario.ticket else ())
    ours = scratch / "paging.rules.yml"
    rules = paging_rules(sorted(alerts.glob("*.rules.yml")), tickets=tickets)
    ours.write_text(yaml.safe_dump(rules, sort_keys=False, width=1 << 30), encoding="utf-8")
    worlds = scenario.worlds
    if not worlds:
        _say(f"| {scenario.name} | all | nothing in it could page | | | | | 0 | 0 |")
        return []
    ours_too = OURS in scenario.sets
    files = [*([ours] if ours_too else []), HERE / "today.rules.yml"]
    seconds = max(world.seconds for world in worlds)
    worlds = tuple(
        replace(world, seconds=seconds) for world in worlds
    )  # so that a shorter one does not look like a lost target
    firing: Firing = {}
    for first in range(0, len(worlds), BATCH):
        batch = worlds[first : first + BATCH]
        series = of_exporter(seconds, batch[0].restarts)
        for world in batch:
            series += of_world(world) if ours_too else of_blackbox(world)
        for key, times in evaluate(series, seconds, rule_files=files, scratch=scratch).items():
            firing[key] = sorted({*firing.get(key, ()), *times})
    sets = {name: RULE_SETS[name] for name in scenario.sets} if scenario.ticket is None else {OURS: scenario.ticket}
    judged = {
        name: judge(worlds, firing, prefix, target_months=scenario.target_months) for name, prefix in sets.items()
    }
    _say("\n".join(_lines(scenario, judged.items())))
    return scenario.bar.missed_by(judged[OURS]) if OURS in judged else []


def _lines(scenario: Scenario, judged: Iterable[tuple[str, Judgement]]) -> Iterator[str]:
    stands_for_months = scenario.target_months is not None
    for name, one in judged:
        found = f"{one.found}/{one.incidents}" if one.incidents else "-"
        times = " | ".join(_time(at) for at in (one.median, one.quantile(0.9), one.quantile(1.0)))
        rate = f"{one.false_rate:.3g}" if stands_for_months else "-"
        yield f"| {scenario.name} | {name} | {found} | {times} | {one.pages} | {one.false_pages} | {rate} |"


def _time(seconds: float) -> str:
    if seconds != seconds:  # noqa: PLR0124 -- NaN: the scenario has no incident
        return "-"
    return "missed" if seconds == float("inf") else f"{seconds:.0f} s"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
