"""The schedule: when probes start, what follows from their results, and what never happens."""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import pytest

from aiprobe.attempt import Skipped
from aiprobe.core.model import Finished, Result, Target
from aiprobe.core.outcomes import NEEDS_EGRESS_CHECK, Outcome, Verdict
from aiprobe.core.pauses import BEAT_SECONDS, Pauses
from aiprobe.core.secret import Secret
from aiprobe.core.spread import stable_fraction
from aiprobe.core.tracked import Tracked
from tests.builders import a_provider, a_result, a_target
from tests.clock import ManualClock
from tests.scheduling import a_scheduler

Answer = Result | Exception | Callable[[], Awaitable[Result]]


@dataclass
class World:
    """A scheduler on a manual clock, with probes that answer as told."""

    manual: ManualClock = field(default_factory=ManualClock)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    starts: list[tuple[str, float]] = field(default_factory=list)
    finished: list[Finished] = field(default_factory=list)
    skips: list[tuple[str, str]] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    flights: list[int] = field(default_factory=list)
    settled: list[tuple[float, float]] = field(default_factory=list)
    money: bool = True
    follow_up_money: bool = True
    egress_down: bool = False
    egress_asked: int = 0
    in_maintenance: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.tracked: dict[str, Tracked] = {}
        self.pauses = Pauses(self.manual.clock)
        self.scheduler = a_scheduler(
            self.manual.clock,
            self.prepare,
            purse=self,
            egress=self,
            listeners=[Ear(self.finished)],
            meter=self,
            tracked=self.tracked,
            maintenance=self,
            pauses=self.pauses,
        )

    def prepare(self, target: Target) -> Callable[[], Awaitable[Result]]:
        if target.model == "cannot-be-prepared":
            raise ValueError("no such protocol")

        async def run() -> Result:
            self.starts.append((target.name, self.manual.now))
            queue = self.answers.get(target.name, [])
            answer = queue.pop(0) if len(queue) > 1 else queue[0] if queue else a_result()
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, Result) else await answer()

        return run

    def covers(self, target: Target, since: float) -> bool:
        return target.name in self.in_maintenance and since >= 0

    async def is_down(self, target: Target) -> bool:
        self.egress_asked += 1
        return self.egress_down

    async def reserve(self, usd: float, *, follow_up: bool = False) -> bool:
        return self.money and (self.follow_up_money or not follow_up)

    def settle(self, reserved_usd: float, cost_usd: float, *, follow_up: bool = False) -> None:
        self.settled.append((reserved_usd, cost_usd))

    def skipped(self, target: str, reason: str) -> None:
        self.skips.append((target, reason))

    def probes_in_flight(self, count: int) -> None:
        self.flights.append(count)

    def observe_scheduler_lag(self, seconds: float) -> None:
        self.lags.append(seconds)

    def outcomes(self, name: str = "gpt-chat") -> list[tuple[str, str]]:
        return [(f.result.outcome.value, f.attempt.value) for f in self.finished if f.target.name == name]

    def starts_of(self, name: str) -> list[float]:
        return [at for started, at in self.starts if started == name]


@dataclass
class Ear:
    """Notes what the scheduler hands on."""

    heard: list[Finished]

    def finished(self, finished: Finished) -> None:
        self.heard.append(finished)


async def a_world(*targets: Target, **answers: list[Answer]) -> World:
    world = World(answers={name.replace("_", "-"): list(queue) for name, queue in answers.items()})
    world.scheduler.prepare(targets or (a_target(),))()
    world.scheduler.start()
    return world


def hanging() -> Callable[[], Awaitable[Result]]:
    async def hang() -> Result:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    return hang


def taking(world: World, seconds: float, result: Result) -> Callable[[], Awaitable[Result]]:
    async def take() -> Result:
        await world.manual.sleep(seconds)
        return result

    return take


async def test_a_target_is_probed_at_a_fixed_rate_without_drift() -> None:
    world = await a_world(a_target(interval_seconds=60))
    await world.manual.advance(3600)
    starts = world.starts_of("gpt-chat")
    assert len(starts) == 60
    assert {round(later - earlier, 6) for earlier, later in pairwise(starts)} == {60.0}
    await world.scheduler.close()


async def test_the_rate_does_not_drift_when_probes_take_time() -> None:
    world = await a_world(a_target(interval_seconds=60))
    world.answers["gpt-chat"] = [taking(world, 17.3, a_result())]
    await world.manual.advance(3600)
    first, *rest = world.starts_of("gpt-chat")
    assert [round(at - first, 6) for at in rest] == [60.0 * n for n in range(1, len(rest) + 1)]
    assert len(rest) == 59
    await world.scheduler.close()


async def test_targets_are_spread_over_the_interval_the_same_way_every_time() -> None:
    targets = [a_target(name=f"target-{n}", interval_seconds=60) for n in range(200)]
    firsts = []
    for _ in range(2):
        world = await a_world(*targets)
        await world.manual.advance(60)
        firsts.append(dict(reversed(world.starts)))
        await world.scheduler.close()
    assert firsts[0] == firsts[1]
    per_tenth = [sum(n * 6 <= at < (n + 1) * 6 for at in firsts[0].values()) for n in range(10)]
    assert sum(per_tenth) == 200
    assert min(per_tenth) >= 8


async def test_a_target_never_overlaps_with_itself_and_slots_it_ran_over_are_left_out() -> None:
    world = await a_world(a_target(interval_seconds=10, follow_ups="never"))
    world.answers["gpt-chat"] = [taking(world, 25, a_result())]
    await world.manual.advance(100)
    starts = world.starts_of("gpt-chat")
    assert [round(later - earlier, 6) for earlier, later in pairwise(starts)] == [30.0] * (len(starts) - 1)
    assert max(world.flights) == 1
    await world.scheduler.close()


async def test_a_hung_and_a_crashing_target_delay_nobody() -> None:
    others = [a_target(name=f"good-{n}", interval_seconds=10) for n in range(20)]
    hung, crashing = a_target(name="hung", interval_seconds=10), a_target(name="crashing", interval_seconds=10)
    world = await a_world(hung, crashing, *others, hung=[hanging()], crashing=[RuntimeError("a bug")])
    await world.manual.advance(100)
    assert all(len(world.starts_of(target.name)) == 10 for target in others)
    assert len(world.starts_of("hung")) == 1
    assert world.outcomes("crashing") == [("internal_error", "scheduled")] * 10
    await world.scheduler.close()


async def test_a_bug_is_excluded_logged_with_its_traceback_and_no_secret_of_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = await a_world(a_target(interval_seconds=10), gpt_chat=[RuntimeError("boom sk-secret-12345678")])
    await world.manual.advance(10)
    (finished,) = world.finished
    assert finished.verdict is Verdict.EXCLUDED
    assert finished.result.detail == "a bug in aiprobe: RuntimeError; the log has its traceback"
    assert "Traceback" in caplog.text
    await world.scheduler.close()


BAD = a_result(Outcome.OVERLOADED, http_status=529)


def gaps(world: World, name: str = "gpt-chat") -> list[tuple[float, str]]:
    """Return when each attempt began, in seconds after the first one that failed, and why it ran."""
    starts, attempts = world.starts_of(name), world.outcomes(name)
    first = next(at for at, (outcome, _) in zip(starts, attempts, strict=True) if outcome != "ok")
    return [(at - first, why) for at, (_, why) in zip(starts, attempts, strict=True) if at >= first]


async def test_a_target_in_doubt_is_asked_again_until_the_doubt_is_over() -> None:
    world = await a_world(a_target(), gpt_chat=[a_result(), BAD, a_result()])
    await world.manual.advance(600)
    asked = gaps(world)
    assert [why for at, why in asked[:16] if at < 60] == ["scheduled"] + ["confirm"] * 6
    for found, offset in zip([at for at, _ in asked[1:7]], (3, 8, 15, 25, 33, 40.5), strict=True):
        assert offset <= found <= 1.08 * offset
    assert [why for _, why in asked].count("confirm") == 13  # 15 good ones, of which two are scheduled
    await world.scheduler.close()


async def test_follow_ups_stop_when_an_outage_is_certain_and_come_back_with_the_first_good_answer() -> None:
    world = await a_world(a_target(), gpt_chat=[a_result(), *[BAD] * 20, a_result()])
    await world.manual.advance(3000)
    asked, bad = gaps(world), [f.verdict is Verdict.BAD for f in world.finished[1:]]
    assert [why for _, why in asked[:20]] == ["scheduled"] + ["confirm"] * 6 + ["scheduled"] * 13
    assert [f.state for f in world.finished[1:8]] == [0, 1, 1, 1, 1, 1, 3]
    assert bad[20:] == [False] * len(bad[20:])
    assert [why for _, why in asked[20:27]] == ["scheduled"] + ["confirm"] * 6
    assert {why for _, why in asked[36:]} == {"scheduled"}
    await world.scheduler.close()


async def test_follow_ups_count_as_failures_in_a_row_and_never_in_an_slo() -> None:
    world = await a_world(a_target(), gpt_chat=[a_result(), BAD])
    await world.manual.advance(180)
    assert [f.consecutive_failures for f in world.finished] == list(range(9))
    assert [bool(f.slo_verdicts) for f in world.finished] == [True, True] + [False] * 6 + [True]
    await world.scheduler.close()


async def test_a_hang_is_followed_at_once_and_no_slot_is_lost_to_its_follow_up() -> None:
    world = await a_world(a_target())
    hang = taking(world, 40, a_result(Outcome.TIMEOUT_FIRST_TOKEN, http_status=200))
    world.answers["gpt-chat"] = [a_result(), *[hang] * 5, a_result()]
    await world.manual.advance(400)
    assert gaps(world)[:5] == [
        (0, "scheduled"), (40, "confirm"), (80, "scheduled"), (120, "scheduled"), (180, "scheduled"),
    ]  # fmt: skip
    assert max(world.flights) == 1
    assert max(world.lags) == 0.0  # a slot that waits for its own follow-up says nothing of our clockwork
    await world.scheduler.close()


async def test_an_hourly_target_is_asked_again_within_minutes() -> None:
    world = await a_world(a_target(interval_seconds=3600), gpt_chat=[a_result(), BAD])
    await world.manual.advance(7300)
    asked = gaps(world)
    assert (asked[0][1], {why for _, why in asked[1:]}, asked[-1][0] < 46) == ("scheduled", {"confirm"}, True)
    assert world.finished[-1].state == 3
    await world.scheduler.close()


@pytest.mark.parametrize(("follow_ups", "attempts"), [("once", ["confirm"]), ("never", [])])
async def test_follow_ups_can_be_one_or_none(follow_ups: Literal["once", "never"], attempts: list[str]) -> None:
    world = await a_world(a_target(follow_ups=follow_ups), gpt_chat=[a_result(), BAD])
    await world.manual.advance(300)
    assert [why for _, why in world.outcomes() if why != "scheduled"] == attempts
    await world.scheduler.close()


async def test_a_429_is_never_followed_up_even_where_it_is_bad() -> None:
    throttled = a_result(Outcome.OVERLOADED, http_status=429)
    world = await a_world(a_target(), gpt_chat=[a_result(), throttled])
    await world.manual.advance(300)
    assert {why for _, why in world.outcomes()} == {"scheduled"}
    await world.scheduler.close()


async def test_follow_ups_end_with_their_share_of_the_budget_and_the_schedule_goes_on() -> None:
    world = await a_world(a_target(), gpt_chat=[a_result(), BAD, a_result()])
    world.follow_up_money = False
    await world.manual.advance(300)
    assert {why for _, why in world.outcomes()} == {"scheduled"}
    assert set(world.skips) == {("gpt-chat", "follow_ups")}
    await world.scheduler.close()


async def test_two_targets_of_a_provider_in_doubt_raise_each_others_suspicion() -> None:
    async def certain_after(*names: str) -> float:
        targets = [a_target(name=name, interval_seconds=60) for name in ("one", "two")]
        world = await a_world(*targets)
        for name in names:
            world.answers[name] = [BAD, *[a_result()] * 6] * 3
        await world.manual.advance(900)
        await world.scheduler.close()
        return sum(f.target.name == "one" and (f.state or 0) >= 2 for f in world.finished)

    assert await certain_after("one", "two") > await certain_after("one")


@pytest.mark.parametrize("outcome", [Outcome.RATE_LIMITED, Outcome.AUTH, Outcome.WRONG_ANSWER, Outcome.STARVED])
async def test_what_is_not_bad_is_not_followed_up(outcome: Outcome) -> None:
    world = await a_world(a_target(), gpt_chat=[a_result(), a_result(outcome)])
    await world.manual.advance(120)
    assert [attempt for _, attempt in world.outcomes()] == ["scheduled", "scheduled"]
    await world.scheduler.close()


async def test_retry_after_on_a_429_makes_us_wait_and_says_so() -> None:
    patience = a_result(Outcome.RATE_LIMITED, http_status=429, retry_after_seconds=150)
    world = await a_world(a_target(), gpt_chat=[patience, a_result()])
    await world.manual.advance(300)
    first, second, *_ = world.starts_of("gpt-chat")
    assert second - first == 180.0
    assert world.skips == [("gpt-chat", "backoff")] * 2
    await world.scheduler.close()


@pytest.mark.parametrize(("interval", "waits"), [(60.0, 300.0), (900.0, 900.0)])
async def test_retry_after_is_capped_at_the_greater_of_the_interval_and_five_minutes(
    interval: float, waits: float
) -> None:
    forever = a_result(Outcome.RATE_LIMITED, http_status=429, retry_after_seconds=86_400)
    world = await a_world(a_target(interval_seconds=interval), gpt_chat=[forever])
    await world.manual.advance(4 * 900)
    first, second, *_ = world.starts_of("gpt-chat")
    assert second - first == waits
    await world.scheduler.close()


@pytest.mark.parametrize("status", [200, 500, 503, 529])
async def test_retry_after_on_anything_but_a_429_changes_nothing(status: int) -> None:
    outcome = Outcome.OK if status == 200 else Outcome.OVERLOADED
    world = await a_world(
        a_target(follow_ups="never"), gpt_chat=[a_result(outcome, http_status=status, retry_after_seconds=600)]
    )
    await world.manual.advance(180)
    assert len(world.starts_of("gpt-chat")) == 3
    assert world.skips == []
    await world.scheduler.close()


async def test_without_money_a_chat_falls_back_to_the_free_list_and_the_skip_is_counted() -> None:
    world = await a_world(a_target())
    world.money = False
    await world.manual.advance(120)
    assert world.starts_of("gpt-chat") == []
    assert len(world.starts_of("gpt-chat:models")) == 2
    assert world.skips == [("gpt-chat", "budget")] * 2
    fallbacks = [f for f in world.finished if f.target.name == "gpt-chat:models"]
    assert {f.target.probe for f in fallbacks} == {"models"}
    assert [dict(f.slo_verdicts) for f in fallbacks] == [{}, {}]
    await world.scheduler.close()


async def test_money_is_settled_by_the_bill_where_there_is_one() -> None:
    world = await a_world(a_target(), gpt_chat=[a_result(cost_usd=0.00001)])
    await world.manual.advance(60)
    ((reserved, cost),) = world.settled
    assert reserved > cost == 0.00001
    await world.scheduler.close()


@pytest.mark.parametrize(
    ("result", "charged"),
    [
        (Result(outcome=Outcome.DNS, phases={"resolve": 5.0}), False),
        (Result(outcome=Outcome.TLS, phases={"connect": 0.1, "tls": 0.1}), False),
        (Result(outcome=Outcome.SERVER_ERROR, http_status=500, phases={"send": 0.1}), False),
        (Result(outcome=Outcome.STALLED, http_status=200, phases={"send": 0.1}), True),
        (Result(outcome=Outcome.TIMEOUT_FIRST_TOKEN, phases={"connect": 0.1, "send": 0.1}), True),
    ],
)
async def test_a_probe_without_a_bill_is_charged_its_bound_unless_nothing_was_served(
    result: Result, charged: bool
) -> None:
    world = await a_world(a_target(follow_ups="never"), gpt_chat=[result])
    await world.manual.advance(60)
    ((reserved, cost),) = world.settled
    assert cost == (reserved if charged else 0.0)
    await world.scheduler.close()


@pytest.mark.parametrize("egress_down", [True, False])
async def test_a_failure_without_a_response_asks_whose_fault_it_was(egress_down: bool) -> None:
    world = await a_world(
        a_target(follow_ups="never"), gpt_chat=[a_result(Outcome.TIMEOUT_CONNECT, http_status=None, bytes_received=0)]
    )
    world.egress_down = egress_down
    await world.manual.advance(60)
    (finished,) = world.finished
    assert finished.verdict is (Verdict.EXCLUDED if egress_down else Verdict.BAD)
    assert finished.egress_down is egress_down
    assert world.egress_asked == 1
    await world.scheduler.close()


async def test_a_response_of_the_peer_or_a_private_provider_asks_nobody() -> None:
    private = a_target(name="private", provider=a_provider(egress=False))
    world = await a_world(
        a_target(),
        private,
        gpt_chat=[a_result(Outcome.OVERLOADED, http_status=529)],
        private=[a_result(Outcome.CONNECT, http_status=None)],
    )
    world.egress_down = True
    await world.manual.advance(60)
    assert world.egress_asked == 0
    assert {f.verdict for f in world.finished} == {Verdict.BAD}
    await world.scheduler.close()


async def test_an_answer_from_the_internet_during_the_check_proves_that_packets_pass() -> None:
    failing, fine = a_target(name="failing", interval_seconds=10), a_target(name="fine", interval_seconds=1)
    world = await a_world(failing, fine, failing=[a_result(Outcome.DNS, http_status=None, bytes_received=0)])

    async def slow_check(target: Target) -> bool:
        await world.manual.sleep(2.5)
        return True

    world.is_down = slow_check  # type: ignore[method-assign]
    await world.manual.advance(20)
    assert {f.verdict for f in world.finished if f.target.name == "failing"} == {Verdict.BAD}
    await world.scheduler.close()


async def test_a_reload_leaves_unchanged_targets_alone_and_cancels_the_others() -> None:
    kept, changed = a_target(name="kept", follow_ups="never"), a_target(name="changed")
    world = await a_world(kept, changed, changed=[hanging()], kept=[a_result(Outcome.EMPTY)])
    await world.manual.advance(60)
    failures = world.tracked["kept"].state.consecutive_failures
    assert failures == 1
    world.scheduler.prepare([kept, a_target(name="changed", interval_seconds=30)])()
    await world.manual.advance(0)
    assert world.outcomes("changed") == [("cancelled", "scheduled")]
    assert world.tracked["kept"].state.consecutive_failures == failures
    await world.manual.advance(60)
    assert len(world.starts_of("kept")) == 2
    await world.scheduler.close()


async def test_a_target_that_cannot_be_prepared_leaves_everything_as_it_was() -> None:
    world = await a_world(a_target())
    with pytest.raises(ValueError, match="no such protocol"):
        world.scheduler.prepare([a_target(name="other"), a_target(name="x", model="cannot-be-prepared")])
    assert list(world.tracked) == ["gpt-chat"]
    await world.manual.advance(60)
    assert len(world.finished) == 1
    await world.scheduler.close()


LOST = a_result(outcome=Outcome.NOT_FOUND, http_status=404, from_in_front=True)


async def test_a_router_s_404_is_a_typing_error_until_the_api_has_answered_and_an_outage_after() -> None:
    world = await a_world(a_target(interval_seconds=60, follow_ups="never"), gpt_chat=[LOST, a_result(), LOST])
    await world.manual.advance(240)
    seen = [(finished.result.outcome, finished.verdict) for finished in world.finished]
    assert seen == [
        (Outcome.NOT_FOUND, Verdict.EXCLUDED),
        (Outcome.OK, Verdict.GOOD),
        (Outcome.SERVER_ERROR, Verdict.BAD),
        (Outcome.SERVER_ERROR, Verdict.BAD),
    ]
    await world.scheduler.close()


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"provider": a_provider(base_url="https://other.test/v1")}, Outcome.NOT_FOUND),
        ({"provider": a_provider(proxy=Secret("http://proxy.test:3128"))}, Outcome.NOT_FOUND),
        ({"provider": a_provider(api_key=Secret("another"))}, Outcome.NOT_FOUND),
        ({"model": "another"}, Outcome.NOT_FOUND),
        ({"interval_seconds": 30}, Outcome.SERVER_ERROR),
        ({"display_name": "another"}, Outcome.SERVER_ERROR),
    ],
)
async def test_only_a_change_of_where_and_how_a_target_is_asked_forgets_that_it_answered(
    changes: dict[str, Any], outcome: Outcome
) -> None:
    world = await a_world(a_target(interval_seconds=60, follow_ups="never"), gpt_chat=[a_result(), LOST])
    await world.manual.advance(60)
    world.scheduler.prepare([a_target(**{"interval_seconds": 60, "follow_ups": "never", **changes})])()
    await world.manual.advance(60)
    assert [finished.result.outcome for finished in world.finished][-1] is outcome
    await world.scheduler.close()


async def test_closing_cancels_what_is_under_way_and_leaves_no_task() -> None:
    world = await a_world(a_target(), gpt_chat=[hanging()])
    await world.manual.advance(60)
    assert world.flights[-1] == 1
    await world.scheduler.close()
    assert world.outcomes() == [("cancelled", "scheduled")]
    assert world.flights[-1] == 0
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_probing_now_shares_one_result_within_the_interval() -> None:
    world = await a_world(a_target())
    answers = await asyncio.gather(*(world.scheduler.probe_now("gpt-chat") for _ in range(10)))
    assert len(world.starts) == 1
    assert len({id(answer) for answer in answers}) == 1
    with pytest.raises(KeyError):
        await world.scheduler.probe_now("unknown")
    await world.scheduler.close()


async def test_probing_now_respects_the_provider_s_patience() -> None:
    patience = a_result(Outcome.RATE_LIMITED, http_status=429, retry_after_seconds=150)
    world = await a_world(a_target(), gpt_chat=[patience])
    await world.scheduler.probe_now("gpt-chat")
    world.manual.now += 61
    assert await world.scheduler.probe_now("gpt-chat") == Skipped("backoff")
    await world.scheduler.close()


async def test_how_late_a_probe_started_is_told() -> None:
    world = await a_world(a_target(interval_seconds=10))
    await world.manual.advance(100)
    assert len(world.lags) == 10
    assert max(world.lags) == pytest.approx(0.0, abs=1e-6)
    await world.scheduler.close()


def test_a_stable_fraction_depends_on_nothing_but_its_parts() -> None:
    assert stable_fraction("a", "b") == pytest.approx(0.350379090315743)  # must never change: shards move with it
    assert stable_fraction("a", "b") != stable_fraction("ab")
    fractions = [stable_fraction(f"target-{n}", "eu") for n in range(1000)]
    assert all(0 <= fraction < 1 for fraction in fractions)
    assert 0.45 < sum(fractions) / 1000 < 0.55


def a_bad_month(world: World, seed: str) -> Callable[[], Awaitable[Result]]:
    """Return a service that fails 20 % on each tenth day and 0.4 % on the others; half of its failures hang."""
    dice = random.Random(seed)

    async def run() -> Result:
        impaired = world.manual.now % (10 * 86_400) < 86_400
        if dice.random() >= (0.2 if impaired else 0.004):
            return a_result()
        if dice.random() < 0.5:
            return BAD
        await world.manual.sleep(200)
        return a_result(Outcome.TIMEOUT_FIRST_TOKEN, http_status=200)

    return run


async def a_month(follow_ups: Literal["adaptive", "never"]) -> tuple[Counter[str], Counter[str]]:
    """Return the verdicts of the availability SLO over 30 days, and those of all attempts."""
    world = await a_world(a_target(interval_seconds=300, follow_ups=follow_ups))
    world.answers["gpt-chat"] = [a_bad_month(world, follow_ups)]
    await world.manual.advance(30 * 86_400)
    await world.scheduler.close()
    counted = Counter(str(one.slo_verdicts["availability"]) for one in world.finished if one.slo_verdicts)
    return counted, Counter(str(one.verdict) for one in world.finished)


@pytest.mark.slow  # 17,000 probes
async def test_the_sli_of_a_month_is_the_same_with_and_without_follow_ups() -> None:
    (followed, every), (plain, _) = await a_month("adaptive"), await a_month("never")

    def share(verdicts: Counter[str]) -> float:
        return verdicts["bad"] / (verdicts["good"] + verdicts["bad"])

    error = math.sqrt(share(plain) * (1 - share(plain)) * 2 / plain.total())
    assert followed.total() == pytest.approx(plain.total(), abs=3)  # no slot is lost to a follow-up
    assert share(followed) == pytest.approx(share(plain), abs=2 * error)
    assert share(every) > share(plain) + 4 * error  # follow-ups would have biased it


async def test_a_probe_in_maintenance_moves_the_state_and_counts_in_no_slo() -> None:
    world = await a_world(gpt_chat=[a_result(Outcome.OVERLOADED, http_status=529)])
    world.in_maintenance = frozenset({"gpt-chat"})
    await world.manual.advance(300)
    await world.scheduler.close()
    done = [one for one in world.finished if one.result.outcome is Outcome.OVERLOADED]
    assert len(done) >= 3
    assert all(one.maintenance for one in done)
    assert {one.verdict for one in done} == {Verdict.BAD}
    assert {verdict for one in done for verdict in one.slo_verdicts.values()} == {Verdict.EXCLUDED}
    assert world.tracked["gpt-chat"].state.consecutive_failures == len(done)


def standing_still(world: World, outcome: Outcome, *, runs: float, still: float) -> Callable[[], Awaitable[Result]]:
    """Return a probe during which the process runs, stands still, and runs as long again; it beats while it runs."""

    async def stand() -> Result:
        world.pauses.tick()
        for seconds in (
            *[BEAT_SECONDS] * round(runs / BEAT_SECONDS),
            still,
            *[BEAT_SECONDS] * round(runs / BEAT_SECONDS),
        ):
            world.manual.now += seconds
            if seconds == BEAT_SECONDS:
                world.pauses.tick()
        return a_result(outcome, duration_seconds=2 * runs + still)

    return stand


@pytest.mark.parametrize(
    ("outcome", "runs", "still", "counts_as"),
    [
        *((outcome, 0.5, 3.0, Outcome.INTERNAL_ERROR) for outcome in sorted({*NEEDS_EGRESS_CHECK, Outcome.OK})),
        (Outcome.OK, 0.0, 3.0, Outcome.INTERNAL_ERROR),  # the beat is late too when the probe ends
        (Outcome.TIMEOUT_TOTAL, 0.0, 600.0, Outcome.INTERNAL_ERROR),
        (Outcome.TIMEOUT_TOTAL, 20.0, 4.0, Outcome.TIMEOUT_TOTAL),
        (Outcome.TIMEOUT_TOTAL, 0.5, 0.9, Outcome.TIMEOUT_TOTAL),
        (Outcome.OK, 20.0, 0.0, Outcome.OK),
        (Outcome.OVERLOADED, 0.5, 3.0, Outcome.OVERLOADED),
        (Outcome.AUTH, 0.5, 3.0, Outcome.AUTH),
        (Outcome.MALFORMED, 0.5, 3.0, Outcome.MALFORMED),
    ],
)
async def test_a_probe_during_which_this_process_stood_still_proves_nothing(
    outcome: Outcome, runs: float, still: float, counts_as: Outcome
) -> None:
    world = await a_world(a_target(interval_seconds=60))
    world.answers["gpt-chat"] = [standing_still(world, outcome, runs=runs, still=still)]
    await world.manual.advance(61)
    await world.scheduler.close()
    assert world.finished[0].result.outcome is counts_as
    assert ("stood still" in world.finished[0].result.detail) == (counts_as is not outcome)


async def test_a_probe_that_its_supervisor_ends_after_a_pause_is_no_bug(caplog: pytest.LogCaptureFixture) -> None:
    world = await a_world(a_target(interval_seconds=60))

    async def ended() -> Result:
        world.pauses.tick()
        world.manual.now += 40
        raise TimeoutError

    world.answers["gpt-chat"] = [ended]
    await world.manual.advance(61)
    await world.scheduler.close()
    assert world.finished[0].result.outcome is Outcome.INTERNAL_ERROR
    assert "stood still for 39.8 s" in world.finished[0].result.detail
    assert "Traceback" not in caplog.text


async def test_a_pause_after_the_last_byte_changes_no_result() -> None:
    world = await a_world(a_target(interval_seconds=60))

    async def late() -> Result:
        world.pauses.tick()
        world.manual.now += 40
        return a_result(Outcome.OK, duration_seconds=0.2)

    world.answers["gpt-chat"] = [late]
    await world.manual.advance(61)
    await world.scheduler.close()
    assert world.finished[0].result.outcome is Outcome.OK
