"""What is fuzzed: everything that reads a stranger's bytes, and the configuration.

A target gets one input, returns what came of it in short, and raises nothing but what it declares.
"""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from aiprobe.config.load import load_text
from aiprobe.config.problems import ConfigError
from aiprobe.core.secret import Redactor, Secret
from aiprobe.incidents.validation import Validator
from aiprobe.known import KNOWN
from aiprobe.probes.models import judge
from aiprobe.probes.prompt import FIXED_WORDS
from aiprobe.probes.questions import QUESTIONS
from aiprobe.probes.questions.question import Reply as Judged
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import ReplyHead, ToolCall
from aiprobe.protocols.eventstream import EventStreamParser
from aiprobe.protocols.headers import rate_limits, retry_after_seconds, server_seconds
from aiprobe.protocols.jsonvalues import UnreadableError, a_name, any_object
from aiprobe.protocols.judging.errors import in_reply
from aiprobe.protocols.mcp import ReplyReader, failure_in, server_name
from aiprobe.protocols.sse import FrameParser
from aiprobe.protocols.websocket import FrameReader
from aiprobe.statuspages import FEEDS, READERS, PageError
from aiprobe.transport.exchange import Exchange, WireError
from aiprobe.transport.framing import Reply
from tests.builders import a_target
from tests.unit.probes.asking import Recorder

ON_THE_LOOP_SECONDS: Final = 0.05
IN_A_THREAD_SECONDS: Final = 0.5
"""Status pages are read in a thread; the configuration in a process of its own or before anything runs."""
CUT: Final = b"\xff\xfecut"
"""Where an input is cut into pieces that arrive one after another."""
KEY: Final = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
ENVIRON: Final = {"KEY": KEY}
_SPECIFICATION: Final = Path(__file__).parents[2] / "spec" / "ai-service-incident"
_VALIDATOR: Final = Validator(json.loads((_SPECIFICATION / "schema.json").read_bytes()))
_RECORDS: Final = tuple((_SPECIFICATION / "corpus" / "status-claude-com-2026.ndjson").read_bytes().splitlines()[:3])


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that reads bytes."""

    run: Callable[[bytes], Hashable]
    seeds: tuple[bytes, ...]
    declared: tuple[type[Exception], ...] = ()
    most_seconds: float = ON_THE_LOOP_SECONDS
    longest: int = 65_536
    """Bytes of an input: one read of a socket."""


def _reader(name: str, *, stream: bool) -> Callable[[bytes], Hashable]:
    def run(data: bytes) -> Hashable:
        reader = PROTOCOLS[name].reader(stream=stream)
        events = [event for piece in data.split(CUT) for event in reader.feed(piece)]
        events += reader.close()
        return tuple(dict.fromkeys(type(event).__name__ + str(getattr(event, "outcome", "")) for event in events))

    return run


def _mcp(data: bytes) -> Hashable:
    reader = ReplyReader(number=1, stream=data[:1] != b"{")
    for piece in data.split(CUT):
        reader.feed(piece)
    reader.close()
    failure = failure_in(reader.message) if reader.message else reader.failure
    result = any_object((reader.message or {}).get("result"))
    return str(failure and failure.outcome), bool(server_name(result)), _tools_of(result)


def _tools_of(result: dict[str, Any]) -> int:
    tools = result.get("tools")
    return min(
        2, sum(bool(a_name(any_object(tool).get("name"))) for tool in (tools if isinstance(tools, list) else ()))
    )


def _models(data: bytes) -> Hashable:
    failure = judge(PROTOCOLS["openai-chat"], ReplyHead(status=200, headers={}), data)
    return failure and (failure.outcome, failure.message[:20])


def _answer(data: bytes) -> Hashable:
    """Judge a text that a model wrote, as an object of a schema and as the arguments of a call."""
    text = data.decode("utf-8", "replace")
    call = ToolCall(name="report_word", arguments=text)
    replies = {
        "structured": Judged(text=text, reason="stop"),
        "tools": Judged(text="", calls=(call,), reason="tool_calls"),
    }
    return tuple(_QUESTIONS[name].judge(reply, FIXED_WORDS)[0] for name, reply in replies.items())


def _error(data: bytes) -> Hashable:
    status = 400 + (data[0] if data else 0) % 200
    failure = in_reply(ReplyHead(status=status, headers={}), data[1:])
    failure.message.encode()
    return failure.outcome


def _headers(data: bytes) -> Hashable:
    text = data.decode("latin-1")
    found = [
        (name, retry_after_seconds({name: text}), server_seconds({name: text}), bool(rate_limits({name: text})))
        for name in ("retry-after", "retry-after-ms", "server-timing", "x-ratelimit-limit-requests")
    ]
    return tuple((name, after is None, seconds is None, limits) for name, after, seconds, limits in found)


def _pieces(make: Callable[[], Callable[[bytes], Sequence[object]]]) -> Callable[[bytes], Hashable]:
    def run(data: bytes) -> Hashable:
        feed = make()
        return min(9, sum(len(feed(piece)) for piece in data.split(CUT)))

    return run


def _http(data: bytes) -> Hashable:
    sink, exchange = Recorder(), Exchange(started=0.0)
    reply = Reply(sink, exchange, method="GET", max_body_bytes=1 << 20)
    for number, piece in enumerate(data.split(CUT)):
        exchange.bytes_received += len(piece)
        reply.feed(piece, float(number))
        while reply.pending:
            reply.go_on()
        if reply.complete or reply.done:
            return "complete", exchange.status
    reply.end()
    return "ended", exchange.status


def _page(name: str) -> Callable[[bytes], Hashable]:
    def run(data: bytes) -> Hashable:
        reading = READERS[name](data, options={})
        return bool(reading.components), min(2, len(reading.incidents)), bool(reading.maintenances)

    return run


def _configuration(data: bytes) -> Hashable:
    settings = load_text(data.decode("utf-8", "replace"), environ=ENVIRON, known=KNOWN)
    assert KEY not in settings.shown
    yaml.safe_load(settings.shown)
    return min(3, len(settings.targets)), bool(settings.warnings)


_redact = Redactor([Secret(KEY), Secret("a" * 30)])


def _incidents(data: bytes) -> Hashable:
    count, problems = _VALIDATOR.check(data.decode(errors="replace"))
    assert all(problem.line >= 1 and problem.message for problem in problems)
    return min(count, 3), tuple(sorted({problem.pointer for problem in problems}))[:3]


def _redactor(data: bytes) -> Hashable:
    shown = _redact(data.decode("utf-8", "replace"))
    assert KEY[:8] not in shown
    return "***" in shown


_CHAT: Final = b'{"id":"i","model":"m","choices":[{"index":0,"delta":{"content":"t"},"finish_reason":"stop"}]}'
_SSE: Final = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"i","usage":{"input_tokens":1}}}\n\n',
    b"data: " + _CHAT + b"\n\ndata: [DONE]\n\n",
    b'data: {"type":"response.completed","response":{"status":"completed","output":[],"usage":{"input_tokens":1}}}\n\n',
    b'data: {"candidates":[{"content":{"parts":[{"text":"t"}]},"finishReason":"STOP"}],"usageMetadata":{}}\n\n',
    b'event: error\ndata: {"error":{"type":"overloaded_error","message":"m"}}\n\n: comment\n\nretry: 5\nid: 7\n\n',
    b'{"model":"m","message":{"content":"t"},"done":true,"load_duration":5,"eval_count":1}\n',
)
_JSON: Final = tuple(seed.partition(b"data: ")[2].split(b"\n")[0] or seed for seed in _SSE)
_MESSAGES: Final = (
    b'{"jsonrpc":"2.0","id":1,"result":{"serverInfo":{"name":"s","version":"1"},"tools":[{"name":"t"}]}}',
    b'data: {"jsonrpc":"2.0","method":"n"}\n\ndata: [{"jsonrpc":"2.0","id":"1","error":{"code":5,"message":"m"}}]\n\n',
)
_INCIDENT: Final = b'{"id":"i","name":"n","status":"resolved","impact":"minor","created_at":"2026-03-02T12:00:00Z"}'
_PAGES: Final = (
    b'{"components":[{"id":"a","name":"API","status":"operational"}],"incidents":[' + _INCIDENT + b"]}",
    b'[{"id":"i","begin":"2026-03-02T12:00:00Z","affected_products":[{"id":"p"}],"updates":[{"text":"t"}]}]',
    b'{"data":{"attributes":{"aggregate_state":"operational"}},"included":[{"id":"9","type":"status_page_resource"}]}',
)
_ITEM: Final = (
    b"<item><title>[API] down</title><guid>g#1700000000</guid><pubDate>Mon, 02 Mar 2026 12:00:00 GMT</pubDate>"
    b"<description>Status: Resolved &lt;b&gt;Affected components&lt;li&gt;API (Down)&lt;/li&gt;</description></item>"
)
_ENTRY: Final = (
    b"<updated>2026-03-02T12:00:00Z</updated><entry><id>i</id><title>t</title><author><name>a</name></author>"
    b"<content type='html'>&lt;strong&gt;Resolved&lt;/strong&gt;</content></entry>"
)
_FEEDS: Final = (
    b'<rss version="2.0"><channel><title>x</title>' + _ITEM + b"</channel></rss>",
    b'<feed xmlns="http://www.w3.org/2005/Atom">' + _ENTRY + b"</feed>",
)
_REPLIES: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + CUT + b"HTTP/1.0 503 No\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
)
_CONFIGS: Final = (
    b"""\
vantage: v
providers: {p: {preset: openai, api_key: "${KEY}", headers: {x-a: b}, extra_body: {user: "${KEY}"}}}
targets: [{name: t, provider: p, probe: chat, model: gpt-4.1-nano, interval: 60s}]
""",
    b"""\
defaults: &d {interval: 1m}
journal: {keep_ok: none}
budget: {usd_per_day: 1.5}
targets: [{<<: *d, name: t, provider: openai, probe: models, labels: {a: b}}]
providers: {openai: {}}
""",
)
_QUESTIONS: Final = {name: QUESTIONS[name](a_target(ask=name)) for name in ("structured", "tools")}
_FRAMES: Final = (b"\x81\x05hello", b"\x01\x02he\x80\x03llo\x89\x00\x88\x02\x03\xe8", b"\x81\x7e\x01\x00" + b"a" * 256)
_EVENT: Final = b"\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2\x48\xeb}\x98\xc8\xff"
_TEXTS: Final = (f"bad key {KEY[:12]}***".encode(), b"Bearer abcdefgh12345678, eyJhbGciOi.abc, https://u:p@h/?key=v")
_HEADERS: Final = (b"120", b"Mon, 02 Mar 2026 12:00:00 GMT", b"a;dur=5, total;dur=53.2", b"1m30s")

_CHATS: Final = sorted(PROTOCOLS.keys() - {"mcp"})
"""Protocols that read an answer; `mcp` is read by its probe."""

TARGETS: Final[Mapping[str, Target]] = {
    **{f"{name}-stream": Target(run=_reader(name, stream=True), seeds=_SSE) for name in _CHATS},
    **{f"{name}-body": Target(run=_reader(name, stream=False), seeds=_JSON) for name in _CHATS},
    "mcp": Target(run=_mcp, seeds=_MESSAGES),
    "models": Target(run=_models, seeds=_JSON),
    "answer": Target(run=_answer, seeds=(b'{"code_word": "bodakemut", "marker": "END48213", "word": "bodakemut"}',)),
    "errors": Target(run=_error, seeds=(*(b"\x1d" + seed for seed in _JSON), b"g<html><title>Just a moment")),
    "headers": Target(run=_headers, seeds=_HEADERS),
    "sse": Target(run=_pieces(lambda: FrameParser().feed), seeds=_SSE, declared=(UnreadableError,)),
    "websocket": Target(run=_pieces(lambda: FrameReader().feed), seeds=_FRAMES, declared=(UnreadableError,)),
    "event-stream": Target(
        run=_pieces(lambda: EventStreamParser().feed), seeds=(_EVENT, _EVENT * 2), declared=(UnreadableError,)
    ),
    "http": Target(run=_http, seeds=_REPLIES, declared=(WireError,)),
    **{
        f"page-{name}": Target(
            run=_page(name),
            seeds=_FEEDS if name in FEEDS else _PAGES,
            declared=(PageError,),
            most_seconds=IN_A_THREAD_SECONDS,
        )
        for name in READERS
    },
    "configuration": Target(
        run=_configuration, seeds=_CONFIGS, declared=(ConfigError,), most_seconds=IN_A_THREAD_SECONDS, longest=4096
    ),
    "incidents": Target(run=_incidents, seeds=_RECORDS, most_seconds=IN_A_THREAD_SECONDS),
    "redactor": Target(run=_redactor, seeds=_TEXTS),
}
