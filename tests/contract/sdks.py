"""The official SDKs ask the simulator what aiprobe asks: our body as their arguments, and what they read as a `Reply`.

An SDK that rejects an argument shows a form that its provider does not have; a reply that it reads in another way shows
a wire that the simulator or a reader of aiprobe has wrong.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import anthropic
import cohere
import ollama
import openai
from botocore.config import Config  # type: ignore[import-untyped]  # it has no types
from botocore.session import Session  # type: ignore[import-untyped]  # the same
from google import genai
from google.genai import types

from aiprobe.probes.questions.question import Reply
from aiprobe.protocols.base import ToolCall

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """One question to one service."""

    url: str
    model: str
    body: Json
    """As `Protocol.request` builds it, without the field `stream`."""
    stream: bool


def _openai_chat(client: openai.OpenAI, asking: Asking) -> Reply:
    if not asking.stream:
        choice = client.chat.completions.create(**asking.body).choices[0]
        made = [call for call in choice.message.tool_calls or [] if call.type == "function"]
        calls = [(call.function.name, call.function.arguments, call.id) for call in made]
        return _reply(choice.message.content, calls, choice.finish_reason)
    text, reason, found = "", "", dict[int, list[str]]()
    for chunk in client.chat.completions.create(**asking.body, stream=True):
        for part in chunk.choices:
            text += part.delta.content or ""
            reason = part.finish_reason or reason
            for piece in part.delta.tool_calls or []:
                call = found.setdefault(piece.index, ["", "", ""])
                call[2] += piece.id or ""
                assert piece.function is not None
                call[0] += piece.function.name or ""
                call[1] += piece.function.arguments or ""
    return _reply(text, list(found.values()), reason)


def openai_chat(asking: Asking) -> Reply:
    with openai.OpenAI(base_url=f"{asking.url}/lab/v1", api_key="k", max_retries=0) as client:
        return _openai_chat(client, asking)


def azure_classic(asking: Asking) -> Reply:
    with openai.AzureOpenAI(
        azure_endpoint=f"{asking.url}/azure", api_key="k", api_version="2024-10-21", max_retries=0
    ) as client:
        return _openai_chat(client, asking)


def openai_responses(asking: Asking) -> Reply:
    with openai.OpenAI(base_url=f"{asking.url}/lab/v1", api_key="k", max_retries=0) as client:
        told: Any = client.responses.create(**asking.body, stream=asking.stream)
        response = list(told)[-1].response if asking.stream else told
    calls = [(item.name, item.arguments, item.call_id) for item in response.output if item.type == "function_call"]
    return _reply(response.output_text, calls, response.status)


def _claude(client: Any, asking: Asking) -> Reply:
    if asking.stream:
        with client.messages.stream(**asking.body) as events:
            message = events.get_final_message()
    else:
        message = client.messages.create(**asking.body)
    text = "".join(block.text for block in message.content if block.type == "text")
    calls = [(block.name, json.dumps(block.input), block.id) for block in message.content if block.type == "tool_use"]
    return _reply(text, calls, message.stop_reason)


def anthropic_messages(asking: Asking) -> Reply:
    with anthropic.Anthropic(base_url=f"{asking.url}/lab", api_key="k", max_retries=0) as client:
        return _claude(client, asking)


def vertex_anthropic(asking: Asking) -> Reply:
    body = {name: value for name, value in asking.body.items() if name != "anthropic_version"}
    with anthropic.AnthropicVertex(
        region="europe-west1", project_id="p", access_token="t", base_url=f"{asking.url}/vertex/v1", max_retries=0
    ) as client:
        return _claude(client, Asking(asking.url, asking.model, {**body, "model": asking.model}, asking.stream))


def gemini(asking: Asking) -> Reply:
    """Vertex AI has the same bodies; its own client wants Google's credentials."""
    fields = {**asking.body}
    contents = [types.Content.model_validate_json(json.dumps(each)) for each in fields.pop("contents")]
    config = types.GenerateContentConfig.model_validate({**fields.pop("generationConfig"), **fields})
    with genai.Client(api_key="k", http_options=types.HttpOptions(base_url=f"{asking.url}/lab")) as client:
        given: Any = {"model": asking.model, "contents": contents, "config": config}
        if asking.stream:
            replies = list(client.models.generate_content_stream(**given))
        else:
            replies = [client.models.generate_content(**given)]
    candidates = [candidate for reply in replies for candidate in reply.candidates or []]
    parts = [part for one in candidates if one.content for part in one.content.parts or []]
    text = "".join(part.text or "" for part in parts if not part.thought)
    made = [(part.function_call, part.thought_signature) for part in parts if part.function_call]
    reason = candidates[-1].finish_reason
    calls = [(call.name, json.dumps(call.args), call.id, b64encode(signed or b"").decode()) for call, signed in made]
    return _reply(text, calls, reason.value if reason else "")


def bedrock(asking: Asking) -> Reply:
    session = Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    url = f"{asking.url}/bedrock"
    for message in asking.body["messages"]:
        for block in message["content"]:
            if "image" in block:  # the client encodes it itself
                block["image"]["source"]["bytes"] = b64decode(block["image"]["source"]["bytes"])
    client = session.create_client("bedrock-runtime", region_name="us-east-1", endpoint_url=url, config=config)
    try:
        if not asking.stream:
            reply = client.converse(modelId=asking.model, **asking.body)
            blocks = reply["output"]["message"]["content"]
            used = [block["toolUse"] for block in blocks if "toolUse" in block]
            calls = [(each["name"], json.dumps(each["input"]), each["toolUseId"]) for each in used]
            return _reply("".join(block.get("text", "") for block in blocks), calls, reply["stopReason"])
        with closing(client.converse_stream(modelId=asking.model, **asking.body)["stream"]) as stream:
            events = list(stream)
    finally:
        client.close()
    text, reason, found = "", "", dict[int, list[str]]()
    for event in events:
        if start := event.get("contentBlockStart"):
            used = start["start"]["toolUse"]
            found[start["contentBlockIndex"]] = [used["name"], "", used["toolUseId"]]
        elif block := event.get("contentBlockDelta"):
            text += block["delta"].get("text", "")
            if "toolUse" in block["delta"]:
                found[block["contentBlockIndex"]][1] += block["delta"]["toolUse"]["input"]
        reason = event.get("messageStop", {}).get("stopReason", reason)
    return _reply(text, list(found.values()), reason)


def cohere_chat(asking: Asking) -> Reply:
    with cohere.ClientV2(api_key="k", base_url=f"{asking.url}/lab") as client:
        return _cohere_chat(client, asking)


def _cohere_chat(client: Any, asking: Asking) -> Reply:
    if not asking.stream:
        reply = client.chat(**asking.body)
        text = "".join(block.text for block in reply.message.content or [] if block.type == "text")
        made = [(call.function, call.id) for call in reply.message.tool_calls or []]
        calls = [(each.name, each.arguments, call_id) for each, call_id in made if each]
        return _reply(text, calls, reply.finish_reason)
    text, reason, found = "", "", dict[int, list[str]]()
    for event in client.chat_stream(**asking.body):
        if event.type == "content-delta":
            text += event.delta.message.content.text
        elif event.type == "tool-call-start":
            begun = event.delta.message.tool_calls
            found[event.index] = [begun.function.name, "", begun.id]
        elif event.type == "tool-call-delta":
            found[event.index][1] += event.delta.message.tool_calls.function.arguments
        elif event.type == "message-end":
            reason = event.delta.finish_reason
    return _reply(text, list(found.values()), reason)


def ollama_chat(asking: Asking) -> Reply:
    client: Any = ollama.Client(host=f"{asking.url}/ollama")
    try:
        told = client.chat(**asking.body, stream=asking.stream)
        replies = list(told) if asking.stream else [told]
    finally:
        client._client.close()
    text = "".join(reply.message.content or "" for reply in replies)
    made = [call.function for reply in replies for call in reply.message.tool_calls or []]
    calls = [(each.name, json.dumps(dict(each.arguments))) for each in made]
    return _reply(text, calls, replies[-1].done_reason)


def _reply(text: str | None, calls: Sequence[Sequence[str | None]], reason: str | None) -> Reply:
    """`calls` has name, arguments, and what there is of an id and a signature."""
    fields = ("name", "arguments", "call_id", "signature")
    made = tuple(ToolCall(**{field: part or "" for field, part in zip(fields, call, strict=False)}) for call in calls)
    return Reply(text=text or "", calls=made, reason=reason or "")


SDKS: Final[Mapping[str, Callable[[Asking], Reply]]] = {
    "anthropic-messages": anthropic_messages,
    "azure-openai-classic": azure_classic,
    "bedrock-converse": bedrock,
    "cohere-chat": cohere_chat,
    "gemini": gemini,
    "ollama-chat": ollama_chat,
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "vertex-anthropic": vertex_anthropic,
    "vertex-gemini": gemini,
}
"""By protocol."""
