"""The embeddings probe: sends one token, expects one vector, and checks the vector."""

import math
from typing import ClassVar, Final

from aiprobe.core.kind import AnsweredBy, ProbeKind, Sizes, Tokens
from aiprobe.core.model import Result, Target
from aiprobe.core.money import cost_usd
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.bill import believed
from aiprobe.probes.call import failure_detail, one_line, result_of
from aiprobe.probes.caller import Caller
from aiprobe.probes.record import Record, RecordingSink
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask
from aiprobe.transport.transport import Exchange

_PROTOCOL: Final = "openai-embeddings"
_INPUT_TOKENS: Final = 8
"""A bound: one letter is one token in every known tokenizer, and some add special tokens around it."""


def _protocol_problem(_: str, protocol: str) -> tuple[str, str] | None:
    if protocol == _PROTOCOL:
        return None
    return f"`probe: embeddings` does not support the protocol {protocol}", "use a provider with OpenAI's protocol"


def _tokens(_: Sizes) -> Tokens:
    return Tokens(most_input=_INPUT_TOKENS)


class EmbeddingsProbe:
    """An embeddings probe of one target, its request built once."""

    kind: ClassVar = ProbeKind(
        name="embeddings",
        needs_model=True,
        protocol_problem=_protocol_problem,
        protocol_instead={"openai-chat": _PROTOCOL, "openai-responses": _PROTOCOL},
        tokens=_tokens,
        answered_by=AnsweredBy.MODEL,
    )

    def __init__(self, target: Target, tools: Tools) -> None:
        if not target.model:
            raise ValueError("an embeddings probe needs a model")
        self._target = target
        self._tools = tools
        self._protocol = PROTOCOLS[target.provider.protocol]
        ask = Ask(model=target.model, prompt="a", stream=False, extra_body=target.extra_body)
        self._request = self._protocol.request(target.provider, ask)
        headers = (*self._request.headers, ("accept-encoding", "gzip"))
        self._caller = Caller(target, tools, url=target.provider.base_url, headers=headers)

    async def run(self) -> Result:
        """Request one vector."""
        sink = RecordingSink(self._protocol, self._target.provider, stream=False)
        exchange = await self._caller.exchange(
            method=self._request.method,
            path=self._request.path,
            body=self._request.body,
            sink=sink,
            first_token_limit=False,
        )
        record = sink.record
        sink.close(complete=exchange.complete, at=exchange.ended)
        outcome, detail = draw(record, exchange)
        usage = believed(record.usage, answered=bool(record.contents), most=_tokens(self._target).most)
        no_bill = usage.input_tokens is None and record.usage.input_tokens is not None
        return result_of(
            exchange,
            outcome=outcome,
            detail=detail,
            clock=self._tools.clock,
            head=record.facts,
            request_id=record.facts.request_id or record.meta.request_id,
            error_type=one_line(record.failure.error_type) or None if record.failure else None,
            from_in_front=bool(record.failure and record.failure.from_in_front),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=None
            if no_bill
            else cost_usd(self._target.price, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens),
            response_model=record.meta.response_model,
        )


def draw(record: Record, exchange: Exchange) -> tuple[Outcome, str]:
    """Return the outcome of an embeddings probe: from an error, the wire, or the vector."""
    if record.failure is not None:
        return record.failure.outcome, failure_detail(record.failure, exchange)
    if exchange.outcome is not None and not record.ended:
        return exchange.outcome, exchange.detail
    if not record.ended:
        return Outcome.TRUNCATED, "the reply ended before its vector was complete"
    vector = next((content.vector for content in record.contents if content.vector is not None), ())
    if not vector:
        return Outcome.EMPTY, "a complete reply without a vector"
    if not all(map(math.isfinite, vector)):
        return Outcome.WRONG_ANSWER, "the vector holds values that are not finite"
    if not any(vector):
        return Outcome.WRONG_ANSWER, "the vector is all zeros"
    return Outcome.OK, ""
