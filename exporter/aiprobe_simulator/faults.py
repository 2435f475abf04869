"""Every fault that the simulator can produce, in one table: its effect, its requests, and the outcome that is right.

Data only. How a fault is produced stands in `changes.py` (another answer), `takes.py` (a broken stream), `breaks.py`
(no reply at all) and `pages.py` (something that is not the provider's reply).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from aiprobe_simulator.wire import WIRES
from aiprobe_simulator.wire.base import STATUS, Form, Kind, Trouble

Stage = Literal["pace", "break", "status", "page", "head", "answer", "stream"]
Value = float | str

KINDS: Final[Mapping[str, Kind]] = {
    **{wire.name: wire.kind for wire in WIRES.values()},
    "models": "models",
    "realtime": "realtime",
    "web": "web",
    "egress": "egress",
}
"""What can be asked (a protocol by its name in a config, or a kind without one), and the kind of path that it is."""

EVERY_FORM: Final[frozenset[Form]] = frozenset(get_args(Form))
_SCHEMA: Final[frozenset[Form]] = frozenset({"structured"})
_TOOLS: Final[frozenset[Form]] = frozenset({"tools", "turns"})
_TURNS: Final[frozenset[Form]] = frozenset({"turns"})
_VISION: Final[frozenset[Form]] = frozenset({"vision"})
EVERYWHERE: Final[frozenset[Kind]] = frozenset(KINDS.values())
_CHAT: Final[frozenset[Kind]] = frozenset({"chat"})
_MODEL: Final[frozenset[Kind]] = frozenset({"chat", "embeddings", "rerank"})
_API: Final[frozenset[Kind]] = frozenset({"chat", "embeddings", "rerank", "models", "mcp"})
_PAGES: Final[frozenset[Kind]] = frozenset({"web"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to misbehave."""

    name: str
    about: str
    """One sentence: what happens on the wire."""
    stage: Stage
    """Where it strikes; pace: only the timing, and it goes together with a fault of another stage."""
    outcome: str
    """What a truthful prober reports for streamed chat, and for everything else without a word of its own."""
    whole: str | None = None
    """The same where nothing is streamed, if it differs."""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    """Exceptions, by key of `KINDS`; they hold streamed or not."""
    kinds: frozenset[Kind] = EVERYWHERE
    forms: frozenset[Form] = EVERY_FORM
    """Of a chat: in what form an answer must be asked for."""
    in_form: Mapping[Form, str] = field(default_factory=dict)
    """Exceptions by that form; they are stronger than all others."""
    streamed_only: bool = False
    """It cannot happen to a reply that is not streamed."""
    params: Mapping[str, Value] = field(default_factory=dict)
    """What can be set, with its default; names carry their unit."""
    trouble: Trouble | None = None
    """Of a status, or of an error inside a reply: the trouble in the body."""

    def expected(self, asked: str, *, stream: bool = True, form: Form = "text") -> str | None:
        """Return the outcome that a truthful prober reports, or None where the fault cannot happen.

        `asked` is a key of `KINDS`; `stream` counts for chat only. What a prober's own limits decide is given for
        limits that are longer than an injected delay and shorter than for ever.
        """
        kind = KINDS[asked]
        streamed = stream and kind == "chat"
        if kind not in self.kinds or form not in self.forms or (self.streamed_only and not streamed):
            return None
        if form in self.in_form:
            return self.in_form[form]
        if asked in self.outcomes:
            return self.outcomes[asked]
        return self.outcome if streamed or self.whole is None else self.whole


_LOADS_FIRST: Final = {"ollama-chat": "timeout_total"}
"""A service that sends nothing while it loads a model: a prober waits for its whole limit."""
_TOO_MANY: Final = 429
_ON_A_PAGE: Final = frozenset({"auth", "quota_exhausted", "not_found", "bad_request"})
"""What a page has not: for an http probe such a status is merely an unexpected one."""


def _status(name: str, about: str, trouble: Trouble, outcome: str, **params: Value) -> Fault:
    turned_away = outcome == "quota_exhausted" and STATUS[trouble] == _TOO_MANY
    pages = {key: "server_error" for key in ("web", "egress") if outcome in _ON_A_PAGE and not turned_away}
    return Fault(
        name=name, about=about, stage="status", outcome=outcome, outcomes=pages, params=params, trouble=trouble
    )


def _answer(name: str, about: str, outcome: str, *, kinds: frozenset[Kind] = _CHAT, **params: Value) -> Fault:
    return Fault(name=name, about=about, stage="answer", outcome=outcome, kinds=kinds, params=params)


def _in_form(forms: frozenset[Form], name: str, about: str) -> Fault:
    return Fault(name=name, about=about, stage="answer", outcome="wrong_answer", kinds=_CHAT, forms=forms)


def _told(name: str, about: str, trouble: Trouble, outcome: str) -> Fault:
    return Fault(name=name, about=about, stage="stream", outcome=outcome, kinds=_MODEL, trouble=trouble)


def _page(name: str, about: str, outcome: str, **more: Mapping[str, str] | frozenset[Kind]) -> Fault:
    return Fault(name=name, about=about, stage="page", outcome=outcome, **more)  # type: ignore[arg-type]  # by key


_PACE: Final = (
    Fault(
        name="slow_headers",
        about="The status line comes only after the delay; the reply is right.",
        stage="pace",
        outcome="ok",
        params={"delay_seconds": 2.0},
    ),
    Fault(
        name="slow_first_token",
        about="Headers and opening events come at once, the first token after exactly the delay; the reply is right.",
        stage="pace",
        outcome="ok",
        kinds=_API,
        params={"delay_seconds": 2.0},
    ),
    Fault(
        name="slow_stream",
        about="The gap is between any two tokens; the reply is right.",
        stage="pace",
        outcome="ok",
        kinds=_CHAT,
        params={"gap_seconds": 0.5},
    ),
)
_BREAKS: Final = (
    Fault(
        name="hang_before_headers",
        about="The request is read, and nothing is ever answered.",
        stage="break",
        outcome="timeout_first_token",
        outcomes=_LOADS_FIRST,
        whole="timeout_total",
    ),
    Fault(
        name="close_before_reply",
        about="The connection is closed without a byte of reply.",
        stage="break",
        outcome="disconnected",
    ),
    Fault(
        name="reset_before_reply",
        about="The connection is reset (TCP RST) without a byte of reply.",
        stage="break",
        outcome="disconnected",
    ),
    Fault(
        name="not_http",
        about="Bytes that are not HTTP come in place of a reply.",
        stage="break",
        outcome="malformed",
    ),
    Fault(
        name="oversize_head",
        about="The reply has a header of 1 MiB.",
        stage="break",
        outcome="malformed",
        params={"bytes": 1 << 20},
    ),
    Fault(
        name="short_body",
        about="The reply ends, and the connection with it, before the content-length that it promised.",
        stage="break",
        outcome="disconnected",
    ),
)
_STATUSES: Final = (
    _status("bad_request_400", "400: the request is not valid.", Trouble.BAD_REQUEST, "bad_request"),
    _status(
        "bad_key",
        "The provider's own answer to a bad key: 401, for Gemini 400, for Bedrock 403.",
        Trouble.BAD_KEY,
        "auth",
    ),
    _status("unauthorized_401", "401: the key is not accepted.", Trouble.UNAUTHORIZED, "auth"),
    _status("quota_400", "400 with the message that the credit is used up.", Trouble.QUOTA_400, "quota_exhausted"),
    _status("payment_402", "402: there is no credit.", Trouble.PAYMENT, "quota_exhausted"),
    _status("forbidden_403", "403: the key may not do this.", Trouble.FORBIDDEN, "auth"),
    _status("not_found_404", "404: no such model.", Trouble.NOT_FOUND, "not_found"),
    _status("timeout_408", "408: the provider gave up.", Trouble.TIMEOUT, "server_error"),
    _status("too_large_413", "413: the request is too large.", Trouble.TOO_LARGE, "bad_request"),
    _status("unprocessable_422", "422: the request cannot be processed.", Trouble.UNPROCESSABLE, "bad_request"),
    _status("dependency_424", "424: something behind the model failed.", Trouble.DEPENDENCY, "server_error"),
    _status(
        "rate_limited_429", "429 with `Retry-After`.", Trouble.RATE_LIMITED, "rate_limited", retry_after_seconds=20
    ),
    _status("rate_limited_429_bare", "429 without `Retry-After`.", Trouble.RATE_LIMITED, "rate_limited"),
    _status(
        "quota_429", "429 with the message that the quota or spend limit is used up.", Trouble.QUOTA, "quota_exhausted"
    ),
    _status(
        "overloaded_429", "429 with the message that the model is overloaded.", Trouble.OVERLOADED_429, "overloaded"
    ),
    _status("capacity_498", "498: this tier has no capacity.", Trouble.CAPACITY, "overloaded"),
    _status("server_error_500", "500 with the provider's error object.", Trouble.SERVER_ERROR, "server_error"),
    _status("unavailable_503", "503 with the provider's error object.", Trouble.UNAVAILABLE, "overloaded"),
    _status(
        "unavailable_503_retry_after",
        "503 with `Retry-After`, which is not to be honoured on a 5xx.",
        Trouble.UNAVAILABLE,
        "overloaded",
        retry_after_seconds=3600,
    ),
    _status(
        "gateway_timeout_504", "504: the model did not answer its gateway.", Trouble.GATEWAY_TIMEOUT, "server_error"
    ),
    _status("overloaded_529", "529: overloaded.", Trouble.OVERLOADED, "overloaded"),
)
_PAGES_FAULTS: Final = (
    _page("bad_gateway_502", "502 with an HTML page of the gateway.", "server_error"),
    _page("unavailable_503_html", "503 with an HTML page of the gateway.", "overloaded"),
    _page("cdn_520", "520 with an HTML page of the CDN: the origin answered rubbish.", "server_error"),
    _page("challenge_403", "403 with a bot challenge and `cf-mitigated: challenge`.", "challenged"),
    _page("challenge_405", "405 with a CDN's HTML page, in place of the reply.", "challenged"),
    _page("html_200", "200 with an HTML page in place of the reply.", "malformed", kinds=_API),
    _page("maintenance_page", "200 with a page of maintenance: back soon.", "wrong_answer", kinds=_PAGES),
    _page("blank_page", "200 without a body.", "empty", kinds=_PAGES),
    _page("redirect_loop", "302 to itself, for ever.", "server_error", kinds=_PAGES),
    Fault(
        name="redirect_elsewhere",
        about="302 to the same page on another origin (`localhost`), which is well; or to `location`.",
        stage="page",
        outcome="ok",
        kinds=_PAGES,
        params={"location": ""},
    ),
)
_HEADS: Final = (
    Fault(
        name="wrong_content_type",
        about="The right reply calls itself `text/plain`.",
        stage="head",
        outcome="ok",
        kinds=_MODEL,
    ),
    Fault(
        name="swapped_model",
        about="Another model answers, rightly: the reply names `swapped-model` (Bedrock and Cohere name none).",
        stage="head",
        outcome="ok",
        kinds=_CHAT,
    ),
    Fault(
        name="hidden_prompt",
        about="A hidden system prompt adds to the input tokens; the reply is right.",
        stage="head",
        outcome="ok",
        kinds=_CHAT,
        params={"tokens": 40},
    ),
    Fault(
        name="retry_after_200",
        about="The right reply has a `Retry-After`, which means nothing on a 200.",
        stage="head",
        outcome="ok",
        kinds=_API,
        params={"retry_after_seconds": 36},
    ),
)
_ANSWERS: Final = (
    Fault(
        name="fabricated_finish",
        about="Half the answer, then a clean stop and the terminal event.",
        stage="answer",
        outcome="truncated",
        kinds=_CHAT,
        in_form={"tools": "wrong_answer", "turns": "wrong_answer", "custom": "wrong_answer"},
    ),
    Fault(
        name="wrong_answer",
        about="Whole and in time, but every word except the last is another one; or `text`. A vector of zeros. "
        "A ranking in the order of the request.",
        stage="answer",
        outcome="wrong_answer",
        kinds=_MODEL,
        params={"text": ""},
    ),
    _answer("nonsense", "Whole and in time, and about something else.", "wrong_answer"),
    _answer(
        "cached_answer",
        "The answer to the question before, as from a cache; the first time a wrong one.",
        "wrong_answer",
    ),
    _answer("empty", "A complete reply without content.", "empty", kinds=_MODEL),
    _answer("empty_list", "A list of models with nothing in it.", "empty", kinds=frozenset({"models"})),
    _answer("reasoning", "Reasoning is streamed ahead of the right text.", "ok", tokens=12),
    _answer("hidden_reasoning", "Reasoning is billed ahead of the right text and not shown.", "ok", tokens=12),
    _answer("starved", "Hidden reasoning uses up the token cap: no text, and the finish reason length.", "starved"),
    _answer(
        "starved_aloud", "Streamed reasoning uses up the token cap: no text, and the finish reason length.", "starved"
    ),
    _in_form(_TOOLS, "wrong_tool", "The tool that is called is not one that was offered."),
    _in_form(_TOOLS, "half_arguments", "The call lacks one of its arguments."),
    _in_form(_TOOLS, "call_in_text", "The call is written into the text, and the reply has no call."),
    _in_form(_TOOLS, "two_calls", "The same call comes twice."),
    Fault(
        name="finish_of_text",
        about="The call is right, and the finish reason is that of a text; three protocols have the same for both.",
        stage="answer",
        outcome="wrong_answer",
        outcomes={"gemini": "ok", "ollama-chat": "ok", "openai-responses": "ok"},
        kinds=_CHAT,
        forms=_TOOLS,
    ),
    _in_form(_SCHEMA, "invalid_json", "JSON was asked for, and the answer is broken JSON."),
    _in_form(_SCHEMA, "fenced_json", "JSON was asked for, and the answer has it in a code fence."),
    _in_form(_SCHEMA, "schema_broken", "The answer is JSON that lacks a field which the schema requires."),
    _in_form(_VISION, "unread_picture", "The answer is as asked, with other digits than those of the picture."),
    _in_form(_TURNS, "endless_loop", "The tool is called once more in place of the answer, for ever."),
    _in_form(_TURNS, "forgotten_result", "The first call comes again, as if there were no result."),
    Fault(
        name="refusal",
        about="The model declines, in the protocol's own way; Ollama's has none but its words.",
        stage="answer",
        outcome="content_filtered",
        outcomes={"ollama-chat": "wrong_answer"},
        kinds=_CHAT,
    ),
    Fault(
        name="content_filter",
        about="A filter blocks the answer, in the protocol's own way; Ollama's has none but its words.",
        stage="answer",
        outcome="content_filtered",
        outcomes={"ollama-chat": "wrong_answer"},
        kinds=_CHAT,
    ),
)
_STREAMS: Final = (
    Fault(
        name="stall_before_first_token",
        about="Headers and opening events come, and then nothing, for ever.",
        stage="stream",
        outcome="timeout_first_token",
        outcomes=_LOADS_FIRST,
        whole="timeout_total",
        kinds=_API,
    ),
    Fault(
        name="stall",
        about="Half the reply comes, and then nothing, for ever.",
        stage="stream",
        outcome="stalled",
        kinds=_API,
    ),
    Fault(
        name="keepalives_only",
        about="After the headers only keepalive comments come, for ever.",
        stage="stream",
        outcome="timeout_first_token",
        outcomes=_LOADS_FIRST,
        kinds=_CHAT,
        streamed_only=True,
        params={"gap_seconds": 0.05},
    ),
    Fault(
        name="truncated",
        about="The body ends properly after its half: no terminal event, or half a JSON object.",
        stage="stream",
        outcome="truncated",
        whole="malformed",
        kinds=_API,
    ),
    Fault(
        name="cut",
        about="The connection is closed (TCP FIN) after half the reply, without the end of the chunked body.",
        stage="stream",
        outcome="disconnected",
        kinds=_API,
    ),
    Fault(
        name="reset",
        about="The connection is reset (TCP RST) after half the reply.",
        stage="stream",
        outcome="disconnected",
        kinds=_API,
    ),
    Fault(
        name="garbage_json",
        about="An event in the middle holds broken JSON, and the rest is right; a whole reply is broken JSON.",
        stage="stream",
        outcome="malformed",
        kinds=_API,
    ),
    Fault(
        name="oversize_event",
        about="One event of many MiB comes in the middle.",
        stage="stream",
        outcome="malformed",
        kinds=_CHAT,
        streamed_only=True,
        params={"bytes": 32 << 20},
    ),
    Fault(
        name="oversize_body",
        about="A body of many MiB comes as fast as it is read.",
        stage="stream",
        outcome="malformed",
        kinds=_API,
        params={"bytes": 32 << 20},
    ),
    Fault(
        name="endless",
        about="After half the reply more and more comes, for ever: tokens in a stream, else bytes.",
        stage="stream",
        outcome="timeout_total",
        kinds=_API,
        params={"gap_seconds": 0.02},
    ),
    _told(
        "overloaded_in_stream",
        "200, half the reply, then the error overloaded.",
        Trouble.OVERLOADED,
        "overloaded",
    ),
    _told(
        "error_in_stream", "200, half the reply, then an error of another kind.", Trouble.SERVER_ERROR, "error_in_body"
    ),
    _told(
        "quota_in_stream", "200, half the reply, then an error that names the quota.", Trouble.QUOTA, "quota_exhausted"
    ),
    _told("rate_limited_in_stream", "200, half the reply, then a rate limit.", Trouble.RATE_LIMITED, "rate_limited"),
    _told("overloaded_at_start", "200, and only the error overloaded.", Trouble.OVERLOADED, "overloaded"),
    Fault(
        name="error_200",
        about="200 with an error object as JSON in place of the reply, also where a stream was asked for.",
        stage="page",
        outcome="error_in_body",
        kinds=_MODEL,
        trouble=Trouble.SERVER_ERROR,
    ),
)

FAULTS: Final[Mapping[str, Fault]] = {
    fault.name: fault for fault in (*_PACE, *_BREAKS, *_STATUSES, *_PAGES_FAULTS, *_HEADS, *_ANSWERS, *_STREAMS)
}
"""Every fault by its name."""


def statuses() -> Mapping[str, int]:
    """Return the HTTP status of every fault that is one; Gemini's bad key is a 400 all the same."""
    return {fault.name: STATUS[fault.trouble] for fault in _STATUSES if fault.trouble is not None}
