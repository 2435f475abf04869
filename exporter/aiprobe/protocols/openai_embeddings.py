"""OpenAI Embeddings, and who is compatible: the cheapest way through a provider's inference. There is no stream."""

import base64
import binascii
import math
import struct
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from aiprobe.core.model import Provider
from aiprobe.protocols.base import (
    Ask,
    Content,
    End,
    Event,
    Meta,
    Request,
)
from aiprobe.protocols.jsonvalues import UnreadableError, a_list, a_name, an_object, any_object
from aiprobe.protocols.openai_usage import chat_usage
from aiprobe.protocols.protocol import Protocol
from aiprobe.protocols.request import get, post

_LEAST, _MOST = 1e-9, 1e4
"""Between them is every float32 component of a real vector; of int8 values read as float32, about one in six."""

_MOST_NUMBERS: Final = 10_000
"""Of a vector: reading each takes time of the event loop."""
_MOST_CHARACTERS: Final = 6 * _MOST_NUMBERS
"""In base64, of which a float32 takes five and a third."""


def _request(provider: Provider, ask: Ask) -> Request:
    """Build the request that embeds `ask.prompt`."""
    return post(provider, ask, path="/embeddings", body={"model": ask.model, "input": ask.prompt})


def _read_list(document: object) -> Sequence[Event]:
    """Return the events of a list of embeddings; one without entries has an end and no content."""
    reply = an_object(document)
    if "data" not in reply:
        raise UnreadableError("neither data nor an error")
    events: list[Event] = []
    model = a_name(reply.get("model"))
    if model:
        events.append(Meta(response_model=model))
    used = any_object(reply.get("usage"))
    total = used.get("total_tokens")  # there is no output
    usage = chat_usage({**used, "prompt_tokens": total if used.get("prompt_tokens") is None else used["prompt_tokens"]})
    if usage is not None:
        events.append(replace(usage, output_tokens=None))
    vectors = (_vector(an_object(entry).get("embedding")) for entry in a_list(reply["data"])[:1])
    events.extend(Content("embedding", vector=vector) for vector in vectors)
    return [*events, End()]


def _vector(embedding: object) -> tuple[float, ...]:
    """Return a vector of numbers, or of float32 (little endian) or int8 values in base64."""
    if isinstance(embedding, str):
        if len(embedding) > _MOST_CHARACTERS:
            raise UnreadableError(f"an embedding of more than {_MOST_NUMBERS} numbers")
        try:
            packed = base64.b64decode(embedding, validate=True)
            return _unpacked(packed)
        except (binascii.Error, ValueError, struct.error):
            raise UnreadableError("an embedding that is no base64 of float32 or int8 values") from None
    numbers = a_list(embedding, most=_MOST_NUMBERS)
    if any(type(number) not in {float, int} for number in numbers):
        raise UnreadableError("an embedding that holds something else than numbers")
    return tuple(_a_float(number) for number in numbers)


def _unpacked(packed: bytes) -> tuple[float, ...]:
    """Return float32 values, or int8 values where most of them would be no components of a vector as float32."""
    values = struct.unpack(f"<{len(packed) // 4}f", packed)
    likely = sum(value == 0 or _LEAST < abs(value) < _MOST or math.isnan(value) for value in values)
    return values if 2 * likely >= len(values) else struct.unpack(f"{len(packed)}b", packed)


def _a_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")


OPENAI_EMBEDDINGS: Final = Protocol(
    name="openai-embeddings",
    request=_request,
    models_request=partial(get, path="/models"),
    read=_read_list,
)
