"""OpenAI Embeddings: `POST {prefix}/embeddings`. Never streamed; the vector is drawn from the text, so it repeats."""

import base64
import hashlib
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Final

from aiprobe_simulator.answer import tokens_of
from aiprobe_simulator.wire.base import (
    Answer,
    BadCall,
    Call,
    Json,
    Kind,
    Part,
    Stamp,
    Trouble,
    event,
    halves,
    required_model,
    token_cap,
)
from aiprobe_simulator.wire.openai import OpenAIBase

MOST_INPUTS: Final = 2_048
"""Texts in one request (OpenAI's published limit)."""
MOST_DIMENSIONS: Final = 4_096


class OpenAIEmbeddings(OpenAIBase):
    """The Embeddings API."""

    name = "openai-embeddings"
    kind: Kind = "embeddings"
    posted = re.compile(r"/embeddings\Z")

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:  # noqa: ARG002 - Wire
        """Read a request; `input` is a text, a list of texts or a list of token numbers."""
        given = body.get("input")
        if isinstance(given, str) and given:
            inputs: tuple[str, ...] = (given,)
        elif isinstance(given, list) and given and all(isinstance(text, str) for text in given):
            inputs = tuple(given)
        elif isinstance(given, list) and given and all(isinstance(token, int) for token in given):
            inputs = (" ".join(map(str, given)),)
        else:
            raise BadCall(Trouble.BAD_REQUEST, "input: a text or a list of texts is required")
        dimensions = token_cap(body, "dimensions") or 256
        if len(inputs) > MOST_INPUTS or dimensions > MOST_DIMENSIONS:
            raise BadCall(Trouble.BAD_REQUEST, "input: more texts or dimensions than one request may have")
        return Call(
            model=required_model(body),
            inputs=inputs,
            input_tokens=sum(map(tokens_of, inputs)),
            dimensions=dimensions,
            base64=body.get("encoding_format") == "base64",
        )

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:  # noqa: ARG002 - Wire
        """Return one vector for each input, or those that the answer puts in their place."""
        vectors = [
            answer.vector if answer.vector is not None else vector(text, call.dimensions) for text in call.inputs
        ]
        data = [
            {"object": "embedding", "index": index, "embedding": _encoded(values, call)}
            for index, values in enumerate(vectors)
            if values
        ]
        usage = {"prompt_tokens": call.input_tokens, "total_tokens": call.input_tokens}
        return {"object": "list", "data": data, "model": call.model, "usage": usage}

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Cut the reply in two; there is no stream."""
        return halves(self.whole(call, answer, stamp))

    def stream_error(self, trouble: Trouble, stamp: Stamp, *, sent: int) -> bytes:  # noqa: ARG002 - Wire
        """Return an event with the error object; never sent, since there is no stream."""
        return event(self.error(trouble, stamp)[1])


def vector(text: str, dimensions: int) -> tuple[float, ...]:
    """Return a vector of length one that depends on `text` alone."""
    raw = hashlib.shake_128(text.encode()).digest(2 * dimensions)
    values = [(number - 32_767.5) / 32_768 for number in struct.unpack(f"<{dimensions}H", raw)]
    length = sum(value * value for value in values) ** 0.5
    return tuple(round(value / length, 8) for value in values)


def _encoded(values: tuple[float, ...], call: Call) -> object:
    """Return numbers, or the base64 of little-endian floats that the official SDK asks for."""
    if not call.base64:
        return list(values)
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
