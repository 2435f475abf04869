"""The simulator as a running thing: ports, TLS, counting, times, the way it ends, the command's entry."""

import asyncio
import datetime as dt
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
import uvloop

from aiprobe_simulator import Pace, Simulator, run
from aiprobe_simulator.command import address_of
from aiprobe_simulator.ledger import KEPT, Ledger, Seen
from aiprobe_simulator.scenario import parse_scenario
from tests.unit.simulator.builders import AT_ONCE, a_call, a_request, a_simulator, ask, ask_until


class ManualTime:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def a_tls_context(authority: trustme.CA, *, expired: bool = False) -> ssl.SSLContext:
    until = dt.datetime(2020, 1, 1, tzinfo=dt.UTC) if expired else None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", not_after=until).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_the_same_services_answer_over_tls() -> None:
    authority = trustme.CA()
    async with a_simulator(tls=a_tls_context(authority)) as sim:
        reply = await ask(sim.tls_url, a_call("anthropic-messages"), ssl=trusting(authority))
    assert (reply.status, reply.complete, sim.requests.connections) == (200, True, 1)


async def test_an_expired_and_an_unknown_certificate_are_served_to_those_who_check() -> None:
    authority = trustme.CA()
    async with a_simulator(tls=a_tls_context(authority, expired=True)) as sim:
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            await ask(sim.tls_url, a_call("anthropic-messages"), ssl=trusting(authority))
        with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self"):
            await ask(sim.tls_url, a_call("anthropic-messages"), ssl=trusting(trustme.CA()))
    assert (sim.requests.connections, sim.requests.total) == (2, 0)


async def test_ports_that_refuse_reset_and_say_nothing() -> None:
    async with a_simulator() as sim:
        with pytest.raises(ConnectionRefusedError):
            await ask(sim.refused_url, a_call("anthropic-messages"))
        assert (await ask(sim.reset_url, b"")).reset
        silent = asyncio.create_task(ask(sim.silent_url, a_call("anthropic-messages")))
        await ask(sim.url, a_call("anthropic-messages"))
        assert not silent.done()
    assert (await silent).raw == b""


async def test_a_connection_that_is_reused_is_counted_once_and_its_requests_each() -> None:
    async with a_simulator() as sim:
        parts = urlsplit(sim.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for _ in range(3):
            writer.write(a_request("/egress/2", headers={"connection": "keep-alive"}))
            await reader.readuntil(b"egress=ok\n")
        writer.close()
        assert (sim.requests.connections, sim.requests.total, sim.requests.count(kind="egress")) == (1, 3, 3)


async def test_the_time_of_the_first_token_is_told_by_request_id() -> None:
    async with a_simulator() as sim:
        sim.set(fault="slow_first_token", params={"delay_seconds": 0.05})
        started = time.monotonic()
        reply = await ask(sim.url, a_call("anthropic-messages"))
        sent = sim.first_token_sent[reply.headers["request-id"]]
        whole = await ask(sim.url, a_call("gemini", stream=False))
    assert started + 0.05 <= sent <= time.monotonic()
    assert whole.json["responseId"] in sim.first_token_sent


async def test_headers_and_opening_come_before_a_slow_first_token() -> None:
    sim = a_simulator()
    await sim.start()
    sim.set(fault="slow_first_token", params={"delay_seconds": 3_600})
    before, after = await ask_until(sim.url, a_call("anthropic-messages"), b'"ping"', then=sim.close)
    assert b"message_start" in before
    assert b"text_delta" not in before + after


async def test_slow_headers_hold_back_the_status_line() -> None:
    sim = a_simulator()
    await sim.start()
    sim.set("gemini", fault="slow_headers", params={"delay_seconds": 3_600})

    async def answered_another_then_closed() -> None:
        assert (await ask(sim.url, a_call("anthropic-messages"))).status == 200
        await sim.close()

    assert await ask_until(sim.url, a_call("gemini"), b"", then=answered_another_then_closed) == (b"", b"")


async def test_an_injected_delay_is_exact_and_the_usual_one_has_a_jitter_of_the_seed() -> None:
    pace = Pace(first_token_seconds=0.0, jitter_seconds=0.004, gap_seconds=0.0)
    async with a_simulator(pace=pace) as sim:
        reply = await ask(sim.url, a_call("openai-chat", stream=False))
        drawn = int(reply.headers["openai-processing-ms"])
        sim.set(fault="slow_first_token", params={"delay_seconds": 0.02})
        exact = int((await ask(sim.url, a_call("openai-chat", stream=False))).headers["openai-processing-ms"])
    assert 1 <= drawn <= 5
    assert exact == 21


async def test_closing_ends_hanging_replies_at_once_and_may_be_done_twice() -> None:
    sim = a_simulator()
    await sim.start()
    sim.set(fault="stall")
    hanging = [asyncio.create_task(ask(sim.url, a_call("openai-chat"))) for _ in range(20)]
    await ask_until(sim.url, a_call("openai-chat"), b"fan ", then=sim.close)
    await sim.close()
    assert not any(reply.complete for reply in await asyncio.gather(*hanging, return_exceptions=False))
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_client_that_leaves_takes_its_reply_along() -> None:
    async with a_simulator() as sim:
        sim.set("openai", fault="endless", params={"gap_seconds": 3_600})
        parts = urlsplit(sim.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(a_call("openai-chat"))
        await reader.readuntil(b"fan ")
        handlers = tuple(sim._handlers)
        writer.close()
        done, pending = await asyncio.wait(handlers, timeout=30)
        assert (len(done), len(pending), sim._handlers) == (1, 0, set())


def test_connections_break_in_the_same_ways_on_uvloop() -> None:
    async def broken() -> list[tuple[bool, bool, bool]]:
        authority = trustme.CA()
        found = []
        async with a_simulator(tls=a_tls_context(authority)) as sim:
            for fault in ("reset_before_reply", "reset", "cut", "close_before_reply", "not_http"):
                sim.set(fault=fault, count=1)
                reply = await ask(sim.url, a_call("anthropic-messages"))
                found.append((reply.reset, bool(reply.raw), reply.complete))
            found.append(((await ask(sim.reset_url, b"")).reset, False, False))
            secured = await ask(sim.tls_url, a_call("anthropic-messages"), ssl=trusting(authority))
            found.append((secured.reset, bool(secured.raw), secured.complete))
        return found

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(broken())
    nothing, half = (False, False, False), (False, True, False)
    assert found == [
        (True, False, False),
        (True, True, False),
        half,
        nothing,
        half,
        (True, False, False),
        (False, True, True),
    ]


async def test_a_scenario_plays_by_the_clock_and_what_is_set_by_hand_wins() -> None:
    clock = ManualTime()
    scenario = parse_scenario("speed: 10\nsteps: [{at: 30s, for: 60s, fault: overloaded_529}]", name="plan.yml")
    async with Simulator(pace=AT_ONCE, scenario=scenario, monotonic=clock) as sim:
        statuses = []
        for now in (0.0, 2.9, 3.0, 8.9, 9.0):
            clock.now = now
            statuses.append((await ask(sim.url, a_call("gemini"))).status)
        clock.now = 5.0
        sim.set(fault="server_error_500")
        by_hand = (await ask(sim.url, a_call("gemini"))).status
        sim.clear()
        after = (await ask(sim.url, a_call("gemini"))).status
    assert (statuses, by_hand, after) == ([200, 200, 529, 529, 200], 500, 529)


async def test_a_taken_port_is_an_error_and_leaves_nothing_open() -> None:
    async with a_simulator() as sim:
        second = a_simulator(port=urlsplit(sim.url).port)
        with pytest.raises(OSError, match="address already in use"):
            await second.start()
    with pytest.raises(KeyError):
        _ = second.refused_url


async def test_a_wrong_fault_is_refused_before_it_is_in_force() -> None:
    sim = a_simulator()
    with pytest.raises(ValueError, match="did you mean overloaded_529"):
        sim.set(fault="overloaded_592")
    assert sim.world.in_force() == []


async def test_run_serves_until_it_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="aiprobe_simulator.server")
    task = asyncio.create_task(run("127.0.0.1:0"))
    while not caplog.messages:
        await asyncio.sleep(0)
    url = caplog.messages[-1].partition("url=")[2]
    assert (await ask(url, a_call("gemini"))).status == 200
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ConnectionRefusedError):
        await ask(url, a_call("gemini"))


async def test_run_takes_certificates_as_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError, match="needs a certificate and a key"):
        await run("127.0.0.1:0", tls_listen="127.0.0.1:0")
    with pytest.raises(ValueError, match="the same host"):
        await run("127.0.0.1:0", tls_listen="[::1]:0", tls_cert=tmp_path / "c", tls_key=tmp_path / "k")
    with pytest.raises(FileNotFoundError):
        await run("127.0.0.1:0", tls_listen="127.0.0.1:0", tls_cert=tmp_path / "c", tls_key=tmp_path / "k")


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:10530", ("127.0.0.1", 10530)),
        (":80", ("127.0.0.1", 80)),
        ("[::1]:80", ("::1", 80)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_addresses_are_read(listen: str, address: tuple[str, int]) -> None:
    assert address_of(listen) == address


@pytest.mark.parametrize("listen", ["", "localhost", "127.0.0.1:", "127.0.0.1:70000", "::1:80", "a:b"])
def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        address_of(listen)


def test_the_ledger_is_bounded() -> None:
    ledger = Ledger()
    for number in range(KEPT + 5):
        ledger.sent_first_token(f"req_{number}", float(number))
        ledger.record(
            Seen(
                provider="p",
                kind="chat",
                model=f"m{number}",
                method="POST",
                path="/",
                request_id="r",
                stream=False,
                fault=None,
                credentials=False,
            )
        )
    assert (len(ledger.first_token_sent), len(ledger.recent), len(ledger.rows())) == (KEPT, KEPT, KEPT + 1)
    assert (ledger.total, ledger.count(provider="other"), ledger.count(model="m3")) == (KEPT + 5, 5, 1)
    ledger.forget()
    assert (ledger.total, ledger.count(), ledger.rows()) == (0, 0, [])
