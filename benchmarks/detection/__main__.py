"""Run the detection benchmark and write its tables into docs/: `python -m benchmarks.detection`.

Exits 1 where a bar is missed.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml

from benchmarks.detection import declared, false_pages
from benchmarks.detection.evaluate import Firing, evaluate
from benchmarks.detection.judge import OURS, RULE_SETS, Judgement, judge
from benchmarks.detection.page import write_part
from benchmarks.detection.rules import paging_rules
from benchmarks.detection.scenarios import Scenario, played, simulated
from benchmarks.detection.series import of_exporter, of_world
from benchmarks.detection.simulate import judged

HERE: Final = Path(__file__).resolve().parent
ALERTS: Final = HERE.parents[1] / "alerts"
BATCH: Final = 100
"""Providers that promtool evaluates at once; five times as many are more samples than it takes."""
SIMULATED: Final = 1000
"""Incidents of each simulated script."""
FLAKY_PROVIDERS: Final = 334
TUNED_INCIDENTS, TUNED_PROVIDERS = 200, 34
HEAD: Final = (
    "| scenario | rules | found | median | nine of ten | worst | pages | false |",
    "|---|---|---|---|---|---|---|---|",
)


def main() -> int:
    """Write the parts of the pages that were asked for; return 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS, help="write this table only; may be repeated")
    parser.add_argument("--only", default="", help="print the played scenarios whose names contain this; write nothing")
    parser.add_argument("--alerts", type=Path, default=ALERTS, help="folder of the rules, to try a change")
    asked = parser.parse_args()
    missed: list[str] = []
    if asked.only:
        _say("\n".join(play(asked.alerts, missed, only=asked.only)))
    for name in () if asked.only else asked.part or PARTS:
        _say(f"{name} ...")
        write_part(name, _shown(PARTS[name](asked.alerts, missed)))
    _say("\n".join(f"MISSED {what}" for what in missed) or "Every bar was met.")
    return 1 if missed else 0


def play(alerts: Path, missed: list[str], *, only: str = "") -> Iterator[str]:
    """Yield the table of what Prometheus made of each script."""
    tool = shutil.which("promtool")
    if tool is None:
        raise FileNotFoundError("promtool is not on the PATH: install Prometheus 2.42 or newer")
    version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)  # noqa: S603 -- our own
    yield f"Evaluated by promtool {version.stdout.split()[2]}."
    yield ""
    yield from HEAD
    with tempfile.TemporaryDirectory() as scratch:
        for scenario in played():
            if only in scenario.name:
                found = _played(scenario, Path(scratch), alerts)
                yield from lines_of(scenario, found, missed)


def simulate(alerts: Path, missed: list[str]) -> Iterator[str]:  # noqa: ARG001 -- as the other parts
    """Yield the table of the simulated scripts."""
    yield f"{SIMULATED} incidents in each row."
    yield ""
    yield from HEAD
    for scenario in simulated(count=SIMULATED):
        yield from lines_of(scenario, judged(scenario.worlds, target_months=scenario.target_months), missed)


PARTS: Final[Mapping[str, Callable[[Path, list[str]], Iterable[str]]]] = {
    "played": play,
    "simulated": simulate,
    "false": lambda _, missed: false_pages.lines(missed, providers=FLAKY_PROVIDERS),
    "declared": lambda *_: declared.lines(),
    "settings": lambda *_: false_pages.settings_lines(count=TUNED_INCIDENTS, providers=TUNED_PROVIDERS),
}


def _played(scenario: Scenario, scratch: Path, alerts: Path) -> Mapping[str, Judgement]:
    """Evaluate one scenario."""
    tickets = frozenset({scenario.ticket} if scenario.ticket else ())
    ours = scratch / "paging.rules.yml"
    rules = paging_rules(sorted(alerts.glob("*.rules.yml")), tickets=tickets)
    ours.write_text(yaml.safe_dump(rules, sort_keys=False, width=1 << 30), encoding="utf-8")
    seconds = max(world.seconds for world in scenario.worlds)
    # All are equally long, so that a short one does not look like a lost target.
    worlds = tuple(replace(world, seconds=seconds) for world in scenario.worlds)
    firing: Firing = {}
    for first in range(0, len(worlds), BATCH):
        batch = worlds[first : first + BATCH]
        series = of_exporter(seconds, batch[0].restarts)
        for world in batch:
            series += of_world(world)
        found = evaluate(series, seconds, rule_files=[ours, HERE / "today.rules.yml"], scratch=scratch)
        for key, times in found.items():
            firing[key] = sorted({*firing.get(key, ()), *times})
    sets = RULE_SETS if scenario.ticket is None else {OURS: scenario.ticket}
    return {name: judge(worlds, firing, prefix, target_months=scenario.target_months) for name, prefix in sets.items()}


def lines_of(scenario: Scenario, found: Mapping[str, Judgement], missed: list[str]) -> Iterator[str]:
    """Yield the rows of a scenario; add what misses its bar to `missed`."""
    missed += [f"{scenario.name}: {what}" for what in scenario.bar.missed_by(found[OURS])]
    for name, one in found.items():
        share = f"{one.found}/{one.incidents}" if one.incidents else "-"
        times = " | ".join(_time(at) for at in (one.median, one.quantile(0.9), one.quantile(1.0)))
        yield f"| {scenario.name} | {name} | {share} | {times} | {one.pages} | {one.false_pages} |"


def _time(seconds: float) -> str:
    if seconds != seconds:  # noqa: PLR0124 -- NaN: the scenario has no incident
        return "-"
    return "missed" if seconds == float("inf") else f"{seconds:.0f} s"


def _shown(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        _say(line)
        yield line


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
