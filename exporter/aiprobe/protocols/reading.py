"""The two readers that every protocol shares: one for event streams, one for whole JSON bodies.

A protocol supplies its dialect. The readers handle what all share: errors in any framing, broken bytes, no event
after the end. `probes/` decides whether an answer is good.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from typing import Protocol as Interface

from aiprobe.protocols.base import End, Event, Failure, Finish, Meta, Progress, Reasoning, Stopped, Text
from aiprobe.protocols.jsonvalues import UnreadableError, an_id, any_object, load
from aiprobe.protocols.judging import errors
from aiprobe.protocols.sse import MAX_EVENT_BYTES, Frame, FrameParser

EVENT_STREAM: Final = frozenset({"text/event-stream"})
JSON_BODY: Final = frozenset({"application/json"})
PROGRESS: Final[Sequence[Event]] = (Progress(),)
NOTHING: Final[Sequence[Event]] = ()
_LAST: Final = frozenset({End, Failure})
_GOES_ON: Final = frozenset({Progress, Text, Reasoning})
_MOST_PUT_OFF: Final = 32
"""Plain events that are decoded together: each is at most a slice of the transport, 1 KiB."""
_BARE_TRIES: Final = 16
"""Attempts to decode unframed JSON before the end of the body: each reads all of it again."""


class Dialect(Interface):
    """What one protocol makes of the frames of one stream. Raises `UnreadableError` for what it does not allow.

    An `End` or a `Failure` is the last event of what it returns.
    """

    def take(self, frame: Frame) -> Sequence[Event]:
        """Return the events of one frame; `[DONE]` sentinels and undecoded JSON arrive as they are."""

    def close(self) -> Sequence[Event]:
        """Return what the end of the body proves, such as an `End` where the protocol has no terminal event."""


@dataclass(frozen=True, slots=True)
class Plain:
    """How a dialect recognises an event that only adds content, and reads its document."""

    fits: Callable[[bytes], bool]
    """Returns whether the bytes of an event can neither end the stream nor fail it."""
    take: Callable[[Sequence[object]], Sequence[Event]]
    """Returns the events of such documents, one after the other."""


class StreamReader:
    """Reads an event stream; a `base.Reader`."""

    __slots__ = (
        "_bare",
        "_bare_tries",
        "_dialect",
        "_finish",
        "_over",
        "_parser",
        "_plain",
        "_put_off",
        "_puts_off",
        "_restated",
        "patient",
    )

    def __init__(self, dialect: Dialect, *, plain: Plain | None = None) -> None:
        self.patient = False
        """Whether plain events are only counted as they come, and decoded together before the next event that is
        not plain: decoding many at once costs a fraction of decoding each as it comes."""
        self._dialect = dialect
        self._plain = plain
        self._put_off: list[bytes] = []
        self._puts_off = _MOST_PUT_OFF
        self._parser = FrameParser()
        self._bare = bytearray()
        """Lines outside any event, in one array: a million objects would hold the event loop when they are freed."""
        self._bare_tries = _BARE_TRIES
        self._finish: Finish | None = None
        self._restated = False
        self._over = False

    def feed(self, data: bytes) -> Sequence[Event]:
        """Take the next bytes, cut anywhere; return the events that they completed."""
        if self._over:
            return NOTHING
        if self.patient and self._plain is not None and self._plain.fits(data) and self._parser.is_one_event(data):
            self._put_off.append(data[6:-2])
            self._puts_off -= 1
            return PROGRESS if self._puts_off else self.catch_up() or PROGRESS
        events = list(self.catch_up())
        if events and type(events[-1]) in _LAST:
            return events
        frames = self._parser.feed(data)
        for frame in frames:
            try:
                made = self._read(frame)
            except UnreadableError as problem:
                made = (errors.malformed(str(problem)),)
            if len(frames) == 1 and len(made) == 1 and not events and type(made[0]) in _GOES_ON:  # the usual case
                return made
            if self._add(made, events):
                return events
        if self._parser.oversized:
            self._add((errors.malformed(f"an event of more than {MAX_EVENT_BYTES} bytes"),), events)
        return events

    def close(self) -> Sequence[Event]:
        """Take the end of the body.

        A last event that cannot be read was cut off: the reply is truncated, not malformed.
        """
        if self._over:
            return NOTHING
        events = list(self.catch_up())
        if events and type(events[-1]) in _LAST:
            return events
        for frame in self._parser.close():
            try:
                made = self._read(frame)
            except UnreadableError:
                continue
            if self._add(made, events):
                return events
        if not self._add((End(),) if self._restated else self._dialect.close(), events) and self._bare:
            made = _error_in(bytes(self._bare)) or (errors.malformed("not an event stream"),)
            self._add(made, events)
        self._over = True
        return events

    def catch_up(self) -> Sequence[Event]:
        """Return the events of what was put off."""
        if not self._put_off or self._plain is None:
            return NOTHING
        put_off, self._put_off, self._puts_off = self._put_off, [], _MOST_PUT_OFF
        try:
            documents = load(b"[%b]" % b",".join(put_off))
            if isinstance(documents, list) and len(documents) == len(put_off):
                return self._plain.take(documents)
        except UnreadableError:
            pass  # one of them is broken, and what came before it counts
        events: list[Event] = []
        for data in put_off:
            try:
                made = self._plain.take([load(data)])
            except UnreadableError as problem:
                made = (errors.malformed(str(problem)),)
            if self._add(made, events):
                break
        return events

    def _add(self, made: Sequence[Event], events: list[Event]) -> bool:
        """Add events; return whether they are the last. An error that restates a known stop is none."""
        for event in made:
            if isinstance(event, Stopped):
                self._finish = event.finish
            if isinstance(event, Failure) and errors.restates(event, self._finish):
                self._restated = True
                continue
            events.append(event)
            self._over = self._over or type(event) in _LAST
        return self._over

    def _read(self, frame: Frame) -> Sequence[Event]:
        if frame.bare:
            return self._read_bare(frame.data)
        if frame.event == b"error":
            return _named_error(frame.data)
        return self._dialect.take(frame)

    def _read_bare(self, line: bytes) -> Sequence[Event]:
        """Keep a line outside any event: an error object may be spread over several (Google, without `alt=sse`)."""
        self._bare += line + b"\n"
        if len(self._bare) > MAX_EVENT_BYTES:
            raise UnreadableError("not an event stream")
        closes = line[:1] not in b" \t" and line.rstrip().endswith((b"}", b"]"))
        if not closes or not self._bare_tries:
            return NOTHING
        self._bare_tries -= 1
        return _error_in(bytes(self._bare))


class BodyReader:
    """Reads one JSON body at its end; a `base.Reader`. The transport bounds the size."""

    __slots__ = ("_pieces", "_read")

    def __init__(self, read: Callable[[object], Sequence[Event]]) -> None:
        self._read = read
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> Sequence[Event]:
        """Keep the next bytes; JSON is read when it is whole."""
        self._pieces.append(data)
        return NOTHING

    def close(self) -> Sequence[Event]:
        """Return every event of the body. A body of nothing is a complete reply without content."""
        body = b"".join(self._pieces).strip()
        self._pieces.clear()
        if not body:
            return (End(),)
        try:
            document = load(body)
        except UnreadableError as problem:
            return (errors.malformed(str(problem)),)
        failed = error_events(document)
        failure = errors.in_document(document)
        if failure is not None and not errors.restates(failure, Finish.LENGTH):
            return failed
        try:
            made = self._read(document)
        except UnreadableError as problem:
            return failed or errors.in_odd_document(document) or (errors.malformed(str(problem)),)
        out_of_tokens = any(isinstance(event, Stopped) and event.finish is Finish.LENGTH for event in made)
        return made if out_of_tokens else failed or made


def load_frame(frame: Frame, *, own: bytes) -> tuple[dict[str, Any], Sequence[Event]]:
    """Decode the object in a frame; return it with the events of the error that it carries, if any.

    `own` is what a frame of the dialect holds: one without it may be an error in an envelope of its own. Words are
    looked for in the bytes first: this runs for every token.

    Raises:
        UnreadableError: for what is no JSON object, no list with an error and no words.
    """
    data = frame.data
    try:
        document = load(data)
    except UnreadableError:
        if not _is_words(data):
            raise
        document = data.decode()
    if isinstance(document, str) and document.strip():
        return {}, (errors.of_error(document),)
    failed = error_events(document) if b"error" in data or b"base_resp" in data else NOTHING
    if not failed and own not in data:
        failed = errors.in_odd_document(document)
    if isinstance(document, dict):
        return document, failed
    if failed:
        return {}, failed
    raise UnreadableError(f"{type(document).__name__} where an object belongs")


def _is_words(data: bytes) -> bool:
    """Return whether data is plain words, and not broken JSON, a page, or a sentinel that was cut."""
    try:
        text = data.decode().strip()
    except UnicodeDecodeError:
        return False
    return text.removeprefix("[")[:1].isalpha() and not b"[DONE]".startswith(text.encode())


def error_events(document: object) -> Sequence[Meta | Failure]:
    """Return the failure that a document inside a 2xx reply carries, with its request id; empty if it carries none."""
    failure = errors.in_document(document)
    if failure is None:
        return ()
    request_id = an_id(any_object(document).get("request_id"))
    return (Meta(request_id=request_id), failure) if request_id else (failure,)


def _named_error(data: bytes) -> Sequence[Event]:
    """Read a frame named `error`, whose data may be any error shape or plain text."""
    try:
        document = load(data)
    except UnreadableError:
        document = data.decode("utf-8", "replace")
    return error_events(document) or (errors.of_error(document),)


def _error_in(data: bytes) -> Sequence[Event]:
    if b'"error"' not in data:
        return NOTHING
    try:
        return error_events(load(data))
    except UnreadableError:
        return NOTHING
