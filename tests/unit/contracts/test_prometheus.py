"""Minutes from composed answers of the Prometheus API."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.contracts.month import Month, parse_month
from aiprobe.contracts.prometheus import (
    MOST_POINTS,
    Gathered,
    PrometheusError,
    Series,
    chunks,
    gather,
    hour_rows,
    increases,
    parse_answer,
)
from aiprobe.contracts.report import build_report
from aiprobe.core.evidence import Minute, decode_minute
from tests.unit.contracts.builders import a_binding, google

OCTOBER = parse_month("2026-10", timezone="UTC")
START = OCTOBER.start_seconds
MINUTE = START // 60
LABELS = {"target": "chat", "provider": "example", "surface": "API", "model": "m-1", "probe": "chat"}


def a_series(verdict: str, points: Mapping[int, float], **labels: str) -> dict[str, Any]:
    """Return a series of an answer; `points` by minute of October."""
    metric = LABELS | {"vantage": "here", "slo": "availability", "verdict": verdict} | labels
    values = [[START + minute * 60, str(value)] for minute, value in points.items()]
    return {"metric": metric, "values": values}


def an_answer(*series: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": list(series)}} | more).encode()


class Server:
    """Answers every query with the points of its series that were asked for, and remembers the queries."""

    def __init__(self, *series: dict[str, Any], **more: Any) -> None:
        self.series, self.more = series, more
        self.asked: list[tuple[str, str, int, int, int]] = []

    def fetch(self, url: str, form: bytes) -> bytes:
        asked = {name: values[0] for name, values in parse_qs(form.decode()).items()}
        first, last, step = (int(asked[name]) for name in ("start", "end", "step"))
        self.asked.append((url, asked["query"], first, last, step))
        wanted = "verdict" if "slo_events_total" in asked["query"] else "speed"
        found = []
        for item in self.series:
            values = [value for value in item["values"] if first <= value[0] <= last]
            if values and wanted in item["metric"]:
                found.append({**item, "values": values})
        return an_answer(*found, **self.more)


def ask(server: Server, *, month: Month = OCTOBER, until: float | None = None, **fields: Any) -> Gathered:
    end = month.end_seconds + 86_400.0 if until is None else until
    return gather("http://prom:9090/", ["chat"], month, fetch=server.fetch, until_seconds=end, **fields)


def minutes_of(gathered: Gathered) -> dict[int, Minute]:
    """Return the known minutes by minute of October, summed over the rows."""
    found: dict[int, Minute] = {}
    for row in gathered.hours:
        for index, code in enumerate(row.minutes):
            one, two = decode_minute(code), found.get(row.hour * 60 + index - MINUTE, Minute())
            if any(one):
                found[row.hour * 60 + index - MINUTE] = Minute(*map(sum, zip(one, two, strict=True)))
    return found


def counting(until: int, step: Callable[[int], int], start: int = 0) -> dict[int, float]:
    """Return a counter by minute that grows by `step(minute)` in each."""
    points, value = {}, 0
    for minute in range(start, until):
        points[minute] = float(value)
        value += step(minute)
    points[until] = float(value)
    return points


def test_growth_between_two_samples_belongs_to_the_minute_between_them() -> None:
    server = Server(
        a_series("good", counting(5, lambda minute: 0 if minute == 2 else 2)),
        a_series("bad", counting(5, lambda minute: int(minute == 2))),
        a_series("excluded", counting(5, lambda minute: int(minute == 4))),
    )
    assert minutes_of(ask(server)) == {
        0: Minute(good=2),
        1: Minute(good=2),
        2: Minute(bad=1),
        3: Minute(good=2),
        4: Minute(good=2),
    }
    assert [row.sums["availability"] for row in ask(server).hours] == [(8, 1, 1)]


def test_a_counter_that_falls_was_restarted_at_nothing() -> None:
    assert increases({1: 7.0, 2: 9.0, 3: 1.0, 4: 1.0, 5: 3.0}) == {1: 2, 2: 1, 4: 2}


def test_what_grew_over_a_missing_sample_cannot_be_placed() -> None:
    assert increases({1: 0.0, 2: 1.0, 6: 40.0, 7: 41.0}) == {1: 1, 6: 1}


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200), st.sets(st.integers(1, 199), max_size=5))
def test_growth_and_restarts_add_up_to_every_event(grown: list[int], restarts: set[int]) -> None:
    points, value = {0: 100.0}, 100
    for minute, by in enumerate(grown, 1):
        # A restart shows only where the counter falls; the fall from 100 is always one.
        if minute in restarts and value > by:
            value = 0
        value += by
        points[minute] = float(value)
    assert increases(points) == {minute: by for minute, by in enumerate(grown) if by}


def test_shards_and_vantages_are_rows_of_their_own_and_replicas_of_one_are_summed() -> None:
    server = Server(
        a_series("good", counting(3, lambda _: 1)),
        a_series("good", counting(3, lambda _: 1), vantage="there"),
        a_series("bad", counting(3, lambda _: 1), instance="second"),
    )
    gathered = ask(server)
    assert [row.identity[-1] for row in gathered.hours] == ["here", "there"]
    assert minutes_of(gathered)[1] == Minute(good=2, bad=1)


def test_a_series_that_is_cut_in_two_by_chunks_is_joined() -> None:
    week = 7 * 1440
    server = Server(a_series("good", counting(week + 2_000, lambda _: 1, start=week - 2_000)))
    assert len(minutes_of(ask(server))) == 4_000


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata"])
def test_no_query_asks_for_more_points_or_days_than_servers_give(zone: str) -> None:
    server = Server()
    month = parse_month("2026-10", timezone=zone)
    ask(server, month=month)
    spans = [(first, last) for _, _, first, last, _ in server.asked]
    assert spans[0][0] == month.start_seconds - 3600
    assert spans[-1][1] == month.end_seconds + 3600
    assert all(one[1] == two[0] for one, two in pairwise(spans))
    assert max((last - first) // 60 + 1 for first, last in spans) <= MOST_POINTS
    assert {step for *_, step in server.asked} == {60}


def test_the_future_is_not_asked_for() -> None:
    server = Server()
    ask(server, until=START + 7_230.0)
    assert [(first - START, last - START) for _, _, first, last, _ in server.asked] == [(-3600, 7_200)]


def test_a_month_that_is_still_to_come_asks_nothing() -> None:
    assert list(chunks(START, START - 60)) == []


def test_the_query_names_the_target_and_cannot_be_broken_out_of() -> None:
    server = Server()
    gather('http://prom:9090/x"', ['a"b\\c'], OCTOBER, fetch=server.fetch, until_seconds=START + 60.0)
    url, query, *_ = server.asked[0]
    assert url == 'http://prom:9090/x"/api/v1/query_range'
    assert query == 'aiprobe_slo_events_total{target="a\\"b\\\\c",slo="availability"}'


def test_a_target_without_samples_is_told_and_not_taken_as_up() -> None:
    gathered = ask(Server())
    assert gathered == Gathered((), ("No samples of the target chat were found in 2026-10.",))
    report = build_report(a_binding(), OCTOBER, gathered.hours, now_seconds=OCTOBER.end_seconds + 1.0)
    assert (report.standing.coverage, report.standing.uptime_low) == (0.0, 0.0)


def test_warnings_of_a_partial_answer_are_told_once() -> None:
    server = Server(a_series("good", counting(3, lambda _: 1)), warnings=["store  gateway\n1 is away"])
    assert ask(server).notes == ("The server warned: store gateway 1 is away",)


def test_the_speed_of_a_minute_is_the_gauge_at_its_end_and_only_where_a_probe_was_good() -> None:
    values = [[START + minute * 60, value] for minute, value in enumerate(["40", "50", "60", "NaN", "70"])]
    gauge = {"metric": LABELS | {"vantage": "here", "speed": ""}, "values": values}
    server = Server(a_series("good", counting(4, lambda minute: int(minute != 1))), gauge)
    (row,) = ask(server, speeds=True).hours
    assert row.tokens_per_second is not None
    assert list(row.tokens_per_second)[:4] == [50.0, None, None, 70.0]
    assert ask(server).hours[0].tokens_per_second is None


@pytest.mark.slow
def test_a_month_from_prometheus_is_judged_like_one_from_the_journal() -> None:
    server = Server(
        a_series("good", counting(44_640, lambda minute: int(not 1_000 <= minute < 1_300), start=-5)),
        a_series("bad", counting(44_640, lambda minute: int(1_000 <= minute < 1_300), start=-5)),
    )
    report = build_report(a_binding(google()), OCTOBER, ask(server).hours, now_seconds=OCTOBER.end_seconds + 1.0)
    assert report.standing.uptime_low == report.standing.uptime_high == pytest.approx(1 - 300 / 44_640)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>nope", "the answer is not JSON; it begins '<html>nope'"),
        (b"[]", "the query failed: no reason was given"),
        (b'{"status":"error","error":"parse\\nerror"}', "the query failed: parse error"),
        (b'{"status":"success","data":{"resultType":"vector","result":[]}}', "the answer holds no matrix"),
        (b'{"status":"success","data":null}', "the answer holds no matrix"),
        (b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{}}]}}', "lacks its labels or its"),
        (b'{"status":"success","data":{"resultType":"matrix","result":[7]}}', "lacks its labels or its"),
        (b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[["x"]]}]}}', "lacks"),
    ],
)
def test_an_answer_that_cannot_be_used_is_an_error_in_a_sentence(body: bytes, said: str) -> None:
    with pytest.raises(PrometheusError) as refused:
        parse_answer(body)
    assert said in str(refused.value)


def test_samples_that_are_no_numbers_are_missing_and_unknown_verdicts_are_left_out() -> None:
    good = a_series("good", {0: 1.0, 1: float("nan"), 2: 2.0, 3: 3.0})
    series, warnings = parse_answer(an_answer(good, a_series("odd", {0: 0.0, 1: 1.0})))
    assert warnings == []
    (row,) = hour_rows(series)
    assert [decode_minute(code).good for code in row.minutes[:4]] == [0, 0, 1, 0]


def test_rows_come_from_series_in_any_order() -> None:
    points = {MINUTE + 60: 0.0, MINUTE + 61: 1.0, MINUTE: 0.0, MINUTE + 1: 1.0}
    rows = hour_rows([Series(LABELS | {"verdict": "good"}, points)])
    assert [row.hour - START // 3600 for row in rows] == [0, 1]
