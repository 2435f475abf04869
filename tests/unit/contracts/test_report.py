"""What a report gathers: bounds, periods, probes, and what the contract makes of each."""

from typing import Any

import pytest

from aiprobe.contracts.contract import Contract
from aiprobe.contracts.month import Month, parse_month
from aiprobe.contracts.periods import Kind
from aiprobe.contracts.report import Finding, Origin, Report, Seals, build_report
from aiprobe.core.evidence import Minute
from tests.unit.contracts.builders import (
    BAD,
    GOOD,
    a_binding,
    a_contract,
    a_failure,
    a_row,
    google,
    month_rows,
    rows_of,
    spread,
    worked_month,
    worked_rows,
)

pytestmark = pytest.mark.slow

OCTOBER = parse_month("2026-10", timezone="UTC")
START, END = OCTOBER.start_seconds, OCTOBER.end_seconds
AFTER = float(END + 86_400)


def a_month(letters_at: dict[int, str], month: Month = OCTOBER) -> dict[int, Minute]:
    """Return a month of good minutes with stretches of others, by the minute of the month that they begin at."""
    first = month.start_seconds // 60
    minutes = dict.fromkeys(range(first, month.end_seconds // 60), GOOD)
    for at, letters in letters_at.items():
        for index, letter in enumerate(letters, first + at):
            minutes[index] = {"+": GOOD, "x": BAD, "e": Minute(excluded=1), ".": Minute()}[letter]
    return minutes


def a_report(letters_at: dict[int, str], contract: Contract | None = None, **fields: Any) -> Report:
    binding = a_binding(contract, monthly_spend_usd=fields.pop("spend", None))
    failed, now = fields.pop("failed", ()), fields.pop("now_seconds", AFTER)
    return build_report(binding, OCTOBER, rows_of(a_month(letters_at)), failed, now_seconds=now, **fields)


def kinds(report: Report) -> list[tuple[str, int, int]]:
    """Return (kind, minute of the month, length in minutes) of the periods."""
    return [
        (period.kind.value, (period.start_seconds - START) // 60, period.duration_seconds // 60)
        for period in report.periods
    ]


@pytest.mark.parametrize(
    ("fields", "percent"),
    [
        ({"method": "occurrences"}, 99.819),
        ({"error_threshold": 0.05, "min_run_slices": 5}, 99.880),
        ({"method": "ratio_timeslice", "slice_seconds": 300}, 99.819),
        ({"error_threshold": 0.05, "slice_seconds": 300}, 99.630),
    ],
)
def test_the_worked_month_comes_out_of_a_report(fields: dict[str, Any], percent: float) -> None:
    month, bad = worked_month()
    report = build_report(
        a_binding(a_contract(**fields)), month, worked_rows(bad, month), now_seconds=month.end_seconds + 1.0
    )
    assert round(100 * (report.standing.uptime_low or 0), 3) == percent
    assert report.standing.uptime_low == report.standing.uptime_high
    assert (report.standing.coverage, report.finding) == (1.0, Finding.MISSED)


def test_a_run_counts_from_five_minutes_on_and_shorter_ones_are_named() -> None:
    report = a_report({100: "xxxx", 500: "xxxxx", 900: "xx+xx"})
    assert kinds(report) == [
        ("too_short", 100, 4),
        ("counted", 500, 5),
        ("too_short", 900, 2),
        ("too_short", 903, 2),
    ]
    assert report.lost_seconds == pytest.approx(300)
    assert [period.kind for period in report.listed_periods] == [Kind.COUNTED]


def test_unknown_minutes_are_gaps_and_never_up() -> None:
    report = a_report({100: "...", 200: "eee"})
    assert report.periods == ()
    assert [(gap.start_seconds, gap.slices) for gap in report.gaps] == [
        (START + 100 * 60, 3),
        (START + 200 * 60, 3),
    ]
    assert report.standing.tally.excluded_only == 3
    assert report.standing.coverage == pytest.approx(1 - 6 / 44_640)


def test_unknown_minutes_that_could_join_a_run_widen_the_bounds() -> None:
    report = a_report({100: "xxx..xx"})
    assert kinds(report) == [("too_short", 100, 3), ("too_short", 105, 2)]
    assert report.standing.uptime_low == pytest.approx(1 - 7 / 44_640)
    assert report.standing.uptime_high == 1.0


@pytest.mark.parametrize(
    ("letters", "finding"),
    [("", Finding.KEPT), ("x" * 224, Finding.MISSED), ("." * 224, Finding.OPEN), ("x" * 223, Finding.KEPT)],
)
def test_the_finding_is_certain_only_when_both_bounds_agree(letters: str, finding: Finding) -> None:
    assert a_report({0: letters}).finding is finding


def test_a_mean_of_slices_lists_every_slice_with_an_error() -> None:
    report = a_report({100: "x", 203: "xx"}, a_contract(method="ratio_timeslice", slice_seconds=300))
    assert kinds(report) == [("counted", 100, 5), ("counted", 200, 5)]
    assert report.lost_seconds == pytest.approx(180)


def test_a_bad_probe_that_the_contract_does_not_name_is_disputed() -> None:
    failed = [
        a_failure(START + minute * 60 + 3.0, outcome="timeout_total", http_status=None) for minute in range(100, 110)
    ]
    report = a_report({100: "x" * 10, 500: "x" * 6}, google(error_classes=["5xx"]), failed=failed)
    assert kinds(report) == [("disputed", 100, 10), ("counted", 500, 6)]
    assert report.standing.uptime_low == pytest.approx(1 - 16 / 44_640)
    assert report.standing.uptime_high == pytest.approx(1 - 6 / 44_640)
    assert all(judged.disputed for judged in report.probes)


@pytest.mark.parametrize("classes", [["any"], ["5xx"], ["server_error"]])
def test_an_api_that_was_lost_behind_its_proxy_is_never_downtime(classes: list[str]) -> None:
    failed = [a_failure(START + minute * 60 + 3.0, http_status=404) for minute in range(100, 110)]
    report = a_report({100: "x" * 10, 500: "x" * 6}, google(error_classes=classes), failed=failed)
    assert kinds(report) == [("counted", 500, 6)]
    assert {judged.probe.verdict for judged in report.probes} == {"excluded"}
    assert not any(judged.disputed for judged in report.probes)


def test_a_run_that_began_in_the_month_before_counts_with_its_part_in_this_one() -> None:
    rows = rows_of(a_month({0: "xx"}) | spread(START - 180, [BAD] * 3))
    with_context = build_report(a_binding(), OCTOBER, rows, now_seconds=AFTER)
    assert kinds(with_context) == [("counted", 0, 2)]
    assert with_context.lost_seconds == pytest.approx(120)
    assert a_report({0: "xx"}).lost_seconds == pytest.approx(0)


def test_a_run_that_goes_on_after_the_month_counts_with_its_part_in_this_one() -> None:
    last = 31 * 1440 - 2
    rows = rows_of(a_month({last: "xx"}) | spread(END, [BAD] * 3))
    report = build_report(a_binding(), OCTOBER, rows, now_seconds=AFTER)
    assert kinds(report) == [("counted", last, 2)]
    assert report.lost_seconds == pytest.approx(120)


def test_a_month_in_progress_is_judged_up_to_the_last_minute_that_ended() -> None:
    report = a_report({100: "xxxxx"}, now_seconds=START + 7_230.0)
    assert (report.in_progress, report.end_seconds - START) == (True, 7_200)
    assert report.standing.tally.slices == 120
    assert len(report.slices) == 120
    assert report.standing.uptime_high == pytest.approx(1 - 5 / 120)


def test_a_month_that_is_still_to_come_is_empty_not_an_error() -> None:
    report = a_report({}, now_seconds=START - 86_400.0)
    assert (report.slices, report.standing.uptime_low, report.finding) == ((), None, Finding.OPEN)


def test_the_long_month_of_autumn_has_an_hour_more() -> None:
    month = parse_month("2026-10", timezone="Europe/Berlin")
    binding = a_binding(google(timezone="Europe/Berlin"))
    report = build_report(binding, month, month_rows(month, lambda _: GOOD), now_seconds=AFTER)
    assert (report.standing.tally.slices, report.standing.coverage) == (745 * 60, 1.0)


def test_rows_of_other_targets_and_times_are_left_out() -> None:
    rows = [*rows_of(a_month({})), a_row(START // 3600, "x" * 60, target="stranger"), a_row(5, "x" * 60)]
    failed = [a_failure(START - 7_200.0), a_failure(START + 60.0, target="stranger"), a_failure(END + 1.0)]
    report = build_report(a_binding(), OCTOBER, rows, failed, now_seconds=AFTER)
    assert (report.standing.uptime_low, report.probes) == (1.0, ())


def test_several_targets_and_vantages_are_judged_together() -> None:
    hour = START // 3600
    rows = [a_row(hour, "xx+"), a_row(hour, "x++", target="second")]
    binding = a_binding(a_contract(method="occurrences"), targets=("chat", "second"))
    report = build_report(binding, OCTOBER, rows, now_seconds=START + 180.0)
    assert report.standing.uptime_high == pytest.approx(0.5)


def test_failed_probes_are_in_times_order_and_know_the_period_that_they_lie_in() -> None:
    failed = [
        a_failure(START + 502 * 60.0, request_id="b", outcome="overloaded", declared_state="operational"),
        a_failure(START + 100 * 60.0, request_id="a"),
        a_failure(START + 501 * 60.0, declared_state="major_outage"),
        a_failure(START + 503 * 60.0, declared_state="operational"),
    ]
    report = a_report({100: "x", 500: "xxxxx"}, failed=failed)
    assert [(judged.period, judged.in_downtime) for judged in report.probes] == [
        (0, False),
        (1, True),
        (1, True),
        (1, True),
    ]
    outcomes, words = report.seen_in(report.periods[1])
    assert outcomes == {"server_error": 2, "overloaded": 1}
    assert words == ("major_outage", "operational")


def test_incidents_are_in_times_order_and_a_report_without_a_check_says_so() -> None:
    incidents = [
        {"id": "late", "start_timestamp_seconds": 9.0},
        {"id": "odd"},
        {"id": "early", "start_timestamp_seconds": 1},
    ]
    report = a_report({}, incidents=incidents)
    assert [incident["id"] for incident in report.incidents] == ["odd", "early", "late"]
    assert report.origin == Origin()
    assert report.origin.verification.seals is Seals.NOT_CHECKED


def test_the_slices_of_a_month_add_up_to_its_standing() -> None:
    report = a_report({100: "xxxxxx", 300: "...", 44_000: "x" * 100})
    lost = sum(item.kind is Kind.COUNTED for item in report.slices)
    assert report.standing.uptime_high == pytest.approx(1 - lost / len(report.slices))
    assert len(report.slices) == report.standing.month_slices
