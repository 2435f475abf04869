"""Ports that never get as far as HTTP: refused, reset on accept, and silent for ever."""

import asyncio
import socket
from typing import Final

from aiprobe_simulator.playback import reset

MOST_SILENT: Final = 1_000
"""Silent connections that are kept; a further one is closed."""


class Refused:
    """A port on which nobody listens, held so that nobody else can."""

    def __init__(self, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


class ResetOnAccept(asyncio.Protocol):
    """Resets every connection as soon as it stands."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send RST."""
        reset(transport)


class Silent(asyncio.Protocol):
    """Takes every connection and never sends a byte, so that a TLS handshake or a reply never comes."""

    def __init__(self, kept: set[asyncio.BaseTransport]) -> None:
        self._kept = kept
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection, so that it can be closed at the end."""
        self._transport = transport
        if len(self._kept) >= MOST_SILENT:
            transport.close()
        else:
            self._kept.add(transport)

    def connection_lost(self, _: Exception | None) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._kept.discard(self._transport)
