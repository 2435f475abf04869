"""Polling one page: when, what is kept, and how a server that asks for rest is left alone."""

import asyncio
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal

import pytest
from aiohttp import web

from aiprobe.core.state import State
from aiprobe.core.statuspage import PageSnapshot, Reading
from aiprobe.statuspages import READERS, atlassian
from aiprobe.statuspages.fetch import NO_VALIDATORS, Fetched, FetchError, PageFetcher, Validators
from aiprobe.statuspages.poll import FIRST_WITHIN_SECONDS, LONGEST_BACKOFF_SECONDS, PagePoller
from aiprobe.statuspages.specs import CATALOGUE, ComponentSpec, PageSpec
from tests.clock import ManualClock
from tests.unit.statuspages.builders import a_component, a_summary, an_aws_event, an_incident, as_aws, as_json
from tests.unit.statuspages.servers import a_server

Answer = Fetched | FetchError | Exception
_TO_THREAD = asyncio.to_thread


@pytest.fixture(autouse=True)
def read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read pages where they are: a manual clock does not wait for a thread."""

    async def at_once(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return work(*arguments, **options)

    monkeypatch.setattr(asyncio, "to_thread", at_once)


@dataclass(slots=True)
class AFetcher:
    """Answers what a test tells it to, the last answer again and again; remembers when and how it was asked."""

    clock: ManualClock
    answers: dict[str, list[Answer]]
    asked: list[tuple[float, str, Validators]] = field(default_factory=list)

    async def fetch(
        self, url: str, *, media: Literal["json", "feed"], validators: Validators = NO_VALIDATORS
    ) -> Fetched:
        self.asked.append((self.clock.now, url, validators))
        answers = self.answers.get(url, [FetchError("HTTP 404", problem="moved")])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def gaps(self) -> list[float]:
        """The seconds between one question and the next."""
        times = [at for at, _, _ in self.asked]
        return [round(after - before, 3) for before, after in pairwise(times)]


@dataclass(slots=True)
class Bench:
    """A poller with everything around it."""

    clock: ManualClock
    fetcher: AFetcher
    poller: PagePoller
    told: list[PageSnapshot]


def ok(document: object, etag: str = "") -> Fetched:
    return Fetched(body=as_json(document), validators=Validators(etag=etag))


def refused(status: int = 429, retry_after_seconds: float | None = None) -> FetchError:
    return FetchError(f"HTTP {status}", leave_alone=True, retry_after_seconds=retry_after_seconds)


def a_bench(
    *answers: Answer,
    page: PageSpec = CATALOGUE["claude"],
    incidents: Sequence[Answer] = (),
    interval_seconds: float = 120.0,
    watch: Sequence[ComponentSpec] | None = None,
) -> Bench:
    clock = ManualClock()
    fetcher = AFetcher(clock, {page.url: list(answers), page.incidents_url: list(incidents)})
    told: list[PageSnapshot] = []
    poller = PagePoller(
        page, fetcher=fetcher, clock=clock.clock, listener=told.append, watch=watch, interval_seconds=interval_seconds
    )
    return Bench(clock, fetcher, poller, told)


async def run_for(bench: Bench, seconds: float) -> None:
    """Let the poller run for a time of the manual clock."""
    task = asyncio.create_task(bench.poller.run())
    await bench.clock.advance(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def state_of(snapshot: PageSnapshot, surface: str) -> State | None:
    return {one.surface: one.component.state for one in snapshot.watched}[surface]


def test_before_the_first_poll_nothing_is_known() -> None:
    snapshot = a_bench(ok(a_summary())).poller.snapshot
    assert (snapshot.up, snapshot.reading, snapshot.polled_timestamp_seconds) == (False, None, None)
    assert {one.component.state for one in snapshot.watched} == {None}
    assert len(snapshot.watched) == 6


async def test_a_poll_tells_what_the_page_says_and_when() -> None:
    bench = a_bench(ok(a_summary(components=[a_component(status="partial_outage")])))
    bench.clock.now = 7.0
    snapshot = await bench.poller.poll()
    assert (snapshot.up, snapshot.page, snapshot.detail) == (True, "claude", "")
    assert snapshot.polled_timestamp_seconds == bench.clock.epoch + 7.0
    assert state_of(snapshot, "Claude API") is State.PARTIAL_OUTAGE
    assert state_of(snapshot, "claude.ai") is None
    assert bench.told == [snapshot]


@pytest.mark.parametrize(
    "failure",
    [FetchError("HTTP 503"), Fetched(body=b"<!doctype html>"), Fetched(body=b"{}"), refused(405), RuntimeError("bug")],
    ids=str,
)
async def test_when_the_page_cannot_be_read_its_last_words_stay_with_their_age(failure: Answer) -> None:
    bench = a_bench(ok(a_summary(components=[a_component(status="degraded_performance")])), failure)
    good = await bench.poller.poll()
    await bench.clock.advance(600)
    bad = await bench.poller.poll()
    assert not bad.up
    assert bad.detail
    assert (bad.reading, bad.polled_timestamp_seconds) == (good.reading, good.polled_timestamp_seconds)
    assert state_of(bad, "Claude API") is State.DEGRADED
    assert bench.told == [good, bad]


async def test_a_page_that_never_could_be_read_has_no_states() -> None:
    snapshot = await a_bench(FetchError("HTTP 503")).poller.poll()
    assert (snapshot.up, snapshot.reading, snapshot.detail) == (False, None, "HTTP 503")
    assert {one.component.state for one in snapshot.watched} == {None}


async def test_a_page_that_can_be_read_again_is_up_again() -> None:
    bench = a_bench(ok(a_summary()), FetchError("HTTP 503"), ok(a_summary()))
    assert [(await bench.poller.poll()).up for _ in range(3)] == [True, False, True]
    assert bench.poller.snapshot.detail == ""


async def test_not_modified_is_the_same_reading_with_a_fresh_time() -> None:
    bench = a_bench(ok(a_summary(), etag='"v1"'), Fetched(body=None))
    first = await bench.poller.poll()
    await bench.clock.advance(120)
    second = await bench.poller.poll()
    assert second.up
    assert second.reading is first.reading
    assert second.polled_timestamp_seconds == bench.clock.epoch + 120
    assert [validators.etag for _, _, validators in bench.fetcher.asked] == ["", '"v1"']


async def test_the_same_bytes_are_not_parsed_twice() -> None:
    bench = a_bench(ok(a_summary()), ok(a_summary()), ok(a_summary(components=[a_component(status="major_outage")])))
    first, second, third = [(await bench.poller.poll()).reading for _ in range(3)]
    assert second is first
    assert third != first


async def test_the_validators_of_a_body_that_was_no_page_are_not_kept() -> None:
    bench = a_bench(ok(a_summary(), etag='"v1"'), ok({}, etag='"broken"'), ok(a_summary()))
    for _ in range(3):
        await bench.poller.poll()
    sent = [validators.etag for _, url, validators in bench.fetcher.asked if url == CATALOGUE["claude"].url]
    assert sent == ["", '"v1"', '"v1"']


async def test_not_modified_before_anything_was_read_is_a_failure() -> None:
    assert (await a_bench(Fetched(body=None)).poller.poll()).up is False


async def test_a_watched_component_that_vanishes_is_unknown_and_logged_and_one_renamed_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = a_bench(
        ok(a_summary()),
        ok(a_summary(components=[a_component(name="API for developers")])),
        ok(a_summary(components=[a_component(id="renewed", name="Claude API (platform)")])),
        ok(a_summary(components=[a_component(id="rwppv331jlwc", name="claude.ai")])),
    )
    states = [state_of(await bench.poller.poll(), "Claude API") for _ in range(4)]
    assert states == [State.OPERATIONAL, State.OPERATIONAL, State.OPERATIONAL, None]
    lost = [vars(record)["surface"] for record in caplog.records if "no more" in record.message]
    assert lost.count("Claude API") == 1


async def test_pages_are_polled_at_their_interval_give_or_take_a_tenth() -> None:
    bench = a_bench(ok(a_summary()), interval_seconds=120.0)
    await run_for(bench, 3600)
    assert bench.fetcher.asked[0][0] <= FIRST_WITHIN_SECONDS
    assert 27 <= len(bench.fetcher.gaps) <= 33
    assert all(108.0 <= gap <= 132.0 for gap in bench.fetcher.gaps)
    assert len(set(bench.fetcher.gaps)) > 20


@pytest.mark.parametrize("interval_seconds", [60.0, 300.0])
async def test_jitter_never_leaves_the_allowed_intervals(interval_seconds: float) -> None:
    bench = a_bench(ok(a_summary()), interval_seconds=interval_seconds)
    await run_for(bench, 20 * interval_seconds)
    assert all(60.0 <= gap <= 300.0 for gap in bench.fetcher.gaps)


async def test_two_runs_poll_at_the_same_times_and_two_pages_do_not() -> None:
    times = []
    for key in ("claude", "claude", "moonshot"):
        bench = a_bench(ok(a_summary()), page=CATALOGUE[key])
        await run_for(bench, 1000)
        times.append([at for at, _, _ in bench.fetcher.asked])
    assert times[0] == times[1]
    assert times[0][0] != times[2][0]


@pytest.mark.parametrize("status", [403, 405, 429])
async def test_a_server_that_refuses_is_asked_half_as_often_each_time_up_to_half_an_hour(status: int) -> None:
    bench = a_bench(refused(status), interval_seconds=120.0)
    await run_for(bench, 10_000)
    assert bench.fetcher.gaps == [240.0, 480.0, 960.0, *[LONGEST_BACKOFF_SECONDS] * len(bench.fetcher.gaps[3:])]
    assert len(bench.fetcher.gaps) > 5


async def test_retry_after_is_honoured_when_it_asks_for_more() -> None:
    bench = a_bench(refused(retry_after_seconds=3000.0), refused(retry_after_seconds=5.0), ok(a_summary()))
    await run_for(bench, 6000)
    assert bench.fetcher.gaps[:2] == [3000.0, 480.0]
    assert 108.0 <= bench.fetcher.gaps[2] <= 132.0


async def test_other_failures_do_not_slow_the_polling_down_nor_end_a_back_off() -> None:
    bench = a_bench(FetchError("HTTP 503"), refused(), FetchError("no answer"), refused(), ok(a_summary()))
    await run_for(bench, 3000)
    assert 108.0 <= bench.fetcher.gaps[0] <= 132.0
    assert bench.fetcher.gaps[1:4] == [240.0, 240.0, 480.0]


async def test_a_bug_in_a_reader_does_not_end_the_polling(caplog: pytest.LogCaptureFixture) -> None:
    bench = a_bench(RuntimeError("bug"), ok(a_summary()))
    await run_for(bench, 200)
    assert [one.up for one in bench.told][:2] == [False, True]
    assert "bug while reading a status page" in caplog.text


async def test_the_event_loop_goes_on_while_a_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    went_on = threading.Event()

    def read(body: bytes, *, options: Mapping[str, str]) -> Reading:
        assert went_on.wait(10), "the event loop stood still"
        return atlassian.read(body, options=options)

    monkeypatch.setattr(asyncio, "to_thread", _TO_THREAD)
    monkeypatch.setitem(READERS, CATALOGUE["claude"].reader, read)
    bench = a_bench(ok(a_summary()))
    polling = asyncio.create_task(bench.poller.run())
    await bench.clock.advance(FIRST_WITHIN_SECONDS)
    went_on.set()
    while not bench.told:
        await asyncio.sleep(0.01)
    polling.cancel()
    assert bench.told[0].up


async def test_cancelling_ends_the_polling() -> None:
    bench = a_bench(ok(a_summary()))
    task = asyncio.create_task(bench.poller.run())
    await bench.clock.advance(60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("interval_seconds", [0.0, 59.9, 300.1, float("nan")])
def test_an_impolite_or_useless_interval_is_refused(interval_seconds: float) -> None:
    with pytest.raises(ValueError, match="polled every 60 to 300 s"):
        a_bench(ok(a_summary()), interval_seconds=interval_seconds)


async def test_a_page_on_this_machine_may_be_polled_more_often() -> None:
    local = replace(CATALOGUE["claude"], url="http://127.0.0.1:10530/api/v2/summary.json")
    bench = a_bench(ok(a_summary()), page=local, interval_seconds=5.0)
    await run_for(bench, 100)
    assert all(4.5 <= gap <= 5.5 for gap in bench.fetcher.gaps)


@pytest.mark.parametrize("key", ["mistral", "deepseek", "google-ai-studio"])
def test_a_page_that_no_program_can_read_is_not_polled(key: str) -> None:
    with pytest.raises(ValueError, match=re.escape(CATALOGUE[key].reason)):
        a_bench(ok({}), page=CATALOGUE[key])


async def test_a_second_document_adds_its_incidents() -> None:
    page = a_summary(components=[a_component(id="01JMXBRMFE6N2NNT7DG6XZQ6PW", name="Chat Completions")])
    del page["incidents"]
    bench = a_bench(
        ok(page), page=CATALOGUE["openai"], incidents=[ok({"incidents": [an_incident(), an_incident(id="b")]})]
    )
    snapshot = await bench.poller.poll()
    assert snapshot.reading is not None
    assert [one.id for one in snapshot.reading.incidents] == ["0ghc53zpsfmt", "b"]
    assert state_of(snapshot, "Chat Completions") is State.OPERATIONAL
    assert snapshot.reading.components_known


@pytest.mark.parametrize("failure", [FetchError("HTTP 404"), Fetched(body=b"<html>")], ids=str)
async def test_without_its_second_document_a_page_is_still_up(failure: Answer) -> None:
    bench = a_bench(ok(a_summary()), page=CATALOGUE["openai"], incidents=[ok({"incidents": [an_incident()]}), failure])
    before, after = await bench.poller.poll(), await bench.poller.poll()
    assert after.up
    assert after.detail.startswith("incidents: ")
    assert before.reading is not None
    assert after.reading is not None
    assert after.reading.incidents == before.reading.incidents
    never = await a_bench(ok(a_summary()), page=CATALOGUE["openai"], incidents=[failure]).poller.poll()
    assert never.up


async def test_a_refusal_of_the_second_document_counts_too() -> None:
    bench = a_bench(ok(a_summary()), page=CATALOGUE["openai"], incidents=[refused()], interval_seconds=120.0)
    await bench.poller.poll()
    assert bench.poller.delay_seconds() == 240.0


async def test_the_reader_is_told_which_services_are_watched() -> None:
    watch = [ComponentSpec(surface="Amazon Bedrock", id=f"bedrock-{region}") for region in ("us-east-1", "eu-west-1")]
    body: Any = Fetched(body=as_aws([an_aws_event(), an_aws_event(service="ec2-us-east-1")]))
    snapshot = await a_bench(body, page=CATALOGUE["aws"], watch=watch).poller.poll()
    assert [one.component.state for one in snapshot.watched] == [State.PARTIAL_OUTAGE, State.OPERATIONAL]
    assert snapshot.reading is not None
    assert len(snapshot.reading.incidents) == 1


async def test_a_page_on_a_real_server_is_read_once_and_then_not_modified() -> None:
    conditions: list[str | None] = []

    async def summary(request: web.Request) -> web.Response:
        conditions.append(request.headers.get("If-None-Match"))
        if conditions[-1] == '"v1"':
            return web.Response(status=304)
        return web.json_response(a_summary(), headers={"ETag": '"v1"'})

    clock, fetcher = ManualClock(), PageFetcher(timeout_seconds=5.0)
    async with a_server(summary) as url:
        page = replace(CATALOGUE["claude"], url=f"{url}/api/v2/summary.json")
        poller = PagePoller(page, fetcher=fetcher, clock=clock.clock, listener=lambda _: None)
        first, second = await poller.poll(), await poller.poll()
    third = await poller.poll()
    await fetcher.close()
    assert conditions == [None, '"v1"']
    assert (first.up, second.up, third.up) == (True, True, False)
    assert third.reading is second.reading is first.reading
