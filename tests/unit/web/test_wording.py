import pytest

from aiprobe.web import wording


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "\N{EN DASH}"),
        (0.0, "0.0 ms"),
        (0.00042, "0.4 ms"),
        (0.0994, "99.4 ms"),
        (0.42, "420 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.523, "1.52 s"),
        (75.2, "75 s"),
    ],
)
def test_a_duration_has_a_unit_that_suits_it(seconds: float | None, said: str) -> None:
    assert wording.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5.0, "just now"),
        (0.4, "just now"),
        (12.3, "12 s ago"),
        (59.9, "59 s ago"),
        (119.0, "1 min ago"),
        (7200, "2 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, said: str) -> None:
    assert wording.ago(seconds) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (None, "\N{EN DASH}"),
        (0.0, "$0.00"),
        (0.0000001, "<$0.0001"),
        (0.00071, "$0.0007"),
        (0.42, "$0.42"),
        (12.5, "$12.50"),
    ],
)
def test_money_keeps_the_digits_that_say_something(amount: float | None, said: str) -> None:
    assert wording.usd(amount) == said


def test_times_are_utc_and_an_impossible_one_breaks_no_page() -> None:
    assert wording.stamp(1_700_000_000) == "2023-11-14 22:13:20 UTC"
    assert wording.iso(1_700_000_000) == "2023-11-14T22:13:20Z"
    assert wording.stamp(1e300) == "1970-01-01 00:00:00 UTC"
    assert wording.stamp(float("nan")) == "1970-01-01 00:00:00 UTC"


def test_a_long_text_shows_that_it_was_cut() -> None:
    assert wording.shortened("x" * 300) == "x" * 300
    assert wording.shortened("x" * 301) == "x" * 299 + "…"


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, "No target is configured"),
        ({"operational": 1}, "The target is operational"),
        ({"operational": 4}, "Every target is operational"),
        ({"not_probed": 2}, "No target was validly probed yet"),
        ({"operational": 4, "degraded": 1, "not_probed": 2}, "No outage; 1 degraded, 2 not probed"),
        ({"operational": 4, "major_outage": 1}, "1 of 5 targets is failing"),
        ({"partial_outage": 1, "major_outage": 1, "not_probed": 1}, "2 of 3 targets are failing"),
    ],
)
def test_the_headline_never_calls_the_unknown_well(counts: dict[str, int], said: str) -> None:
    assert wording.headline(counts) == said
