"""The connector of the clients for status pages and egress checks: aiohttp's, with bounded work in each turn.

aiohttp parses all that one read of a socket returns, up to 256 KB: of interim replies that is a second and a half.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

SLICE_BYTES: Final = 1024
"""What is parsed in one turn: some forty interim replies, or two hundred chunks of a byte."""

_PRIVATE: Final = ("_loop", "_parser", "_pause_transport_reading", "_reading_paused", "_resume_transport_reading")


class PacedHandler(ResponseHandler):
    """One connection of aiohttp's client that gives the loop back after each slice."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._held = b""
        """Received, and not parsed yet: one read, or what a TLS record ends; meanwhile no more is read."""
        self._lost: Callable[[], None] | None = None
        """Handles the end of the connection, after the last bytes were parsed."""

    @property
    def should_close(self) -> bool:
        """Return whether the connection cannot be used again."""
        return bool(self._held) or super().should_close

    def data_received(self, data: bytes) -> None:
        """Parse a slice, and keep the rest for later turns. Nothing, as aiohttp itself calls this, goes straight on."""
        if not data or (not self._held and len(data) <= SLICE_BYTES):
            super().data_received(data)
            return
        if not self._held:
            self._loop.call_soon(self._go_on)
        self._held += data
        self._pause_transport_reading()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Clean up, once what came before was parsed."""
        if self._held:
            self._lost = lambda: super(PacedHandler, self).connection_lost(exc)
        else:
            super().connection_lost(exc)

    def _go_on(self) -> None:
        data, self._held = self._held[:SLICE_BYTES], self._held[SLICE_BYTES:]
        if self._parser is not None and self.exception() is None:
            super().data_received(data)
        else:
            self._held = b""  # nobody waits for it
        if self._held:
            self._loop.call_soon(self._go_on)
        elif self._lost is not None:
            self._lost()
        elif not self._reading_paused:
            self._resume_transport_reading()

    def _resume_transport_reading(self) -> None:
        if not self._held:
            super()._resume_transport_reading()


def paced(factory: Any) -> Any:
    """Return a factory of paced connections in place of aiohttp's.

    An aiohttp whose private parts have other names than these keeps its own: it works, and `make test-newest` fails.
    """
    if not (isinstance(factory, partial) and factory.func is ResponseHandler):
        return factory
    made = factory()
    return partial(PacedHandler, **factory.keywords) if all(hasattr(made, name) for name in _PRIVATE) else factory


def connector(**settings: Any) -> aiohttp.TCPConnector:
    """Return a connector of paced connections; lookups need no thread pool, which one hanging name could fill."""
    made: Any = aiohttp.TCPConnector(resolver=aiohttp.AsyncResolver(), **settings)
    if hasattr(made, "_factory"):  # aiohttp has no other place for a protocol; a test floods both clients
        made._factory = paced(made._factory)  # noqa: SLF001
    return cast("aiohttp.TCPConnector", made)
