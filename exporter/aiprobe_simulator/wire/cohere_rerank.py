"""Cohere's rerank API, version 2: `POST /v2/rerank`. Never streamed; the best one shares most words with the query."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from aiprobe_simulator.wire.base import Answer, BadCall, Call, Json, Kind, Part, Stamp, Trouble, halves, required_model
from aiprobe_simulator.wire.cohere import Cohere

MOST_DOCUMENTS: Final = 10_000
"""In one request (Cohere's published limit)."""
_PER_SEARCH: Final = 100
"""Documents that one billed search has."""
_WORD: Final = re.compile(r"\w+")


class CohereRerank(Cohere):
    """The rerank API."""

    name = "cohere-rerank"
    kind: Kind = "rerank"
    posted = re.compile(r"/v2/rerank\Z")

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:  # noqa: ARG002 - Wire
        """Read a request."""
        query, documents = body.get("query"), body.get("documents")
        if not isinstance(query, str) or not query:
            raise BadCall(Trouble.BAD_REQUEST, "invalid request: query is required")
        if not isinstance(documents, list) or not all(isinstance(each, str) for each in documents) or not documents:
            raise BadCall(Trouble.BAD_REQUEST, "invalid request: documents must be a list of texts")
        if len(documents) > MOST_DOCUMENTS:
            raise BadCall(Trouble.BAD_REQUEST, "invalid request: too many documents")
        return Call(model=required_model(body), prompt=query, inputs=tuple(documents))

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:
        """Return the ranking; an answer with a vector of its own has the order of the request, or nothing of it."""
        wanted = set(_WORD.findall(call.prompt.lower()))
        shared = [len(wanted & set(_WORD.findall(text.lower()))) / len(wanted) for text in call.inputs]
        order = sorted(range(len(shared)), key=lambda index: -shared[index])
        if answer.vector is not None:
            order = list(range(len(shared))) if answer.vector else []
        scores = sorted(shared, reverse=True)
        results = [
            {"index": index, "relevance_score": round(score, 6)} for index, score in zip(order, scores, strict=False)
        ]
        units = {"search_units": -(-len(call.inputs) // _PER_SEARCH)}
        return {
            "id": stamp.request_id,
            "results": results,
            "meta": {"api_version": {"version": "2"}, "billed_units": units},
        }

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Cut the reply in two; there is no stream."""
        return halves(self.whole(call, answer, stamp))
