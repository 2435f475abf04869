"""Reads one reply of a protocol as it arrives: collects its events with their times, and ends when it has enough.

This is the sink of probes of models. It only records; the kind of probe decides the outcome.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from aiprobe.core.model import Provider
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.media import begins_as, media_types
from aiprobe.protocols.base import (
    Content,
    End,
    Event,
    Failure,
    Finish,
    HeadFacts,
    Meta,
    Reader,
    Reasoning,
    ReplyHead,
    Stopped,
    Text,
    ToolCall,
    Usage,
)
from aiprobe.protocols.judging.errors import is_challenge
from aiprobe.protocols.protocol import Protocol
from aiprobe.protocols.reading import PROGRESS, StreamReader
from aiprobe.transport.transport import EVENTS_SLICE_BYTES, WHOLE_SLICE_BYTES, Signal

ERROR_BODY_LIMIT: Final = 65_536
"""Bytes of an error body that are read: error objects are small, error pages are cut."""
Amount = TypeVar("Amount", int, float)
_CONTENTS_KEPT: Final = 8
"""Tool calls, and other contents, that are kept of a reply: one is asked for at most."""
_NO_FACTS: Final = HeadFacts()
_NO_USAGE: Final = Usage()
_NO_META: Final = Meta()


@dataclass(slots=True)
class Called:
    """A call of a tool, as far as its pieces came."""

    place: object
    call_id: str
    name: str
    pieces: list[str]
    signature: str = ""

    @property
    def arguments(self) -> str:
        """Return the text of the arguments, which is JSON where all is well."""
        return "".join(self.pieces)

    @property
    def whole(self) -> ToolCall:
        """Return the call."""
        return ToolCall(call_id=self.call_id, name=self.name, arguments=self.arguments, signature=self.signature)


@dataclass(slots=True, kw_only=True)
class Record:
    """The content of a reply. Times are monotonic seconds."""

    head: ReplyHead | None = None
    facts: HeadFacts = _NO_FACTS
    failure: Failure | None = None
    stopped: Stopped | None = None
    ended: bool = False
    """The protocol's terminal event was seen."""
    text: list[str] = field(default_factory=list)
    contents: list[Content] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    reasoned: bool = False
    usage: Usage = _NO_USAGE
    meta: Meta = _NO_META
    first_content_at: float | None = None
    first_text_at: float | None = None
    last_event_at: float | None = None
    max_gap_seconds: float | None = None
    """Counted from the first content on: the time before it belongs to the first token."""
    content_chunks: int = 0

    @property
    def answer(self) -> str:
        """Return the visible text received so far."""
        return "".join(self.text)

    @property
    def finish(self) -> Finish | None:
        """Return why the model stopped, if the reply states it."""
        return self.stopped.finish if self.stopped else None


class RecordingSink:
    """Feeds a reply to its protocol's reader and keeps the record."""

    def __init__(self, protocol: Protocol, provider: Provider, *, stream: bool, max_body_bytes: int = 2 << 20) -> None:
        """`max_body_bytes` is more than any correct reply: reading stops there."""
        self.record = Record()
        self.slice_bytes = EVENTS_SLICE_BYTES if stream else WHOLE_SLICE_BYTES
        self._protocol = protocol
        self._provider = provider
        self._stream = stream
        self._reader: Reader | None = None
        self._undecided = False
        """The first bytes decide what the body is, because its media type is not one of the protocol's."""
        self._collected = bytearray()
        self._bytes_left = max_body_bytes

    def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:  # noqa: ARG002 - the interface's
        """Take status and headers; choose what to do with the body."""
        head = ReplyHead(status=status, headers=headers)
        self.record.head = head
        self.record.facts = self._protocol.head(self._provider, head)
        if not 200 <= status < 300 or is_challenge(headers):
            return
        types = media_types(headers.get("content-type", ""))
        self._undecided = bool(types) and not types & self._protocol.content_types(stream=self._stream)
        if not self._undecided:
            self._reader = self._protocol.reader(stream=self._stream)

    def on_body(self, data: bytes, at: float) -> Signal:
        """Take body bytes; return whether they were content, progress, nothing relevant, or enough."""
        if self._undecided:
            data = self._decide(data)
            if self._undecided:
                return Signal.MORE
        if self._reader is not None:
            self._bytes_left -= len(data)
            if self._bytes_left < 0:
                too_long = Failure(outcome=Outcome.MALFORMED, message="the reply is far longer than what was asked for")
                return self._note([too_long], at)
            signal = self._note(self._reader.feed(data), at)
            return signal if self._stream or data.isspace() else max(signal, Signal.CONTENT)
        self._collected += data[: ERROR_BODY_LIMIT - len(self._collected)]
        return Signal.DONE if len(self._collected) >= ERROR_BODY_LIMIT else Signal.CONTENT

    def _decide(self, data: bytes) -> bytes:
        """Check the first bytes of a body of another media type; return those for the reader once the kind is known."""
        start = bytes(self._collected + data).lstrip()
        self._collected.clear()
        answer = begins_as(self._protocol.content_types(stream=self._stream), start)
        self._undecided = answer is None
        if answer is None:
            self._collected += start
        elif answer:
            self._reader = self._protocol.reader(stream=self._stream)
        return start

    def close(self, *, complete: bool, at: float) -> None:
        """Take the end of the exchange; `complete`: the body ended properly."""
        head = self.record.head
        if head is None or self.record.failure is not None or self.record.ended:
            return
        if self._reader is not None:
            if complete:
                self._note(self._reader.close(), at)
            elif isinstance(self._reader, StreamReader):
                self._take(self._reader.catch_up())
        elif 200 <= head.status < 300:
            self.record.failure = self._wrong_type(head)
        else:
            self.record.failure = self._protocol.failure(head, bytes(self._collected))

    def _take(self, events: Sequence[Event]) -> bool:
        """Keep the content of events; return whether there was any."""
        content = False
        for event in events:
            kind = type(event)
            take = _TAKE.get(kind)
            if take is not None:
                take(self.record, event)
                content = content or kind in _CONTENT
        return content

    def _wrong_type(self, head: ReplyHead) -> Failure:
        """Classify a 2xx reply of another media type: a challenge, an error object, or another protocol."""
        body = bytes(self._collected)
        if is_challenge(head.headers):
            return self._protocol.failure(head, body)
        reader = self._protocol.reader(stream=False)
        events = [*reader.feed(body), *reader.close()]
        failure = next((event for event in events if isinstance(event, Failure)), None)
        if failure is not None and failure.outcome is not Outcome.MALFORMED:
            return failure
        got = head.headers.get("content-type", "")
        wanted = " or ".join(sorted(self._protocol.content_types(stream=self._stream)))
        return Failure(outcome=Outcome.MALFORMED, message=f"content type is {got!r}, not {wanted}")

    def _note(self, events: Sequence[Event], at: float) -> Signal:
        if not events:
            return Signal.MORE
        record = self.record
        if record.first_content_at is not None and record.last_event_at is not None:
            gap = at - record.last_event_at
            if record.max_gap_seconds is None or gap > record.max_gap_seconds:
                record.max_gap_seconds = gap
        record.last_event_at = at
        if events is PROGRESS:
            return Signal.PROGRESS
        content = self._take(events)
        if content:
            record.content_chunks += 1
            if record.first_content_at is None:
                record.first_content_at = at
            if record.first_text_at is None and record.text:
                record.first_text_at = at
                if isinstance(self._reader, StreamReader):
                    self._reader.patient = True  # from here on only the times of events are needed at once
        if record.ended or record.failure is not None:
            return Signal.DONE
        return Signal.CONTENT if content else Signal.PROGRESS


def _take_text(record: Record, event: Text) -> None:
    record.text.append(event.text)


def _take_reasoning(record: Record, _: Reasoning) -> None:
    record.reasoned = True


def _take_content(record: Record, event: Content) -> None:
    if len(record.contents) < _CONTENTS_KEPT:
        record.contents.append(event)


def take_call(record: Record, event: ToolCall) -> None:
    """Add a piece to its call. Another id at the same place, or a name without a place, begins another call."""
    for call in reversed(record.calls):
        if call.place != event.place or (event.place is None and event.name):
            continue
        if event.call_id and call.call_id and event.call_id != call.call_id:
            continue
        call.call_id = call.call_id or event.call_id
        call.name += event.name if event.name != call.name else ""  # some repeat it with every piece
        call.pieces.append(event.arguments)
        return
    if len(record.calls) < _CONTENTS_KEPT:
        record.calls.append(Called(event.place, event.call_id, event.name, [event.arguments], event.signature))


def _take_usage(record: Record, event: Usage) -> None:
    old = record.usage
    record.usage = Usage(
        input_tokens=_newer(old.input_tokens, event.input_tokens),
        output_tokens=_newer(old.output_tokens, event.output_tokens),
        reasoning_tokens=_newer(old.reasoning_tokens, event.reasoning_tokens),
        cached_input_tokens=_newer(old.cached_input_tokens, event.cached_input_tokens),
    )


def _newer(old: Amount | None, new: Amount | None) -> Amount | None:
    """Return the last number; a late zero is ignored, because gateways send it for what they did not count."""
    return old if new is None or (new == 0 and old) else new


def _take_meta(record: Record, event: Meta) -> None:
    record.meta = Meta(
        response_model=event.response_model or record.meta.response_model,
        system_fingerprint=event.system_fingerprint or record.meta.system_fingerprint,
        request_id=event.request_id or record.meta.request_id,
        server_seconds=_newer(record.meta.server_seconds, event.server_seconds),
        load_seconds=_newer(record.meta.load_seconds, event.load_seconds),
    )


def _take_stopped(record: Record, event: Stopped) -> None:
    record.stopped = event


def _take_failure(record: Record, event: Failure) -> None:
    record.failure = record.failure or event


def _take_end(record: Record, _: End) -> None:
    record.ended = True


_CONTENT: Final = frozenset({Text, Reasoning, Content, ToolCall})
_TAKE: Final[Mapping[type, Callable[..., None]]] = {
    Text: _take_text,
    Reasoning: _take_reasoning,
    Content: _take_content,
    ToolCall: take_call,
    Usage: _take_usage,
    Meta: _take_meta,
    Stopped: _take_stopped,
    Failure: _take_failure,
    End: _take_end,
}
"""By the exact class of the event; any other class counts only as progress."""
