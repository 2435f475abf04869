"""The standings of the running month: the same as a report's, after a restart too, at the cost of an open hour."""

import random
from typing import Any

import pytest

from aiprobe.contracts.book import Binding, ContractBook, earliest_needed
from aiprobe.contracts.contract import Contract
from aiprobe.contracts.month import Month, parse_month
from aiprobe.contracts.report import build_report
from aiprobe.core.evidence import FailedProbe, HourRow, Minute
from aiprobe.core.outcomes import Verdict
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
)

OCTOBER = parse_month("2026-10", timezone="UTC")
START = OCTOBER.start_seconds
CONTRACTS = [
    google(claim={"after": "eligibility", "days": 30}),
    a_contract(method="ratio_timeslice", slice_seconds=300, error_classes=["500"]),
    a_contract(method="occurrences", error_classes=["5xx"]),
    google(timezone="Asia/Kolkata", min_run_slices=3),
]


def a_book(*bindings: Binding, since: float = START) -> ContractBook:
    return ContractBook(bindings or [a_binding()], since_seconds=since)


def good(book: ContractBook, at: float, target: str = "chat") -> None:
    book.record(target, at, verdict=Verdict.GOOD, outcome="ok", http_status=200)


def bad(book: ContractBook, at: float, **fields: Any) -> None:
    plain: dict[str, Any] = {"verdict": Verdict.BAD, "outcome": "server_error", "http_status": 500}
    book.record("chat", at, **(plain | fields))


def some_days(month: Month, days: int) -> tuple[list[HourRow], list[FailedProbe]]:
    """Return random days with outages, gaps, and failures that some contracts dispute."""
    draw = random.Random(7)
    minutes: dict[int, Minute] = {}
    failed: list[FailedProbe] = []
    state = "+"
    for minute in range(days * 1440):
        if draw.random() < 0.05:
            state = draw.choice("+++x.")
        at = month.start_seconds + minute * 60
        if state == ".":
            continue
        minutes[at // 60] = BAD if state == "x" else GOOD
        if state == "x":
            timeout = {"outcome": "timeout_total", "http_status": None}
            failed.append(a_failure(at + 5.0, **(timeout if draw.random() < 0.3 else {})))
    return rows_of(minutes), failed


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_gauges_of_a_month_so_far_are_what_the_report_says(contract: Contract) -> None:
    month = parse_month("2026-10", timezone=contract.timezone)
    rows, failed = some_days(month, 3)
    now = month.start_seconds + 3 * 86_400 - 1_234
    rows = [row for row in rows if (row.hour + 1) * 3600 < now]
    book = a_book(a_binding(contract, monthly_spend_usd=500.0), since=month.start_seconds)
    book.restore(rows, failed)
    standing = book.standing("ours", now)
    binding = a_binding(contract, monthly_spend_usd=500.0)
    expected = build_report(binding, month, rows, failed, now_seconds=now).standing
    for field in ("uptime_low", "uptime_high", "coverage", "burn_rate", "allowance_remaining_seconds"):
        assert getattr(standing, field) == pytest.approx(getattr(expected, field)), field
    assert (standing.credit_low, standing.credit_usd_high, standing.tally.slices) == (
        expected.credit_low,
        expected.credit_usd_high,
        expected.tally.slices,
    )


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_restart_changes_nothing(contract: Contract) -> None:
    month = parse_month("2026-10", timezone=contract.timezone)
    rows, failed = some_days(month, 2)
    lived = a_book(a_binding(contract), since=month.start_seconds)
    by_start = {int(probe.started_timestamp_seconds) // 60: probe for probe in failed}
    for row in rows:
        for index, code in enumerate(row.minutes):
            at = row.hour * 3600 + index * 60 + 5
            probe = by_start.get(at // 60)
            if probe is not None:
                bad(lived, at, outcome=probe.outcome, http_status=probe.http_status)
            elif code:
                good(lived, at)
    restarted = a_book(a_binding(contract), since=month.start_seconds)
    restarted.restore(rows, failed)
    now = month.start_seconds + 2 * 86_400
    assert restarted.standing("ours", now) == lived.standing("ours", now)
    assert (restarted.late_results, lived.late_results) == (0, 0)


def test_only_slices_that_have_ended_count() -> None:
    book = a_book(a_binding(a_contract(method="ratio_timeslice", slice_seconds=300)))
    bad(book, START + 10)
    assert book.standing("ours", START + 299).uptime_high is None
    assert book.standing("ours", START + 300).uptime_high == 0.0
    assert book.standing("ours", START + 599).tally.slices == 1


def test_asking_often_changes_nothing() -> None:
    book, asked_once = a_book(), a_book()
    for minute in range(3 * 60):
        for one in (book, asked_once):
            (bad if minute % 50 < 7 else good)(one, START + minute * 60)
        book.standings(START + minute * 60 + 30)
    assert book.standing("ours", START + 3 * 3600) == asked_once.standing("ours", START + 3 * 3600)


def test_the_targets_of_a_contract_are_judged_together_and_others_not_at_all() -> None:
    book = a_book(a_binding(a_contract(method="occurrences"), targets=("chat", "second")))
    good(book, START)
    good(book, START, "second")
    bad(book, START)
    good(book, START, "stranger")
    assert book.standing("ours", START + 60).uptime_high == pytest.approx(2 / 3)


def test_one_target_may_serve_several_contracts() -> None:
    book = a_book(a_binding(a_contract(error_classes=["500"]), name="strict"), a_binding(a_contract(), name="lenient"))
    bad(book, START, outcome="timeout_total", http_status=None)
    standings = book.standings(START + 60)
    assert {name: standing.uptime_high for name, standing in standings.items()} == {"strict": 1.0, "lenient": 0.0}
    assert {name: standing.uptime_low for name, standing in standings.items()} == {"strict": 0.0, "lenient": 0.0}
    assert book.names == ("strict", "lenient")


def test_excluded_probes_leave_the_minute_unknown() -> None:
    book = a_book()
    bad(book, START, verdict=Verdict.EXCLUDED, outcome="rate_limited", http_status=429)
    standing = book.standing("ours", START + 60)
    assert (standing.coverage, standing.tally.excluded_only) == (0.0, 1)


def test_an_api_that_was_lost_behind_its_proxy_is_never_downtime_live_nor_after_a_restart() -> None:
    lived, restarted = a_book(a_binding(CONTRACTS[0])), a_book(a_binding(CONTRACTS[0]))
    bad(lived, START, outcome="server_error", http_status=404)
    restarted.restore(rows_of({int(START) // 60: BAD}), [a_failure(START + 5.0, http_status=404)])
    standing = lived.standing("ours", START + 60)
    assert (standing.coverage, standing.tally.excluded_only) == (0.0, 1)
    assert restarted.standing("ours", START + 60) == standing


def test_tokens_per_second_are_judged_by_the_models_target() -> None:
    contract = a_contract(method="latency_slice", tokens_per_second_by_model={"fast": 100})
    book = a_book(a_binding(contract))
    for minute, speed in enumerate((120.0, 80.0, None)):
        book.record(
            "chat", START + minute * 60, verdict=Verdict.GOOD, outcome="ok", tokens_per_second=speed, model="fast-1"
        )
    standing = book.standing("ours", START + 180)
    assert (standing.uptime_low, standing.uptime_high) == pytest.approx((1 / 3, 2 / 3))


def test_a_late_result_is_taken_within_the_hour_before_and_told_after_it() -> None:
    book = a_book()
    good(book, START + 5 * 3600)
    book.standings(START + 5 * 3600 + 60)
    bad(book, START + 4 * 3600 + 59 * 60)
    assert book.late_results == 0
    assert book.standing("ours", START + 5 * 3600 + 120).tally.bad == 1
    bad(book, START + 3 * 3600)
    assert book.late_results == 1


def test_a_clock_that_jumps_ahead_and_back_loses_no_count_silently() -> None:
    book = a_book()
    good(book, START + 60)
    good(book, START + 5 * 86_400)
    book.standings(START + 5 * 86_400 + 60)
    good(book, START + 120)
    assert book.late_results == 1
    rebuilt = a_book()
    rebuilt.restore(rows_of(spread(START, [GOOD] * 3)))
    assert rebuilt.standing("ours", START + 180).coverage == 1.0


def test_the_journal_must_be_restored_oldest_hour_first() -> None:
    book = a_book()
    hour = START // 3600
    book.restore([a_row(hour + 5, "+"), a_row(hour, "+")])
    assert book.late_results == 1


def test_a_new_month_begins_with_nothing_lost_and_keeps_the_claim_of_the_one_before() -> None:
    contract = google(claim={"after": "month_end", "days": 30})
    book = a_book(a_binding(contract))
    book.restore(month_rows(OCTOBER, lambda at: BAD if at - START < 6 * 3600 else GOOD))
    end = OCTOBER.end_seconds
    good(book, end + 3 * 3600)
    standing = book.standing("ours", end + 3 * 3600 + 60)
    assert (standing.month, standing.tally.bad, standing.credit_low) == ("2026-11", 0, 0.0)
    assert standing.claim_deadline_timestamp_seconds == end + 30 * 86_400
    assert book.standing("ours", end + 30 * 86_400 - 1).claim_deadline_timestamp_seconds == end + 30 * 86_400
    assert book.standing("ours", end + 30 * 86_400).claim_deadline_timestamp_seconds is None


def test_a_run_over_the_end_of_the_month_counts_in_both() -> None:
    book = a_book()
    end = OCTOBER.end_seconds
    book.restore(rows_of(spread(end - 3 * 60, [BAD] * 6)))
    november = book.standing("ours", end + 3 * 3600)
    assert november.month == "2026-11"
    assert november.uptime_high == pytest.approx(1 - 3 / 180)


def test_in_the_first_hour_of_a_month_the_one_before_it_still_stands() -> None:
    book = a_book()
    assert book.standing("ours", OCTOBER.end_seconds + 3599).month == "2026-10"
    assert book.standing("ours", OCTOBER.end_seconds + 2 * 3600).month == "2026-11"


def test_the_journal_is_wanted_back_to_the_oldest_month_that_may_be_claimed() -> None:
    now = parse_month("2026-11", timezone="UTC").start_seconds + 86_400.0
    bindings = [a_binding(), a_binding(google(timezone="Asia/Kolkata"))]
    assert earliest_needed(bindings, now) == parse_month("2026-08", timezone="Asia/Kolkata").start_seconds
    assert earliest_needed([], now) == now


def test_contracts_keep_no_more_than_their_open_hours() -> None:
    bindings = [a_binding(name=f"c{index}", targets=(f"t{index}",)) for index in range(20)]
    book = ContractBook(bindings, since_seconds=START)
    for hour in range(30):
        for index in range(20):
            good(book, START + hour * 3600, f"t{index}")
        book.standings(START + hour * 3600 + 60)
    assert max(len(account.open) for account in book._accounts.values()) <= 2


@pytest.mark.parametrize("excluded", [False, True])
def test_a_maintenance_counts_as_any_other_time_unless_the_contract_excludes_it(*, excluded: bool) -> None:
    binding = a_binding(CONTRACTS[0], exclude_maintenance=excluded)
    lived, restarted, plain = a_book(binding), a_book(binding), a_book(a_binding(CONTRACTS[0]))
    for minute in range(20):
        at = START + 60 * minute
        bad(lived, at, maintenance=minute < 10)
        bad(plain, at)
    hidden = a_row(int(START) // 3600, "x" * 10).minutes
    row = a_row(int(START) // 3600, "e" * 10 + "x" * 10, slo_minutes={"maintenance": hidden})
    restarted.restore([row])
    standing = lived.standing("ours", START + 1200)
    assert restarted.standing("ours", START + 1200) == standing
    if excluded:
        assert (standing.tally.excluded_only, standing.coverage) == (10, 0.5)
    else:
        assert standing == plain.standing("ours", START + 1200)
    month = parse_month("2026-10", timezone=CONTRACTS[0].timezone)
    report = build_report(binding, month, [row], now_seconds=START + 1200)
    assert report.standing.coverage == standing.coverage
    (note,) = report.origin.notes
    assert ("are excluded" in note, " 10 " in note) == (excluded, True)


def test_a_report_without_a_maintenance_has_no_word_of_it() -> None:
    month = parse_month("2026-10", timezone=CONTRACTS[0].timezone)
    report = build_report(a_binding(), month, [a_row(int(START) // 3600, "+x")], now_seconds=START + 1200)
    assert report.origin.notes == ()
