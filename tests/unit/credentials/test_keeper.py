"""A lease is renewed before it ends, off everybody's clock, and a source that is away for a while costs nothing."""

import asyncio
import threading

import pytest

from aiprobe.core.credential import NoCredentialError
from aiprobe.credentials.base import SourceError
from aiprobe.credentials.keeper import FETCH_SECONDS, FIRST_WAIT_SECONDS
from tests.unit.credentials.builders import a_keeper, a_lease, until


async def test_whoever_asks_first_waits_for_the_first_lease() -> None:
    async with a_keeper(a_lease("one")) as (keeper, source, _):
        assert await keeper.get() == "one"
        assert source.calls == 1


async def test_a_lease_is_renewed_after_two_thirds_of_its_life_and_asking_does_not_renew_it() -> None:
    async with a_keeper(a_lease("one", 900), a_lease("two", 900)) as (keeper, source, clock):
        await keeper.get()
        await clock.advance(599)
        assert (await keeper.get(), source.calls) == ("one", 1)
        await clock.advance(2)
        await until(lambda: source.calls == 2)
        await until_it_is(keeper, "two")


async def test_a_token_that_ends_mid_run_is_never_handed_out_and_nobody_is_refused() -> None:
    leases = [a_lease(f"token-{number}", 90) for number in range(50)]
    async with a_keeper(*leases) as (keeper, source, clock):
        seen: dict[str, list[float]] = {}
        await keeper.get()
        for _ in range(300):
            await clock.advance(5)
            await until(keeper._settled.is_set)
            seen.setdefault(await keeper.get(), []).append(clock.now)
        assert source.calls == len(seen) > 20
        assert all(times[-1] - times[0] < 90 for times in seen.values())


async def test_a_source_that_fails_is_tried_again_while_the_old_lease_still_holds() -> None:
    async with a_keeper(a_lease("one", 300), SourceError("away"), SourceError("away"), a_lease("two", 300)) as kept:
        keeper, source, clock = kept
        await keeper.get()
        await clock.advance(200)
        await until(lambda: source.calls == 2 and keeper._settled.is_set())
        assert await keeper.get() == "one"
        await clock.advance(1)
        await until(lambda: source.calls == 3 and keeper._settled.is_set())
        assert await keeper.get() == "one"
        await clock.advance(2)
        await until_it_is(keeper, "two")


async def test_a_lease_that_has_ended_without_a_new_one_is_no_credential_and_says_why() -> None:
    async with a_keeper(a_lease("one", 30), SourceError("the identity service is away")) as (keeper, source, clock):
        await keeper.get()
        await clock.advance(21)
        await until(lambda: source.calls >= 2 and keeper._settled.is_set())
        await clock.advance(15)
        await until(keeper._settled.is_set)
        with pytest.raises(NoCredentialError, match="the identity service is away"):
            await keeper.get()


async def test_a_source_that_fails_at_once_makes_nobody_wait() -> None:
    async with a_keeper(SourceError("no account")) as (keeper, _, clock):
        with pytest.raises(NoCredentialError, match="no account"):
            await keeper.get()
        assert clock.now == 0


async def test_whoever_asks_a_source_that_hangs_waits_for_some_seconds_only() -> None:
    async with a_keeper(threading.Event()) as (keeper, source, clock):
        asking = asyncio.create_task(keeper.get())
        await until(lambda: source.calls == 1)
        await clock.advance(FIRST_WAIT_SECONDS + 0.1)
        with pytest.raises(NoCredentialError, match="has not ended"):
            await asking


async def test_a_source_that_hangs_is_not_asked_a_second_time_meanwhile() -> None:
    gate = threading.Event()
    async with a_keeper(gate, a_lease("late")) as (keeper, source, clock):
        await until(lambda: source.calls == 1)
        for _ in range(20):
            await clock.advance(FETCH_SECONDS)
        assert source.calls == 1
        with pytest.raises(NoCredentialError, match="no answer within"):
            await keeper.get()
        gate.set()
        await until(lambda: "let go" in keeper._problem)
        await clock.advance(1)
        await until_it_is(keeper, "late")


async def test_a_refusal_fetches_anew_but_not_again_and_again() -> None:
    async with a_keeper(a_lease("one"), a_lease("two"), a_lease("three")) as (keeper, source, clock):
        await keeper.get()
        keeper.refused()
        await clock.advance(1)
        assert source.calls == 1
        await clock.advance(20)
        keeper.refused()
        await until_it_is(keeper, "two")
        keeper.refused()
        await clock.advance(1)
        assert source.calls == 2


async def test_what_has_ended_when_it_comes_is_no_lease() -> None:
    async with a_keeper(a_lease("old", -5)) as (keeper, _, _clock):
        with pytest.raises(NoCredentialError, match="has expired already"):
            await keeper.get()


async def test_a_bug_in_a_library_is_logged_and_the_next_try_may_work(caplog: pytest.LogCaptureFixture) -> None:
    async with a_keeper(KeyError("their bug"), a_lease("one")) as (keeper, _, clock):
        with pytest.raises(NoCredentialError, match="KeyError"):
            await keeper.get()
        await clock.advance(1)
        await until_it_is(keeper, "one")
    assert "a source of credentials failed" in caplog.text


async def test_a_failure_is_logged_once_until_it_works_again(caplog: pytest.LogCaptureFixture) -> None:
    async with a_keeper(SourceError("away"), SourceError("away"), SourceError("away"), a_lease()) as (keeper, _, clock):
        for _ in range(3):
            await until(keeper._settled.is_set)
            await clock.advance(10)
        await until_it_is(keeper, "token-1")
    assert caplog.text.count("was not renewed") == 1


async def test_closing_does_not_wait_for_a_source_that_hangs() -> None:
    gate = threading.Event()
    async with a_keeper(gate) as (keeper, source, _):
        await until(lambda: source.calls == 1)
        await keeper.close()
        assert not gate.is_set()


async def until_it_is(keeper: object, value: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                if await keeper.get() == value:  # type: ignore[attr-defined]  # a keeper
                    return
            except NoCredentialError:
                pass
            await asyncio.sleep(0.001)
