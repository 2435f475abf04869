"""What we see beside what the page says, on time lines with known lags: probes at full minutes, pages half past."""

import pytest

from aiprobe.core.state import State
from aiprobe.core.statuspage import DeclaredIncident
from aiprobe.incidents.comparison import Comparison, Observation, SurfaceComparison
from aiprobe.incidents.declaration import Declaration, declaration
from aiprobe.incidents.observed import IncidentBook
from tests.unit.incidents.builders import (
    HOUR,
    MINUTE,
    NOON,
    Failure,
    PageSays,
    Said,
    World,
    a_component,
    a_notice,
    claude_chat,
    says_from,
)

GREEN = State.OPERATIONAL
API = ("anthropic", "Claude API")


def a_world(page: PageSays | None, *outages: tuple[float, float]) -> World:
    """Return one chat target that fails during `outages`, and what the page says."""
    failures = [Failure("opus", start, end) for start, end in outages]
    return World([claude_chat()], failures, {} if page is None else {API: page})


def gauges(comparison: Comparison) -> tuple[bool | None, bool | None, float | None]:
    return comparison.undeclared, comparison.unobserved, comparison.undeclared_seconds


def test_two_sides_that_agree_make_no_disagreement() -> None:
    world = a_world(says_from((0, GREEN)))
    world.run(NOON, NOON + HOUR)
    assert world.at(NOON + HOUR) == Comparison(undeclared=False, unobserved=False, undeclared_seconds=0.0)
    assert world.at(NOON + HOUR).disagreements == {"undeclared": False, "unobserved": False}


def test_an_outage_that_the_page_does_not_know_is_undeclared_since_its_first_bad_probe() -> None:
    start = NOON + 10 * MINUTE
    world = a_world(says_from((0, GREEN)), (start, NOON + HOUR))
    world.run(NOON, start + 2 * MINUTE)
    before = gauges(world.at(start + 2 * MINUTE - 1))
    world.run(start + 2 * MINUTE, start + 3 * MINUTE)
    assert before == (False, False, 0.0)
    assert gauges(world.at(start + 150)) == (True, False, 150.0)


def test_the_lag_of_a_word_is_that_between_the_first_bad_probe_and_the_reading_that_held_it() -> None:
    start, declared = NOON + 10 * MINUTE, NOON + 31 * MINUTE
    world = a_world(says_from((0, GREEN), (declared, State.DEGRADED)), (start, NOON + HOUR))
    world.run(NOON, NOON + 40 * MINUTE)
    now = world.at(NOON + 40 * MINUTE)
    assert gauges(now) == (False, False, 0.0)
    assert now.last_declaration_lag_seconds == 21 * MINUTE + 30
    assert now.last_declaration_lead_seconds is None


def test_a_notice_dates_the_first_word_more_exactly_than_the_reading() -> None:
    start = NOON + 10 * MINUTE
    notice = a_notice(start + 5 * MINUTE + 7)

    def says(at: float) -> Said | None:
        return a_component(GREEN), ((notice,) if at >= notice.declared_timestamp_seconds else ())

    world = a_world(says, (start, NOON + HOUR))
    world.run(NOON, NOON + 20 * MINUTE)
    assert world.at(NOON + 20 * MINUTE).last_declaration_lag_seconds == 5 * MINUTE + 7


def test_a_back_dated_notice_wins_the_page_no_time() -> None:
    start, posted = NOON + 10 * MINUTE, NOON + 40 * MINUTE
    notice = a_notice(NOON)

    def says(at: float) -> Said | None:
        return a_component(GREEN), ((notice,) if at >= posted else ())

    world = a_world(says, (start, NOON + 2 * HOUR))
    world.run(NOON, NOON + HOUR)
    now = world.at(NOON + HOUR)
    assert now.last_declaration_lag_seconds == posted - 30 - start
    assert now.last_declaration_lead_seconds is None


def test_a_page_that_comes_first_has_a_lead_and_no_lag() -> None:
    declared, start = NOON + 10 * MINUTE, NOON + 18 * MINUTE
    world = a_world(says_from((0, GREEN), (declared, State.PARTIAL_OUTAGE)), (start, NOON + HOUR))
    world.run(NOON, NOON + 15 * MINUTE)
    assert gauges(world.at(NOON + 15 * MINUTE)) == (False, True, 0.0)
    world.run(NOON + 15 * MINUTE, NOON + 30 * MINUTE)
    now = world.at(NOON + 30 * MINUTE)
    assert gauges(now) == (False, False, 0.0)
    assert now.last_declaration_lead_seconds == 7 * MINUTE + 30
    assert now.last_declaration_lag_seconds is None


def test_a_word_between_the_first_bad_probe_and_our_verdict_is_a_lag() -> None:
    start = NOON + 10 * MINUTE
    world = a_world(says_from((0, GREEN), (start + 15, State.DEGRADED)), (start, NOON + HOUR))
    world.run(NOON, NOON + 20 * MINUTE)
    assert world.at(NOON + 20 * MINUTE).last_declaration_lag_seconds == 30.0


@pytest.mark.parametrize(
    ("declared", "unobserved"),
    [(GREEN, False), (State.DEGRADED, False), (State.PARTIAL_OUTAGE, True), (State.MAJOR_OUTAGE, True)],
)
def test_only_a_declared_outage_can_go_unobserved(declared: State, *, unobserved: bool) -> None:
    world = a_world(says_from((0, declared)))
    world.run(NOON, NOON + 10 * MINUTE)
    assert world.at(NOON + 10 * MINUTE).unobserved is unobserved


def test_what_we_see_as_degraded_neither_confirms_nor_denies_an_outage() -> None:
    comparison = SurfaceComparison()
    comparison.observe(NOON, Observation(state=State.DEGRADED))
    comparison.read(NOON, declaration(a_component(State.MAJOR_OUTAGE)))
    both = comparison.compare(NOON).disagreements
    comparison.read(NOON + 60, declaration(a_component(GREEN)))
    assert both == comparison.compare(NOON + 60).disagreements == {"undeclared": False, "unobserved": False}


@pytest.mark.parametrize("state", [None, GREEN, State.MAJOR_OUTAGE])
def test_maintenance_is_neither(state: State | None) -> None:
    comparison = SurfaceComparison()
    comparison.read(NOON, declaration(a_component(state, maintenance=True)))
    comparison.observe(NOON, Observation(state=GREEN))
    fine = comparison.compare(NOON)
    comparison.observe(NOON, Observation(state=State.MAJOR_OUTAGE, first_bad_timestamp_seconds=NOON - 60))
    down = comparison.compare(NOON + 500)
    assert gauges(fine) == gauges(down) == (False, False, 0.0)
    assert down.last_declaration_lag_seconds is None


def test_an_outage_that_outlives_the_maintenance_is_undeclared_from_its_end_on() -> None:
    start, over = NOON + 10 * MINUTE, NOON + 30 * MINUTE
    world = a_world(says_from((0, None), (over, GREEN)), (start, NOON + 2 * HOUR))
    world.run(NOON, NOON + 40 * MINUTE)
    assert gauges(world.at(NOON + 40 * MINUTE)) == (True, False, 10 * MINUTE - 30)


def test_an_unreadable_page_between_maintenance_and_silence_changes_nothing_of_that() -> None:
    comparison = SurfaceComparison()
    comparison.observe(NOON, Observation(state=State.MAJOR_OUTAGE, first_bad_timestamp_seconds=NOON))
    comparison.read(NOON, declaration(a_component(None, maintenance=True)))
    comparison.read(NOON + 60, None)
    comparison.read(NOON + 120, declaration(a_component(GREEN)))
    assert comparison.compare(NOON + 200).undeclared_seconds == 80.0


@pytest.mark.parametrize("first", [None, declaration(None), declaration(a_component(None, word="huh"))])
def test_a_page_that_does_not_tell_gives_no_answer(first: Declaration | None) -> None:
    comparison = SurfaceComparison()
    comparison.observe(NOON, Observation(state=State.MAJOR_OUTAGE, first_bad_timestamp_seconds=NOON))
    comparison.read(NOON, first)
    assert comparison.compare(NOON) == Comparison(undeclared=None, unobserved=None, undeclared_seconds=None)
    assert comparison.compare(NOON).disagreements == {}


def test_a_surface_that_is_not_probed_gives_no_answer() -> None:
    comparison = SurfaceComparison()
    comparison.read(NOON, declaration(a_component(State.MAJOR_OUTAGE)))
    never = comparison.compare(NOON)
    comparison.observe(NOON, Observation(state=GREEN))
    comparison.observe(NOON + 60, Observation(state=None))
    assert gauges(never) == gauges(comparison.compare(NOON + 60)) == (None, None, None)


def test_a_page_that_is_unreadable_midway_answers_again_as_if_nothing_had_been() -> None:
    start, gone, back = NOON + 10 * MINUTE, NOON + 20 * MINUTE, NOON + 30 * MINUTE

    def says(at: float) -> Said | None:
        return None if gone <= at < back else (a_component(GREEN), ())

    world = a_world(says, (start, NOON + 2 * HOUR))
    world.run(NOON, NOON + 25 * MINUTE)
    meanwhile = gauges(world.at(NOON + 25 * MINUTE))
    world.run(NOON + 25 * MINUTE, NOON + 40 * MINUTE)
    assert meanwhile == (None, None, None)
    assert gauges(world.at(NOON + 40 * MINUTE)) == (True, False, 30 * MINUTE)


def test_a_word_that_came_while_the_page_was_unreadable_has_no_lag_unless_a_notice_dates_it() -> None:
    start, gone, back = NOON + 10 * MINUTE, NOON + 20 * MINUTE, NOON + 30 * MINUTE
    notice = a_notice(NOON + 24 * MINUTE)
    lags = []
    cases: list[tuple[DeclaredIncident, ...]] = [(), (notice,)]
    for notices in cases:

        def says(at: float, notices: tuple[DeclaredIncident, ...] = notices) -> Said | None:
            if gone <= at < back:
                return None
            return (a_component(GREEN), ()) if at < gone else (a_component(State.DEGRADED), notices)

        world = a_world(says, (start, NOON + 2 * HOUR))
        world.run(NOON, NOON + 40 * MINUTE)
        assert gauges(world.at(NOON + 40 * MINUTE)) == (False, False, 0.0)
        lags.append(world.at(NOON + 40 * MINUTE).last_declaration_lag_seconds)
    assert lags == [None, 14 * MINUTE]


def test_a_word_after_a_reading_that_did_not_tell_has_no_lag() -> None:
    start = NOON + 10 * MINUTE
    states = {NOON: GREEN, NOON + 20 * MINUTE: None, NOON + 25 * MINUTE: State.DEGRADED}

    def says(at: float) -> Said | None:
        return a_component([state for since, state in states.items() if since <= at][-1]), ()

    world = a_world(says, (start, NOON + HOUR))
    world.run(NOON, NOON + 40 * MINUTE)
    assert gauges(world.at(NOON + 40 * MINUTE)) == (False, False, 0.0)
    assert world.at(NOON + 40 * MINUTE).last_declaration_lag_seconds is None


def test_a_word_that_ended_before_the_outage_is_no_word_about_it() -> None:
    start = NOON + HOUR
    page = says_from((0, GREEN), (NOON + 600, State.DEGRADED), (NOON + 1200, GREEN), (start + 600, State.DEGRADED))
    world = a_world(page, (start, NOON + 2 * HOUR))
    world.run(NOON, start + 5 * MINUTE)
    undeclared = gauges(world.at(start + 5 * MINUTE))
    world.run(start + 5 * MINUTE, start + 20 * MINUTE)
    assert undeclared == (True, False, 5 * MINUTE)
    assert world.at(start + HOUR).last_declaration_lag_seconds == 10 * MINUTE + 30


def test_a_notice_about_another_component_is_not_a_word_about_this_one() -> None:
    start = NOON + 10 * MINUTE
    others = (a_notice(start, component_ids=("rwppv331jlwc",)), a_notice(start, id="2", component_ids=()))
    world = a_world(lambda _: (a_component(GREEN), others), (start, NOON + HOUR))
    world.run(NOON, NOON + 20 * MINUTE)
    assert gauges(world.at(NOON + 20 * MINUTE)) == (True, False, 10 * MINUTE)


def test_planned_work_is_not_a_word_about_an_outage() -> None:
    start = NOON + 10 * MINUTE
    planned = (a_notice(NOON, impact="maintenance"), a_notice(NOON, id="2", status="in_progress"))
    world = a_world(lambda _: (a_component(GREEN), planned), (start, NOON + HOUR))
    world.run(NOON, NOON + 20 * MINUTE)
    assert world.at(NOON + 20 * MINUTE).undeclared is True


def test_a_feed_names_components_and_that_is_enough_for_a_lag() -> None:
    start = NOON + 10 * MINUTE
    notice = a_notice(start + 9 * MINUTE, component_ids=("Claude API",))
    feed = a_component(None, id="", word="")
    world = a_world(
        lambda at: (feed, (notice,) if at >= notice.declared_timestamp_seconds else ()), (start, NOON + HOUR)
    )
    world.run(NOON, NOON + 30 * MINUTE)
    now = world.at(NOON + 30 * MINUTE)
    assert gauges(now) == (None, None, None)
    assert now.last_declaration_lag_seconds == 9 * MINUTE


def test_an_incident_that_is_only_monitored_still_declares_an_outage_but_foretells_none() -> None:
    start = NOON + 10 * MINUTE
    monitored = (a_notice(NOON - HOUR, status="monitoring"),)
    world = a_world(lambda _: (a_component(GREEN), monitored), (start, NOON + HOUR))
    world.run(NOON, NOON + 5 * MINUTE)
    fine = gauges(world.at(NOON + 5 * MINUTE))
    world.run(NOON + 5 * MINUTE, NOON + 20 * MINUTE)
    now = world.at(NOON + 20 * MINUTE)
    assert fine == gauges(now) == (False, False, 0.0)
    assert (now.last_declaration_lag_seconds, now.last_declaration_lead_seconds) == (None, None)


def test_a_page_that_flaps_for_one_reading_withdraws_nothing() -> None:
    start, declared = NOON + 10 * MINUTE, NOON + 20 * MINUTE
    flap = (declared + 5 * MINUTE, declared + 6 * MINUTE)
    page = says_from((0, GREEN), (declared, State.DEGRADED), (flap[0], GREEN), (flap[1], State.DEGRADED))
    world = a_world(page, (start, NOON + 2 * HOUR))
    seen = set()
    for minute in range(25, 40):
        world.run(NOON if minute == 25 else NOON + (minute - 1) * MINUTE, NOON + minute * MINUTE)
        seen.add(gauges(world.at(NOON + minute * MINUTE)))
    assert seen == {(False, False, 0.0)}
    assert world.at(NOON + HOUR).last_declaration_lag_seconds == 10 * MINUTE + 30


def test_a_word_that_is_withdrawn_leaves_the_outage_undeclared_from_then_on_and_the_lag_alone() -> None:
    start, declared, withdrawn = NOON + 10 * MINUTE, NOON + 20 * MINUTE, NOON + 30 * MINUTE
    page = says_from((0, GREEN), (declared, State.DEGRADED), (withdrawn, GREEN), (NOON + HOUR, State.DEGRADED))
    world = a_world(page, (start, NOON + 2 * HOUR))
    world.run(NOON, NOON + 40 * MINUTE)
    silent = world.at(NOON + 40 * MINUTE)
    world.run(NOON + 40 * MINUTE, NOON + 70 * MINUTE)
    assert gauges(silent) == (True, False, 10 * MINUTE - 30)
    assert gauges(world.at(NOON + 70 * MINUTE)) == (False, False, 0.0)
    assert world.at(NOON + 70 * MINUTE).last_declaration_lag_seconds == 10 * MINUTE + 30


def test_one_word_answers_one_outage() -> None:
    first, second = NOON + 10 * MINUTE, NOON + 50 * MINUTE
    world = a_world(
        says_from((0, GREEN), (first + 5 * MINUTE, State.DEGRADED)),
        (first, first + 20 * MINUTE),
        (second, second + HOUR),
    )
    world.run(NOON, NOON + HOUR)
    now = world.at(NOON + HOUR)
    assert gauges(now) == (False, False, 0.0)
    assert (now.last_declaration_lag_seconds, now.last_declaration_lead_seconds) == (5 * MINUTE + 30, None)


def test_a_new_notice_beside_a_standing_word_answers_the_next_outage() -> None:
    first, second = NOON + 10 * MINUTE, NOON + 50 * MINUTE
    notices = (a_notice(first + 5 * MINUTE), a_notice(second + 9 * MINUTE, id="new"))
    world = a_world(
        lambda at: (a_component(GREEN), tuple(n for n in notices if n.declared_timestamp_seconds <= at)),
        (first, first + 20 * MINUTE),
        (second, second + HOUR),
    )
    world.run(NOON, second + 5 * MINUTE)
    before = world.at(second + 5 * MINUTE).last_declaration_lag_seconds
    world.run(second + 5 * MINUTE, second + 15 * MINUTE)
    assert (before, world.at(second + 15 * MINUTE).last_declaration_lag_seconds) == (5 * MINUTE, 9 * MINUTE)


def test_an_old_notice_that_is_closed_during_a_later_outage_is_no_word_about_it() -> None:
    first, second = NOON + 10 * MINUTE, NOON + 50 * MINUTE
    posted, closed = first + 5 * MINUTE, second + 10 * MINUTE

    def says(at: float) -> Said | None:
        resolved = closed if at >= closed else None
        notice = a_notice(posted, resolved_timestamp_seconds=resolved, status="resolved" if resolved else "monitoring")
        return a_component(GREEN), ((notice,) if at >= posted else ())

    world = a_world(says, (first, first + 20 * MINUTE), (second, second + HOUR))
    world.run(NOON, second + 30 * MINUTE)
    now = world.at(second + 30 * MINUTE)
    assert now.last_declaration_lag_seconds == 5 * MINUTE
    assert gauges(now) == (True, False, 20 * MINUTE - 30)


def test_a_notice_dates_a_word_that_stood_at_the_first_reading() -> None:
    start = NOON + 10 * MINUTE
    world = a_world(lambda _: (a_component(State.DEGRADED), (a_notice(NOON - HOUR),)), (start, NOON + HOUR))
    world.run(NOON, NOON + 20 * MINUTE)
    assert world.at(NOON + 20 * MINUTE).last_declaration_lead_seconds == 70 * MINUTE


def test_of_several_notices_that_overlap_an_outage_the_first_one_counts() -> None:
    start = NOON + 10 * MINUTE
    notices = (
        a_notice(start + 30 * MINUTE, id="late"),
        a_notice(start + 12 * MINUTE, id="first"),
        a_notice(start + 20 * MINUTE, id="second"),
    )
    world = a_world(
        lambda at: (a_component(GREEN), tuple(n for n in notices if n.declared_timestamp_seconds <= at)),
        (start, NOON + 2 * HOUR),
    )
    world.run(NOON, NOON + HOUR)
    assert world.at(NOON + HOUR).last_declaration_lag_seconds == 12 * MINUTE


def retroactive(posted: float, **changes: float | None) -> PageSays:
    notice = a_notice(posted, status="resolved", resolved_timestamp_seconds=posted, **changes)
    return lambda at: (a_component(GREEN), (notice,) if at >= posted else ())


def test_a_notice_posted_when_all_was_over_is_a_long_lag_and_leaves_nothing_undeclared() -> None:
    start, end, posted = NOON + 10 * MINUTE, NOON + 38 * MINUTE, NOON + 45 * MINUTE
    world = a_world(retroactive(posted), (start, end))
    world.run(NOON, NOON + 30 * MINUTE)
    meanwhile = gauges(world.at(NOON + 30 * MINUTE))
    world.run(NOON + 30 * MINUTE, NOON + HOUR)
    now = world.at(NOON + HOUR)
    assert meanwhile == (True, False, 20 * MINUTE)
    assert gauges(now) == (False, False, 0.0)
    assert now.last_declaration_lag_seconds == 35 * MINUTE


def test_a_retroactive_notice_long_after_is_about_something_else() -> None:
    start, end = NOON + 10 * MINUTE, NOON + 38 * MINUTE
    world = a_world(retroactive(end + 3 * HOUR), (start, end))
    world.run(NOON, NOON + 5 * HOUR)
    assert world.at(NOON + 5 * HOUR).last_declaration_lag_seconds is None


def test_a_late_notice_whose_stated_window_meets_the_outage_is_about_it() -> None:
    start, end = NOON + 10 * MINUTE, NOON + 38 * MINUTE
    posted = end + 3 * HOUR
    world = a_world(retroactive(posted, started_timestamp_seconds=start - MINUTE), (start, end))
    world.run(NOON, NOON + 5 * HOUR)
    assert world.at(NOON + 5 * HOUR).last_declaration_lag_seconds == posted - start


def test_a_notice_opened_and_closed_between_two_readings_is_a_word_all_the_same() -> None:
    start = NOON + 10 * MINUTE
    world = a_world(retroactive(start + 5 * MINUTE + 40), (start, NOON + HOUR))
    world.run(NOON, NOON + 20 * MINUTE)
    now = world.at(NOON + 20 * MINUTE)
    assert now.last_declaration_lag_seconds == 5 * MINUTE + 40
    assert now.undeclared is True


def test_a_notice_opened_after_we_recovered_is_the_first_word() -> None:
    start, end = NOON + 10 * MINUTE, NOON + 20 * MINUTE
    world = a_world(says_from((0, GREEN), (NOON + 40 * MINUTE, State.PARTIAL_OUTAGE)), (start, end))
    world.run(NOON, NOON + HOUR)
    now = world.at(NOON + HOUR)
    assert gauges(now) == (False, True, 0.0)
    assert now.last_declaration_lag_seconds == 30 * MINUTE + 30


def test_without_a_good_probe_before_it_an_outage_has_an_age_but_no_lag() -> None:
    start = NOON
    world = a_world(says_from((0, GREEN), (NOON + 10 * MINUTE, State.DEGRADED)), (start - HOUR, NOON + HOUR))
    world.run(NOON, NOON + 5 * MINUTE)
    early = world.at(NOON + 5 * MINUTE)
    world.run(NOON + 5 * MINUTE, NOON + 20 * MINUTE)
    assert gauges(early) == (True, False, 5 * MINUTE)
    assert world.at(NOON + 20 * MINUTE).last_declaration_lag_seconds is None


def test_a_word_that_stood_at_the_first_reading_has_no_lead() -> None:
    world = a_world(says_from((0, State.DEGRADED)), (NOON + 10 * MINUTE, NOON + HOUR))
    world.run(NOON, NOON + 20 * MINUTE)
    assert world.at(NOON + 20 * MINUTE).last_declaration_lead_seconds is None


def test_losing_sight_of_an_outage_does_not_end_it() -> None:
    comparison = SurfaceComparison()
    comparison.read(NOON, declaration(a_component(GREEN)))
    down = Observation(state=State.MAJOR_OUTAGE, first_bad_timestamp_seconds=NOON)
    comparison.observe(NOON + 120, down)
    comparison.observe(NOON + 300, Observation(state=None, first_bad_timestamp_seconds=NOON))
    blind = gauges(comparison.compare(NOON + 300))
    comparison.observe(NOON + 600, down)
    assert comparison.compare(NOON + 600).undeclared_seconds == 600.0
    comparison.observe(NOON + 660, Observation(state=None))
    comparison.read(NOON + 700, declaration(a_component(State.DEGRADED)))
    assert blind == (None, None, None)
    assert comparison.compare(NOON + 700).last_declaration_lag_seconds == 700.0


def test_the_lag_stays_that_of_the_last_outage_that_was_declared() -> None:
    first, second = NOON + 10 * MINUTE, NOON + 3 * HOUR
    page = says_from((0, GREEN), (first + 2 * MINUTE, State.DEGRADED), (first + 40 * MINUTE, GREEN))
    world = a_world(page, (first, first + 20 * MINUTE), (second, second + 20 * MINUTE))
    world.run(NOON, second + HOUR)
    assert world.at(second + HOUR).last_declaration_lag_seconds == 2 * MINUTE + 30


def test_a_silent_surface_observes_nothing() -> None:
    world = a_world(says_from((0, GREEN)))
    world.run(NOON, NOON + 10 * MINUTE)
    states = [world.book.observation(*API, NOON + 9 * MINUTE + age).state for age in (0, 180, 181)]
    assert states == [GREEN, GREEN, None]


def test_an_unknown_surface_observes_nothing() -> None:
    assert IncidentBook().observation("anthropic", "nowhere", NOON) == Observation(state=None)


def test_a_clock_that_is_set_back_makes_no_negative_seconds() -> None:
    comparison = SurfaceComparison()
    comparison.read(NOON, declaration(a_component(GREEN)))
    comparison.observe(NOON, Observation(state=State.MAJOR_OUTAGE, first_bad_timestamp_seconds=NOON))
    assert comparison.compare(NOON - HOUR).undeclared_seconds == 0.0
