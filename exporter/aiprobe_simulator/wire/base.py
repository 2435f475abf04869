"""What every protocol of the simulator offers: a request is read, a reply is cut into parts, an error is put in words.

Pure: no sockets, no clocks. When a part is sent, and whether it is sent at all, is decided by `playback.py`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal
from typing import Protocol as Interface

from aiprobe_simulator.answer import loops, tokens_of

Json = dict[str, Any]
Kind = Literal["chat", "embeddings", "rerank", "models", "mcp", "realtime", "web", "egress"]
"""What a path asks for."""
Form = Literal["text", "tools", "structured", "vision", "turns", "custom"]
"""In what form an answer of a chat is asked for. `custom` is `text` on the wire, and judged in another way."""
DEFAULT_CAP: Final = 4_096
"""Output tokens where a request names no cap."""


class Trouble(StrEnum):
    """What is wrong, in one word for every protocol; each has its own body for it."""

    BAD_REQUEST = "bad_request"
    BAD_KEY = "bad_key"
    UNAUTHORIZED = "unauthorized"
    QUOTA_400 = "quota_400"
    PAYMENT = "payment"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    UNPROCESSABLE = "unprocessable"
    DEPENDENCY = "dependency"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    OVERLOADED_429 = "overloaded_429"
    CAPACITY = "capacity"
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway_timeout"
    OVERLOADED = "overloaded"


STATUS: Final[Mapping[Trouble, int]] = {
    Trouble.BAD_REQUEST: 400,
    Trouble.BAD_KEY: 401,
    Trouble.UNAUTHORIZED: 401,
    Trouble.QUOTA_400: 400,
    Trouble.PAYMENT: 402,
    Trouble.FORBIDDEN: 403,
    Trouble.NOT_FOUND: 404,
    Trouble.TIMEOUT: 408,
    Trouble.TOO_LARGE: 413,
    Trouble.UNPROCESSABLE: 422,
    Trouble.DEPENDENCY: 424,
    Trouble.RATE_LIMITED: 429,
    Trouble.QUOTA: 429,
    Trouble.OVERLOADED_429: 429,
    Trouble.CAPACITY: 498,
    Trouble.SERVER_ERROR: 500,
    Trouble.UNAVAILABLE: 503,
    Trouble.GATEWAY_TIMEOUT: 504,
    Trouble.OVERLOADED: 529,
}
"""The HTTP status that goes with each trouble, where the protocol has no other."""


class Finish(StrEnum):
    """Why the model stops. REFUSED: it declines by itself, FILTERED: something in front of it does."""

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"
    FILTERED = "filtered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a request asks for."""

    model: str
    prompt: str = ""
    """The last user message."""
    input_tokens: int = 0
    """Of all messages."""
    cap: int | None = None
    """Maximum of output tokens; None without one in the request."""
    stream: bool = False
    show_usage: bool = True
    """The stream ends with its token counts."""
    tool: str = ""
    """The name of the tool that is offered."""
    result: str = ""
    """What the tool returned to the last call, where that is the last message."""
    structured: bool = False
    """JSON of a schema is asked for."""
    digits: str = ""
    """What a picture in it shows."""
    inputs: tuple[str, ...] = ()
    """The texts of an embeddings or a rerank request."""
    dimensions: int = 256
    base64: bool = False

    @property
    def form(self) -> Form:
        """Return in what form the answer is asked for."""
        if self.structured:
            return "structured"
        if self.digits:
            return "vision"
        if self.tool:
            return "turns" if loops(self.prompt) else "tools"
        return "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer of the model: one token per piece."""

    text: tuple[str, ...] = ()
    tool: str = ""
    """What is called: the text is its arguments then."""
    calls: int = 1
    """How often it is called."""
    unsaid: bool = False
    """The finish reason is that of a text, although a tool is called."""
    reasoning: tuple[str, ...] = ()
    shown: bool = True
    """The reasoning is streamed, not only billed."""
    finish: Finish = Finish.STOP
    vector: tuple[float, ...] | None = None
    """Of an embedding: what to send in place of the right one."""

    @property
    def output_tokens(self) -> int:
        """Return all tokens that are billed as output, reasoning included."""
        return len(self.text) * self.calls + len(self.reasoning)

    @property
    def words(self) -> str:
        """Return the visible text, or the arguments of a call."""
        return "".join(self.text)

    @property
    def arguments(self) -> Json:
        """Return the arguments of a call as an object; broken ones leave nothing of it."""
        try:
            found = json.loads(self.words)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def says_call(self) -> bool:
        """Return whether the finish reason is that of a call."""
        return bool(self.tool) and not self.unsaid and self.finish is Finish.STOP

    @property
    def thoughts(self) -> str:
        """Return the reasoning that is shown."""
        return "".join(self.reasoning) if self.shown else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What sets one reply apart from all others."""

    provider: str
    request_id: str
    created_timestamp_seconds: int
    number: int
    """How many requests this simulator had before."""
    processing_ms: int = 0
    """The value of the timing headers: milliseconds until the reply starts."""
    key: str = ""
    """The credential of the request, which some providers echo in part."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a reply that belong together. `open` goes out at once, `close` after the last token."""

    kind: Literal["open", "reasoning", "text", "close"]
    data: bytes


class BadCall(ValueError):  # noqa: N818 - it is the caller's fault, not an error of ours
    """A request that a real provider refuses; has the trouble and its message."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


class Wire(Interface):
    """One protocol. Stateless: one instance serves every provider that uses it."""

    @property
    def name(self) -> str:
        """Return the name that the fault table uses."""

    @property
    def kind(self) -> Kind:
        """Return what it is asked for."""

    @property
    def posted(self) -> re.Pattern[str]:
        """Return the end of each path to which a request is posted."""

    @property
    def base(self) -> str:
        """Return the path below the provider's that a `base_url` ends with."""

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:
        """Read a request. Raises `BadCall` for what a real provider refuses."""

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:
        """Return the reply that is not streamed."""

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Cut the streamed reply into parts, one token each."""

    def error(self, trouble: Trouble, stamp: Stamp, *, message: str | None = None) -> tuple[int, Json]:
        """Return status and body of an error; `message` replaces the provider's usual words."""

    def stream_error(self, trouble: Trouble, stamp: Stamp, *, sent: int) -> bytes:
        """Return the bytes of an error after `sent` parts of a stream."""

    def headers(self, stamp: Stamp, *, exhausted: bool = False) -> dict[str, str]:
        """Return the provider's own headers; `exhausted`: nothing remains of a limit."""

    def models(self, names: tuple[str, ...], stamp: Stamp, *, limit: int | None) -> Json:
        """Return the list of models, as much of it as was asked for."""


def event(data: Json | str, name: str | None = None) -> bytes:
    """Return one server-sent event."""
    line = data if isinstance(data, str) else compact(data)
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {line}\n\n".encode()


def compact(data: object) -> str:
    """Return JSON without spaces, as providers send it."""
    return json.dumps(data, separators=(",", ":"))


def halves(body: Json) -> Iterator[Part]:
    """Cut a reply that is not streamed into two parts, so that it can break in the middle like a stream."""
    data = compact(body).encode()
    yield Part("text", data[: len(data) // 2])
    yield Part("text", data[len(data) // 2 :])


def answer_parts(
    answer: Answer, *, reasoning: str | None, text: str
) -> Iterator[tuple[Literal["reasoning", "text"], str, str]]:
    """Give every token that is shown as (kind, the protocol's word for the kind, token), in order."""
    if answer.shown and reasoning is not None:
        for piece in answer.reasoning:
            yield "reasoning", reasoning, piece
    for piece in answer.text:
        yield "text", text, piece


def call_ids(answer: Answer, stamp: Stamp, prefix: str) -> list[str]:
    """Return an id for each call of the answer."""
    return [f"{stamp.request_id.replace('req_', prefix)}{number}" for number in range(answer.calls * bool(answer.tool))]


def offered(tools: object, *path: str) -> str:
    """Return the name of the first tool of a list, where each has it at `path`. Raises `BadCall` where it has none."""
    if not tools:
        return ""
    found = tools[0] if isinstance(tools, list) else None
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
        found = found[0] if isinstance(found, list) and found else found
    if not isinstance(found, str):
        raise BadCall(Trouble.BAD_REQUEST, f"tools: each needs {'.'.join(path)}")
    return found


def flattened(content: object) -> str:
    """Return the text of a message's content: a string, or a list of parts of which some hold text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)
    return ""


def last_user_text(messages: object, *, name: str) -> tuple[str, int]:
    """Return the last text of the user and the input tokens of all. Raises `BadCall` where no message is the user's."""
    if not isinstance(messages, list) or not messages or not all(isinstance(message, dict) for message in messages):
        raise BadCall(Trouble.BAD_REQUEST, f"{name}: at least one message is required")
    texts = [(message.get("role"), flattened(message.get("content"))) for message in messages]
    asked = [text for role, text in texts if role == "user"]
    if not asked:
        raise BadCall(Trouble.BAD_REQUEST, f"{name}: no message has the role user")
    return next((text for text in reversed(asked) if text), ""), sum(tokens_of(text) for _, text in texts)


def required_model(body: Json) -> str:
    """Return the model of a request. Raises `BadCall` where it names none, or one that does not exist."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadCall(Trouble.BAD_REQUEST, "model: field required")
    return known_model(model)


def known_model(model: str) -> str:
    """Return `model`. Raises `BadCall` for the one name that no provider of the simulator has."""
    if model == "no-such-model":
        raise BadCall(Trouble.NOT_FOUND, f"model: {model}")
    return model


def token_cap(body: Json, *names: str, least: int = 1) -> int | None:
    """Return the first token cap that the request has under one of `names`. Raises `BadCall` for an impossible one."""
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise BadCall(Trouble.BAD_REQUEST, f"{name}: must be an integer of at least {least}, got {value!r}")
        return value
    return None
