"""What this process lacks is its own failure, and scrapes have descriptors left whatever hangs."""

import asyncio
import errno
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from aiprobe.core.clock import Clock
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.descriptors import HELD_BACK, lacking, raise_limit, room_for_connections
from aiprobe.transport.transport import Transport
from tests.unit.probes.asking import a_route, a_transport, ask, on_both_loops
from tests.unit.transport.peers import OK, a_peer, a_silent_port, answers


@contextmanager
def a_limit(more: int) -> Iterator[None]:
    """Allow this process so many descriptors beyond the highest that it has open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are all that is wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def nothing_left() -> Iterator[None]:
    """Take every descriptor that there is."""
    taken: list[int] = []
    with a_limit(200):
        try:
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            yield
        finally:
            for number in taken:
                os.close(number)


@on_both_loops
async def test_a_probe_without_a_descriptor_is_our_own_failure() -> None:
    async with a_peer(answers(OK)) as peer, a_transport() as transport:
        with nothing_left():
            assert lacking() == os.strerror(errno.EMFILE)
            exchange = await ask(transport, a_route(peer.port))
        assert exchange.outcome is Outcome.INTERNAL_ERROR
        assert "limit of open files" in exchange.detail
        assert (await ask(transport, a_route(peer.port))).outcome is None


@on_both_loops
async def test_a_lookup_without_a_descriptor_is_our_own_failure() -> None:
    async with a_transport(nameservers=("127.0.0.1:9",)) as transport:
        with nothing_left():
            exchange = await ask(transport, a_route(80, host="nowhere.test"), connect=2.0)
    assert exchange.outcome is Outcome.INTERNAL_ERROR


@on_both_loops
async def test_probes_that_hang_leave_descriptors_for_scrapes() -> None:
    with a_silent_port() as port, a_limit(160):
        transport = Transport(clock=Clock())
        most = transport._dialer.most
        asking = [asyncio.create_task(ask(transport, a_route(port))) for _ in range(most + 20)]
        refused = [await each for each in asking[most:]]
        assert {each.outcome for each in refused} == {Outcome.INTERNAL_ERROR}
        spare = [socket.socket() for _ in range(16)]
        for each in spare:
            each.close()
        await transport.close()
        await asyncio.gather(*asking)


def test_the_soft_limit_is_raised_and_some_of_it_held_back() -> None:
    with a_limit(300):
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        before = room_for_connections()
        assert before <= soft - HELD_BACK
        raise_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > soft
        assert room_for_connections() > before
