"""One wire protocol as a value: the functions that build its requests and read its replies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiprobe.core.model import Provider
from aiprobe.protocols import headers
from aiprobe.protocols.base import Ask, Event, Failure, HeadFacts, Reader, ReplyHead, Request
from aiprobe.protocols.judging import errors
from aiprobe.protocols.reading import EVENT_STREAM, JSON_BODY, BodyReader
from aiprobe.protocols.request import Forms


class Picture(NamedTuple):
    """The input tokens of one picture of 128 times 64 pixels, by the provider's own rule."""

    most_tokens: int
    """Of any of its models."""
    usual_tokens: int


_NO_PICTURE: Final = Picture(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """One wire protocol. It has no state: one value serves every target."""

    name: str
    """The name that configurations use."""
    request: Callable[[Provider, Ask], Request]
    """Builds the request that asks."""
    models_request: Callable[[Provider], Request]
    """Builds the request of the zero-cost list endpoint."""
    read: Callable[[object], Sequence[Event]]
    """Returns the events of a whole JSON reply, or raises `UnreadableError`."""
    streamed: Callable[[], Reader] | None = None
    """Returns a fresh reader of a streamed reply; None where there is no stream."""
    stream_types: frozenset[str] = EVENT_STREAM
    """The media types of a streamed reply."""
    forms: Forms = field(default_factory=dict)
    """What it can ask for beside text: by `Ask.form`, the fields of the body that ask for it."""
    picture: Picture = _NO_PICTURE
    """What a picture costs, where `forms` has `vision`."""
    call_finishes: frozenset[str] = frozenset()
    """The reasons to stop (see `finishes.word`) of a reply that calls a tool."""
    request_ids: tuple[str, ...] = headers.OPENAI_REQUEST_IDS
    """The response headers of a request's id; the first that is present wins, after the provider's own."""
    failure: Callable[[ReplyHead, bytes], Failure] = errors.in_reply
    """Returns what a reply with a status outside 2xx means; its body may be anything, also cut short."""
    loads_first: bool = False
    """The service sends nothing while it loads a model: only the total limit separates a cold start from an outage."""

    def reader(self, *, stream: bool) -> Reader:
        """Return a fresh reader for one 2xx reply to `request`."""
        return self.streamed() if stream and self.streamed is not None else BodyReader(self.read)

    def content_types(self, *, stream: bool) -> frozenset[str]:
        """Return the media types (lower case, without parameters) that a 2xx reply may have."""
        return self.stream_types if stream and self.streamed is not None else JSON_BODY

    def head(self, provider: Provider, head: ReplyHead) -> HeadFacts:
        """Read the headers of a reply."""
        return headers.facts(provider, head, request_ids=self.request_ids)
