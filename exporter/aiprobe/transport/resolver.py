"""Resolves names to addresses for every exchange, without a thread pool that hung lookups could fill.

c-ares (through aiodns) reads the hosts file, queries A and AAAA in parallel and sorts the answers as getaddrinfo does
(RFC 6724: addresses without a route from this machine come last). `dial.py` chooses which of them to try.
"""

import asyncio
import socket
from typing import Final

import aiodns

from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import WireError

FAMILIES: Final = {"any": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
_CHANNEL_SECONDS: Final = 1.0
"""The most that a channel, with its cache, is used. c-ares caches answers for their TTL, and aiodns has no option
against it. A prober that reads a cache would not see a name server fail."""


class _Channel:
    """One aiodns resolver and the number of lookups that wait for it."""

    __slots__ = ("resolver", "waiting")

    def __init__(self, nameservers: tuple[str, ...]) -> None:
        self.resolver = aiodns.DNSResolver(nameservers=nameservers or None, loop=asyncio.get_running_loop())
        self.waiting = 0


class Resolver:
    """Looks names up on the running loop. The caller sets the deadline, and closes the resolver."""

    __slots__ = ("_channel", "_channels", "_nameservers", "_renewal")

    def __init__(self, nameservers: tuple[str, ...] = ()) -> None:
        self._nameservers = nameservers
        self._channel: _Channel | None = None
        self._channels: set[_Channel] = set()
        self._renewal: asyncio.TimerHandle | None = None

    async def addresses(self, name: str, family: str) -> tuple[str, ...]:
        """Return the literal addresses of `name`, best first, never empty. `family` is a key of `FAMILIES`.

        Raises:
            WireError: `dns`, because the name does not exist, or no name server answered.
        """
        channel = self._channel or self._open()
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().call_later(_CHANNEL_SECONDS, self._renew)
        channel.waiting += 1
        try:
            answer = await channel.resolver.getaddrinfo(name, family=FAMILIES[family], type=socket.SOCK_STREAM)
        except aiodns.error.DNSError as error:
            reason = error.args[1] if len(error.args) > 1 else error
            raise WireError(Outcome.DNS, f"{name}: {reason}") from error
        finally:
            channel.waiting -= 1
            if channel is not self._channel and not channel.waiting:
                await self._close(channel)
        found = [(node.family == socket.AF_INET6, node.addr[0].decode()) for node in answer.nodes]
        if not found:
            raise WireError(Outcome.DNS, f"{name}: no address" + ("" if family == "any" else f" of family {family}"))
        if name.lower().rstrip(".").rpartition(".")[2] == "localhost":
            # c-ares puts ::1 first, but most local servers listen on 127.0.0.1 only.
            found.sort(key=lambda pair: pair[0])
        return tuple(dict.fromkeys(address for _, address in found))

    async def close(self) -> None:
        """Cancel every lookup and close."""
        self._channel = None
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None
        for channel in tuple(self._channels):
            await self._close(channel)

    def _open(self) -> _Channel:
        self._channel = _Channel(self._nameservers)
        self._channels.add(self._channel)
        return self._channel

    def _renew(self) -> None:
        """Open a new channel outside of any lookup's time; close the old one when its last lookup has ended."""
        self._renewal = None
        old = self._channel
        self._open()
        if old is not None and not old.waiting:
            old.resolver.cancel()
            self._channels.discard(old)  # aiodns closes a resolver without references

    async def _close(self, channel: _Channel) -> None:
        self._channels.discard(channel)
        await channel.resolver.close()
