"""The chat probe: asks a model to repeat fresh words, times the answer, and judges whether it is right and whole."""

from collections.abc import Callable
from typing import Final

from aiprobe.core.cost import DEFAULT_MAX_OUTPUT_TOKENS, cost_usd
from aiprobe.core.model import Result, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.call import ANSWER_LIMIT, USER_AGENT, credentials, one_line, result_of, route
from aiprobe.probes.prompt import Words, expected_answer, fresh_words, judge, prompt
from aiprobe.probes.record import Record, RecordingSink
from aiprobe.probes.transport import Exchange
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask, Finish

Judge = Callable[[str], Outcome]
"""Says what a whole visible answer is: ok, truncated or wrong_answer."""

BODY_BYTES: Final = 256 << 10
BYTES_PER_TOKEN: Final = 8 << 10
"""How long a reply may be: the largest real event of one token that we know is under 1 KiB, and some models think for
hundreds of tokens past their cap."""
MIN_TOKENS_FOR_SPEED: Final = 16
"""Tokens after the first below which a speed says more about chunking than about the model."""


class ChatProbe:
    """A chat probe of one target, its request built once."""

    def __init__(self, target: Target, tools: Tools) -> None:
        if not target.model:
            raise ValueError("a chat probe needs a model")
        self._target = target
        self._tools = tools
        self._protocol = PROTOCOLS[target.provider.protocol]
        self._prompt = prompt(target)
        self._expected = expected_answer(target)
        cap = target.max_output_tokens or DEFAULT_MAX_OUTPUT_TOKENS
        self._max_body_bytes = BODY_BYTES + cap * BYTES_PER_TOKEN
        ask = Ask(
            model=target.model,
            prompt=self._prompt,
            max_output_tokens=cap,
            stream=target.stream,
            reasoning=target.reasoning,
            extra_body=target.extra_body,
        )
        self._request = self._protocol.request(target.provider, ask)
        self._route = route(target, target.provider.base_url)
        tools.transport.prepare(self._route)
        self._headers = (
            *self._request.headers,
            ("user-agent", USER_AGENT),
            ("accept-encoding", "identity"),  # a compressed stream may be held back, and its clock would lie
            *credentials(target.provider),
        )

    async def run(self) -> Result:
        """Ask once."""
        words = fresh_words()
        sink = RecordingSink(
            self._protocol, self._target.provider, stream=self._target.stream, max_body_bytes=self._max_body_bytes
        )
        exchange = await self._tools.transport.exchange(
            self._route,
            method=self._request.method,
            path=self._request.path,
            headers=self._headers,
            body=words.into(self._request.body),
            timeouts=self._target.timeouts,
            sink=sink,
            first_token_limit=self._target.stream,
        )
        sink.close(complete=exchange.complete, at=exchange.ended)
        outcome, detail = draw(sink.record, exchange, self._judge_with(words))
        return self._result(sink.record, exchange, outcome, detail)

    def _judge_with(self, words: Words) -> Judge:
        """Return what judges an answer to the question with these words."""

        def judge_answer(answer: str) -> Outcome:
            asked, expected = (words.into(text.encode()).decode() for text in (self._prompt, self._expected))
            return judge(answer, words, asked=asked, expected=expected)

        return judge_answer

    def _result(self, record: Record, exchange: Exchange, outcome: Outcome, detail: str) -> Result:
        usage = record.usage
        first = record.first_content_at if self._target.stream else None
        first_text = record.first_text_at if self._target.stream and record.reasoned else None
        speed = _seconds_per_token(record, exchange) if self._target.stream else None
        return result_of(
            exchange,
            outcome=outcome,
            detail=detail,
            clock=self._tools.clock,
            head=record.facts,
            phases=_phases(record, exchange, stream=self._target.stream),
            request_id=record.facts.request_id or record.meta.request_id,
            error_type=one_line(record.failure.error_type) or None if record.failure else None,
            time_to_first_token_seconds=None if first is None else first - exchange.started,
            time_to_first_output_token_seconds=None if first_text is None else first_text - exchange.started,
            stream_max_gap_seconds=record.max_gap_seconds if self._target.stream else None,
            time_per_output_token_seconds=speed,
            output_tokens_per_second=None if speed is None else 1 / speed,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cached_input_tokens=usage.cached_input_tokens,
            cost_usd=cost_usd(
                self._target.price,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cached_input_tokens=usage.cached_input_tokens,
            ),
            response_model=record.meta.response_model,
            answer=record.answer[:ANSWER_LIMIT],
        )


def draw(record: Record, exchange: Exchange, judge_answer: Judge) -> tuple[Outcome, str]:
    """Draw the outcome, the strongest evidence first: what the peer said, what the wire did, what the reply lacks."""
    if record.failure is not None:
        failure = record.failure
        status = f"HTTP {exchange.status}" if exchange.status is not None else "no status"
        return failure.outcome, ": ".join(part for part in (status, failure.error_type, failure.message) if part)
    if exchange.outcome is not None and not record.ended:
        return exchange.outcome, exchange.detail
    if not record.ended:
        return Outcome.TRUNCATED, "the reply ended without the protocol's terminal event"
    reason = record.stopped.reason if record.stopped else "none"
    if record.finish is Finish.FILTERED:
        return Outcome.CONTENT_FILTERED, f"finish reason {reason}"
    if record.finish is Finish.ERROR:
        return Outcome.ERROR_IN_BODY, f"finish reason {reason}"
    return _draw_answer(record, judge_answer)


def _draw_answer(record: Record, judge_answer: Judge) -> tuple[Outcome, str]:
    """Judge a reply that came to its end without an error."""
    answer = record.answer
    thought = record.reasoned or bool(record.usage.reasoning_tokens)
    if not answer.strip():
        if record.finish is Finish.LENGTH:
            return Outcome.STARVED, "the token limit ran out before any visible text; raise max_output_tokens"
        if record.contents:
            return Outcome.WRONG_ANSWER, f"a {record.contents[0].kind} instead of text"
        return Outcome.EMPTY, "a complete reply without any visible text"
    outcome = judge_answer(answer)
    if outcome is Outcome.OK:
        return outcome, ""
    if record.finish is Finish.LENGTH and thought:
        return Outcome.STARVED, "reasoning used up the token limit before the answer was whole; raise max_output_tokens"
    missing = "the end marker" if outcome is Outcome.TRUNCATED else "what was asked for"
    return outcome, f"the answer lacks {missing}: {answer[:ANSWER_LIMIT]!r}"


def _phases(record: Record, exchange: Exchange, *, stream: bool) -> dict[str, float]:
    """Add to the phases of the wire what the protocol shows: first_token and stream."""
    phases = dict(exchange.phases)
    before = sum(phases.values())
    if "first_byte" not in phases or exchange.status is None:
        return phases
    if stream and record.first_content_at is not None:
        phases["first_token"] = max(0.0, record.first_content_at - exchange.started - before)
        before += phases["first_token"]
    phases["stream"] = max(0.0, exchange.ended - exchange.started - before)
    return phases


def _seconds_per_token(record: Record, exchange: Exchange) -> float | None:
    """Return the seconds per token streamed after the first content, or None where too few came to tell."""
    tokens = record.usage.output_tokens
    if tokens is None or record.first_content_at is None or record.content_chunks < 2:
        return None
    unseen = 0 if record.reasoned else record.usage.reasoning_tokens or 0
    after_first = tokens - unseen - 1
    elapsed = exchange.ended - record.first_content_at
    return elapsed / after_first if after_first >= MIN_TOKENS_FOR_SPEED and elapsed > 0 else None
