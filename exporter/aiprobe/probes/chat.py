"""The chat probe: asks a model a fresh question, times the answer, and checks that it is correct and complete."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from aiprobe.core.kind import TURN_PHASES, AnsweredBy, ProbeKind, QuestionTraits, Sizes, Tokens
from aiprobe.core.model import Result, Target, Timeouts
from aiprobe.core.money import cost_usd
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.bill import believed, is_capped, summed
from aiprobe.probes.call import ANSWER_KEPT, one_line, result_of
from aiprobe.probes.caller import Caller
from aiprobe.probes.daily import Daily
from aiprobe.probes.models import ModelsProbe, needs_models
from aiprobe.probes.outcome import draw
from aiprobe.probes.prompt import FIXED_WORDS, Words, fresh_words
from aiprobe.probes.questions import QUESTIONS
from aiprobe.probes.questions.question import Judgement, Loop, Question, Reply, cap_of
from aiprobe.probes.record import Record, RecordingSink
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask, Request, Usage
from aiprobe.transport.hops import joined
from aiprobe.transport.transport import Exchange

log = logging.getLogger(__name__)

BODY_BYTES: Final = 256 << 10
BYTES_PER_TOKEN: Final = 8 << 10
"""How long a reply may be: the largest known event of one token is under 1 KiB, and some models reason for
hundreds of tokens past their cap."""
MIN_TOKENS_FOR_SPEED: Final = 16
"""Tokens after the first below which a speed depends more on chunking than on the model."""


def _protocol_problem(name: str, protocol: str) -> tuple[str, str] | None:
    if protocol in {"openai-embeddings", "cohere-rerank"}:
        kind = protocol.rpartition("-")[2]
        return f"the protocol {protocol} has no chat", f"use `probe: {kind}`, or another protocol"
    return needs_models(name, protocol)


def _question_problem(question: QuestionTraits, protocol: str) -> tuple[str, str] | None:
    if not question.form or protocol not in PROTOCOLS or question.form in PROTOCOLS[protocol].forms:
        return None
    able = sorted(name for name, each in PROTOCOLS.items() if question.form in each.forms)
    return f"the protocol {protocol} cannot ask it", f"protocols that can are {', '.join(able)}"


def _tokens(target: Sizes) -> Tokens:
    """Return the bound of the question's tokens, and those of the expected answer."""
    return QUESTIONS[target.ask].traits.tokens(target)


@dataclass(slots=True, kw_only=True)
class _Step:
    """One request and its reply; most probes have one, and `ask: turns` has one for each turn."""

    record: Record
    exchange: Exchange
    outcome: Outcome
    detail: str
    reply: Reply | None
    """What was judged; None for a reply that did not come to that."""


class ChatProbe:
    """A chat probe of one target, its first request built once."""

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
        self._loop = self._question if isinstance(self._question, Loop) else None
        self._cap = cap = cap_of(target, room=prepare.traits.room(target))
        self._daily = Daily()
        self._is_fixed = False
        self._is_absurd = False
        self._says_wrong_model = False
        self._max_body_bytes = BODY_BYTES + cap * BYTES_PER_TOKEN
        self._ask = Ask(
            model=target.model,
            max_output_tokens=cap,
            stream=target.stream,
            reasoning=target.reasoning,
            extra_body=target.extra_body,
        )
        self._request = self._protocol.request(target.provider, self._question.asked(self._ask))
        # A server may buffer a compressed stream, and its times would be wrong.
        headers = (*self._request.headers, ("accept-encoding", "identity"))
        self._caller = Caller(target, tools, url=target.provider.base_url, headers=headers)

    async def run(self) -> Result:
        """Ask, and as long as the replies are right and the question has another turn, that one too."""
        turn, timeouts = self._loop, self._target.timeouts
        words = FIXED_WORDS if self._is_fixed else fresh_words()
        steps = [await self._step(self._request, self._question, words, timeouts)]
        while turn is not None and (reply := steps[-1].reply) and steps[-1].outcome is Outcome.OK:
            then = turn.after(reply, words)
            if then is None:
                break
            left = timeouts.total - (self._tools.clock.monotonic() - steps[0].exchange.started)
            if left <= 0:
                late = "the turns up to this one used up the time"
                steps[-1] = replace(steps[-1], outcome=Outcome.TIMEOUT_TOTAL, detail=late)
                break
            turn, request = then, self._protocol.request(self._target.provider, then.asked(self._ask))
            steps.append(await self._step(request, turn, words, replace(timeouts, total=left)))
        result = self._result(steps)
        if self._is_fixed and result.outcome is Outcome.OK and result.input_tokens is not None:
            self._daily.took(result.input_tokens)
            result = replace(result, fixed_input_tokens=result.input_tokens)
        self._is_fixed = self._loop is None and self._daily.take(result.started_timestamp_seconds)
        return result

    async def _step(self, request: Request, turn: Question, words: Words, timeouts: Timeouts) -> _Step:
        """Ask one turn, and judge its reply."""
        sink = RecordingSink(
            self._protocol, self._target.provider, stream=self._target.stream, max_body_bytes=self._max_body_bytes
        )
        exchange = await self._caller.exchange(
            method=request.method,
            path=request.path,
            body=words.into_bytes(request.body),
            sink=sink,
            first_token_limit=self._target.stream and not self._protocol.loads_first,
            timeouts=timeouts,
        )
        sink.close(complete=exchange.complete, at=exchange.ended)
        judged: list[Reply] = []

        def judge(reply: Reply) -> Judgement:
            judged.append(reply)
            return turn.judge(reply, words)

        outcome, detail = draw(sink.record, exchange, judge, cap=self._cap)
        reply = judged[0] if judged else None
        return _Step(record=sink.record, exchange=exchange, outcome=outcome, detail=detail, reply=reply)

    def _result(self, steps: Sequence[_Step]) -> Result:
        first, last = steps[0], steps[-1]
        record, stream = last.record, self._target.stream
        exchange, gap, reported = last.exchange, record.max_gap_seconds, record.usage
        if first is last:
            phases = _phases(record, exchange, stream=stream)
        else:
            exchange, phases = joined([step.exchange for step in steps])[0], _turn_phases(steps)
            gap, reported = max(step.record.max_gap_seconds or 0.0 for step in steps) or None, _reported(steps)
        usage = self._bill(steps, reported)
        wrong_model = self._wrong_model(record)
        detail = last.detail
        if wrong_model and not detail:
            detail = f"wrong_model: asked for {self._target.model}, answered by {record.meta.response_model}"
        if self._loop is not None and last.outcome is not Outcome.OK:
            detail = f"turn {len(steps)}: {detail}"
        loading, started = first.record.meta.load_seconds, exchange.started
        first_text = first.record.first_text_at if first.record.reasoned else None
        speed = _seconds_per_token(record, exchange) if stream and first is last else None
        return result_of(
            exchange,
            outcome=last.outcome,
            detail=detail,
            clock=self._tools.clock,
            head=record.facts,
            phases=phases,
            request_id=record.facts.request_id or record.meta.request_id,
            error_type=one_line(record.failure.error_type) or None if record.failure else None,
            from_in_front=bool(record.failure and record.failure.from_in_front),
            time_to_first_token_seconds=_since(started, first.record.first_content_at if stream else None, loading),
            time_to_first_output_token_seconds=_since(started, first_text if stream else None, loading),
            stream_max_gap_seconds=gap if stream else None,
            time_per_output_token_seconds=speed,
            output_tokens_per_second=None if speed is None else 1 / speed,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cached_input_tokens=usage.cached_input_tokens,
            cost_usd=self._cost(reported, usage),
            response_model=record.meta.response_model,
            wrong_model=wrong_model,
            system_fingerprint=record.meta.system_fingerprint,
            call_id=first.record.calls[0].call_id or None if first.record.calls else None,
            server_seconds=record.meta.server_seconds,
            load_seconds=loading,
            answer=self._shown(record),
        )

    def _wrong_model(self, record: Record) -> bool | None:
        """Return whether a gateway answered with another model than it was asked for; log once when that begins."""
        answered = record.meta.response_model
        if not answered or not self._target.provider.is_gateway:
            return None
        wrong = not is_model(answered, self._target.model)
        if wrong and not self._says_wrong_model:
            log.warning("a gateway answers with another model than asked", extra={"target": self._target.name})
        self._says_wrong_model = wrong
        return wrong

    def _shown(self, record: Record) -> str | None:
        """Return the text of the model, or its calls; None for an answer to a question of the user's own."""
        if self._target.golden is not None and not self._target.golden.show_answers:
            return None
        called = ", ".join(f"{call.name}({call.arguments})" for call in record.calls)
        return (record.answer or called)[:ANSWER_KEPT]

    def _bill(self, steps: Sequence[_Step], reported: Usage) -> Usage:
        """Return the plausible tokens; log once when counts become absurd."""
        first = steps[0].record  # a later turn follows only an answer
        answered = bool(first.text or first.contents or first.calls or first.reasoned)
        most = self._target.kind.tokens(self._target).most
        usage = believed(reported, answered=answered, most=most)
        absurd = is_capped(reported, usage)
        if absurd and not self._is_absurd:
            log.warning(
                "absurd token counts are capped at what the prompt and the token cap allow",
                extra={
                    "target": self._target.name,
                    "input_tokens": reported.input_tokens,
                    "output_tokens": reported.output_tokens,
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


def is_model(answered: str, asked: str) -> bool:
    """Return whether the name in a reply is that of the model asked for: vendors, tags and dates are no difference."""
    one, other = (name.lower().rpartition("/")[2].partition(":")[0] for name in (answered, asked))
    return one.startswith(other) or other.startswith(one)


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


def _turn_phases(steps: Sequence[_Step]) -> dict[str, float]:
    """Return the time of each turn, from its beginning to that of the next."""
    begun = [step.exchange.started for step in steps]
    ended = [*begun[1:], steps[-1].exchange.ended]
    return {name: end - start for name, start, end in zip(TURN_PHASES, begun, ended, strict=False)}


def _reported(steps: Sequence[_Step]) -> Usage:
    """Return the tokens of all turns as they were reported. A last turn that was refused, or never asked, is free."""
    last = steps[-1].exchange
    refused = last.status is not None and last.status >= 300
    unasked = last.status is None and last.phases.keys().isdisjoint(("send", "first_byte"))
    billed = steps[:-1] if refused or unasked else steps
    return summed([step.record.usage for step in billed])


def _since(started: float, at: float | None, loading: float | None) -> float | None:
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
