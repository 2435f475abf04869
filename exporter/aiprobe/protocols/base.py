"""What goes into a wire protocol and comes out of it: a request, and the events of a reply.

Pure: no sockets, no clocks. A protocol returns the content of a reply; `probes/` decides whether the answer is good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal
from typing import Protocol as Interface

from aiprobe.core.model import RateLimit
from aiprobe.core.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the model may call."""

    name: str
    description: str
    parameters: Mapping[str, object]
    """A JSON Schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of a tool, or a piece of one: the first has the name, the others add to the arguments."""

    place: object = None
    """What pieces of one call share: an index or an id; None for a call that is whole."""
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    """Text of JSON, or what was to be it, or a part of it."""
    signature: str = ""
    """What has to come back with the call (Gemini)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str = ""
    call: ToolCall | None = None
    """Of the assistant: what it called. Of the user: what the text is the result of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What to ask a model: everything that a chat or embeddings request depends on but the prompt's nonce."""

    model: str
    prompt: str = ""
    """May hold placeholders that the probe replaces in the built bytes; ASCII letters and digits only, so that no
    protocol escapes them."""
    max_output_tokens: int = 64
    stream: bool = True
    reasoning: str | None = None
    """In the protocol's own value; None sends nothing."""
    extra_body: Mapping[str, object] = field(default_factory=dict)
    """Merged over the body last, so that the user's fields have precedence."""
    form: str = ""
    """What is asked for beside text: a key of `Protocol.forms`, and the field below that it reads."""
    tool: Tool | None = None
    documents: tuple[str, ...] = ()
    """To be ranked by the prompt."""
    picture: str = ""
    """A PNG in base64, or the placeholder for one."""
    schema: Mapping[str, object] = field(default_factory=dict)
    """What the answer must be an instance of, as JSON."""
    messages: tuple[Message, ...] = ()
    """In place of the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, without its origin."""

    method: str
    path: str
    """What follows the host, with the query; the path of `base_url` is included."""
    headers: tuple[tuple[str, str], ...] = ()
    """Lower-case names. Without host, content-length, connection and the credential, which the probe adds."""
    body: bytes = b""
    base_url: str | None = None
    """Where to ask instead of the provider's own `base_url`: the same service under another host of the provider."""


class Finish(StrEnum):
    """Why a model stopped, in one spelling for every protocol."""

    STOP = "stop"
    LENGTH = "length"
    FILTERED = "filtered"
    ERROR = "error"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Text:
    """Visible text, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Text that the model thinks and the user does not see as the answer; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """Content of another sort than text: a tool call, an image, a vector. Proves life, answers nothing."""

    kind: str
    vector: tuple[float, ...] | None = None
    """Of an embedding, as it came: may be empty or hold values that are not finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as billed so far. None means not reported; the last number of each field is the valid one."""

    input_tokens: int | None = None
    """All input, what came from a cache included."""
    output_tokens: int | None = None
    """All output, reasoning included."""
    reasoning_tokens: int | None = None
    cached_input_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What a reply reports about itself."""

    response_model: str | None = None
    system_fingerprint: str | None = None
    request_id: str | None = None
    server_seconds: float | None = None
    """The processing time that the service reports."""
    load_seconds: float | None = None
    """How long it took to load the model before it could answer."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The reason why the model stopped."""

    finish: Finish
    reason: str
    """The provider's own word, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error object inside a 2xx reply, or bytes that the protocol does not allow (`malformed`)."""

    outcome: Outcome
    error_type: str = ""
    """The provider's own name for it."""
    message: str = ""
    """The provider's own words: untrusted."""
    from_in_front: bool = False
    """What answered is no API but infrastructure in front of it, or of another place that `base_url` names."""


@dataclass(frozen=True, slots=True)
class Progress:
    """An event of the protocol that is neither content nor keepalive."""


@dataclass(frozen=True, slots=True)
class End:
    """The protocol's terminal event: nothing is missing after it."""


Event = Text | Reasoning | Content | ToolCall | Usage | Meta | Stopped | Failure | Progress | End
"""Keepalives (comments, pings, blank lines) make no event."""


class Reader(Interface):
    """Turns the bytes of one 2xx reply into events. Never raises on bytes: what is wrong becomes a `Failure`."""

    def feed(self, data: bytes) -> Sequence[Event]:
        """Take the next bytes, cut anywhere; return the events that they completed, none after `Failure` or `End`."""

    def close(self) -> Sequence[Event]:
        """Take the end of the body; return what was still pending. Without an `End` so far the reply was truncated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyHead:
    """Status and headers of a reply."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names; of a repeated header the values joined by `, `."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadFacts:
    """What the headers of a reply report, with any status."""

    request_id: str | None = None
    rate_limits: tuple[RateLimit, ...] = ()
    retry_after_seconds: float | None = None
    """As sent; the caller decides whether the status lets it count."""
    server_seconds: float | None = None
    provider_region: str | None = None
    deployment: str | None = None
    """Which deployment answered (Azure)."""
    spilled_from: str | None = None
    """Which deployment was full, so that another one answered (Azure)."""
