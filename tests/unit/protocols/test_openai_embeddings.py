import base64
import struct

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols.base import Content
from tests.unit.protocols.builders import Told, read, read_json


def a_reply(embedding: object, **more: object) -> dict[str, object]:
    return {"object": "list", "data": [{"index": 0, "embedding": embedding}], "model": "e-1", **more}


def vector(told: Told) -> tuple[float, ...] | None:
    return next((event.vector for event in told.events if isinstance(event, Content)), None)


def test_a_vector_is_read_with_its_usage() -> None:
    told = read_json("openai-embeddings", a_reply([0.5, -1, 2], usage={"prompt_tokens": 1, "total_tokens": 1}))
    assert (vector(told), told.model, told.tokens, told.ended) == ((0.5, -1.0, 2.0), "e-1", (1, None, None, None), True)


def test_a_vector_in_base64_is_read() -> None:
    packed = base64.b64encode(struct.pack("<2f", 0.5, -1)).decode()
    assert vector(read_json("openai-embeddings", a_reply(packed))) == (0.5, -1.0)


@pytest.mark.parametrize("size", [64, 256, 1024])
@pytest.mark.parametrize("step", [7, 29, 37, 101])
def test_a_vector_of_int8_in_base64_is_read(size: int, step: int) -> None:
    values = tuple((index * step) % 255 - 127 for index in range(size))
    packed = base64.b64encode(struct.pack(f"{size}b", *values)).decode()
    assert vector(read_json("openai-embeddings", a_reply(packed))) == values


@pytest.mark.parametrize("scale", [1.0, 1e-3, 100.0])
def test_a_vector_of_float32_with_a_hole_stays_one(scale: float) -> None:
    values = [scale * (0.01 * index - 0.3) for index in range(64)]
    packed = base64.b64encode(struct.pack("<64f", *values[:-1], float("nan"))).decode()
    read = vector(read_json("openai-embeddings", a_reply(packed)))
    assert read is not None
    assert (len(read), str(read[-1])) == (64, "nan")


def test_what_stands_in_a_vector_is_left_to_the_probe_to_judge() -> None:
    assert vector(read_json("openai-embeddings", a_reply([]))) == ()
    huge = vector(read_json("openai-embeddings", a_reply([float("nan"), 10**400, float("inf")])))
    assert [str(number) for number in huge or ()] == ["nan", "inf", "inf"]


def test_a_list_without_entries_is_complete_and_empty() -> None:
    told = read_json("openai-embeddings", {"data": [], "model": "e-1"})
    assert (told.ended, vector(told), told.failure) == (True, None, None)


@pytest.mark.parametrize("embedding", ["not base64!", "AAA", "AAAAAAA=", ["a"], [True], [None], {"a": 1}, 7])
def test_a_vector_that_is_none_is_malformed(embedding: object) -> None:
    assert read_json("openai-embeddings", a_reply(embedding)).outcome is Outcome.MALFORMED


@pytest.mark.parametrize("data", ["x", {"a": 1}, [7], ["x"]])
def test_a_list_that_is_none_is_malformed(data: object) -> None:
    assert read_json("openai-embeddings", {"data": data}).outcome is Outcome.MALFORMED


def test_an_error_in_a_200_is_seen() -> None:
    assert (
        read_json("openai-embeddings", {"error": {"type": "server_error", "message": "m"}}).outcome
        is Outcome.ERROR_IN_BODY
    )


def test_streaming_changes_nothing() -> None:
    assert vector(read("openai-embeddings", b'{"data": [{"embedding": [1]}]}', stream=True)) == (1.0,)
