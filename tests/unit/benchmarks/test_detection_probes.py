"""The scripted probes behave as the scheduler would, and their series as the exporter's would."""

from aiprobe.core.state import State
from benchmarks.detection.probes import Asked, Fault, Target, ask, chance
from benchmarks.detection.series import World, notation, of_exporter, of_world


def probed(*faults: Fault, until: float = 600, restarts: tuple[tuple[float, float], ...] = ()) -> list[Asked]:
    """Probe one target at 10 s past each minute."""
    target = Target("m0", "API", faults, phase=10)
    return ask([target], until, dice=chance, restarts=restarts)["m0"]


def values(text: str) -> list[float | None]:
    """Unfold promtool's notation."""
    found: list[float | None] = []
    for word in text.split():
        value, count = word.split("x")
        found += [None] * int(count) if value == "_" else [float(value.removesuffix("+0"))] * (int(count) + 1)
    return found


def series_of(world: World, start: str, *, having: str = "") -> list[float | None]:
    """Return the values of the one series whose name begins with `start`."""
    [found] = [text for name, text in of_world(world) if name.startswith(start) and having in name]
    return values(found)


def a_world(*faults: Fault, restarts: tuple[tuple[float, float], ...] = (), age: float = 0) -> World:
    """Return a provider with one target for ten minutes."""
    return World("p", (Target("m0", "API", faults, 10),), 600, restarts=restarts, scrape_age=age)


def test_a_healthy_target_is_probed_once_an_interval() -> None:
    asked = probed()

    assert [one.ended for one in asked] == [11.5 + 60 * slot for slot in range(10)]
    assert not any(one.bad or one.confirm for one in asked)


def test_a_refusal_is_followed_up_until_the_outage_is_certain() -> None:
    asked = [one for one in probed(Fault(60, 200)) if one.bad]

    assert [one.confirm for one in asked] == [False] + [True] * 6 + [False, False]
    assert [one.consecutive_failures for one in asked] == list(range(1, 10))
    assert asked[6].began - asked[0].began >= 40


def test_a_hang_is_followed_at_once_and_the_next_slot_waits_for_it() -> None:
    asked = [one for one in probed(Fault(60, 200, hangs=True)) if one.bad]

    assert [(one.began, one.confirm) for one in asked] == [(70, False), (110, True), (150, False), (190, False)]


def test_an_outage_is_major_once_it_persists() -> None:
    states = [one.state for one in probed(Fault(60, 200)) if one.bad]

    assert (states[5], states[6]) == (State.DEGRADED, State.MAJOR_OUTAGE)


def test_a_slow_answer_is_good_and_late() -> None:
    late = [one for one in probed(Fault(60, 120, slow=True)) if one.slow]

    assert [one.bad for one in late] == [False]


def test_a_brown_out_fails_about_its_share_of_the_probes() -> None:
    asked = [one for one in probed(Fault(0, 60000, 0.2), until=60000) if not one.confirm]

    assert 0.15 < sum(one.bad for one in asked) / len(asked) < 0.25


def test_a_restart_forgets_failures_and_moves_no_slot() -> None:
    asked = probed(Fault(60, 200), restarts=((140, 170),))

    after = [one for one in asked if one.ended > 170]
    assert (after[0].ended, after[0].consecutive_failures) == (190.3, 1)


def test_nothing_is_probed_while_the_exporter_is_down() -> None:
    asked = probed(restarts=((120, 300),))

    assert not [one for one in asked if 120 <= one.ended < 300]


def test_repetitions_are_folded_and_gaps_written_as_gaps() -> None:
    assert notation([None, None, 1.0, 1.0, 2.5]) == "_x2 1+0x1 2.5+0x0"


def test_a_counter_counts_scheduled_probes_alone() -> None:
    bad = series_of(a_world(Fault(60, 200)), "aiprobe_slo_events_total", having='"availability",verdict="bad"')

    assert bad[-1] == 3


def test_a_counter_starts_at_zero_with_each_process_and_is_absent_between_two() -> None:
    good = series_of(
        a_world(restarts=((300, 330),)), "aiprobe_slo_events_total", having='"availability",verdict="good"'
    )

    assert good[19:23] == [5, None, None, 0]
    assert good[-1] == 4


def test_consecutive_failures_are_shown_from_the_scrape_after_the_failure_on() -> None:
    failures = series_of(a_world(Fault(60, 75)), "aiprobe_consecutive_failures")

    assert failures[4:7] == [0, 2, 0]
    assert failures[9] == 0


def test_an_old_scrape_shows_an_older_value() -> None:
    assert series_of(a_world(Fault(60, 75), age=14), "aiprobe_consecutive_failures")[5] == 0


def test_the_surface_is_down_when_its_one_target_is() -> None:
    assert 3 in series_of(a_world(Fault(60, 400)), "aiprobe_surface_state")


def test_blackbox_sees_the_scheduled_probes_of_the_same_script() -> None:
    assert series_of(a_world(Fault(60, 75)), "probe_success")[4:10] == [1, 0, 0, 0, 0, 1]


def test_the_exporter_is_not_up_while_it_restarts() -> None:
    up = values(next(text for name, text in of_exporter(600, ((300, 330),)) if name.startswith("up")))

    assert up[19:23] == [1, 0, 0, 1]
