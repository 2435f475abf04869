"""The official SDKs as an oracle of how a reply is read: every reply of strangers, on one server, to them and to us.

The SDKs decide how bytes, headers and envelopes are read, and never whether an answer is whole or right. A difference
is text that an SDK delivers and we could not read, or an SDK that raises over bytes that we call `ok`.
"""

import asyncio
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from aiprobe.core.outcomes import Outcome
from aiprobe.probes.outcome import draw
from aiprobe.probes.questions.repeat import repeated
from aiprobe.probes.record import RecordingSink
from aiprobe.protocols import PROTOCOLS
from aiprobe.transport.transport import Exchange
from tests.unit.probes.asking import a_route, a_transport, ask
from tests.unit.protocols.builders import a_provider
from tests.unit.protocols.replies import envelopes, finishes, providers, statuses, thoughts
from tests.unit.protocols.replies.playing import CAP, LINE, WORDS, Reply, as_json

pytestmark = pytest.mark.slow

CASE: Final = "x-case"
WORKERS: Final = 4
LIMIT_SECONDS: Final = 60.0
OF_STATUSES: Final = [
    (
        status,
        Reply(
            f"{status} {body}"[:90],
            protocol,
            body.encode() if isinstance(body, str) else as_json(body),
            outcome,
            stream=False,
        ),
    )
    for protocol in ("openai-chat", "anthropic-messages", "gemini")
    for status, body, outcome in [*statuses.CASES, *statuses.PAGES, *statuses.NO_PAGES]
]
REPLIES: Final[list[tuple[int, Reply]]] = [
    *((200, reply) for table in (finishes, thoughts, envelopes, providers) for reply in table.REPLIES),
    *OF_STATUSES,
]
ASKED: Final = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"]

Heard = tuple[str, str]
"""The text that an SDK delivered, and the name of what it raised."""

EXPLAINED: Final[Mapping[str, str]] = {
    "openai-chat stream blank error": "the SDK raises over an error object that holds nothing, beside a whole answer",
    "openai-chat stream after the answer: a length and then": "the answer is whole, and the error only says so",
    "openai-chat body a length and then": "the SDK does not look for an error beside the choices of a whole body",
    "gemini stream finish": "google-genai knows no number in the place of a reason",
    "gemini body finish": "google-genai knows no number in the place of a reason",
}
"""How a reply's title begins -> why the difference is right."""


class _Handler(BaseHTTPRequestHandler):
    """Answers with the reply that a request header names."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        status, reply = REPLIES[int(self.headers[CASE])]
        self.send_response(status)
        for name, value in {"content-type": reply.content_type, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server calls
        """Stay silent."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def openai_chat(client: openai.OpenAI, reply: Reply, headers: dict[str, str], texts: list[str]) -> None:
    messages: Any = [{"role": "user", "content": "x"}]
    if reply.stream:
        for chunk in client.chat.completions.create(model="m", messages=messages, stream=True, extra_headers=headers):
            delta = chunk.choices[0].delta if chunk.choices else None
            texts.append(_text(getattr(delta, "content", None)))
        return
    whole = client.chat.completions.create(model="m", messages=messages, extra_headers=headers)
    texts.append(_text(whole.choices[0].message.content if whole.choices else None))


def openai_responses(client: openai.OpenAI, reply: Reply, headers: dict[str, str], texts: list[str]) -> None:
    if reply.stream:
        events = client.responses.create(model="m", input="x", stream=True, extra_headers=headers)
        texts.extend(_text(event.delta) for event in events if event.type == "response.output_text.delta")
        return
    texts.append(_text(client.responses.create(model="m", input="x", extra_headers=headers).output_text))


def anthropic_messages(client: anthropic.Anthropic, reply: Reply, headers: dict[str, str], texts: list[str]) -> None:
    messages: Any = [{"role": "user", "content": "x"}]
    if reply.stream:
        for event in client.messages.create(
            model="m", max_tokens=9, messages=messages, stream=True, extra_headers=headers
        ):
            block = getattr(event, "content_block", None) or getattr(event, "delta", None)
            if getattr(block, "type", None) in {"text", "text_delta"}:
                texts.append(_text(getattr(block, "text", None)))
        return
    whole = client.messages.create(model="m", max_tokens=9, messages=messages, extra_headers=headers)
    texts.extend(_text(getattr(block, "text", None)) for block in whole.content or [] if block.type == "text")


def gemini(client: genai.Client, reply: Reply, headers: dict[str, str], texts: list[str]) -> None:
    config = types.GenerateContentConfig(http_options=types.HttpOptions(headers=headers))
    if reply.stream:
        texts.extend(
            map(_text_of_gemini, client.models.generate_content_stream(model="m", contents="x", config=config))
        )
        return
    texts.append(_text_of_gemini(client.models.generate_content(model="m", contents="x", config=config)))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _text_of_gemini(response: types.GenerateContentResponse) -> str:
    candidate = response.candidates[0] if response.candidates else None
    parts = candidate.content.parts if candidate and candidate.content else None
    return "".join(part.text or "" for part in parts or [] if not part.thought)


Speaker = Callable[[Any, Reply, dict[str, str], list[str]], None]
SPEAKERS: Final[Mapping[str, Speaker]] = {
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "anthropic-messages": anthropic_messages,
    "gemini": gemini,
}


def a_client(protocol: str, port: int) -> Any:
    url = f"http://127.0.0.1:{port}"
    if protocol == "gemini":
        options = types.HttpOptions(base_url=url, timeout=int(LIMIT_SECONDS * 1000))
        return genai.Client(api_key="k", http_options=options)
    if protocol == "anthropic-messages":
        return anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=LIMIT_SECONDS)
    return openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=LIMIT_SECONDS)


def heard(client: Any, case: int) -> Heard:
    """Return what the SDK of a reply's protocol makes of it."""
    _, reply = REPLIES[case]
    texts: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            SPEAKERS[reply.protocol](client, reply, {CASE: str(case)}, texts)
    except Exception as problem:  # noqa: BLE001 - whatever an SDK raises is its answer
        return "".join(texts), type(problem).__name__
    return "".join(texts), ""


async def read_by_us(port: int, cases: Sequence[int]) -> list[tuple[str, Outcome]]:
    """Return the visible text that we read of each reply, over the same server, and its outcome."""
    gate = asyncio.Semaphore(WORKERS)
    async with a_transport() as transport:

        async def one(case: int) -> tuple[str, Outcome]:
            _, reply = REPLIES[case]
            sink = RecordingSink(PROTOCOLS[reply.protocol], a_provider(protocol=reply.protocol), stream=reply.stream)
            headers = (("content-type", "application/json"), (CASE, str(case)))
            async with gate:
                exchange: Exchange = await ask(transport, a_route(port), sink, headers=headers, first_token_limit=False)  # type: ignore[arg-type]  # any sink
            sink.close(complete=exchange.complete, at=exchange.ended)
            outcome, _ = draw(
                sink.record,
                exchange,
                lambda reply: repeated(reply, WORDS, asked="Repeat this line", expected=LINE),
                cap=CAP,
            )
            return sink.record.answer, outcome

        return await asyncio.gather(*map(one, cases))


@pytest.mark.parametrize("protocol", ASKED)
def test_no_sdk_reads_what_we_cannot_and_none_raises_over_what_we_call_ok(port: int, protocol: str) -> None:
    cases = [case for case, (_, reply) in enumerate(REPLIES) if reply.protocol == protocol]
    client = a_client(protocol, port)
    with ThreadPoolExecutor(WORKERS) as pool:
        theirs = list(pool.map(lambda case: heard(client, case), cases))
    client.close()
    ours = asyncio.run(read_by_us(port, cases))
    differences = [
        (str(REPLIES[case][1]), theirs_of, ours_of)
        for case, theirs_of, ours_of in zip(cases, theirs, ours, strict=True)
        if _differs(theirs_of, ours_of) and not str(REPLIES[case][1]).startswith(tuple(EXPLAINED))
    ]
    assert differences == []
    assert any(text and not raised for text, raised in theirs)


def _differs(theirs: Heard, ours: tuple[str, Outcome]) -> bool:
    text, raised = theirs
    read, outcome = ours
    if raised and outcome is Outcome.OK:
        return True
    return text not in read or (bool(text) and not raised and outcome is Outcome.MALFORMED)
