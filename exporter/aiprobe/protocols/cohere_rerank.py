"""Cohere's rerank API, version 2, and servers that are compatible with it. There is no stream."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from aiprobe.core.model import Provider
from aiprobe.protocols.base import Ask, Content, End, Event, Meta, Request, Usage
from aiprobe.protocols.cohere import COHERE_CHAT
from aiprobe.protocols.jsonvalues import (
    UnreadableError,
    a_count,
    a_list,
    a_name,
    an_id,
    an_object,
    any_object,
)
from aiprobe.protocols.judging import errors
from aiprobe.protocols.request import post

_MOST: Final = 1 << 31


def _request(provider: Provider, ask: Ask) -> Request:
    """Build the request that ranks `ask.documents` by `ask.prompt`."""
    body = {"model": ask.model, "query": ask.prompt, "documents": list(ask.documents)}
    return post(provider, ask, path="/v2/rerank", body=body)


def _read_ranking(document: object) -> Sequence[Event]:
    """Return the events of a ranking; one without entries has an end and no content. A search is a token of input."""
    reply = an_object(document)
    if isinstance(reply.get("message"), str):
        return (errors.of_error(reply),)
    if "results" not in reply:
        raise UnreadableError("neither results nor an error")
    events: list[Event] = [Meta(response_model=a_name(reply.get("model")) or None, request_id=an_id(reply.get("id")))]
    billed = any_object(any_object(reply.get("meta")).get("billed_units"))
    searches = a_count(billed.get("search_units"))
    if searches is not None:
        events.append(Usage(input_tokens=searches, output_tokens=0))
    ranking = tuple(map(_place, a_list(reply["results"])))
    return [*events, *([Content("ranking", vector=ranking)] if ranking else []), End()]


def _place(entry: object) -> float:
    """Return the number of a document whose score is a number."""
    result = an_object(entry)
    index, score = result.get("index"), result.get("relevance_score")
    is_number = isinstance(score, int | float) and -_MOST < score < _MOST  # neither NaN nor infinite
    if type(index) is not int or not 0 <= index < _MOST or not is_number:
        raise UnreadableError("a result without the number of a document and its score")
    return float(index)


COHERE_RERANK: Final = replace(
    COHERE_CHAT, name="cohere-rerank", request=_request, read=_read_ranking, streamed=None, forms={}
)
