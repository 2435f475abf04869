"""Parses the bytes of one HTTP/1.1 reply as they arrive, and passes the body to a sink. No sockets and no clock here.

`head.py` reads heads, `body.py` the three framings of a body, `inflate.py` content codings. This module joins them, and
enforces every limit on sizes and on the work of one turn of the event loop.
"""

from collections.abc import Iterator
from typing import Final, NoReturn

from aiprobe.core.outcomes import Outcome
from aiprobe.transport.body import Body, Chunked, Closed, Sized
from aiprobe.transport.exchange import EVENTS_SLICE_BYTES, Exchange, Signal, Sink, WireError
from aiprobe.transport.head import MAX_HEAD_BYTES, Head, read_head, split_head
from aiprobe.transport.inflate import InflateError, Inflater, inflater

_FREE_FRAMING_BYTES: Final = 128 * 1024
"""Allowed bytes outside of the body (head, interim replies, trailers), independent of the size of the body."""
_FRAMING_PER_BODY: Final = 3
"""Allowed bytes of framing for each byte of body, in addition. Chunks of one byte need five."""
_MOST_INTERIM_REPLIES: Final = 100
_DENSE_BYTES: Final = 16
"""An event stream with shorter lines than this on average is not a real service's: the shortest event seen has 60."""
_MAX_INFLATED_EVENTS_BYTES: Final = 1 << 20
"""Limit of an event stream that is compressed although the request asks for identity: each of its lines costs time."""


class Reply:
    """Reads one reply into an `Exchange` and a `Sink`.

    One call of `feed` or `go_on` passes at most `sink.slice_bytes` of body to the sink; `pending`: more is left.
    """

    __slots__ = (
        "_body",
        "_body_bytes",
        "_decoded_bytes",
        "_exchange",
        "_head",
        "_heads",
        "_held",
        "_inflater",
        "_max_body_bytes",
        "_max_decoded_bytes",
        "_method",
        "_out",
        "_pieces",
        "_received_bytes",
        "_sink",
        "_tunnel",
        "_upgrade",
        "at",
        "complete",
        "content_at",
        "dense",
        "done",
        "pending",
        "progress_at",
        "reusable",
    )

    def __init__(
        self, sink: Sink, exchange: Exchange, *, method: str, max_body_bytes: int, upgrade: bool = False
    ) -> None:
        self.complete = False
        """The reply was read to its end."""
        self.done = False
        """The sink needs no more bytes."""
        self.pending = False
        """Received bytes are not parsed yet: call `go_on` in a later turn, before the next bytes."""
        self.dense = False
        """The pending bytes take far more work than a normal reply: pause this peer for longer."""
        self.reusable = False
        """Once complete: the peer keeps the connection open, and has sent nothing after the reply."""
        self.content_at: float | None = None
        self.progress_at = 0.0
        self.at = 0.0
        """When the bytes that are parsed now arrived."""
        self._sink = sink
        self._exchange = exchange
        self._method = method
        self._max_body_bytes = self._max_decoded_bytes = max_body_bytes
        self._upgrade = upgrade
        self._tunnel = False
        """The peer switched to the requested protocol: further bytes are not HTTP."""
        self._head: Head | None = None
        self._heads = 0
        self._held = b""
        """The bytes of an incomplete head."""
        self._body: Body | None = None
        self._inflater: Inflater | None = None
        self._pieces: Iterator[bytes] | None = None
        self._out = b""
        """Decoded, and not yet passed to the sink."""
        self._received_bytes = self._body_bytes = self._decoded_bytes = 0

    def feed(self, data: bytes | memoryview, at: float) -> None:
        """Parse the next bytes, split at any point, that arrived at `at`; `data` is not kept.

        Raises:
            WireError: the bytes are not allowed.
            BaseException: what the sink raised.
        """
        while self.pending:
            self.go_on()
        self.at = at
        data = bytes(data)
        self._received_bytes += len(data)
        if self.complete:
            self.reusable = False
            return
        if self._body is None:
            data = self._read_heads(data)
        self._work(data)

    def go_on(self) -> None:
        """Parse received bytes for one more turn.

        Raises:
            WireError: the bytes are not allowed.
            BaseException: what the sink raised.
        """
        self._work(b"")

    def end(self) -> None:
        """Handle the end of the connection; nothing is `pending`.

        Raises:
            WireError: `disconnected`, because the reply was incomplete.
        """
        if self.complete:
            return
        self.reusable = False
        if self._exchange.status is None:
            where = "within the head of the reply" if self._exchange.bytes_received else "without a reply"
            raise WireError(Outcome.DISCONNECTED, f"closed {where}")
        if self._tunnel:
            raise WireError(Outcome.DISCONNECTED, f"closed after {self._body_bytes} bytes of the other protocol")
        inflating = self._inflater is not None and not self._inflater.finished
        if not isinstance(self._body, Closed) or inflating:
            raise WireError(Outcome.DISCONNECTED, f"closed within the body, after {self._body_bytes} bytes of it")
        self.complete = True

    def _read_heads(self, data: bytes) -> bytes:
        """Read heads up to the last one; return the bytes after it."""
        searched = len(self._held)
        data = self._held + data if self._held else data
        while (found := split_head(data, searched)) is not None:
            text, rest = found
            if len(data) - len(rest) > MAX_HEAD_BYTES:
                break
            data, searched = rest, 0
            self._heads += 1
            if self._heads > _MOST_INTERIM_REPLIES:
                raise WireError(Outcome.MALFORMED, f"over the limit of {_MOST_INTERIM_REPLIES} interim replies")
            self._held = b""
            head = read_head(text)
            if head.status >= 200:
                self._begin(head)
                return data
            if head.status == 101:
                self._switch(head)
                return data
        self._held = data
        if data and (data[0] <= 0x20 or not b"HTTP/".startswith(data[:5])):
            raise WireError(Outcome.MALFORMED, "not HTTP/1.1: no status line")
        if len(data) > MAX_HEAD_BYTES:
            self._too_large("head", MAX_HEAD_BYTES)
        self._count(b"")
        return b""

    def _begin(self, head: Head) -> None:
        """Handle the head of the final reply."""
        self._head = head
        self._exchange.status = head.status
        self._exchange.headers = head.headers
        self._sink.on_head(head.status, head.headers, self.at)
        if self._method == "HEAD" or head.status in {204, 304}:
            self._body = Sized(0)
            return
        self._body = (
            Chunked() if head.framing == "chunked" else Closed() if head.framing == "closed" else Sized(head.length)
        )
        try:
            self._inflater = inflater(head.headers.get("content-encoding", ""))
        except InflateError as error:
            raise WireError(Outcome.MALFORMED, str(error)) from error
        if self._inflater is not None and self._sink.slice_bytes <= EVENTS_SLICE_BYTES:
            self._max_decoded_bytes = min(self._max_decoded_bytes, _MAX_INFLATED_EVENTS_BYTES)

    def _switch(self, head: Head) -> None:
        """Handle a 101 (RFC 9110 section 7.8): valid only if it was requested and names the protocol."""
        if not self._upgrade:
            raise WireError(Outcome.MALFORMED, "the peer switched protocols without a request to do so")
        if "upgrade" not in head.headers or "upgrade" not in head.headers.get("connection", "").lower():
            raise WireError(Outcome.MALFORMED, "a 101 that does not name the new protocol")
        self._exchange.status = 101
        self._exchange.headers = head.headers
        self._tunnel = True
        self._body = Closed()
        self._sink.on_head(101, head.headers, self.at)

    def _work(self, data: bytes) -> None:
        """Parse the body in `data` or, if that is empty, in earlier bytes; pass the next slice to the sink."""
        framing = self._body
        if framing is None:
            return
        if data or (framing.more and (self.done or not (self._out or self._pieces is not None))):
            body = framing.feed(data)
            self._count(body)
            if body and not self.done:
                if self._inflater is None:
                    self._out += body
                else:
                    self._pieces = self._inflater.feed(body)
        if self._out or self._pieces is not None:
            self._give()
        self.pending = bool(self._out or self._pieces is not None or framing.more)
        if framing.done and not self.pending:
            self._end_of_body(framing)

    def _count(self, body: bytes) -> None:
        """Enforce the limits of body and framing."""
        count = self._body_bytes = self._body_bytes + len(body)
        if count > self._max_body_bytes:
            self._too_large("body", self._max_body_bytes)
        if self._received_bytes - count > _FREE_FRAMING_BYTES + _FRAMING_PER_BODY * count:
            self._too_large("framing", _FREE_FRAMING_BYTES)

    def _give(self) -> None:
        """Pass the next slice to the sink."""
        data = self._out or self._next_piece()
        if not data:
            return
        size, most = len(data), self._sink.slice_bytes
        if size > most:
            data, self._out, size = data[:most], data[most:], most
        else:
            self._out = b""
        if size == EVENTS_SLICE_BYTES:
            self.dense = data.count(b"\n") + data.count(b"\r") > EVENTS_SLICE_BYTES // _DENSE_BYTES
        self._decoded_bytes += size
        if self._decoded_bytes > self._max_decoded_bytes:
            self._too_large("body", self._max_decoded_bytes)
        signal = self._sink.on_body(data, self.at)
        if signal is Signal.MORE:
            return
        self.progress_at = self.at
        if signal is Signal.DONE:
            self.done = True
            self._out = b""
            self._pieces = None
        elif self.content_at is None and signal is Signal.CONTENT:
            self.content_at = self.at

    def _next_piece(self) -> bytes:
        assert self._pieces is not None
        try:
            piece = next(self._pieces, None)
        except InflateError as error:
            raise WireError(Outcome.MALFORMED, str(error)) from error
        if piece is None:
            self._pieces = None
        return piece or b""

    def _end_of_body(self, body: Body) -> None:
        if self._inflater is not None and not self._inflater.finished and not self.done:
            raise WireError(Outcome.MALFORMED, "the compressed body is cut short")
        self.complete = True
        self.reusable = self._head is not None and self._head.keep_alive and not body.rest

    def _too_large(self, part: str, limit: int) -> NoReturn:
        raise WireError(Outcome.MALFORMED, f"the {part} of the reply is over the limit of {limit} bytes")
