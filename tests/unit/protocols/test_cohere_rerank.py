"""A ranking: the numbers of the documents in their order, and the bill in searches."""

import json
from typing import Any

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask, Content, End, Event, Failure, Meta, Usage
from tests.builders import a_provider


def read(document: Any) -> list[Event]:
    reader = PROTOCOLS["cohere-rerank"].reader(stream=False)
    return [*reader.feed(json.dumps(document).encode()), *reader.close()]


def entry(index: object, score: object = 0.5) -> dict[str, object]:
    return {"index": index, "relevance_score": score}


def test_a_request_has_the_query_and_the_documents() -> None:
    provider = a_provider(protocol="cohere-rerank", base_url="https://api.cohere.com")
    request = PROTOCOLS["cohere-rerank"].request(provider, Ask(model="m", prompt="q", documents=("a", "b")))
    assert request.path == "/v2/rerank"
    assert json.loads(request.body) == {"model": "m", "query": "q", "documents": ["a", "b"]}


def test_a_ranking_has_its_order_and_its_searches() -> None:
    events = read({"id": "r-1", "results": [entry(2, 0.9), entry(0, 0)], "meta": {"billed_units": {"search_units": 1}}})
    assert events == [
        Meta(request_id="r-1"), Usage(input_tokens=1, output_tokens=0), Content("ranking", vector=(2.0, 0.0)), End()
    ]  # fmt: skip


def test_a_reply_without_units_has_no_bill_and_one_without_results_no_content() -> None:
    assert read({"results": []}) == [Meta(), End()]


@pytest.mark.parametrize(
    "document",
    [{}, {"results": [1]}, {"results": [entry("0")]}, {"results": [entry(-1)]},
     {"results": [{**entry(0), "index": True}]}, {"results": [entry(0, "0.5")]}, {"results": [entry(0, None)]},
     {"results": [entry(0, float("nan"))]}, {"results": [entry(10**30)]}, {"results": [{"index": 0}]}, [], "x"],
)  # fmt: skip
def test_what_is_no_ranking_is_malformed(document: Any) -> None:
    (failure,) = [event for event in read(document) if isinstance(event, Failure)]
    assert failure.outcome is Outcome.MALFORMED


def test_an_error_in_a_whole_reply_is_an_error() -> None:
    (failure,) = read({"message": "internal server error"})
    assert isinstance(failure, Failure)
    assert failure.outcome is Outcome.ERROR_IN_BODY
