"""Maintenance under promtool: two providers fail alike, one of them in maintenance; of that one no alert fires."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.conftest import Stack
from tests.alerts.rulefiles import RULE_FILES

pytestmark = pytest.mark.e2e

PLANNED, FAILING = "anthropic", "openai"
BEGINS, ENDS = 10, 110
"""Minutes of all that goes wrong. The maintenance is from 5 to 120, so that nothing is wrong after it."""
LATER = 200


def wrong(before: str, during: str, after: str) -> str:
    """Return the values of a gauge: before, while and after something is wrong."""
    return f"{before}x{BEGINS - 1} {during}x{ENDS - BEGINS - 1} {after}x{LATER}"


def counts(*, per_minute: int = 1) -> str:
    """Return the values of a counter that grows while something is wrong."""
    last = per_minute * (ENDS - BEGINS)
    return f"0x{BEGINS - 1} 0+{per_minute}x{ENDS - BEGINS} {last}x{LATER}"


def series(name: str, values: str, **labels: str) -> Mapping[str, str]:
    inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return {"series": f"aiprobe_{name}{{{inside}}}", "values": values}


def of_provider(provider: str) -> Sequence[Mapping[str, str]]:
    """Return every series of a provider of which seven targets are each in another trouble."""
    surface = {"provider": provider, "surface": f"API of {provider}", "vantage": "eu", "provider_region": ""}
    found = [
        series("surface_state", wrong("0", "3", "0"), **surface),
        series(
            "undeclared_seconds", wrong("0", "700", "0"), provider=provider, surface=surface["surface"], vantage="eu"
        ),
    ]
    for target in ("down-1", "down-2", "down-3", "flaky", "refused-1", "refused-2", "slow"):
        labels = {**surface, "target": f"{provider}-{target}", "account": provider, "model": "m", "probe": "chat"}
        found.append(series("interval_seconds", f"60x{ENDS + LATER}", **labels))
        if provider == PLANNED:
            found.append(series("maintenance", f"_x4 1x114 stale _x{LATER}", **labels))
        if target.startswith(("down", "flaky")):
            found += [
                series("state", wrong("0", "2" if target == "flaky" else "3", "0"), **labels),
                series("consecutive_failures", wrong("0", "3", "0"), **labels),
                series("outage_suspicion", wrong("0", "20", "0"), **labels),
                series("failing_since_timestamp_seconds", wrong("_", "600", "stale _"), **labels),
                series("last_run_timestamp_seconds", f"0+60x{ENDS + LATER}", **labels),
            ]
        elif target.startswith("refused"):
            good = f"0+1x{BEGINS - 1} {BEGINS}x{ENDS - BEGINS} {BEGINS}+1x{LATER}"
            for verdict, values in (("excluded", counts()), ("good", good), ("bad", f"0x{ENDS + LATER}")):
                found.append(series("slo_events_total", values, slo="availability", verdict=verdict, **labels))
            found.append(series("last_success_timestamp_seconds", f"60x{ENDS + LATER}", **labels))
            for outcome in ("rate_limited", "auth", "not_found", "wrong_answer"):
                found.append(series("results_total", counts(), outcome=outcome, attempt="scheduled", **labels))
        else:
            for name, limits in (("time_to_first_token", ("10", "20")), ("time_per_output_token", ("0.1", "0.2"))):
                for le, values in ((limits[0], f"0x{ENDS + LATER}"), (limits[1], counts()), ("+Inf", counts())):
                    found.append(series(f"{name}_seconds_bucket", values, le=le, **labels))
                found.append(series(f"{name}_seconds_count", counts(), **labels))
    return found


FIRES = (
    "AIModelDown", "AIModelBrownOut", "AIProviderDown", "AISurfaceDown", "AIUndeclaredOutage", "AIAllAttemptsExcluded",
    "AIModelThrottled", "AIAuthOrQuotaFailure", "AIModelNotFound", "AIResponseInvalid", "AITTFTHigh", "AIThroughputLow",
)  # fmt: skip


def firing(provider: str, minute: int, *names: str) -> Mapping[str, Any]:
    samples = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in names]
    expr = f'group by (alertname) (ALERTS{{alertstate="firing",provider="{provider}"}})'
    return {"expr": expr, "eval_time": f"{minute}m", "exp_samples": samples}


def check(stack: Stack, folder: Path, series: Sequence[Mapping[str, str]], asked: Sequence[Mapping[str, Any]]) -> None:
    path = folder / "maintenance_test.yml"
    tests = [{"interval": "1m", "input_series": series, "promql_expr_test": asked}]
    groups = ["slo", "slo-hours", "slo-days", "services", "speed", "meta", "providers"]
    order = [f"aiprobe-{name}" for name in groups]
    document = {"rule_files": [str(one) for one in RULE_FILES], "group_eval_order": order, "tests": tests}
    path.write_text(json.dumps({"evaluation_interval": "1m", **document}))
    done = subprocess.run([stack.promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_fires_in_a_maintenance_and_nothing_of_it_fires_afterwards(stack: Stack, tmp_path: Path) -> None:
    quiet = [firing(PLANNED, minute) for minute in (9, 15, 20, 60, 100, 119, 121, 125, 135, 150, 200, 300)]
    control = firing(FAILING, 60, *FIRES)
    check(stack, tmp_path, [*of_provider(PLANNED), *of_provider(FAILING)], [*quiet, control])


def test_what_still_fails_when_the_maintenance_ends_fires_then(stack: Stack, tmp_path: Path) -> None:
    lasting = [
        {**one, "values": "1x20 stale" if "aiprobe_maintenance" in one["series"] else one["values"]}
        for one in of_provider(PLANNED)
        if "down" in one["series"] or "surface_state" in one["series"]
    ]
    asked = [firing(PLANNED, 20), firing(PLANNED, 24, "AIModelDown", "AIProviderDown", "AISurfaceDown")]
    check(stack, tmp_path, lasting, asked)


def test_a_target_that_is_asked_every_hour_is_silent_about_what_was_refused_in_its_maintenance(
    stack: Stack, tmp_path: Path
) -> None:
    hourly = []
    for provider in (PLANNED, FAILING):
        labels = {"target": provider, "provider": provider, "account": provider, "surface": "API", "vantage": "eu"}
        refused = " ".join(f"{min(hour, 6)}x59" for hour in range(12))
        hourly.append(series("interval_seconds", "3600x720", **labels))
        hourly.append(series("results_total", refused, outcome="auth", attempt="scheduled", **labels))
        if provider == PLANNED:
            hourly.append(series("maintenance", "1x400 stale _x320", **labels))
    quiet = [firing(PLANNED, minute) for minute in (60, 300, 399, 402, 420, 500, 700)]
    check(stack, tmp_path, hourly, [*quiet, firing(FAILING, 399, "AIAuthOrQuotaFailure")])
