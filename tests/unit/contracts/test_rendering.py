"""A report on paper, in a ticket and for a program: the same facts, nothing from outside, strangers' words harmless."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from aiprobe.contracts import wording
from aiprobe.contracts.contract import CreditUnit, Tier
from aiprobe.contracts.month import parse_month
from aiprobe.contracts.report import Origin, Report, Seals, Verification, build_report
from aiprobe.contracts.report_html import MOST_PROBES, render_html
from aiprobe.contracts.report_json import render_json
from aiprobe.contracts.report_markdown import MOST_ROWS, render_markdown
from aiprobe.contracts.shipped import contracts
from aiprobe.contracts.strip import cells, strip_svg
from tests.unit.contracts.builders import (
    BAD,
    GOOD,
    NONE,
    a_binding,
    a_contract,
    a_failure,
    google,
    month_rows,
    worked_month,
    worked_rows,
)

pytestmark = pytest.mark.slow

OCTOBER = parse_month("2026-10", timezone="UTC")
START = OCTOBER.start_seconds
HOSTILE = "</style><script>alert(1)</script>|`*[x](http://evil.example/)\n# head"
VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})


class Page(HTMLParser):
    """Reads a page: its tags, attributes and text; fails on tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data


def a_report(*, failures: int = 240, fields: dict[str, Any] | None = None, **report: Any) -> Report:
    """Return a month with four lost hours, a gap, and as many failed probes as asked for."""
    lost = range(START + 36_000, START + 36_000 + 4 * 3600)
    gap = range(START + 86_400, START + 86_400 + 7_200)
    contract = google(claim={"after": "month_end", "days": 30}, claim_where="support", evidence=["request logs"])
    rows = month_rows(OCTOBER, lambda at: BAD if at in lost else NONE if at in gap else GOOD)
    failed = [
        a_failure(lost.start + index * 60 + 7.5, request_id=f"req-{index}", **(fields or {}))
        for index in range(failures)
    ]
    binding = a_binding(contract, monthly_spend_usd=report.pop("spend", 2_000.0))
    now = report.pop("now_seconds", OCTOBER.end_seconds + 3_600.0)
    return build_report(binding, OCTOBER, rows, failed, now_seconds=now, **report)


def test_a_page_says_what_a_claim_needs() -> None:
    text = " ".join(Page(render_html(a_report(saved_minutes={"cheap": 200.0}))).text.split())
    for said in (
        "Missed",
        "99.194 to 99.462 %",
        "99.50 % promised",
        "4 h",
        "USD 200",
        "10 % of the bill",
        "Claim until 2026-12-01 00:00 UTC (30 days after the end of the month)",
        "2026-10-01 10:00 2026-10-01 14:00 4 h 240 of 240",
        "server_error 240",
        "req-0",
        "request logs",
        "In 3 h 20 min of it another vendor of the group cheap answered.",
        "They support a claim about your own traffic and do not replace it",
        "The seals of the journal were not checked for this report.",
    ):
        assert said in text


def test_a_page_needs_nothing_from_outside_and_runs_nothing() -> None:
    html = render_html(a_report())
    page = Page(html)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "a"}
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in {"src", "href", "style"}]
    assert not re.search(r"url\((?!#)|@import", html)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_strangers_words_stay_words_on_a_page() -> None:
    fields = {"declared_state": HOSTILE, "outcome": "server_error"}
    report = a_report(
        fields=fields,
        failures=3,
        incidents=[{"id": "i", "start_timestamp_seconds": START, "sentence": HOSTILE}],
        origin=Origin(source=HOSTILE, notes=(HOSTILE,), verification=Verification(detail=HOSTILE)),
    )
    hostile_contract = replace(report.contract, display_name=HOSTILE, evidence=(HOSTILE,), credit_base=HOSTILE)
    page = Page(render_html(replace(report, contract=hostile_contract, targets=(HOSTILE,))))
    assert "script" not in page.tags
    assert "alert(1)" in page.text


def test_strangers_words_stay_words_in_markdown() -> None:
    incidents = [{"id": "i", "start_timestamp_seconds": START, "sentence": HOSTILE}]
    text = render_markdown(a_report(fields={"declared_state": HOSTILE}, failures=1, incidents=incidents))
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "\n# head" not in text
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if "req-0" in line}
    assert widths == {8}


def test_long_lists_are_cut_on_a_page_and_in_markdown_and_say_so_and_json_has_all() -> None:
    report = a_report(failures=240)
    html, markdown, data = render_html(report), render_markdown(report), json.loads(render_json(report))
    assert html.count("<code>req-") == MOST_PROBES
    assert f"{240 - MOST_PROBES} more are in the JSON form" in html
    assert markdown.count("req-") == MOST_ROWS
    assert f"{240 - MOST_ROWS} more are in the JSON form" in markdown
    assert [probe["request_id"] for probe in data["failed_probes"]] == [f"req-{index}" for index in range(240)]


def test_a_page_that_must_choose_shows_the_first_probes_of_every_counted_downtime() -> None:
    starts = [START + hour * 3600 for hour in (10, 100, 200)]
    lost = {at for start in starts for at in range(start, start + 100 * 60, 60)}
    rows = month_rows(OCTOBER, lambda at: BAD if at in lost else GOOD)
    failed = [a_failure(float(at), request_id=f"req-{at}") for at in sorted(lost)]
    html = render_html(build_report(a_binding(), OCTOBER, rows, failed, now_seconds=OCTOBER.end_seconds + 1.0))
    shown = [sum(f"<code>req-{start + minute * 60}<" in html for minute in range(100)) for start in starts]
    assert shown == [50, 50, 50]


def test_json_has_the_bounds_the_periods_and_no_value_that_is_not_json() -> None:
    data = json.loads(render_json(a_report()), parse_constant=pytest.fail)
    assert data["schema"] == "aiprobe-sla-report/1"
    assert data["uptime_ratio"] == {"low": pytest.approx(738 / 744), "high": pytest.approx(740 / 744)}
    assert data["credit_usd"] == {"low": 200.0, "high": 200.0}
    assert data["finding"] == "missed"
    assert data["claim_deadline_timestamp_seconds"] == OCTOBER.end_seconds + 30 * 86_400
    assert [(period["kind"], period["slices"]) for period in data["periods"]] == [("counted", 240)]
    assert [period["slices"] for period in data["unknown_periods"]] == [120]
    assert data["contract"]["method"] == "timeslice_run"
    assert "do not replace it" in data["disclaimer"]


@pytest.mark.parametrize("render", [render_html, render_markdown, render_json])
@pytest.mark.parametrize("now_seconds", [START - 1.0, START + 90.0, START + 40_000.0])
def test_a_month_that_goes_on_or_is_still_to_come_is_told_too(render: Any, now_seconds: float) -> None:
    report = a_report(now_seconds=now_seconds, spend=None)
    assert render(report)
    assert "in progress" in render_html(report)
    assert "so far" in render_markdown(report)


@pytest.mark.parametrize("render", [render_html, render_markdown, render_json])
def test_a_contract_with_nothing_but_the_four_fields_is_told_too(render: Any) -> None:
    report = build_report(a_binding(a_contract()), OCTOBER, [], now_seconds=OCTOBER.end_seconds + 1.0)
    said = render(report)
    assert "do not show" in said or "Undecided" in said


def test_terms_that_are_not_verified_are_told_on_top() -> None:
    contract = a_contract(confidence="unverified", source_url="https://example.com/sla", verified_on="2026-11-22")
    html = render_html(build_report(a_binding(contract), OCTOBER, [], now_seconds=0.0))
    assert "The terms of this contract are not verified." in html
    assert "NOT verified on a page of the provider on 2026-11-22: https://example.com/sla" in html
    assert "not verified." not in render_html(a_report())


@pytest.mark.parametrize(
    ("verification", "said"),
    [
        (Verification(seals=Seals.HOLD), "all of them are intact"),
        (Verification(seals=Seals.BROKEN, detail="The first is at row 7."), "are BROKEN for this month. The first is"),
        (Verification(), "were not checked"),
    ],
)
def test_the_result_of_checking_the_seals_is_told(verification: Verification, said: str) -> None:
    report = a_report(origin=Origin(verification=verification))
    assert said in render_html(report)
    assert said in render_markdown(report)
    assert ('class="alarm"' in render_html(report)) is (verification.seals is Seals.BROKEN)


def test_the_worked_month_is_written_as_in_the_reference() -> None:
    month, bad = worked_month()
    binding = a_binding(google(commitment=0.999, tiers=[]))
    html = render_html(build_report(binding, month, worked_rows(bad, month), now_seconds=month.end_seconds + 1.0))
    assert "Uptime was 99.880 %, below the commitment of 99.90 %" in html


def test_the_strip_has_a_cell_for_every_hour_and_the_long_day_one_more() -> None:
    month = parse_month("2026-10", timezone="Europe/Berlin")
    binding = a_binding(google(timezone="Europe/Berlin"))
    report = build_report(binding, month, month_rows(month, lambda _: GOOD), now_seconds=month.end_seconds + 1.0)
    drawn = cells(month, report.slices)
    assert len(drawn) == 745
    assert {sum(cell.counts.values()) for cell in drawn} == {60}
    assert [cell.day + 1 for cell in drawn if cell.row == 24] == [25]
    assert strip_svg(month, report.slices).count("<title>") == 745


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Kolkata", "America/Los_Angeles"])
def test_an_hour_of_the_strip_is_an_hour_of_the_contracts_clock(timezone: str) -> None:
    month = parse_month("2026-10", timezone=timezone)
    lost = range(month.start_seconds + 26 * 3600, month.start_seconds + 27 * 3600)
    rows = month_rows(month, lambda at: BAD if at in lost else GOOD)
    report = build_report(a_binding(google(timezone=timezone)), month, rows, now_seconds=month.end_seconds + 1.0)
    assert [(cell.day, cell.row, cell.share) for cell in cells(month, report.slices) if cell.kind == "counted"] == [
        (1, 2, 1.0)
    ]


def test_an_hour_is_drawn_by_the_worst_in_it_and_as_unknown_only_from_half_of_it_on() -> None:
    gap = {START + minute * 60 for minute in [*range(29), *range(60, 90)]}
    bad = {START + 3600 * 2}
    rows = month_rows(OCTOBER, lambda at: NONE if at in gap else BAD if at in bad else GOOD)
    report = build_report(a_binding(), OCTOBER, rows, now_seconds=START + 3 * 3600.0)
    assert [cell.kind for cell in cells(OCTOBER, report.slices)[:4]] == ["up", "unknown", "too_short", None]


@pytest.mark.parametrize(
    ("ratio", "promised", "said"),
    [
        (0.9987963, 0.999, "99.880 %"),
        (0.9989999, 0.999, "99.899 %"),
        (0.999, 0.999, "99.900 %"),
        (0.9999999, 1.0, "99.999 %"),
        (1.0, 1.0, "100.000 %"),
        (0.0, 1.0, "0.000 %"),
        (None, 1.0, "unknown"),
    ],
)
def test_a_percentage_is_never_rounded_up_to_the_promise(ratio: float | None, promised: float, said: str) -> None:
    assert wording.percent(ratio, promised=promised) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (45, "45 s"), (420, "7 min"), (4_800, "1 h 20 min"), (273_600, "3 d 4 h"), (-90.0, "-2 min")],
)
def test_a_duration_is_said_in_its_largest_units(seconds: float, said: str) -> None:
    assert wording.duration(seconds) == said


def test_money_and_moments_are_said_plainly() -> None:
    assert [wording.usd(amount) for amount in (1_840.0, 0.5, None)] == ["USD 1,840", "USD 0.50", "unknown"]
    moment = datetime(2026, 10, 5, 14, 12, 7, tzinfo=UTC).timestamp()
    assert (wording.utc(moment), wording.utc(moment, seconds=True)) == ("2026-10-05 14:12", "2026-10-05 14:12:07")


def test_a_credit_range_is_said_with_both_ends() -> None:
    standing = replace(a_report().standing, credit_low=0.1, credit_high=0.25, credit_usd_low=10.0, credit_usd_high=25.0)
    report = replace(a_report(), standing=standing)
    assert wording.credit(report) == ("USD 10 to 25", "10 to 25 % of the bill")
    unpaid = replace(report, standing=replace(standing, credit_usd_low=None, credit_usd_high=None))
    assert wording.credit(unpaid) == ("10 to 25 %", "of the bill")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"method": "occurrences"}, "The share of valid requests that were answered."),
        ({"method": "ratio_timeslice", "slice_seconds": 300}, "The mean of the availability of each slice of 5 min."),
        (
            {"method": "latency_slice", "tokens_per_second": 50},
            "The share of slices of 1 min whose median tokens per second reach the target.",
        ),
        (
            {"error_threshold": 0.05, "min_run_slices": 5},
            "Slices of 1 min in which more than 5 % of requests fail, in runs of at least 5, are down.",
        ),
    ],
)
def test_the_rule_is_said_in_one_sentence(fields: dict[str, Any], said: str) -> None:
    assert wording.rule(a_contract(**fields)) == said


@pytest.mark.parametrize("render", [render_markdown, render_html, render_json])
def test_a_report_names_the_clause_of_each_number(render: Callable[[Report], str]) -> None:
    text = render(replace(a_report(), contract=contracts()["aws-bedrock"]))
    for number, clause in contracts()["aws-bedrock"].clauses:
        assert number in text
        assert clause in text


def test_a_number_without_a_clause_says_so() -> None:
    named = wording.clauses(contracts()["cohere"])
    assert len(named) == 4
    assert all("the clause is not known" in line for line in named)
    assert "credits: 10 % below 99.5 %, 20 % below 98 %, 30 % below 95 %" in named[2]
    daily = replace(contracts()["cohere"], credit_unit=CreditUnit.DAY, tiers=(Tier(below=0.995, credit=3.0),))
    assert "3 days of usage below 99.5 %" in wording.clauses(daily)[2]
