"""Draws the outcome of a reply from its record: errors, the wire, what it lacks, and how its question judges it."""

from collections.abc import Callable

from aiprobe.core.outcomes import Outcome
from aiprobe.probes.call import failure_detail
from aiprobe.probes.questions.question import Judgement, Reply
from aiprobe.probes.record import Record
from aiprobe.probes.thoughts import divide
from aiprobe.protocols.base import Finish
from aiprobe.protocols.judging import finishes
from aiprobe.transport.transport import Exchange

Judge = Callable[[Reply], Judgement]
"""Returns the outcome of a reply that ended without an error, and what is wrong with it."""


def draw(record: Record, exchange: Exchange, judge_answer: Judge, *, cap: int | None = None) -> tuple[Outcome, str]:
    """Return the outcome by the strongest evidence: the peer's error, then the wire, then what the reply lacks."""
    if record.failure is not None:
        return record.failure.outcome, failure_detail(record.failure, exchange)
    if exchange.outcome is not None and not record.ended:
        return exchange.outcome, exchange.detail
    if not record.ended:
        return Outcome.TRUNCATED, "the reply ended without the protocol's terminal event"
    reason = record.stopped.reason if record.stopped else "none"
    if record.finish is Finish.FILTERED:
        return Outcome.CONTENT_FILTERED, f"finish reason {reason}"
    stopped_by_error = finishes.failed(record.stopped)
    if stopped_by_error is not None:
        return stopped_by_error.outcome, f"finish reason {reason}"
    at_cap = cap is not None and record.usage.output_tokens == cap
    return _draw_answer(record, judge_answer, out_of_tokens=at_cap or record.finish is Finish.LENGTH)


def _draw_answer(record: Record, judge_answer: Judge, *, out_of_tokens: bool) -> tuple[Outcome, str]:
    """Return the outcome of a reply that ended without an error.

    Text after an unclosed thinking tag is a thought if the tokens ran out, and the answer if the model stopped.
    """
    seen = divide(record.answer)
    thought = record.reasoned or bool(record.usage.reasoning_tokens) or seen.thought
    answer = seen.answer
    if seen.open_thought is not None and not out_of_tokens:
        answer = f"{answer} {seen.open_thought}"
    reply = Reply(
        text=answer,
        calls=tuple(call.whole for call in record.calls),
        other=record.contents[0].kind if record.contents else "",
        reason=record.stopped.reason if record.stopped else "",
        out_of_tokens=out_of_tokens,
        tokens=_visible_tokens(record),
    )
    outcome, detail = judge_answer(reply)
    if out_of_tokens and thought and outcome in {Outcome.TRUNCATED, Outcome.WRONG_ANSWER}:
        return Outcome.STARVED, "reasoning used up the token limit before the answer was whole; raise max_output_tokens"
    return outcome, detail


def _visible_tokens(record: Record) -> int | None:
    tokens = record.usage.output_tokens
    return None if tokens is None else tokens - min(tokens, record.usage.reasoning_tokens or 0)
