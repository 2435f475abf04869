"""Panels that count say what happened to probes, periods and minutes: by promtool, on the shipped rules."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.dashboards.asking import asks
from tests.dashboards.boards import ALL
from tests.e2e.conftest import tool

__all__ = ["tool"]
pytestmark = pytest.mark.e2e

RULES: Final = Path(__file__).parents[2] / "alerts" / "slo.rules.yml"
DAY: Final = 86400
SAMPLES: Final = DAY // 15
"""Of a day, one every 15 seconds."""
PRECISION: Final = 0.005
"""Prometheus 3 extrapolates a little where Prometheus 2 need not."""
NAMED: Final = {"provider": "acme", "provider_display_name": "Acme"}
WALL, SLO, SELF = "aiprobe-wall", "aiprobe-slo", "aiprobe-self"
Series = Mapping[str, str]
Tell = Callable[..., None]


def written(labels: Mapping[str, str]) -> str:
    """Write labels as a selector does."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def labels(target: str, **more: str) -> str:
    """Return the identity of a target and more labels."""
    identity = {"target": target, "provider": "acme", "surface": "API", "model": "m", "probe": "chat", "vantage": "eu"}
    return written(identity | more)


def a_target(name: str, *, good: str = "", bad: str = "", excluded: str = "") -> Series:
    """Return what is scraped in a day of a target with these counters, in promtool's notation."""
    counters = {"good": good, "bad": bad, "excluded": excluded}
    told = {
        f"aiprobe_slo_events_total{labels(name, slo='availability', verdict=verdict)}": counter
        for verdict, counter in counters.items()
        if counter
    }
    told[f"aiprobe_target_info{labels(name, provider_display_name='Acme')}"] = f"1x{SAMPLES}"
    return told | {f"aiprobe_slo_objective_ratio{labels(name, slo='availability')}": f"0.995x{SAMPLES}"}


def an_slo(*, days: int, recorded: float, journal: float) -> Series:
    """Return a day of an SLO of this period: what the rules recorded of its budget, and what the journal says."""
    labelled = labels("A", slo="availability")
    numbers = {
        "aiprobe_slo_period_seconds": days * DAY,
        "aiprobe_slo_objective_ratio": 0.99,
        "aiprobe_slo_error_budget_remaining_ratio": journal,
        "slo:time_period:days": days,
        "slo:period_error_budget_remaining:ratio": recorded,
    }
    return {f"{name}{labelled}": f"{number}x{SAMPLES}" for name, number in numbers.items()}


@pytest.fixture
def tell(tool: Callable[[str], str], tmp_path: Path) -> Tell:
    """Return what checks a panel's query after a day: it tells these labels with these values, and no others."""

    def check(
        uid: str, title: str, series: Series, expected: list[tuple[dict[str, str], float]], *, query: int = 0
    ) -> None:
        ask = [one for one in asks(ALL[uid], end=DAY, range_seconds=30 * DAY) if one.title == title][query]
        samples = [{"labels": written(told), "value": value} for told, value in expected]
        test: dict[str, Any] = {
            "interval": "15s",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                {"expr": f"round({ask.expr}, {PRECISION})", "eval_time": "1d", "exp_samples": samples}
            ],
        }
        # Only counters need the rules; a recorded series that is given must not be recorded once more.
        rules = [] if any(name.startswith("slo:") for name in series) else [str(RULES)]
        file = tmp_path / "counts.yml"
        file.write_text(json.dumps({"rule_files": rules, "evaluation_interval": "5m", "tests": [test]}))
        done = subprocess.run(
            [tool("promtool"), "test", "rules", str(file)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return check


ALL_GOOD = a_target("A", good=f"0+1x{SAMPLES}", bad=f"0x{SAMPLES}")
RARE_AND_BAD = a_target("B", good=f"0x{SAMPLES}", bad=" ".join(f"{count}x39" for count in range(SAMPLES // 40 + 1)))
"""Probed every ten minutes."""
EXCLUDED = a_target("A", excluded=f"0+1x{SAMPLES}")


def test_a_day_of_the_wall_is_the_share_of_good_probes_not_a_mean_of_targets(tell: Tell) -> None:
    tell(WALL, "Good probes in percent", {**ALL_GOOD, **RARE_AND_BAD}, [(NAMED, 97.5)])


def test_availability_is_the_share_of_good_probes_not_a_mean_of_targets(tell: Tell) -> None:
    model = NAMED | {"surface": "API", "model": "m"}
    tell(WALL, "Availability in this range, worst first", {**ALL_GOOD, **RARE_AND_BAD}, [(model, 0.975)])


@pytest.mark.parametrize("title", ["Good probes in percent", "Availability in this range, worst first"])
def test_what_was_never_validly_probed_has_no_share(tell: Tell, title: str) -> None:
    tell(WALL, title, EXCLUDED, [])


@pytest.mark.parametrize(("contradicted", "told"), [(0, 0), (1, -1)])
def test_checks_that_targets_contradict_do_not_say_that_it_is_us(tell: Tell, contradicted: int, told: float) -> None:
    checks = {'aiprobe_egress_up{check="one",vantage="eu"}': f"0x{SAMPLES}"}
    tell(WALL, "Is it us?", {**checks, 'aiprobe_egress_contradicted{vantage="eu"}': f"{contradicted}x{SAMPLES}"},
         [({}, told)])  # fmt: skip


ONE = {"target": "A", "slo": "availability"}


@pytest.mark.parametrize(("minutes", "bad"), [(60, 60), (1440, 1440)])
def test_bad_minutes_are_measured_minutes(tell: Tell, minutes: int, bad: float) -> None:
    scrapes = minutes * 4
    outage = a_target("A", good=f"0x{scrapes} stale", bad=f"0+1x{scrapes} stale")
    tell(SLO, "Bad minutes", outage, [({"provider": "acme", **ONE}, bad)])


def test_a_budget_of_a_week_is_the_journal_s_although_thirty_days_are_recorded(tell: Tell) -> None:
    week = an_slo(days=7, recorded=0.5, journal=-1)
    tell(SLO, "Budgets overspent", week, [({}, 1)])
    tell(SLO, "Least budget left", week, [({}, -1)])
    # One per cent of a week.
    tell(SLO, "Objectives, the least budget first", week, [({"provider": "acme", **ONE}, -6048)], query=1)


def test_a_budget_of_thirty_days_is_what_the_rules_recorded(tell: Tell) -> None:
    month = an_slo(days=30, recorded=0.5, journal=-1)
    tell(SLO, "Budgets overspent", month, [({}, 0)])
    tell(SLO, "Least budget left", month, [({}, 0.5)])


def a_day_of_attempts(target: str, *, scheduled: float, followed: float, usd: float) -> Series:
    """Return the attempts of a target and what they cost, each so much between two scrapes."""
    counters = {
        f"aiprobe_results_total{labels(target, outcome='ok', attempt='scheduled')}": scheduled,
        f"aiprobe_results_total{labels(target, outcome='timeout_stall', attempt='confirm')}": followed,
        f"aiprobe_cost_usd_total{labels(target, verdict='good')}": usd,
    }
    return {name: f"0+{more}x{SAMPLES}" for name, more in counters.items() if more}


@pytest.mark.parametrize(
    ("attempts", "share", "usd"),
    [
        ((("A", 3, 1, 0.5), ("B", 4, 0, 7)), 0.125, 0.25 * 0.5 * SAMPLES),
        ((("A", 3, 1, 0), ("B", 3, 1, 1)), 0.25, 0.25 * SAMPLES),
        ((("A", 3, 0, 1),), 0.0, None),
    ],
)
def test_follow_ups_are_a_share_of_all_attempts_and_cost_their_part_of_each_target(
    tell: Tell, attempts: tuple[tuple[str, float, float, float], ...], share: float, usd: float | None
) -> None:
    series = {
        name: values
        for target, scheduled, followed, cost in attempts
        for name, values in a_day_of_attempts(target, scheduled=scheduled, followed=followed, usd=cost).items()
    }
    tell(SELF, "Follow-ups, 1 d", series, [({}, share)])
    tell(SELF, "Cost of follow-ups, 1 d", series, [] if usd is None else [({}, usd)])
