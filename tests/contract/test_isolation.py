"""One bad target in a hundred changes nothing for the other ninety-nine, whatever its sort of badness."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.model import Finished, Result, Target, Timeouts
from aiprobe.core.secret import Secret
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport
from aiprobe_simulator.server import Simulator
from tests.builders import a_provider, a_target
from tests.scheduling import a_scheduler

pytestmark = pytest.mark.slow

BAD = ["hang_before_headers", "endless", "not_http", "oversize_body", "reset_before_reply", "stall", "garbage_json"]
ROUNDS = 2
LIMITS = Timeouts(connect=20.0, first_token=20.0, stall=20.0, total=20.0)
"""Wide enough for a busy machine: what is tested is whether the others wait for the bad one, not how fast they are."""
LONGER = Timeouts(connect=60.0, first_token=60.0, stall=60.0, total=60.0)
"""Of the bad one, so that whoever waits for it does not finish."""


class Ear:
    """Counts what finished."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Counter[str]] = {}
        self.enough = asyncio.Event()

    def finished(self, finished: Finished) -> None:
        if self.enough.is_set():
            return  # what the end of the test cancels
        counts = self.outcomes.setdefault(finished.target.name, Counter())
        counts[finished.result.outcome.value] += 1
        good = [name for name in self.outcomes if name.startswith("good")]
        if len(good) == 99 and all(sum(self.outcomes[name].values()) >= ROUNDS for name in good):
            self.enough.set()

    def skipped(self, target: str, reason: str) -> None:
        raise AssertionError(f"{target} was skipped: {reason}")

    def probes_in_flight(self, count: int) -> None:
        pass

    def observe_scheduler_lag(self, seconds: float) -> None:
        pass


class DeepPockets:
    """A purse that is never empty."""

    async def reserve(self, usd: float, *, follow_up: bool = False) -> bool:
        return True

    def settle(self, reserved_usd: float, cost_usd: float, *, follow_up: bool = False) -> None:
        pass


class Up:
    """A way out that never fails."""

    async def is_down(self, target: Target) -> bool:
        return False


def a_target_at(name: str, url: str, provider: str, timeouts: Timeouts = LIMITS) -> Target:
    there = a_provider(base_url=f"{url}/{provider}/v1", api_key=Secret("a-right-key-0123456789"))
    return a_target(name=name, provider=there, interval_seconds=3.0, timeouts=LIMITS, follow_ups="never")


async def play(targets: list[Target]) -> Ear:
    clock = Clock()
    transport = Transport(clock=clock, max_body_bytes=1 << 20)
    tools = Tools(transport=transport, clock=clock)
    ear = Ear()

    def prepare(target: Target) -> Callable[[], Awaitable[Result]]:
        return PROBES[target.probe](target, tools).run

    scheduler = a_scheduler(clock, prepare, purse=DeepPockets(), egress=Up(), listeners=[ear], meter=ear)
    scheduler.prepare(targets)()
    scheduler.start()
    try:
        async with asyncio.timeout(60):
            await ear.enough.wait()
    finally:
        await scheduler.close()
        await transport.close()
    return ear


@pytest.mark.parametrize("fault", [*BAD, "refused", "silent"])
async def test_ninety_nine_targets_do_not_notice_a_bad_one(fault: str) -> None:
    async with Simulator() as simulator:
        good = [a_target_at(f"good-{n}", simulator.url, "fine") for n in range(99)]
        bad_url = {"refused": simulator.refused_url, "silent": simulator.silent_url}.get(fault, simulator.url)
        if fault in BAD:
            simulator.set("broken", fault=fault)
        ear = await play([*good, a_target_at("bad", bad_url, "broken", LONGER)])
    assert {
        name: dict(counts) for name, counts in ear.outcomes.items() if name != "bad" and set(counts) != {"ok"}
    } == {}
    assert "ok" not in ear.outcomes.get("bad", {})
    rounds = [sum(counts.values()) for name, counts in ear.outcomes.items() if name != "bad"]
    assert max(rounds) <= ROUNDS + 1, "the fastest is at most one round ahead of the slowest"
