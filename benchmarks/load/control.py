"""The control: bare asyncio protocols that send the same requests to the same endpoint, and only record arrival times.

Their delays come from the machine. `python -m benchmarks.load.control` prints a line for each stream: its id and the
Unix time of its first event. With `--handshakes` it makes TLS handshakes instead and prints the CPU seconds of one.
"""

import argparse
import asyncio
import re
import ssl
import sys
import time
from functools import partial
from typing import Final, cast

import uvloop

_ID: Final = re.compile(rb"x-request-id: (\S+)")
_REQUEST: Final = (
    "POST {path}/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    "content-length: 2\r\nconnection: close\r\n\r\n{{}}"
)


class Stream(asyncio.Protocol):
    """One stream, from the request to the end of the connection."""

    def __init__(self, request: bytes, seen: dict[bytes, float], done: "asyncio.Future[None]") -> None:
        self._request = request
        self._seen = seen
        self._done = done
        self._id = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Record the first event."""
        at = time.time()
        if not self._id:
            found = _ID.search(data)
            self._id = found[1] if found else b"?"
        if self._id not in self._seen and b"data: " in data:
            self._seen[self._id] = at

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if not self._done.done():
            self._done.set_result(None)


async def watch_streams(
    port: int, path: str, *, parallel: int, stream_seconds: float, seconds: float, context: ssl.SSLContext | None
) -> dict[bytes, float]:
    """Keep `parallel` streams in flight, with evenly spread starts; return the times of their first events, by id."""
    seen: dict[bytes, float] = {}
    request = _REQUEST.format(path=path).encode()
    loop = asyncio.get_running_loop()
    begun, gap = time.monotonic(), stream_seconds / parallel
    waiting: set[asyncio.Future[None]] = set()
    number = 0
    while (due := begun + number * gap) < begun + seconds:
        await asyncio.sleep(due - time.monotonic())
        done: asyncio.Future[None] = loop.create_future()
        waiting.add(done)
        done.add_done_callback(waiting.discard)
        await loop.create_connection(partial(Stream, request, seen, done), "127.0.0.1", port, ssl=context)
        number += 1
    await asyncio.wait(waiting, timeout=stream_seconds + 5)
    return seen


async def shake_hands(port: int, *, number: int, context: ssl.SSLContext) -> float:
    """Return the CPU seconds of one TCP connection with a TLS handshake and nothing else, at twenty in parallel."""
    loop, used = asyncio.get_running_loop(), time.process_time()

    async def one() -> None:
        transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", port, ssl=context)
        transport.abort()

    for _ in range(number // 20):
        await asyncio.gather(*(one() for _ in range(20)))
    return (time.process_time() - used) / number


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--path", default="")
    parser.add_argument("--ca")
    parser.add_argument("--parallel", type=int, default=500)
    parser.add_argument("--stream-seconds", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--handshakes", type=int)
    asked = parser.parse_args()
    context = ssl.create_default_context(cafile=asked.ca) if asked.ca else None
    if asked.handshakes:
        assert context is not None
        sys.stdout.write(repr(uvloop.run(shake_hands(asked.port, number=asked.handshakes, context=context))))
        return
    seen = uvloop.run(
        watch_streams(
            asked.port,
            asked.path,
            parallel=asked.parallel,
            stream_seconds=asked.stream_seconds,
            seconds=asked.seconds,
            context=context,
        )
    )
    sys.stdout.write("\n".join(f"{name.decode()} {at!r}" for name, at in seen.items()))


if __name__ == "__main__":
    main()
