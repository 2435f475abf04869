"""The bytes of one HTTP/1.1 reply, parsed as they come and handed to a sink. No sockets and no clock in here.

Framing is llhttp's (through httptools) but for three things that it leaves to its user: a body that ends
with the connection, the answer to HEAD, and every limit on size.
"""

from collections.abc import Mapping
from typing import Any, Final, NoReturn

import httptools

from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import Exchange, Signal, Sink, WireError
from aiprobe.transport.inflate import CODINGS, InflateError, Inflater

MAX_HEAD_BYTES: Final = 32 * 1024
"""Of status line and headers together, trailers included."""
_QUIET_BYTES: Final = 256 * 1024 + MAX_HEAD_BYTES
"""The most that may arrive without one byte of body: what a connection takes before it asks, and a head. It bounds what
llhttp collects for a header, an interim reply or a trailer that never ends."""


class Reply:
    """Reads one reply into an `Exchange` and a `Sink`; `close` it, or it keeps itself alive."""

    __slots__ = (
        "_at",
        "_body_bytes",
        "_decoded_bytes",
        "_exchange",
        "_head_bytes",
        "_headers",
        "_inflater",
        "_max_body_bytes",
        "_method",
        "_parser",
        "_quiet_bytes",
        "_sink",
        "_tunnel",
        "_until_eof",
        "_upgrade",
        "complete",
        "content_at",
        "done",
        "progress_at",
        "reusable",
    )

    def __init__(
        self, sink: Sink, exchange: Exchange, *, method: str, max_body_bytes: int, upgrade: bool = False
    ) -> None:
        self.complete = False
        """The reply came to its proper end."""
        self.done = False
        """The sink wants no more."""
        self.reusable = False
        """Once complete: the peer keeps the connection open, and has sent nothing after the reply."""
        self.content_at: float | None = None
        self.progress_at = 0.0
        self._sink = sink
        self._exchange = exchange
        self._method = method
        self._max_body_bytes = max_body_bytes
        self._parser: Any = httptools.HttpResponseParser(self)  # None once closed
        # A bare LF may end a line (RFC 9112 section 2.2), and the Python SDKs' client takes it.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)
        self._headers: dict[str, str] = {}
        self._head_bytes = self._quiet_bytes = self._body_bytes = self._decoded_bytes = 0
        self._inflater: Inflater | None = None
        self._until_eof = False
        self._upgrade = upgrade
        self._tunnel = False
        """The peer speaks the protocol that it was asked for: nothing is HTTP any more."""
        self._at = 0.0

    def close(self) -> None:
        """Let go of the parser, which holds this object as this object holds it."""
        self._parser = None

    def feed(self, data: bytes | memoryview, at: float) -> None:
        """Take the next bytes, cut anywhere, that arrived at `at`; `data` is not kept.

        Raises:
            WireError: the bytes are not allowed.
            BaseException: whatever the sink raised.
        """
        self._at = at
        body_bytes = self._body_bytes
        if self._tunnel:
            self._take_tunnel(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            _raise_cause(error)
        except httptools.HttpParserUpgrade as error:
            if self._upgrade and self._exchange.status == 101:
                self._tunnel = True
                self._take_tunnel(data[error.args[0] :])
                return
            raise WireError(Outcome.MALFORMED, "the peer switched protocols unasked") from error
        except httptools.HttpParserError as error:
            self.reusable = False
            if not (self.complete or self.done):
                raise WireError(Outcome.MALFORMED, f"not HTTP/1.1: {error}") from error
        if self._body_bytes > body_bytes:
            self._quiet_bytes = 0
        else:
            self._quiet_bytes += len(data)
            if self._quiet_bytes > (MAX_HEAD_BYTES if self._exchange.status is None else _QUIET_BYTES):
                self._too_large("head" if self._exchange.status is None else "framing")

    def end(self) -> None:
        """Take the end of the connection.

        Raises:
            WireError: `disconnected`, because the reply was not whole.
        """
        if self.complete:
            return
        self.reusable = False
        if self._exchange.status is None:
            where = "within the head of the reply" if self._exchange.bytes_received else "without a reply"
            raise WireError(Outcome.DISCONNECTED, f"closed {where}")
        if self._tunnel:
            raise WireError(Outcome.DISCONNECTED, f"closed after {self._body_bytes} bytes of the other protocol")
        if not self._until_eof or (self._inflater is not None and not self._inflater.finished):
            raise WireError(Outcome.DISCONNECTED, f"closed within the body, after {self._body_bytes} bytes of it")
        self.complete = True

    # What follows is called by the parser.

    def on_message_begin(self) -> None:
        self.reusable = False

    def on_header(self, name: bytes, value: bytes | None) -> None:
        if self.complete or self.done:
            return
        value = value or b""
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > MAX_HEAD_BYTES:
            self._too_large("head")
        if self._exchange.status is not None:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").rstrip(" \t")
        known = self._headers.get(key)
        self._headers[key] = text if known is None else f"{known}, {text}"

    def on_headers_complete(self) -> None:
        if self.complete or self.done:
            return
        status = self._parser.get_status_code()
        if status < 200:
            if status < 100:
                raise WireError(Outcome.MALFORMED, f"not an HTTP status: {status}")
            if status == 101 and self._upgrade:
                self._switch()
                return
            self._headers.clear()
            return
        self._exchange.status = status
        self._exchange.headers = self._headers
        self._sink.on_head(status, self._headers, self._at)
        if self._method == "HEAD":
            self._complete()
            return
        self._until_eof = _ends_with_connection(self._headers)
        if status not in {204, 304}:
            self._inflater = _inflater(self._headers.get("content-encoding", ""))

    def on_body(self, data: bytes) -> None:
        self._body_bytes += len(data)
        if self.complete:
            self.reusable = False
            return
        if self.done:
            return
        if self._body_bytes > self._max_body_bytes:
            self._too_large("body")
        if self._inflater is None:
            self._heed(self._sink.on_body(data, self._at))
            return
        try:
            for piece in self._inflater.feed(data):
                if self._give(piece) is Signal.DONE:
                    return
        except InflateError as error:
            raise WireError(Outcome.MALFORMED, str(error)) from error

    def on_message_complete(self) -> None:
        if self._exchange.status in {None, 101} or self.complete:
            return
        if self._inflater is not None and not self._inflater.finished and not self.done:
            raise WireError(Outcome.MALFORMED, "the compressed body is cut short")
        self._complete()

    def _switch(self) -> None:
        """Take a 101 (RFC 9110 section 7.8): it names the protocol, or is none."""
        if "upgrade" not in self._headers or "upgrade" not in self._headers.get("connection", "").lower():
            raise WireError(Outcome.MALFORMED, "a 101 that does not say to what")
        self._exchange.status = 101
        self._exchange.headers = self._headers
        self._sink.on_head(101, self._headers, self._at)

    def _take_tunnel(self, data: bytes | memoryview) -> None:
        self._body_bytes += len(data)
        if self._body_bytes > self._max_body_bytes:
            self._too_large("body")
        if data:
            self._give(bytes(data))

    def _complete(self) -> None:
        self.complete = True
        self.reusable = self._parser.should_keep_alive()

    def _give(self, data: bytes) -> Signal:
        self._decoded_bytes += len(data)
        if self._decoded_bytes > self._max_body_bytes:
            self._too_large("body")
        signal = self._sink.on_body(data, self._at)
        self._heed(signal)
        return signal

    def _heed(self, signal: Signal) -> None:
        if signal is Signal.MORE:
            return
        self.progress_at = self._at
        if signal is Signal.DONE:
            self.done = True
        elif self.content_at is None and signal is Signal.CONTENT:
            self.content_at = self._at

    def _too_large(self, part: str) -> NoReturn:
        limit = self._max_body_bytes if part == "body" else MAX_HEAD_BYTES
        raise WireError(Outcome.MALFORMED, f"the {part} of the reply is over the limit of {limit} bytes")


def _raise_cause(error: httptools.HttpParserCallbackError) -> NoReturn:
    """Raise what a callback raised; llhttp has no word for it."""
    cause = error.__context__
    raise cause if cause is not None else error


def _ends_with_connection(headers: Mapping[str, str]) -> bool:
    """Tell whether only the end of the connection ends the body (RFC 9112 section 6.3, rules 4 and 8)."""
    coding = headers.get("transfer-encoding")
    if coding is not None:
        return coding.rpartition(",")[2].strip().lower() != "chunked"
    return "content-length" not in headers


def _inflater(coding: str) -> Inflater | None:
    coding = coding.strip().lower()
    if coding in {"", "identity"}:
        return None
    if coding not in CODINGS:
        raise WireError(Outcome.MALFORMED, f"unknown content encoding {coding!r}")
    return Inflater(coding)
