"""The answer of a model: the right one within its token cap, or the one of a fault.

Pure. A change alters the answer and leaves the protocol intact: the reply ends as it should.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import cycle, islice
from typing import Final

from aiprobe_simulator.answer import (
    altered,
    answer_to,
    arguments_to,
    code_after,
    last_of_loop,
    object_to,
    pieces,
    shortened,
)
from aiprobe_simulator.faults import Value
from aiprobe_simulator.wire.base import DEFAULT_CAP, Answer, Call, Finish

MOST_REASONING: Final = 4_096
"""Tokens of reasoning at most, with any cap or parameter."""
_THOUGHT: Final = ("Let ", "me r", "ead ", "the ", "line", " aga", "in. ")
_NONSENSE: Final = "The weather is fine today, thank you for asking."

Change = Callable[[Call, str, Mapping[str, Value]], Answer]
"""Takes the call, the answer to the question before (empty where there was none) and the fault's parameters."""


def right_answer(call: Call) -> Answer:
    """Return the answer of a well-behaved model."""
    if call.form == "turns":
        code = code_after(call.prompt, call.result)
        return _with_arguments(call, {"code": code}) if code else _capped(call, _ended(call))
    if call.tool:
        return _capped(call, Answer(text=pieces(arguments_to(call.prompt)), tool=call.tool))
    if call.structured:
        return _capped(call, Answer(text=pieces(object_to(call.prompt))))
    return _capped(call, Answer(text=pieces(answer_to(call.prompt, call.digits)))) if call.prompt else Answer()


def answer_for(call: Call, change: str | None, *, previous: str, params: Mapping[str, Value]) -> Answer:
    """Return the answer to `call` under the fault named `change`, or the right one."""
    if change is None:
        return right_answer(call)
    return CHANGES[change](call, previous, params)


def _ended(call: Call) -> Answer:
    return Answer(text=pieces(last_of_loop(call.prompt, call.result)))


def _capped(call: Call, answer: Answer) -> Answer:
    """Cut an answer at the token cap, reasoning first, and mark it as cut."""
    cap = DEFAULT_CAP if call.cap is None else call.cap
    if answer.output_tokens <= cap:
        return answer
    left = max(0, cap - len(answer.reasoning))
    return replace(answer, reasoning=answer.reasoning[:cap], text=answer.text[:left], finish=Finish.LENGTH)


def _thoughts(tokens: int) -> tuple[str, ...]:
    return tuple(islice(cycle(_THOUGHT), max(1, min(tokens, MOST_REASONING))))


def _fabricated(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    right = right_answer(call)
    return replace(right, text=shortened(right.text))


def _wrong(call: Call, _: str, params: Mapping[str, Value]) -> Answer:
    if call.inputs:
        return Answer(vector=(0.0,) * call.dimensions)
    if (call.tool or call.structured) and not params["text"]:
        return _with_arguments(call, {name: altered(value) for name, value in right_answer(call).arguments.items()})
    return _capped(call, Answer(text=pieces(str(params["text"]) or altered(answer_to(call.prompt, call.digits)))))


def _with_arguments(call: Call, arguments: object) -> Answer:
    return _capped(call, Answer(text=pieces(json.dumps(arguments)), tool=call.tool))


def _nonsense(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return _capped(call, Answer(text=pieces(_NONSENSE)))


def _cached(call: Call, previous: str, __: Mapping[str, Value]) -> Answer:
    if call.tool or call.structured:
        return _capped(call, Answer(text=pieces(previous or "{}"), tool=call.tool))
    return _capped(call, Answer(text=pieces(previous or altered(answer_to(call.prompt, call.digits)))))


def _empty(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return Answer(vector=() if call.inputs else None)


def _reasoning(call: Call, _: str, params: Mapping[str, Value]) -> Answer:
    return _capped(call, replace(right_answer(call), reasoning=_thoughts(int(params["tokens"]))))


def _hidden_reasoning(call: Call, _: str, params: Mapping[str, Value]) -> Answer:
    return replace(_reasoning(call, _, params), shown=False)


def _starved(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return replace(_starved_aloud(call, _, __), shown=False)


def _starved_aloud(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return Answer(reasoning=_thoughts(256 if call.cap is None else call.cap), finish=Finish.LENGTH)


def _refusal(_: Call, __: str, ___: Mapping[str, Value]) -> Answer:
    return Answer(finish=Finish.REFUSED)


def _filter(_: Call, __: str, ___: Mapping[str, Value]) -> Answer:
    return Answer(finish=Finish.FILTERED)


def _wrong_tool(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return replace(right_answer(call), tool=f"{call.tool}_v2")


def _half_arguments(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    arguments = list(right_answer(call).arguments.items())
    return _with_arguments(call, dict(arguments[: len(arguments) // 2]))


def _call_in_text(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    told = {"name": call.tool, "arguments": right_answer(call).arguments}
    return _capped(call, Answer(text=pieces(f"<tool_call>{json.dumps(told)}</tool_call>")))


def _two_calls(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return replace(right_answer(call), calls=2)


def _invalid_json(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return _capped(call, Answer(text=pieces(right_answer(call).words.replace(": ", ", "))))


def _fenced_json(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return _capped(call, Answer(text=pieces(f"```json\n{right_answer(call).words}\n```")))


def _endless_loop(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    right = right_answer(call)
    return right if right.tool else _with_arguments(call, {"code": call.result.split()[0]})


def _forgotten_result(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return right_answer(replace(call, result=""))


def _unread_picture(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return _capped(call, Answer(text=pieces(answer_to(call.prompt, altered(f"{call.digits} .").split()[0]))))


def _finish_of_text(call: Call, _: str, __: Mapping[str, Value]) -> Answer:
    return replace(right_answer(call), unsaid=True)


CHANGES: Final[Mapping[str, Change]] = {
    "fabricated_finish": _fabricated,
    "wrong_answer": _wrong,
    "nonsense": _nonsense,
    "cached_answer": _cached,
    "empty": _empty,
    "empty_list": _empty,
    "reasoning": _reasoning,
    "hidden_reasoning": _hidden_reasoning,
    "starved": _starved,
    "starved_aloud": _starved_aloud,
    "wrong_tool": _wrong_tool,
    "half_arguments": _half_arguments,
    "call_in_text": _call_in_text,
    "two_calls": _two_calls,
    "finish_of_text": _finish_of_text,
    "invalid_json": _invalid_json,
    "fenced_json": _fenced_json,
    "schema_broken": _half_arguments,
    "unread_picture": _unread_picture,
    "endless_loop": _endless_loop,
    "forgotten_result": _forgotten_result,
    "refusal": _refusal,
    "content_filter": _filter,
}
"""Every fault of the stage `answer`."""
