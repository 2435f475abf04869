"""Names: how they are looked up, what a failed lookup is called, and that no lookup waits for another."""

import asyncio

import pytest

from aiprobe.core.hosts import literal
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import WireError
from aiprobe.transport.resolver import Resolver
from tests.unit.probes.asking import Recorder, a_route, a_transport, ask, on_both_loops
from tests.unit.transport.peers import OK, a_dropping_port, a_name_server, a_peer, a_refusing_port, answers

ZONE = {
    "one.example": ("127.0.0.1",),
    "both.example": ("127.0.0.1", "::1"),
    "six.example": ("::1",),
    "three.example": ("127.0.0.2", "127.0.0.3", "127.0.0.1"),
    "bare.example": (),
}


@on_both_loops
async def test_a_name_is_looked_up_and_the_time_is_its_own_phase() -> None:
    sink = Recorder()
    async with (
        a_name_server(ZONE) as (_, address),
        a_peer(answers(OK)) as peer,
        a_transport(nameservers=(address,)) as transport,
    ):
        exchange = await ask(transport, a_route(peer.port, host="one.example"), sink)
    assert (exchange.outcome, exchange.remote_address) == (None, "127.0.0.1")
    assert list(exchange.phases) == ["resolve", "connect", "send", "first_byte"]
    assert exchange.started + sum(exchange.phases.values()) == pytest.approx(sink.times[0], abs=1e-9)
    assert b"host: one.example:%d\r\n" % peer.port in peer.requests[0]


@pytest.mark.parametrize("name", ["nowhere.example", "bare.example", "bad..name", "a" * 64 + ".example"])
@on_both_loops
async def test_a_name_without_an_address_is_dns(name: str) -> None:
    async with a_name_server(ZONE) as (_, address), a_transport(nameservers=(address,)) as transport:
        exchange = await ask(transport, a_route(80, host=name))
    assert exchange.outcome is Outcome.DNS
    assert exchange.detail.startswith(name)
    assert list(exchange.phases) == ["resolve"]
    assert exchange.connections_tried == 0


@on_both_loops
async def test_a_name_server_that_never_answers_is_dns_within_the_connect_limit() -> None:
    async with (
        a_name_server({}, silent=frozenset({"slow.example"})) as (_, address),
        a_transport(nameservers=(address,)) as transport,
    ):
        exchange = await ask(transport, a_route(80, host="slow.example"), connect=0.05)
    assert exchange.outcome is Outcome.DNS
    assert exchange.detail == "no answer within 0.05 s"
    assert list(exchange.phases) == ["resolve"]
    assert exchange.phases["resolve"] == exchange.ended - exchange.started


@on_both_loops
async def test_a_hundred_hanging_names_delay_nobody() -> None:
    names = [f"hung{number}.example" for number in range(100)]
    async with (
        a_name_server(ZONE, silent=frozenset(names)) as (server, address),
        a_peer(answers(OK)) as peer,
        a_transport(nameservers=(address,)) as transport,
    ):
        hung = [asyncio.create_task(ask(transport, a_route(80, host=name))) for name in names]
        while len({name for name, _ in server.queries}) < 100:
            server.asked.clear()
            await server.asked.wait()
        exchange = await ask(transport, a_route(peer.port, host="one.example"))
        assert exchange.outcome is None
        assert not any(task.done() for task in hung)
        await transport.close()
        assert {exchange.outcome for exchange in await asyncio.gather(*hung)} == {Outcome.CANCELLED}


@on_both_loops
async def test_a_lookup_can_be_cancelled() -> None:
    async with (
        a_name_server({}, silent=frozenset({"slow.example"})) as (server, address),
        a_transport(nameservers=(address,)) as transport,
    ):
        task = asyncio.create_task(ask(transport, a_route(80, host="slow.example")))
        await server.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(("family", "kinds"), [("ipv4", {1}), ("ipv6", {28}), ("any", {1, 28})])
@on_both_loops
async def test_only_the_family_that_the_route_wants_is_asked_for(family: str, kinds: set[int]) -> None:
    async with a_name_server(ZONE) as (server, address):
        resolver = Resolver((address,))
        found = await resolver.addresses("both.example", family)
        await resolver.close()
    assert {kind for _, kind in server.queries} == kinds
    assert set(found) == {a for a in ZONE["both.example"] if family == "any" or (":" in a) == (family == "ipv6")}


async def test_a_name_without_an_address_of_the_wanted_family_is_dns() -> None:
    async with a_name_server(ZONE) as (_, address):
        resolver = Resolver((address,))
        with pytest.raises(WireError) as caught:
            await resolver.addresses("six.example", "ipv4")
        await resolver.close()
    assert caught.value.outcome is Outcome.DNS


@on_both_loops
async def test_localhost_needs_no_name_server_and_ipv4_goes_first() -> None:
    async with a_name_server({}) as (server, address):
        resolver = Resolver((address,))
        found = await resolver.addresses("LocalHost", "any")
        await resolver.close()
    assert found[0] == "127.0.0.1"
    assert server.queries == []


@on_both_loops
async def test_a_name_is_asked_for_anew_once_a_channel_was_renewed() -> None:
    async with a_name_server(ZONE) as (server, address):
        resolver = Resolver((address,))
        await resolver.addresses("one.example", "ipv4")
        await resolver.addresses("one.example", "ipv4")
        assert len(server.queries) == 1
        resolver._renew()
        await resolver.addresses("one.example", "ipv4")
        assert len(server.queries) == 2
        await resolver.close()


@on_both_loops
async def test_a_lookup_outlives_the_renewal_of_its_channel() -> None:
    async with a_name_server(ZONE, silent=frozenset({"slow.example"})) as (server, address):
        resolver = Resolver((address,))
        slow = asyncio.create_task(resolver.addresses("slow.example", "ipv4"))
        await server.asked.wait()
        resolver._renew()
        assert await resolver.addresses("one.example", "ipv4") == ("127.0.0.1",)
        assert len(resolver._channels) == 2
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert len(resolver._channels) == 1
        await resolver.close()


@on_both_loops
async def test_of_three_addresses_only_the_first_is_tried() -> None:
    with a_refusing_port("127.0.0.1") as port:
        async with a_name_server(ZONE) as (_, address), a_transport(nameservers=(address,)) as transport:
            exchange = await ask(transport, a_route(port, host="three.example"))
    assert exchange.outcome is Outcome.CONNECT
    assert exchange.connections_tried == 1


@on_both_loops
async def test_with_fallback_the_next_address_is_tried_and_counted() -> None:
    async with (
        a_name_server({"two.example": ("127.0.0.1", "::1")}) as (_, address),
        a_peer(answers(OK)) as peer,
        a_transport(nameservers=(address,)) as transport,
    ):
        route = a_route(peer.port, host="two.example", address_fallback=True)
        exchange = await ask(transport, route)
    # ::1 goes first wherever this machine can reach it, and nobody listens there.
    assert (exchange.outcome, exchange.remote_address) == (None, "127.0.0.1")
    assert exchange.connections_tried == 2
    assert peer.connections == 1


@on_both_loops
async def test_with_fallback_an_address_that_drops_packets_leaves_time_for_the_next() -> None:
    async with (
        a_name_server({"two.example": ("127.0.0.1", "::1")}) as (_, address),
        a_peer(answers(OK)) as peer,
        a_transport(nameservers=(address,)) as transport,
    ):
        with a_dropping_port("::1", peer.port):
            exchange = await ask(transport, a_route(peer.port, host="two.example", address_fallback=True), connect=0.5)
    assert (exchange.outcome, exchange.connections_tried) == (None, 2)
    assert exchange.phases["connect"] < 0.5


@on_both_loops
async def test_with_fallback_every_address_that_refuses_is_told() -> None:
    with a_refusing_port() as port:
        async with a_name_server(ZONE) as (_, address), a_transport(nameservers=(address,)) as transport:
            exchange = await ask(transport, a_route(port, host="three.example", address_fallback=True))
    assert exchange.outcome is Outcome.CONNECT
    assert exchange.connections_tried == 3
    assert all(address in exchange.detail for address in ZONE["three.example"])


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("localhost", None),
        ("1.2.3", None),
        ("[localhost]", None),
        ("", None),
    ],
)
def test_an_address_is_told_from_a_name(host: str, address: str | None) -> None:
    assert literal(host) == address
