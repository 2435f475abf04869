"""One TCP or TLS connection: sends a request, and timestamps the bytes of the reply as they arrive.

Opening a connection belongs in `dial.py`, parsing in `framing.py`, time limits in `limits.py`, and keeping warm
connections in `warm.py`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from aiprobe.core.clock import Clock
from aiprobe.core.model import Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import READ_BYTES, Exchange, WireError
from aiprobe.transport.framing import Reply
from aiprobe.transport.limits import Watch

_PIECE_BYTES: Final = 64 * 1024
"""A request is written in pieces, with reads in between, so that an early rejection of a large request is seen. Under
TLS the last piece may still be in a buffer of this process when `send` ends. The size also bounds that error."""
_REST_SECONDS: Final = 0.004
"""The pause between two turns of 0.5 ms for a peer whose bytes are expensive to parse: a tenth of the event loop."""
_MAX_EARLY_BYTES: Final = 256 * 1024
_DRAIN_SECONDS: Final = 1.0
_DRAIN_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request: its bytes, the objects that take the reply, and the time limits."""

    request: bytes
    reply: Reply
    exchange: Exchange
    timeouts: Timeouts
    first_token_limit: bool
    keep: Callable[["Connection"], None] | None
    """Called with the connection when it can be reused; None closes it after the reply."""


class Connection(asyncio.BufferedProtocol):
    """Runs one exchange at a time. Its holder calls `abort` when it is no longer needed."""

    __slots__ = (
        "_buffer",
        "_clock",
        "_drain_timer",
        "_drained_bytes",
        "_future",
        "_live",
        "_loop",
        "_on_end",
        "_paused",
        "_question",
        "_resting",
        "_unsent",
        "_watch",
        "early",
        "ended",
        "not_after",
        "ready_at",
        "remote_address",
        "transport",
    )

    def __init__(self, clock: Clock, live: "set[Connection]", buffer: memoryview) -> None:
        self.transport: asyncio.Transport | None = None
        self.ready_at = 0.0
        """When TCP, or later TLS, was established."""
        self.ended = False
        """The peer is gone."""
        self.remote_address: str | None = None
        self.not_after: float | None = None
        """When the peer's certificate expires, as Unix time."""
        self._buffer = buffer
        self._clock = clock
        self._live = live
        self._loop = asyncio.get_running_loop()
        self._question: Question | None = None
        self._future: asyncio.Future[None] | None = None
        """None while no exchange waits: idle, or draining."""
        self._watch: Watch | None = None
        self._drain_timer: asyncio.TimerHandle | None = None
        self._drained_bytes = 0
        self._paused = False
        self._resting = False
        self._unsent = memoryview(b"")
        self.early = b""
        """What the peer sent without a request."""
        self._on_end: Callable[[], None] | None = None
        """Handles the end of the connection, after the last bytes were parsed."""

    def use(self, transport: asyncio.Transport, *, write_high: int) -> None:
        """Use `transport` from now on. While it buffers `write_high` bytes or more, nothing counts as sent."""
        self.transport = transport
        self.ready_at = self._clock.monotonic()
        transport.set_write_buffer_limits(high=write_high, low=0)

    def ask(self, question: Question) -> "asyncio.Future[None]":
        """Send the request; the future is done when the exchange has ended, and raises only a bug of the sink."""
        self._question = question
        self._future = future = self._loop.create_future()
        self._unsent = memoryview(question.request)
        self._watch = Watch(
            question.exchange,
            question.reply,
            timeouts=question.timeouts,
            first_token=question.first_token_limit,
            clock=self._clock,
            overdue=self._finish,
        )
        self._pump()
        if question.exchange.sent is None:
            self._arm()
        if self.early:
            early, self.early = self.early, b""
            self._take(early)
        if self.ended and self._question is not None:
            self._end(self._end_of_reply)
        return future

    def abort(self) -> None:
        """Close at once, and drop what is in flight."""
        self._live.discard(self)
        if self.transport is not None:
            self.transport.abort()

    def cancel(self, detail: str) -> None:
        """End a running exchange as `cancelled`, and close."""
        if self._future is not None:
            self._finish(self._clock.monotonic(), Outcome.CANCELLED, detail)
        self.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; called by the event loop."""
        self._live.add(self)
        self.use(cast("asyncio.Transport", transport), write_high=0)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the interface's
        """Return the buffer that the event loop reads into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what arrived just now; called by the event loop."""
        self._take(self._buffer[:nbytes])
        if nbytes == READ_BYTES:
            self._rest()

    def eof_received(self) -> None:
        """Handle the end of the peer's stream; called by the event loop, which then closes."""
        self.ended = True
        if self._question is not None:
            self._end(self._end_of_reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up; the event loop calls this last."""
        self.ended = True
        if self._future is not None:
            self._end(self._end_of_reply if exc is None else partial(self._broke, exc))
        if self._on_end is None:
            self._release()
        self._live.discard(self)
        self.transport = None  # a dead TLS transport would hold its buffers until a full collection

    def pause_writing(self) -> None:
        """Stop writing until the kernel accepts more; called by the event loop."""
        self._paused = True

    def resume_writing(self) -> None:
        """Continue to send; called by the event loop."""
        self._paused = False
        self._pump()

    def _take(self, data: bytes | memoryview) -> None:
        at = self._clock.monotonic()
        question = self._question
        if question is None:
            self.early += data
            if len(self.early) > _MAX_EARLY_BYTES:
                self.abort()
            return
        if self._future is None:
            self._drain(question, data, at)
            return
        exchange, reply = question.exchange, question.reply
        exchange.bytes_received += len(data)
        if exchange.phase:
            self._sent(at)
            exchange.leave(at)
        self._work(reply, data, at)

    def _work(self, reply: Reply, data: bytes | memoryview | None, at: float) -> None:
        """Parse for one turn: the bytes that arrived at `at`, or the rest of earlier ones."""
        had_content = reply.content_at is not None
        try:
            if data is None:
                reply.go_on()
            else:
                reply.feed(data, at)
        except WireError as error:
            self._finish(reply.at, error.outcome, error.detail)
        except BaseException as bug:  # noqa: BLE001 - a bug in the sink; the caller that awaits the exchange gets it
            self._fail(bug)
        else:
            if reply.complete or reply.done:
                self._finish(reply.at)
                return
            if not had_content and reply.content_at is not None:
                self._arm()
            if reply.pending:
                self._rest()
            elif self._on_end is not None:
                self._on_end()

    def _rest(self) -> None:
        """Let other tasks run before this peer is read, or its pending bytes are parsed, again."""
        if not self._resting:
            self._resting = True
            if self.transport is not None and not self.transport.is_closing():
                self.transport.pause_reading()
            if self._question is not None and self._question.reply.dense:
                self._loop.call_later(_REST_SECONDS, self._go_on)
            else:
                self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._resting = False
        question = self._question
        if question is not None and self._future is not None and question.reply.pending:
            self._work(question.reply, None, question.reply.at)
        if not self._resting and self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def _end(self, meaning: Callable[[], None]) -> None:
        """Handle the end of the connection, after the bytes before it were parsed."""
        if self._question is not None and self._future is not None and self._question.reply.pending:
            self._on_end = self._on_end or meaning
        else:
            meaning()

    def _broke(self, error: Exception) -> None:
        detail = f"the connection broke: {getattr(error, 'strerror', None) or type(error).__name__}"
        self._finish(self._clock.monotonic(), Outcome.DISCONNECTED, detail)

    def _pump(self) -> None:
        """Write the next piece of the request, or record that all of it was sent."""
        if self._future is None or self.transport is None:
            return
        if self._unsent and not self._paused:
            piece, self._unsent = self._unsent[:_PIECE_BYTES], self._unsent[_PIECE_BYTES:]
            self.transport.write(piece)
        if self._paused:
            return
        if self._unsent:
            self._loop.call_soon(self._pump)
        else:
            self._sent(self._clock.monotonic())

    def _sent(self, at: float) -> None:
        assert self._question is not None
        exchange = self._question.exchange
        if exchange.sent is None:
            exchange.sent = at
            exchange.enter("first_byte", at)
            self._arm()

    def _arm(self) -> None:
        if self._watch is not None:
            self._watch.arm()

    def _end_of_reply(self) -> None:
        assert self._question is not None
        at = self._clock.monotonic()
        if self._future is None:
            self.abort()
            return
        try:
            self._question.reply.end()
        except WireError as error:
            self._finish(at, error.outcome, error.detail)
        else:
            self._finish(at)

    def _finish(self, at: float, outcome: Outcome | None = None, detail: str = "") -> None:
        question, future = self._question, self._future
        assert question is not None
        assert future is not None
        exchange, reply = question.exchange, question.reply
        exchange.leave(at)
        exchange.ended = at
        exchange.outcome = outcome
        exchange.detail = detail
        exchange.complete = reply.complete
        fit = outcome is None and not (self._unsent or self._paused or self.ended)
        if fit and question.keep is not None and not reply.complete:
            self._future = None
            self._stop_watching()
            self._drained_bytes = 0
            self._drain_timer = self._loop.call_later(_DRAIN_SECONDS, self.abort)
        else:
            self._release()
            if fit and question.keep is not None and reply.reusable:
                question.keep(self)
            else:
                self.abort()
        if not future.done():
            future.set_result(None)

    def _fail(self, bug: BaseException) -> None:
        future = self._future
        assert future is not None
        self._release()
        self.abort()
        if not future.done():
            future.set_exception(bug)

    def _drain(self, question: Question, data: bytes | memoryview, at: float) -> None:
        """Read the rest of the reply after `DONE`, so that the connection can be reused."""
        self._drained_bytes += len(data)
        try:
            question.reply.feed(data, at)
            while question.reply.pending:  # little work: the sink no longer reads the body
                question.reply.go_on()
        except WireError:
            self.abort()
            return
        if question.reply.complete and question.reply.reusable and question.keep is not None:
            self._release()
            question.keep(self)
        elif question.reply.complete or self._drained_bytes >= _DRAIN_BYTES:
            self.abort()

    def _release(self) -> None:
        """Drop the exchange: its references form a cycle with this connection."""
        self._stop_watching()
        self._question = None
        self._future = None
        self._on_end = None
        self._unsent = memoryview(b"")

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        if self._drain_timer is not None:
            self._drain_timer.cancel()
            self._drain_timer = None
