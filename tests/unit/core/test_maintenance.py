"""Windows of maintenance in time: weekly rules by a local clock, over both changes of it."""

from datetime import UTC, datetime

import pytest

from aiprobe.core.kind import FALLBACK_SUFFIX
from aiprobe.core.maintenance import Weekly, Window, parse_weekly
from tests.builders import a_provider, a_target


def at(text: str) -> float:
    """Return Unix time of a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def covered(rule: Weekly, moment: str) -> bool:
    return rule.overlaps(at(moment), at(moment))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("30 2 * * *", range(7)),
        ("30 2 * * sun", [0]),
        ("30 2 * * 7", [0]),
        ("30 2 * * 0", [0]),
        ("30 2 * * SAT,Sun", [6, 0]),
        ("30 2 * * mon-fri", range(1, 6)),
        ("30 2 * * fri-mon", [5, 6, 0, 1]),
        ("30 2 * * 1,3-4", [1, 3, 4]),
    ],
)
def test_a_rule_names_a_time_and_days_as_cron_does(text: str, days: list[int]) -> None:
    rule = parse_weekly(text, timezone="UTC", duration_seconds=60)
    assert (rule.hour, rule.minute, rule.days) == (2, 30, frozenset(days))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30 2 * *",
        "30 2 * * * *",
        "60 2 * * *",
        "0 24 * * *",
        "-1 2 * * *",
        "*/5 2 * * *",
        "0 2 1 * *",
        "0 2 * 6 *",
        "0 2 * * x",
        "0 2 * * mon-",
        "0 2 * * -mon",
        "0 2 * * 8",
        "0 2 * * mon,",
        "٣ 2 * * *",
        "0,30 2 * * *",
    ],
)
def test_what_is_no_weekly_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="; "):
        parse_weekly(text, timezone="UTC", duration_seconds=60)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-12-05T22:59:59", False),  # Saturday, Berlin is an hour ahead
        ("2026-12-05T23:00:00", True),
        ("2026-12-06T22:59:59", True),
        ("2026-12-06T23:00:00", False),
        ("2026-12-12T23:00:00", True),
    ],
)
def test_a_window_of_a_day_lasts_over_midnight_and_comes_back_every_week(moment: str, *, inside: bool) -> None:
    rule = parse_weekly("0 0 * * sun", timezone="Europe/Berlin", duration_seconds=86_400)
    assert covered(rule, moment) is inside


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        # 2026-03-29: at 02:00 the clock of Berlin becomes 03:00. 02:30 does not exist; the window begins at 03:30.
        ("2026-03-29T01:29:59", False),
        ("2026-03-29T01:30:00", True),
        ("2026-03-29T03:29:59", True),
        ("2026-03-29T03:30:00", False),
        # 2026-10-25: at 03:00 it becomes 02:00. 02:30 comes twice; the window begins at the first, for two hours.
        ("2026-10-25T00:29:59", False),
        ("2026-10-25T00:30:00", True),
        ("2026-10-25T02:29:59", True),
        ("2026-10-25T02:30:00", False),
        # Before and after: the offset of the season.
        ("2026-03-22T01:30:00", True),
        ("2026-04-05T00:30:00", True),
        ("2026-03-22T00:30:00", False),
    ],
)
def test_a_window_is_right_when_the_clock_changes(moment: str, *, inside: bool) -> None:
    rule = parse_weekly("30 2 * * sun", timezone="Europe/Berlin", duration_seconds=7200)
    assert covered(rule, moment) is inside


def test_a_probe_that_began_or_ended_in_a_window_is_in_it() -> None:
    rule = parse_weekly("0 2 * * *", timezone="UTC", duration_seconds=3600)
    assert rule.overlaps(at("2026-12-01T01:59:50"), at("2026-12-01T02:00:10"))
    assert rule.overlaps(at("2026-12-01T02:59:50"), at("2026-12-01T03:00:10"))
    assert not rule.overlaps(at("2026-12-01T03:00:00"), at("2026-12-01T03:00:10"))


def test_a_window_covers_the_targets_and_providers_that_it_names_and_their_fallbacks() -> None:
    one, two = a_target(name="one"), a_target(name="two", provider=a_provider(key="team-b"))
    fallback = a_target(name="one" + FALLBACK_SUFFIX)
    for window, found in (
        (Window(targets=frozenset({"one"})), [True, False, True]),
        (Window(providers=frozenset({"team-b"})), [False, True, False]),
        (Window(providers=frozenset({"openai"})), [True, True, True]),  # the label `provider` of both
        (Window(targets=frozenset({"two"}), providers=frozenset({"nobody"})), [False, True, False]),
        (Window(), [True, True, True]),
    ):
        assert [window.covers(target) for target in (one, two, fallback)] == found
