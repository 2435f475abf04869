"""What each question calls right, and each way to be wrong by its detail."""

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.probes.prompt import Words
from aiprobe.probes.questions import QUESTIONS
from aiprobe.probes.questions.question import Call, Reply
from aiprobe.probes.record import Record, take_call
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask, ToolCall
from tests.builders import a_provider, a_target

WORDS = Words("bodakemut", "END48213", "R1234567", "kalubenis")
RIGHT = '{"word": "bodakemut", "marker": "END48213"}'


def a_reply(*calls: tuple[str, str], text: str = "", reason: str = "tool_calls", out_of_tokens: bool = False) -> Reply:
    made = tuple(Call(name=name, arguments=arguments) for name, arguments in calls)
    return Reply(text=text, calls=made, reason=reason, out_of_tokens=out_of_tokens)


@pytest.mark.parametrize(
    ("reply", "outcome", "detail"),
    [
        (a_reply(("report_word", RIGHT)), Outcome.OK, ""),
        (a_reply(("report_word", RIGHT), text="I will report it."), Outcome.OK, ""),
        (a_reply(("report_word", '{"marker":"END48213","word":"bodakemut"}')), Outcome.OK, ""),
        (a_reply(("report_word", RIGHT), reason="stop"), Outcome.WRONG_ANSWER, "the finish reason is stop"),
        (a_reply(("report_word", RIGHT), reason=""), Outcome.WRONG_ANSWER, "the finish reason is missing"),
        (a_reply(("report_words", RIGHT)), Outcome.WRONG_ANSWER, "a call of 'report_words' instead of"),
        (a_reply(("", RIGHT)), Outcome.WRONG_ANSWER, "a call of '' instead of"),
        (a_reply(("report_word", RIGHT[:-5])), Outcome.WRONG_ANSWER, "broken JSON"),
        (a_reply(("report_word", RIGHT * 2)), Outcome.WRONG_ANSWER, "broken JSON"),
        (a_reply(("report_word", "[" * 100_000)), Outcome.WRONG_ANSWER, "broken JSON"),
        (a_reply(("report_word", "")), Outcome.WRONG_ANSWER, "other arguments"),
        (a_reply(("report_word", '"text"')), Outcome.WRONG_ANSWER, "other arguments"),
        (a_reply(("report_word", RIGHT.replace("bodakemut", "kalubenis"))), Outcome.WRONG_ANSWER, "other arguments"),
        (a_reply(("report_word", RIGHT[:-1] + ', "more": 1}')), Outcome.WRONG_ANSWER, "other arguments"),
        (a_reply(("report_word", RIGHT), ("report_word", RIGHT)), Outcome.WRONG_ANSWER, "2 calls instead of one"),
        (a_reply(text=f"report_word({RIGHT})", reason="stop"), Outcome.WRONG_ANSWER, "a call in the text"),
        (a_reply(text="Hello!", reason="stop"), Outcome.WRONG_ANSWER, "text instead of a tool call"),
        (a_reply(reason="stop"), Outcome.EMPTY, "without any visible text"),
        (a_reply(reason="length", out_of_tokens=True), Outcome.STARVED, "the token limit ran out"),
        (
            a_reply(("report_word", RIGHT[:9]), reason="length", out_of_tokens=True),
            Outcome.TRUNCATED,
            "the token limit ran out within the call",
        ),
    ],
)
def test_tools_wants_exactly_one_call(reply: Reply, outcome: Outcome, detail: str) -> None:
    found, told = QUESTIONS["tools"](a_target(ask="tools")).judge(reply, WORDS)
    assert found is outcome, told
    assert detail in told
    assert bool(told) is (outcome is not Outcome.OK)


@pytest.mark.parametrize(
    ("protocol", "reason"),
    [
        ("anthropic-messages", "tool_use"),
        ("bedrock-converse", "tool_use"),
        ("cohere-chat", "TOOL_CALL"),
        ("gemini", "STOP"),
        ("ollama-chat", "stop"),
        ("openai-responses", "completed"),
        ("vertex-anthropic", "tool_use"),
    ],
)
def test_a_call_has_the_finish_reason_of_its_protocol(protocol: str, reason: str) -> None:
    question = QUESTIONS["tools"](a_target(ask="tools", provider=a_provider(protocol=protocol)))
    assert question.judge(a_reply(("report_word", RIGHT), reason=reason), WORDS)[0] is Outcome.OK
    assert question.judge(a_reply(("report_word", RIGHT), reason="length"), WORDS)[0] is Outcome.WRONG_ANSWER


def test_the_words_of_a_request_are_fresh_and_none_is_left_a_placeholder() -> None:
    for name, prepare in QUESTIONS.items():
        target = a_target(ask=name, input_tokens=200)
        ask = prepare(target).asked(Ask(model="m"))
        body = WORDS.into_bytes(PROTOCOLS["openai-chat"].request(target.provider, ask).body)
        assert WORDS.code_word.encode() in body
        assert not any(word in body for word in (b"kodewordx", b"ENDMARKX", b"RUNMARKX", b"otherword"))


@pytest.mark.parametrize(
    ("pieces", "calls"),
    [
        ([ToolCall(place=0, name="f", arguments="{"), ToolCall(place=0, arguments="}")], [("f", "{}")]),
        ([ToolCall(place=0, name="f"), ToolCall(place=0, name="f", arguments="{}")], [("f", "{}")]),
        (
            [ToolCall(place=0, name="f"), ToolCall(place=1, name="g"), ToolCall(place=0, arguments="1")],
            [("f", "1"), ("g", "")],
        ),
        ([ToolCall(place=0, call_id="a", name="f"), ToolCall(place=0, call_id="b", name="f")], [("f", ""), ("f", "")]),
        ([ToolCall(name="f", arguments="{}"), ToolCall(name="f", arguments="{}")], [("f", "{}"), ("f", "{}")]),
        ([ToolCall(name="f"), ToolCall(arguments="{}")], [("f", "{}")]),
        ([ToolCall(name=str(each)) for each in range(9)], [(str(each), "") for each in range(8)]),
    ],
)  # fmt: skip
def test_pieces_of_calls_are_put_together(pieces: list[ToolCall], calls: list[tuple[str, str]]) -> None:
    record = Record()
    for piece in pieces:
        take_call(record, piece)
    assert [(call.name, call.arguments) for call in record.calls] == calls
