"""One request with one whole reply that holds a list of numbers: what embeddings and rerank probes share."""

from collections.abc import Callable
from typing import Final

from aiprobe.core.model import Result, Target
from aiprobe.core.money import cost_usd
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.bill import believed
from aiprobe.probes.call import failure_detail, one_line, result_of
from aiprobe.probes.caller import Caller
from aiprobe.probes.prompt import fresh_words
from aiprobe.probes.record import Record, RecordingSink
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask
from aiprobe.transport.transport import Exchange

Numbers = tuple[float, ...]
Judge = Callable[[Numbers], tuple[Outcome, str]]
"""Returns the outcome of the numbers of a reply that are not none, and for people what is wrong with them."""
_ENCODED: Final = (("accept-encoding", "gzip"),)


class Single:
    """Asks one target for numbers; the request is built once."""

    def __init__(self, target: Target, tools: Tools, ask: Ask) -> None:
        """Raises ValueError for a target that cannot be asked."""
        self._target = target
        self._tools = tools
        self._protocol = PROTOCOLS[target.provider.protocol]
        self._request = self._protocol.request(target.provider, ask)
        headers = (*self._request.headers, *_ENCODED)
        self._caller = Caller(target, tools, url=target.provider.base_url, headers=headers)

    async def run(self, judge: Judge, *, what: str) -> Result:
        """Ask once; `what` names the numbers in a detail."""
        sink = RecordingSink(self._protocol, self._target.provider, stream=False)
        exchange = await self._caller.exchange(
            method=self._request.method,
            path=self._request.path,
            body=fresh_words().into_bytes(self._request.body),
            sink=sink,
            first_token_limit=False,
        )
        record = sink.record
        sink.close(complete=exchange.complete, at=exchange.ended)
        outcome, detail = _draw(record, exchange, judge, what)
        most = self._target.kind.tokens(self._target).most
        usage = believed(record.usage, answered=bool(record.contents), most=most)
        no_bill = usage.input_tokens is None and record.usage.input_tokens is not None
        price = None if no_bill else self._target.price
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
            cost_usd=cost_usd(price, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens),
            response_model=record.meta.response_model,
        )


def _draw(record: Record, exchange: Exchange, judge: Judge, what: str) -> tuple[Outcome, str]:
    """Return the outcome: from an error, the wire, or the numbers."""
    if record.failure is not None:
        return record.failure.outcome, failure_detail(record.failure, exchange)
    if exchange.outcome is not None and not record.ended:
        return exchange.outcome, exchange.detail
    if not record.ended:
        return Outcome.TRUNCATED, f"the reply ended before its {what} was complete"
    numbers = next((content.vector for content in record.contents if content.vector is not None), ())
    return judge(numbers) if numbers else (Outcome.EMPTY, f"a complete reply without a {what}")
