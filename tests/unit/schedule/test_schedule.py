"""The schedule: when probes start, what follows from their results, and what never happens."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from aiprobe.core.clock import ManualClock
from aiprobe.core.model import Finished, Result, Target
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.core.secret import Secret
from aiprobe.core.spread import in_shard, stable_fraction
from aiprobe.core.tracked import Tracked
from aiprobe.schedule import Scheduler, Skipped
from tests.builders import a_provider, a_result, a_target

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
    egress_down: bool = False
    egress_asked: int = 0

    def __post_init__(self) -> None:
        self.tracked: dict[str, Tracked] = {}
        self.scheduler = Scheduler(
            clock=self.manual.clock,
            tracked=self.tracked,
            prepare_probe=self.prepare,
            purse=self,
            egress=self,
            redact=str,
            listeners=[Ear(self.finished)],
            meter=self,
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

    async def is_down(self, target: Target) -> bool:
        self.egress_asked += 1
        return self.egress_down

    async def reserve(self, usd: float) -> bool:
        return self.money

    def settle(self, reserved_usd: float, cost_usd: float) -> None:
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
    world = await a_world(a_target(interval_seconds=10, confirm=False))
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


async def test_a_first_failure_after_a_success_is_confirmed_once() -> None:
    bad = a_result(Outcome.OVERLOADED, http_status=529)
    world = await a_world(a_target(), gpt_chat=[a_result(), bad, bad, bad, a_result()])
    await world.manual.advance(240)
    assert world.outcomes() == [
        ("ok", "scheduled"), ("overloaded", "scheduled"), ("overloaded", "confirm"), ("overloaded", "scheduled"),
        ("ok", "scheduled"),
    ]  # fmt: skip
    _, first, confirmed, *_ = world.starts_of("gpt-chat")
    assert confirmed - first == pytest.approx(3.0)
    await world.scheduler.close()


async def test_a_confirmation_counts_as_a_failure_in_a_row_but_never_in_an_slo() -> None:
    bad = a_result(Outcome.SERVER_ERROR, http_status=500)
    world = await a_world(a_target(), gpt_chat=[a_result(), bad])
    await world.manual.advance(180)
    assert [f.consecutive_failures for f in world.finished] == [0, 1, 2, 3]
    assert [dict(f.slo_verdicts) for f in world.finished] == [
        {"availability": "good"}, {"availability": "bad"}, {}, {"availability": "bad"},
    ]  # fmt: skip
    assert world.finished[-1].state == 3
    await world.scheduler.close()


@pytest.mark.parametrize("outcome", [Outcome.RATE_LIMITED, Outcome.AUTH, Outcome.WRONG_ANSWER, Outcome.STARVED])
async def test_what_is_not_bad_is_not_confirmed(outcome: Outcome) -> None:
    world = await a_world(a_target(), gpt_chat=[a_result(), a_result(outcome)])
    await world.manual.advance(120)
    assert [attempt for _, attempt in world.outcomes()] == ["scheduled", "scheduled"]
    await world.scheduler.close()


async def test_a_confirmation_that_would_not_fit_before_the_next_slot_is_left_out() -> None:
    world = await a_world(a_target(interval_seconds=10), gpt_chat=[a_result(), a_result(Outcome.STALLED)])
    await world.manual.advance(30)
    assert {attempt for _, attempt in world.outcomes()} == {"scheduled"}
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
    world = await a_world(a_target(), gpt_chat=[a_result(outcome, http_status=status, retry_after_seconds=600)])
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
    world = await a_world(a_target(), gpt_chat=[result])
    await world.manual.advance(60)
    ((reserved, cost),) = world.settled
    assert cost == (reserved if charged else 0.0)
    await world.scheduler.close()


@pytest.mark.parametrize("egress_down", [True, False])
async def test_a_failure_without_a_response_asks_whose_fault_it_was(egress_down: bool) -> None:
    world = await a_world(a_target(), gpt_chat=[a_result(Outcome.TIMEOUT_CONNECT, http_status=None, bytes_received=0)])
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
    kept, changed = a_target(name="kept"), a_target(name="changed")
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
    world = await a_world(a_target(interval_seconds=60, confirm=False), gpt_chat=[LOST, a_result(), LOST])
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
    world = await a_world(a_target(interval_seconds=60, confirm=False), gpt_chat=[a_result(), LOST])
    await world.manual.advance(60)
    world.scheduler.prepare([a_target(**{"interval_seconds": 60, "confirm": False, **changes})])()
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


def test_shards_own_every_target_once_and_keep_a_surface_together() -> None:
    targets = [
        a_target(name=f"t{n}", surface=f"surface {n % 40}", provider=a_provider(name=f"provider-{n % 3}"))
        for n in range(240)
    ]
    for count in (1, 2, 3, 7):
        owners = {target.name: [i for i in range(count) if in_shard(target, i, count)] for target in targets}
        assert all(len(owner) == 1 for owner in owners.values())
        by_surface = {(t.provider.name, t.surface): set[int]() for t in targets}
        for target in targets:
            by_surface[target.provider.name, target.surface].update(owners[target.name])
        assert all(len(shards) == 1 for shards in by_surface.values())
