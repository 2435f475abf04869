"""The realtime probe: opens a WebSocket to OpenAI's Realtime API and waits for its first event. No token is billed.

`session.created` proves edge, credential, model and the session service; the probe sends nothing to the model.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import quote

from aiprobe.core.kind import ProbeKind
from aiprobe.core.model import Result, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools, only_in
from aiprobe.probes.call import FREE, one_line, result_of
from aiprobe.probes.caller import Caller
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Failure, ReplyHead
from aiprobe.protocols.jsonvalues import UnreadableError, a_name, an_object, any_object, load
from aiprobe.protocols.judging.errors import in_reply, malformed, of_error
from aiprobe.protocols.request import path_below
from aiprobe.protocols.websocket import Closed, FrameReader, Message, accept_of, fresh_key
from aiprobe.transport.transport import EVENTS_SLICE_BYTES, Exchange, Signal

_ERROR_BODY_BYTES: Final = 65_536
_READY: Final = "session.created"
_CLOSE_OUTCOMES: Final = {
    1008: Outcome.AUTH,
    1011: Outcome.SERVER_ERROR,
    1012: Outcome.OVERLOADED,
    1013: Outcome.OVERLOADED,
    1014: Outcome.SERVER_ERROR,
}
"""Outcomes of a close before the first event (IANA's registry of close codes): policy, internal error, service restart,
try again later, bad gateway."""


class _Sink:
    """Takes the reply to the handshake and the frames after it, up to the first event that gives an outcome."""

    def __init__(self, key: str) -> None:
        self.slice_bytes = EVENTS_SLICE_BYTES
        self.head: ReplyHead | None = None
        self.failure: Failure | None = None
        self.session: dict[str, Any] | None = None
        self.body = bytearray()
        self.ready_at: float | None = None
        self._accept = accept_of(key)
        self._frames = FrameReader()

    def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:  # noqa: ARG002 - the interface's
        """Take status and headers; a 101 must contain the answer to our key."""
        self.head = ReplyHead(status=status, headers=headers)
        if status != 101:
            return
        if headers.get("upgrade", "").lower() != "websocket" or headers.get("sec-websocket-accept") != self._accept:
            self.failure = malformed("a 101 that does not answer our key")

    def on_body(self, data: bytes, at: float) -> Signal:
        """Take frames, or the body of a refusal."""
        if self.head is None or self.head.status != 101:
            self.body += data[: _ERROR_BODY_BYTES - len(self.body)]
            return Signal.DONE if len(self.body) >= _ERROR_BODY_BYTES else Signal.CONTENT
        if self.failure is not None:
            return Signal.DONE
        if any(map(self._decides, self._frames.feed(data))):
            self.ready_at = at
            return Signal.DONE
        if self._frames.broken:
            self.failure = malformed(self._frames.broken)
            return Signal.DONE
        return Signal.PROGRESS

    def _decides(self, frame: Message | Closed) -> bool:
        """Take a frame; return whether the probe needs no more."""
        if isinstance(frame, Closed):
            self.failure = _closed(frame)
        elif frame.text:
            self._read(frame.data)
        return self.failure is not None or self.session is not None

    def _read(self, data: bytes) -> None:
        try:
            event = an_object(load(data))
        except UnreadableError as problem:
            self.failure = malformed(str(problem))
            return
        if event.get("type") == "error" or event.get("error"):
            self.failure = of_error(event)
        elif event.get("type") == _READY:
            self.session = any_object(event.get("session"))


def _closed(frame: Closed) -> Failure:
    """Classify a close before the first event: by its text if that is specific, else by its code."""
    name = f"close {frame.code}"
    read = of_error({"message": frame.reason, "type": name})
    outcome = _CLOSE_OUTCOMES.get(frame.code, read.outcome) if read.outcome is Outcome.ERROR_IN_BODY else read.outcome
    return Failure(outcome=outcome, error_type=name, message=frame.reason or name)


class RealtimeProbe:
    """A realtime probe of one model."""

    kind: ClassVar = ProbeKind(
        name="realtime", needs_model=True, protocol_problem=only_in("openai-chat", "openai-responses")
    )

    def __init__(self, target: Target, tools: Tools) -> None:
        if not target.model:
            raise ValueError("a realtime probe needs a model")
        self._target = target
        self._clock = tools.clock
        self._protocol = PROTOCOLS[target.provider.protocol]
        self._path = path_below(target.provider.base_url, f"/realtime?model={quote(target.model, safe='')}")
        self._caller = Caller(target, tools, url=target.provider.base_url, headers=(("sec-websocket-version", "13"),))

    async def run(self) -> Result:
        """Make the handshake once, and wait for the first event."""
        key = fresh_key()
        sink = _Sink(key)
        exchange = await self._caller.exchange(
            method="GET",
            path=self._path,
            headers=(("sec-websocket-key", key),),
            body=b"",
            sink=sink,
            first_token_limit=False,
            upgrade="websocket",
        )
        failure = _failure(sink, exchange)
        session = sink.session or {}
        return result_of(
            exchange,
            outcome=failure.outcome if failure else Outcome.OK,
            detail=(failure.message or failure.error_type) if failure else "",
            clock=self._clock,
            head=self._protocol.head(self._target.provider, sink.head) if sink.head else None,
            phases=_phases(sink, exchange),
            error_type=(one_line(failure.error_type) or None) if failure else None,
            response_model=a_name(session.get("model")) or None,
            **FREE,
        )


def _failure(sink: _Sink, exchange: Exchange) -> Failure | None:
    """Return what went wrong: the server's error, then the wire, then what is missing."""
    if sink.failure is not None:
        return sink.failure
    if sink.session is not None:
        return None
    head = sink.head
    if head is not None and head.status >= 300:
        return in_reply(head, bytes(sink.body))
    if exchange.outcome is not None:
        return Failure(outcome=exchange.outcome, message=exchange.detail)
    if head is not None and head.headers.get("cf-mitigated"):
        return in_reply(ReplyHead(status=403, headers=head.headers), bytes(sink.body))
    return malformed("a reply that is no WebSocket")


def _phases(sink: _Sink, exchange: Exchange) -> dict[str, float]:
    """Add the time from the reply to the handshake to the first event."""
    phases = dict(exchange.phases)
    if exchange.status is not None:
        end = exchange.ended if sink.ready_at is None else sink.ready_at
        phases["stream"] = max(0.0, end - exchange.started - sum(phases.values()))
    return phases
