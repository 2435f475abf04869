"""A reply is read as its users' clients read it: each case of the table, by every kind of probe and by the SDKs."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from aiprobe.core.clock import Clock
from aiprobe.core.kind import HttpExpectation
from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport
from tests.contract.strangers import KEY, Asked, Play, Visit, a_stranger, a_target_at, says
from tests.contract.strangers_say import ANTHROPIC, CHAT, GEMINI, events, whole
from tests.unit.transport.reply_cases import CASES, KINDS, Case

MODELS: Final = json.dumps(
    {"object": "list", "data": [{"id": "m-1", "object": "model", "created": 1, "owned_by": "x"}]}
)
PAGE: Final = b"<!doctype html><title>Console</title><p>Welcome back</p>" + b"<p>...</p>" * 8
QUESTION: Final = "Say this, and nothing else:\nkestrel 731"
ANSWER: Final = "kestrel 731"


def payload(kind: str, protocol: str, asked: Asked) -> tuple[bytes, str]:
    """Return a right body for what was asked, and its media type."""
    if kind == "http":
        return PAGE, "text/html"
    if kind == "models":
        return MODELS.encode(), "application/json"
    if kind == "body":
        return json.dumps(whole(protocol, asked.answer)).encode(), "application/json"
    return b"".join(events(protocol, asked.answer[:4], asked.answer[4:])), "text/event-stream"


def plays(case: Case, kind: str, protocol: str = CHAT) -> Play:
    """Answer in the way of a case, and close."""
    return says(lambda asked: case.frame(*payload(kind, protocol, asked)))


def a_target_of(kind: str, origin: str) -> Target:
    if kind == "http":
        return a_target_at(
            origin, probe="http", url=f"{origin}/", model="", expect=HttpExpectation(text="Welcome back")
        )
    return a_target_at(origin, probe="models" if kind == "models" else "chat", stream=kind == "stream")


@pytest.mark.parametrize("name", CASES)
async def test_a_reply_has_the_outcome_that_its_clients_would_give_it(name: str) -> None:
    case = CASES[name]
    clock = Clock()
    wire = Transport(clock=clock)
    got = {}
    try:
        for kind in KINDS:
            async with a_stranger(plays(case, kind)) as stranger:
                target = a_target_of(kind, stranger.url)
                result = await PROBES[target.probe](target, Tools(transport=wire, clock=clock)).run()
            got[kind] = result.outcome.value
            assert stranger.connections == 1
            if result.outcome is Outcome.OK and kind == "stream":
                assert sum(result.phases.values()) == pytest.approx(result.duration_seconds, abs=1e-6)
                assert result.time_to_first_token_seconds is not None
    finally:
        await wire.close()
    assert got == case.outcomes, result.detail


_ONCE: Final = {"connection": "close"}


@dataclass(frozen=True, slots=True)
class Sdk:
    """An official SDK: its protocol, a client of one origin, and what that delivers for each kind."""

    protocol: str
    client: Callable[[str], Any]
    ask: Callable[[Any, str], str]


def ask_openai(client: openai.OpenAI, kind: str) -> str:
    if kind == "models":
        return ANSWER if client.models.list().data[0].id == "m-1" else ""
    messages: Any = [{"role": "user", "content": QUESTION}]
    if kind == "body":
        answer = client.chat.completions.create(model="m-1", messages=messages)
        return answer.choices[0].message.content or ""
    stream = client.chat.completions.create(model="m-1", messages=messages, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def ask_anthropic(client: anthropic.Anthropic, kind: str) -> str:
    asked: Any = {"model": "m-1", "max_tokens": 9, "messages": [{"role": "user", "content": QUESTION}]}
    if kind == "body":
        return "".join(getattr(block, "text", "") for block in client.messages.create(**asked).content)
    with client.messages.stream(**asked) as stream:
        return "".join(stream.text_stream)


def ask_genai(client: genai.Client, kind: str) -> str:
    if kind == "body":
        return client.models.generate_content(model="m-1", contents=QUESTION).text or ""
    stream = client.models.generate_content_stream(model="m-1", contents=QUESTION)
    return "".join(chunk.text or "" for chunk in stream)


def a_genai_client(origin: str) -> genai.Client:
    options = types.HttpOptions(
        base_url=origin, timeout=5000, retry_options=types.HttpRetryOptions(attempts=1), headers=_ONCE
    )
    return genai.Client(api_key=KEY, http_options=options)


SDKS: Final[Mapping[str, Sdk]] = {
    "openai": Sdk(
        CHAT,
        lambda url: openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=5, default_headers=_ONCE),
        ask_openai,
    ),
    "anthropic": Sdk(
        ANTHROPIC,
        lambda url: anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0, timeout=5, default_headers=_ONCE),
        ask_anthropic,
    ),
    "google-genai": Sdk(GEMINI, a_genai_client, ask_genai),
}
_READS_ON: Final = "it reads on after the answer's own end, and raises over what is wrong there"
_200_ONLY: Final = "it takes 200 only"
EXPLAINED: Final[Mapping[str, Mapping[str, str]]] = {
    "gzip in members": dict.fromkeys(
        SDKS,
        "httpx stops after the first member; RFC 1952 section 2.2 allows several, and every other client reads them",
    ),
    **{f"status {status}": {"google-genai": _200_ONLY} for status in (201, 203, 299)},
    **{
        name: {"anthropic": _READS_ON, "google-genai": _READS_ON}
        for name in (
            "no last chunk",
            "half a last chunk",
            "a longer length",
            "a broken trailer",
            "a footer after the last chunk",
        )
    },
}
"""Case and SDK -> why what it makes of the bytes is not what the table says."""


@pytest.mark.parametrize("sdk_name", SDKS)
async def test_no_sdk_differs_from_the_table_without_a_reason(sdk_name: str) -> None:
    """An SDK that delivers the text reads a reply that is `ok`; one that raises reads one that is not."""
    sdk = SDKS[sdk_name]
    play: Play = says()
    different = set()

    async def current(visit: Visit) -> None:
        await play(visit)

    async with a_stranger(current) as stranger:
        client = await asyncio.to_thread(sdk.client, stranger.url)
        for name, case in CASES.items():
            for kind in ("stream", "body", "models") if sdk_name == "openai" else ("stream", "body"):
                play = plays(case, kind, sdk.protocol)
                try:
                    got = await asyncio.to_thread(sdk.ask, client, kind)
                except Exception as error:  # noqa: BLE001 - whatever an SDK raises is what its user sees
                    got = repr(error)
                if (got == ANSWER) != (case.outcomes[kind] == "ok"):
                    different.add(name)
        await asyncio.to_thread(client.close)
    assert different == {name for name, reasons in EXPLAINED.items() if sdk_name in reasons}
