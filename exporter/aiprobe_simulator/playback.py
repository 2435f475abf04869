"""Sends a reply part by part at its pace, or breaks the connection: the one room that touches transports."""

import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, cast

from aiohttp import web

from aiprobe_simulator.takes import Ending, Flood, Pause, Step
from aiprobe_simulator.wire.base import Part

_NOT_HTTP: Final = b"\x15\x03\x01\x00\x02\x02\x28 this is no HTTP\x00\xff\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a model answers, in seconds."""

    first_token_seconds: float = 0.15
    jitter_seconds: float = 0.03
    """Added to the first token in part or in whole, drawn from the seed."""
    gap_seconds: float = 0.01
    """Between two tokens."""


async def play(
    request: web.Request,
    response: web.StreamResponse,
    steps: Iterator[Step],
    *,
    pace: Pace,
    on_first_token: Callable[[float], None],
) -> None:
    """Send `steps`. Tokens go out at fixed times after the headers, so that gaps do not add up their lateness.

    `on_first_token` receives the monotonic time just before the first token is handed to the socket.
    """
    await response.prepare(request)
    due = time.monotonic() + pace.first_token_seconds
    begun = False
    for step in steps:
        match step:
            case Ending():
                await end(request, step)
                return
            case Flood(data):
                await response.write(data)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Part("open", data):
                await response.write(data)
            case Part(kind, data):
                if kind != "close" or not begun:
                    await sleep_until(due)
                if not begun:
                    begun = True
                    on_first_token(time.monotonic())
                due += pace.gap_seconds
                await response.write(data)
    await response.write_eof()


async def end(request: web.Request, ending: Ending) -> None:
    """Stop in the way of `ending`. HANG never returns: it is cancelled when the peer leaves or the simulator closes."""
    if ending is Ending.HANG:
        await asyncio.Event().wait()
    transport = request.transport
    if transport is None:
        return
    if ending is Ending.RESET:
        reset(transport)
    else:
        transport.close()


async def send_rubbish(request: web.Request) -> None:
    """Answer with bytes that are not HTTP, and close."""
    transport = request.transport
    if transport is not None:
        transport.write(_NOT_HTTP)
        transport.close()


def reset(transport: asyncio.BaseTransport) -> None:
    """Close a connection with TCP RST."""
    known = transport.get_extra_info("socket")
    if known is not None and known.fileno() >= 0:
        # A copy of the descriptor, since the loop's own socket object allows options only on some loops.
        with socket.socket(fileno=os.dup(known.fileno())) as copy:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    cast("asyncio.WriteTransport", transport).abort()  # uvloop's transports are of no such class


async def sleep_until(due: float) -> None:
    """Sleep until the monotonic time `due`; do not even yield when it has passed."""
    rest = due - time.monotonic()
    if rest > 0:
        await asyncio.sleep(rest)
