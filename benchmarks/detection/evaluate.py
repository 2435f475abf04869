"""Evaluates rules over scripted series with Prometheus' own rule engine: promtool, every 15 s.

`promtool test rules` gets a test at every evaluation that expects no firing alert. Its failures therefore list the
alerts that fire. It evaluates all groups every 15 s and ignores their own intervals.
"""

import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.detection.series import SCRAPE_SECONDS, Series

QUESTION: Final = 'count by (alertname, provider) (ALERTS{alertstate="firing"})'
_ANSWER: Final = re.compile(r"time: (?P<time>[0-9hms]+),\s*\n\s*exp:.*\n\s*got:(?P<got>.*)")
_ALERT: Final = re.compile(r'alertname=\\?"(?P<alert>\w+)\\?"(?:, provider=\\?"(?P<provider>[^"\\]+)\\?")?')
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")

Firing = dict[tuple[str, str], list[float]]
"""(alert, provider) -> the evaluations at which it fired, in seconds."""


def evaluate(series: Sequence[Series], seconds: float, *, rule_files: Iterable[Path], scratch: Path) -> Firing:
    """Return when each alert fired over `series`. Raises RuntimeError if promtool fails in another way."""
    questions = range(0, int(seconds) + 1, int(SCRAPE_SECONDS))
    test: dict[str, Any] = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series],
        "promql_expr_test": [{"expr": QUESTION, "eval_time": f"{at}s", "exp_samples": []} for at in questions],
    }
    file = scratch / "test.yml"
    whole = {"rule_files": [str(path) for path in rule_files], "evaluation_interval": "15s", "tests": [test]}
    file.write_text(
        yaml.dump(whole, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), width=1 << 30), encoding="utf-8"
    )
    done = subprocess.run(  # noqa: S603 -- a file of this run, no shell
        ["promtool", "test", "rules", str(file)],  # noqa: S607 -- found on the PATH
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    firing = read_answers(told)
    if done.returncode not in (0, 1) or (done.returncode == 1) != bool(firing):
        raise RuntimeError(f"promtool could not evaluate the rules: {told[:2000]}")
    return firing


def read_answers(output: str) -> Firing:
    """Read from promtool's failures when each alert fired."""
    firing: Firing = {}
    for answer in _ANSWER.finditer(output):
        at = _seconds(answer["time"])
        for alert in _ALERT.finditer(answer["got"]):
            firing.setdefault((alert["alert"], alert["provider"] or ""), []).append(at)
    return {key: sorted(times) for key, times in firing.items()}


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise RuntimeError(f"not a duration of promtool's: {text}")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return 3600.0 * hours + 60 * minutes + seconds
