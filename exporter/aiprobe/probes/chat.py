"""The chat probe: asks a model a fresh question, times the answer, and checks that it is correct and complete."""

import logging
from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final

from aiprobe.core.kind import AnsweredBy, ProbeKind, QuestionTraits, Sizes, Tokens
from aiprobe.core.model import Result, Target
from aiprobe.core.money import cost_usd
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.bill import believed, is_capped
from aiprobe.probes.call import ANSWER_KEPT, failure_detail, one_line, result_of
from aiprobe.probes.caller import Caller
from aiprobe.probes.models import ModelsProbe, needs_models
from aiprobe.probes.prompt import fresh_words
from aiprobe.probes.questions import QUESTIONS
from aiprobe.probes.questions.question import Call, Judgement, Reply, cap_of
from aiprobe.probes.record import Record, RecordingSink
from aiprobe.probes.thoughts import divide
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask, Finish, Usage
from aiprobe.protocols.judging import finishes
from aiprobe.transport.transport import Exchange

log = logging.getLogger(__name__)

Judge = Callable[[Reply], Judgement]
"""Returns the outcome of a reply that ended without an error, and what is wrong with it."""

BODY_BYTES: Final = 256 << 10
BYTES_PER_TOKEN: Final = 8 << 10
"""How long a reply may be: the largest known event of one token is under 1 KiB, and some models reason for
hundreds of tokens past their cap."""
MIN_TOKENS_FOR_SPEED: Final = 16
"""Tokens after the first below which a speed depends more on chunking than on the model."""


def _protocol_problem(kind: str, protocol: str) -> tuple[str, str] | None:
    if protocol == "openai-embeddings":
        return f"the protocol {protocol} has no chat", "use `probe: embeddings`, or another protocol"
    return needs_models(kind, protocol)


def _question_problem(question: QuestionTraits, protocol: str) -> tuple[str, str] | None:
    if not question.form or protocol not in PROTOCOLS or question.form in PROTOCOLS[protocol].forms:
        return None
    able = sorted(name for name, each in PROTOCOLS.items() if question.form in each.forms)
    return f"the protocol {protocol} cannot ask it", f"protocols that can are {', '.join(able)}"


def _tokens(target: Sizes) -> Tokens:
    """Return the bound of the question's tokens, and those of the expected answer."""
    return QUESTIONS[target.ask].traits.tokens(target)


class ChatProbe:
    """A chat probe of one target, its request built once."""

    kind: ClassVar = ProbeKind(
        name="chat",
        needs_model=True,
        writes=True,
        keys=frozenset({"ask", "max_output_tokens", "reasoning"}).union(
            *(question.traits.keys for question in QUESTIONS.values())
        ),
        protocol_problem=_protocol_problem,
        questions={name: question.traits for name, question in QUESTIONS.items()},
        question_problem=_question_problem,
        tokens=_tokens,
        fallback=ModelsProbe.kind,
        answered_by=AnsweredBy.MODEL,
    )

    def __init__(self, target: Target, tools: Tools) -> None:
        if not target.model:
            raise ValueError("a chat probe needs a model")
        self._target = target
        self._tools = tools
        self._protocol = PROTOCOLS[target.provider.protocol]
        prepare = QUESTIONS[target.ask]
        self._question = prepare(target)
        self._cap = cap = cap_of(target, room=prepare.traits.room(target))
        self._is_absurd = False
        self._says_wrong_model = False
        self._max_body_bytes = BODY_BYTES + cap * BYTES_PER_TOKEN
        ask = Ask(
            model=target.model,
            max_output_tokens=cap,
            stream=target.stream,
            reasoning=target.reasoning,
            extra_body=target.extra_body,
        )
        self._request = self._protocol.request(target.provider, self._question.asked(ask))
        # A server may buffer a compressed stream, and its times would be wrong.
        headers = (*self._request.headers, ("accept-encoding", "identity"))
        self._caller = Caller(target, tools, url=target.provider.base_url, headers=headers)

    async def run(self) -> Result:
        """Ask once."""
        words = fresh_words()
        sink = RecordingSink(
            self._protocol, self._target.provider, stream=self._target.stream, max_body_bytes=self._max_body_bytes
        )
        exchange = await self._caller.exchange(
            method=self._request.method,
            path=self._request.path,
            body=words.into_bytes(self._request.body),
            sink=sink,
            first_token_limit=self._target.stream and not self._protocol.loads_first,
        )
        sink.close(complete=exchange.complete, at=exchange.ended)
        outcome, detail = draw(sink.record, exchange, partial(self._question.judge, words=words), cap=self._cap)
        return self._result(sink.record, exchange, outcome, detail or self._wrong_model(sink.record))

    def _result(self, record: Record, exchange: Exchange, outcome: Outcome, detail: str) -> Result:
        usage = self._bill(record)
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
            from_in_front=bool(record.failure and record.failure.from_in_front),
            time_to_first_token_seconds=_since(exchange.started, first, loading=record.meta.load_seconds),
            time_to_first_output_token_seconds=_since(exchange.started, first_text, loading=record.meta.load_seconds),
            stream_max_gap_seconds=record.max_gap_seconds if self._target.stream else None,
            time_per_output_token_seconds=speed,
            output_tokens_per_second=None if speed is None else 1 / speed,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cached_input_tokens=usage.cached_input_tokens,
            cost_usd=self._cost(record.usage, usage),
            response_model=record.meta.response_model,
            system_fingerprint=record.meta.system_fingerprint,
            call_id=record.calls[0].call_id or None if record.calls else None,
            server_seconds=record.meta.server_seconds,
            load_seconds=record.meta.load_seconds,
            answer=self._shown(record),
        )

    def _wrong_model(self, record: Record) -> str:
        """Return the detail of a reply of another model than a gateway was asked for; log once when it begins."""
        asked, answered = self._target.model, record.meta.response_model
        wrong = self._target.provider.is_gateway and bool(answered) and not is_model(answered or "", asked)
        if wrong and not self._says_wrong_model:
            log.warning("a gateway answers with another model than asked", extra={"target": self._target.name})
        self._says_wrong_model = wrong
        return f"wrong_model: asked for {asked}, answered by {answered}" if wrong else ""

    def _shown(self, record: Record) -> str | None:
        """Return the text of the model, or its calls; None for an answer to a question of the user's own."""
        if self._target.golden is not None and not self._target.golden.show_answers:
            return None
        called = ", ".join(f"{call.name}({call.arguments})" for call in record.calls)
        return (record.answer or called)[:ANSWER_KEPT]

    def _bill(self, record: Record) -> Usage:
        """Return the plausible tokens; log once when counts become absurd."""
        answered = bool(record.text or record.contents or record.calls or record.reasoned)
        most = self._target.kind.tokens(self._target).most
        usage = believed(record.usage, answered=answered, most=most)
        absurd = is_capped(record.usage, usage)
        if absurd and not self._is_absurd:
            log.warning(
                "absurd token counts are capped at what the prompt and the token cap allow",
                extra={
                    "target": self._target.name,
                    "input_tokens": record.usage.input_tokens,
                    "output_tokens": record.usage.output_tokens,
                    "most_input_tokens": most[0],
                    "most_output_tokens": most[1],
                },
            )
        self._is_absurd = absurd
        return usage

    def _cost(self, reported: Usage, usage: Usage) -> float | None:
        """Return the billed tokens, or None where a count is missing or implausible."""
        unknown = [
            (reported.input_tokens is not None and usage.input_tokens is None),
            (reported.output_tokens is not None and usage.output_tokens is None),
        ]
        if any(unknown):
            return None
        return cost_usd(
            self._target.price,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_input_tokens=usage.cached_input_tokens,
        )


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
        calls=tuple(Call(name=call.name, arguments=call.arguments) for call in record.calls),
        other=record.contents[0].kind if record.contents else "",
        reason=record.stopped.reason if record.stopped else "",
        out_of_tokens=out_of_tokens,
        tokens=_visible_tokens(record),
    )
    outcome, detail = judge_answer(reply)
    if out_of_tokens and thought and outcome in {Outcome.TRUNCATED, Outcome.WRONG_ANSWER}:
        return Outcome.STARVED, "reasoning used up the token limit before the answer was whole; raise max_output_tokens"
    return outcome, detail


def is_model(answered: str, asked: str) -> bool:
    """Return whether the name in a reply is that of the model asked for: vendors, tags and dates are no difference."""
    one, other = (name.lower().rpartition("/")[2].partition(":")[0] for name in (answered, asked))
    return one.startswith(other) or other.startswith(one)


def _visible_tokens(record: Record) -> int | None:
    tokens = record.usage.output_tokens
    return None if tokens is None else tokens - min(tokens, record.usage.reasoning_tokens or 0)


def _phases(record: Record, exchange: Exchange, *, stream: bool) -> dict[str, float]:
    """Return the phases of the wire with those of the protocol: first_token and stream."""
    phases = dict(exchange.phases)
    before = sum(phases.values())
    if "first_byte" not in phases:
        return phases
    if exchange.status is None:  # the head was never complete, so all of this time was waiting for the reply
        phases["first_byte"] += max(0.0, exchange.ended - exchange.started - before)
        return phases
    if stream and record.first_content_at is not None:
        waited = record.first_content_at - exchange.started - before
        if waited > 0:  # the very first bytes had content, so there was no wait for it
            phases["first_token"] = waited
            before += waited
    streamed = exchange.ended - exchange.started - before
    if streamed > 0:
        phases["stream"] = streamed
    return phases


def _since(started: float, at: float | None, *, loading: float | None) -> float | None:
    """Return the seconds until `at`, without the time to load the model: a cold start is reported separately."""
    return None if at is None else max(0.0, at - started - (loading or 0.0))


def _seconds_per_token(record: Record, exchange: Exchange) -> float | None:
    """Return the seconds per token streamed after the first content, or None if too few tokens came."""
    tokens = record.usage.output_tokens
    if tokens is None or record.first_content_at is None or record.content_chunks < 2:
        return None
    unseen = 0 if record.reasoned else record.usage.reasoning_tokens or 0
    after_first = tokens - unseen - 1
    elapsed = exchange.ended - record.first_content_at
    return elapsed / after_first if after_first >= MIN_TOKENS_FOR_SPEED and elapsed > 0 else None
