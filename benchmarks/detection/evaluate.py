"""Prometheus' own rule engine over scripted series: promtool evaluates every rule at every 15 s.

`promtool test rules` is asked at every evaluation which alerts fire and told to expect none, so that its complaints
are the answer. Groups are all evaluated every 15 s there, whatever interval they ask for.
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
    """Return when which alert fired over `series`. Raises RuntimeError if promtool does anything but complain."""
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
    done = subprocess.run(  # noqa: S603 -- our own file, no shell
        ["nice", "-n", "10", "promtool", "test", "rules", str(file)],  # noqa: S607 -- where it is, the PATH knows
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    firing = read_answers(told)
    if done.returncode not in (0, 1) or (done.returncode == 1) != bool(firing):
        raise RuntimeError(f"promtool could not evaluate the rules: {told[:2000]}")
    return firing


def read_answers(told: str) -> Firing:
    """Read which alert fired when from promtool's complaints."""
    firing: Firing = {}
    for answer in _ANSWER.finditer(told):
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
