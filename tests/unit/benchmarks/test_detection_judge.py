"""The judgement of the benchmark counts what a person would count."""

import math

import pytest

from benchmarks.detection.evaluate import Firing, read_answers
from benchmarks.detection.judge import Bar, Judgement, judge, pages
from benchmarks.detection.probes import Target
from benchmarks.detection.series import World


def world(incident: tuple[float, float] | None = (100, 700)) -> World:
    """Return a provider with two targets and an hour."""
    return World("p", (Target("m0", "API"), Target("m1", "API")), 3600, incident)


def firing(*times: float, alert: str = "AIModelDown", provider: str = "p") -> Firing:
    """Return one alert that fires at these evaluations."""
    return {(alert, provider): list(times)}


def test_alerts_that_overlap_are_one_page() -> None:
    both = {**firing(150, 165, 180), **firing(180, 195, alert="AIProviderDown")}

    assert pages(both, "p", "AI") == [150]


def test_alerts_that_end_and_fire_again_are_two_pages() -> None:
    assert pages(firing(150, 165, 600, 615), "p", "AI") == [150, 600]


def test_the_pages_of_another_provider_or_rule_set_are_not_ours() -> None:
    others = {**firing(150, provider="q"), **firing(150, alert="TodayProbeFailed")}

    assert pages(others, "p", "AI") == []


def test_the_time_to_page_is_from_the_start_of_the_incident() -> None:
    judged = judge([world()], firing(255, 270), "AI")

    assert (judged.found, judged.delays, judged.false_pages) == (1, (155,), 0)


def test_an_incident_without_a_page_is_missed_and_pulls_the_median() -> None:
    judged = judge([world()], {}, "AI")

    assert (judged.incidents, judged.found, judged.median) == (1, 0, math.inf)


def test_a_page_long_after_the_end_did_not_find_the_incident() -> None:
    assert judge([world()], firing(2000), "AI").found == 0


def test_a_page_before_the_incident_is_false_and_finds_nothing() -> None:
    judged = judge([world()], firing(30), "AI")

    assert (judged.found, judged.false_pages) == (0, 1)


def test_a_page_while_nothing_is_wrong_is_false() -> None:
    assert judge([world(None)], firing(30), "AI", target_months=4).false_rate == 0.25


def test_a_page_about_the_exporter_itself_is_false_where_nothing_is_wrong_with_it() -> None:
    assert judge([world(None)], firing(30, provider=""), "AI").false_pages == 1


def test_target_months_are_those_of_the_worlds_unless_they_stand_for_more() -> None:
    assert judge([world(None)], {}, "AI").target_months == pytest.approx(2 * 3600 / (30 * 86400))


def test_a_bar_that_is_met_says_nothing() -> None:
    assert Bar(worst=155, one_page=True).missed_by(judge([world()], firing(255), "AI")) == []


@pytest.mark.parametrize(
    ("bar", "said"),
    [
        (Bar(worst=154), "worst time to page 155 > 154"),
        (Bar(median=154), "median time to page 155 > 154"),
        (Bar(nine_of_ten=154), "nine of ten 155 > 154"),
        (Bar(one_page=True), "2 pages for 1 incidents"),
    ],
)
def test_a_bar_that_is_missed_says_by_how_much(bar: Bar, said: str) -> None:
    assert bar.missed_by(judge([world()], firing(255, 600), "AI")) == [said]


@pytest.mark.parametrize(("delay", "missed"), [(71.4, False), (71.6, True)])
def test_a_bar_on_time_is_in_whole_seconds(delay: float, missed: bool) -> None:
    assert bool(Bar(worst=71).missed_by(Judgement(1, (delay,), 1, 0, 1))) is missed


def test_a_missed_incident_misses_every_bar_on_time() -> None:
    assert len(Bar(worst=1e6, median=1e6).missed_by(judge([world()], {}, "AI"))) == 2


def test_a_bar_on_what_was_not_measured_is_missed() -> None:
    assert Bar(worst=100).missed_by(judge([world(None)], {}, "AI")) != []


def test_the_answers_of_promtool_are_read() -> None:
    told = (
        '    expr: "count by (x) (y)", time: 1m15s,\n        exp: nil\n'
        '        got:"{alertname=\\"AIModelDown\\", provider=\\"p\\"} 1E+00, {alertname=\\"AIExporterDown\\"} 1E+00"\n'
    )

    assert read_answers(told) == {("AIModelDown", "p"): [75], ("AIExporterDown", ""): [75]}
