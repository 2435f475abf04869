"""One TCP or TLS connection that asks and listens: where bytes are timed as they arrive.

How a connection comes to be belongs in `dial.py`, what its bytes mean in `framing.py`, how long they may take in
`limits.py`, and who keeps a warm one in `warm.py`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from aiprobe.core.clock import Clock
from aiprobe.core.model import Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import Exchange, WireError
from aiprobe.transport.framing import Reply
from aiprobe.transport.limits import Watch

_PIECE_BYTES: Final = 64 * 1024
"""A request is written in pieces, listening in between: a peer that refuses a large one early is then heard. Under
TLS the last piece may still wait in the process when `send` ends, so this bounds that error as well."""
_READ_BYTES: Final = 16 * 1024
"""The most that one read takes, a record of TLS. A peer that fills it is not listened to again in the same turn."""
_REST_SECONDS: Final = 0.004
"""What a peer whose bytes are all work waits between two turns, which take half a millisecond: a tenth of the loop."""
_MAX_EARLY_BYTES: Final = 256 * 1024
_DRAIN_SECONDS: Final = 1.0
_DRAIN_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request on its way: its bytes, who takes the reply, and how long that may take."""

    request: bytes
    reply: Reply
    exchange: Exchange
    timeouts: Timeouts
    first_token_limit: bool
    keep: Callable[["Connection"], None] | None
    """Takes the connection back when it may serve again; None closes it after the reply."""


def read_buffer() -> memoryview:
    """Make what the connections of one event loop read into: each takes what it was given before the next one reads.

    An event loop that is lent no buffer makes one of 256 KB for every read of TLS, and gives it back: that took a
    tenth of a TLS probe's time.
    """
    return memoryview(bytearray(_READ_BYTES))


class Connection(asyncio.BufferedProtocol):
    """Serves one exchange at a time. Whoever holds it calls `abort` when it is not wanted any more."""

    __slots__ = (
        "_at_last",
        "_buffer",
        "_clock",
        "_drain_timer",
        "_drained_bytes",
        "_early",
        "_future",
        "_live",
        "_loop",
        "_paused",
        "_question",
        "_resting",
        "_unsent",
        "_watch",
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
        self._early = b""
        self._at_last: Callable[[], None] | None = None
        """What the end of the connection means, once the work on its last bytes is done."""

    @property
    def spoke(self) -> bool:
        """Whether the peer sent something that nobody had asked for."""
        return bool(self._early)

    def use(self, transport: asyncio.Transport, *, write_high: int) -> None:
        """Speak through `transport` from now on; from `write_high` bytes waiting in it on, nothing counts as sent."""
        self.transport = transport
        self.ready_at = self._clock.monotonic()
        transport.set_write_buffer_limits(high=write_high, low=0)

    def ask(self, question: Question) -> "asyncio.Future[None]":
        """Send the request; the future is done when the exchange has ended, and fails only with a bug in the sink."""
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
        if self._early:
            early, self._early = self._early, b""
            self._take(early)
        if self.ended and self._question is not None:
            self._end(self._end_of_reply)
        return future

    def abort(self) -> None:
        """Close at once; what is in flight is lost."""
        self._live.discard(self)
        if self.transport is not None:
            self.transport.abort()

    def cancel(self, detail: str) -> None:
        """End a running exchange as `cancelled`, and close."""
        if self._future is not None:
            self._finish(self._clock.monotonic(), Outcome.CANCELLED, detail)
        self.abort()

    # asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; called by the event loop."""
        self._live.add(self)
        self.use(cast("asyncio.Transport", transport), write_high=0)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the interface's
        """Lend the event loop what it reads into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what arrived just now; called by the event loop."""
        self._take(self._buffer[:nbytes])
        if nbytes == _READ_BYTES:
            self._rest()

    def eof_received(self) -> None:
        """Take the peer's end; called by the event loop, which then closes."""
        self.ended = True
        if self._question is not None:
            self._end(self._end_of_reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up; called by the event loop, last of all."""
        self.ended = True
        if self._future is not None:
            self._end(self._end_of_reply if exc is None else partial(self._broke, exc))
        if self._at_last is None:
            self._release()
        self._live.discard(self)
        self.transport = None  # a dead TLS transport would hold its buffers until a full collection

    def pause_writing(self) -> None:
        """Wait until the kernel takes more; called by the event loop."""
        self._paused = True

    def resume_writing(self) -> None:
        """Go on sending; called by the event loop."""
        self._paused = False
        self._pump()

    # How an exchange goes on

    def _take(self, data: bytes | memoryview) -> None:
        at = self._clock.monotonic()
        question = self._question
        if question is None:
            self._early += data
            if len(self._early) > _MAX_EARLY_BYTES:
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
        """Let the reply do one turn's work: on bytes that arrived at `at`, or on what is left of earlier ones."""
        had_content = reply.content_at is not None
        try:
            if data is None:
                reply.go_on()
            else:
                reply.feed(data, at)
        except WireError as error:
            self._finish(reply.at, error.outcome, error.detail)
        except BaseException as bug:  # noqa: BLE001 - the sink's; it belongs to whoever awaits the exchange
            self._fail(bug)
        else:
            if reply.complete or reply.done:
                self._finish(reply.at)
                return
            if not had_content and reply.content_at is not None:
                self._arm()
            if reply.pending:
                self._rest()
            elif self._at_last is not None:
                self._at_last()

    def _rest(self) -> None:
        """Give everybody else a turn before this peer is listened to, or what it sent is worked on, again."""
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
        """Take the end of the connection, when what came before it is worked on."""
        if self._question is not None and self._future is not None and self._question.reply.pending:
            self._at_last = self._at_last or meaning
        else:
            meaning()

    def _broke(self, error: Exception) -> None:
        detail = f"the connection broke: {getattr(error, 'strerror', None) or type(error).__name__}"
        self._finish(self._clock.monotonic(), Outcome.DISCONNECTED, detail)

    def _pump(self) -> None:
        """Write the next piece of the request, or see that all of it has left."""
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
        """Read what the peer still owes after `DONE`, so that the connection may serve again."""
        self._drained_bytes += len(data)
        try:
            question.reply.feed(data, at)
            while question.reply.pending:  # little: nobody looks at the body
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
        """Forget the exchange: what it holds would hold this connection in a cycle."""
        self._stop_watching()
        self._question = None
        self._future = None
        self._at_last = None
        self._unsent = memoryview(b"")

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        if self._drain_timer is not None:
            self._drain_timer.cancel()
            self._drain_timer = None
