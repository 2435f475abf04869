"""What each question calls right, and each way to be wrong by its detail."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from aiprobe.core.kind import Golden
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.prompt import Words
from aiprobe.probes.questions import QUESTIONS
from aiprobe.probes.questions.question import Reply
from aiprobe.probes.record import Record, take_call
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask, ToolCall
from tests.builders import a_provider, a_target

WORDS = Words("bodakemut", "END48213", "R1234567", "kalubenis")
RIGHT = '{"word": "bodakemut", "marker": "END48213"}'


def a_reply(*calls: tuple[str, str], text: str = "", reason: str = "tool_calls", out_of_tokens: bool = False) -> Reply:
    made = tuple(ToolCall(name=name, arguments=arguments) for name, arguments in calls)
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
        (a_reply(("report_word", '{"code_word": "\ud800"}')), Outcome.WRONG_ANSWER, "broken JSON"),
        (a_reply(("report_word", "[" + "[]," * 20_000 + "0]")), Outcome.WRONG_ANSWER, "broken JSON"),
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


@pytest.mark.parametrize(
    ("text", "outcome", "detail"),
    [
        ('{"code_word": "bodakemut", "marker": "END48213"}', Outcome.OK, ""),
        ('\n{"marker":"END48213","code_word":"bodakemut"} ', Outcome.OK, ""),
        ('{"code_word": "kalubenis", "marker": "END48213"}', Outcome.WRONG_ANSWER, "lacks the fresh words"),
        ('{"code_word": "bodakemut"}', Outcome.WRONG_ANSWER, "the whole breaks required"),
        ('{"code_word": 1, "marker": "END48213"}', Outcome.WRONG_ANSWER, "code_word breaks properties/code_word/type"),
        ('{"code_word": "bodakemut", "marker": "END48213", "a": 1}', Outcome.WRONG_ANSWER, "additionalProperties"),
        ('["bodakemut", "END48213"]', Outcome.WRONG_ANSWER, "the whole breaks type"),
        ('{"code_word": "bodakemut", "mark', Outcome.TRUNCATED, "cut JSON"),
        ('{"code_word": "bodakemut" "marker": "END48213"}', Outcome.WRONG_ANSWER, "broken JSON"),
        ('```json\n{"code_word": "bodakemut", "marker": "END48213"}\n```', Outcome.WRONG_ANSWER, "broken JSON"),
        ("{" * 100_000, Outcome.TRUNCATED, "cut JSON"),
        ("[" * 100_000, Outcome.WRONG_ANSWER, "broken JSON"),
        ("[" * 300 + "]" * 300, Outcome.WRONG_ANSWER, "broken JSON"),
        ("[" + "[]," * 20_000 + "0]", Outcome.WRONG_ANSWER, "broken JSON"),
        (r'{"code_word": "\ud800", "marker": "END48213"}', Outcome.WRONG_ANSWER, "lacks the fresh words"),
        (r'{"code_word": "\udc00"}', Outcome.WRONG_ANSWER, "half of a surrogate pair"),
        (r'{"\udfff": 1}', Outcome.WRONG_ANSWER, "half of a surrogate pair"),
        ("", Outcome.EMPTY, "without any visible text"),
    ],
)
def test_structured_wants_json_of_the_schema_with_the_fresh_words(text: str, outcome: Outcome, detail: str) -> None:
    found, told = QUESTIONS["structured"](a_target(ask="structured")).judge(a_reply(text=text, reason="stop"), WORDS)
    assert found is outcome, told
    assert detail in told


@pytest.mark.parametrize(
    ("text", "outcome", "detail"),
    [
        ("bodakemut 48213", Outcome.OK, ""),
        ("The line is: bodakemut\n48213.", Outcome.OK, ""),
        ("bodakemut 48218", Outcome.WRONG_ANSWER, "lacks the digits of the picture"),
        ("bodakemut 148213", Outcome.WRONG_ANSWER, "lacks the digits of the picture"),
        ("bodakemut [digits]", Outcome.WRONG_ANSWER, "lacks the digits of the picture"),
        ("I cannot see a picture.", Outcome.WRONG_ANSWER, "lacks the digits of the picture"),
        ("kalubenis 48213", Outcome.WRONG_ANSWER, "lacks the word"),
        ("bodakemut 48", Outcome.TRUNCATED, "lacks the digits at its end"),
        ("boda", Outcome.TRUNCATED, "lacks the digits at its end"),
        ("", Outcome.EMPTY, "without any visible text"),
    ],
)
def test_vision_wants_the_word_and_the_digits_of_the_picture(text: str, outcome: Outcome, detail: str) -> None:
    found, told = QUESTIONS["vision"](a_target(ask="vision")).judge(a_reply(text=text, reason="stop"), WORDS)
    assert found is outcome, told
    assert detail in told


def golden(**expected: Any) -> Golden:
    return Golden(messages=(("user", "Say {{nonce}}, please"),), **expected)


@pytest.mark.parametrize(
    ("expected", "text", "outcome"),
    [
        ({"contains": "{{nonce}}"}, "It is bodakemut.", Outcome.OK),
        ({"contains": "{{nonce}}"}, "It is kalubenis.", Outcome.WRONG_ANSWER),
        ({"equals": " bodakemut\n"}, "bodakemut ", Outcome.OK),
        ({"equals": "bodakemut"}, "bodakemut.", Outcome.WRONG_ANSWER),
        ({"regex": r"^\d{3}-{{nonce}}$"}, "123-bodakemut", Outcome.OK),
        ({"regex": r"^\d{3}$"}, "1234", Outcome.WRONG_ANSWER),
        ({"regex": r"(?i)PARIS"}, "It is paris", Outcome.OK),
        ({"regex": r"(a+)+$"}, "a" * 60_000 + "!", Outcome.WRONG_ANSWER),
        ({"json_schema": {"properties": {"id": {"const": "{{nonce}}"}}}}, '{"id": "bodakemut"}', Outcome.OK),
        ({"json_schema": {"properties": {"id": {"const": "{{nonce}}"}}}}, '{"id": "x"}', Outcome.WRONG_ANSWER),
        ({"json_schema": {}}, "no JSON", Outcome.WRONG_ANSWER),
        ({"json_schema": {"type": "object"}}, r'["\udc00\ud800"]', Outcome.WRONG_ANSWER),
        ({"json_schema": {}}, '{"a":' * 500 + "1" + "}" * 500, Outcome.WRONG_ANSWER),
        ({"contains": "a", "regex": "b"}, "ab", Outcome.OK),
        ({"contains": "a", "regex": "b"}, "a", Outcome.WRONG_ANSWER),
        ({"contains": "a", "max_tokens": 9}, "a", Outcome.OK),
        ({"contains": "a", "max_tokens": 8}, "a", Outcome.WRONG_ANSWER),
        ({"contains": "a"}, "a" * 70_000, Outcome.WRONG_ANSWER),
        ({"contains": "a"}, " ", Outcome.EMPTY),
    ],
)  # fmt: skip
def test_an_own_question_is_judged_by_what_it_expects(expected: dict[str, Any], text: str, outcome: Outcome) -> None:
    question = QUESTIONS["custom"](a_target(ask="custom", golden=golden(**expected)))
    found, told = question.judge(replace(a_reply(text=text, reason="stop"), tokens=9), WORDS)
    assert found is outcome, told
    assert bool(told) is (outcome is not Outcome.OK)


@pytest.mark.parametrize("shown", [True, False])
def test_a_detail_quotes_the_answer_to_an_own_question_only_by_choice(*, shown: bool) -> None:
    expected = {"contains": "expected", "json_schema": {"type": "object", "const": "expected"}, "show_answers": shown}
    question = QUESTIONS["custom"](a_target(ask="custom", golden=golden(**expected)))
    _, told = question.judge(a_reply(text='"said"'), WORDS)
    assert ("said" in told) is shown
    _, told = question.judge(a_reply(text='"expected said"'), WORDS)
    assert ("said" in told) is shown


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        ({}, "needs one of contains, equals, regex and json_schema"),
        ({"max_tokens": 5}, "needs one of contains, equals, regex and json_schema"),
        ({"regex": "("}, "is no regular expression"),
        ({"regex": "(?=a)b"}, "no look-around"),
        ({"regex": "a{1,1000}{1,1000}{1,1000}"}, "is no regular expression"),
        ({"json_schema": {"type": 5}}, "5 is not valid"),
        ({"json_schema": {"$ref": "http://127.0.0.1:9/schema"}}, "http://127.0.0.1:9/schema"),
        ({"json_schema": {"$ref": "file:///etc/hostname"}}, "file:///etc/hostname"),
    ],
)
def test_an_expectation_that_cannot_be_checked_is_refused_in_advance(expected: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        QUESTIONS["custom"](a_target(ask="custom", golden=golden(**expected)))


@pytest.mark.parametrize("protocol", [name for name, each in PROTOCOLS.items() if "messages" in each.forms])
def test_a_conversation_keeps_its_roles_on_every_protocol(protocol: str) -> None:
    told = Golden(
        messages=(("system", "Sys."), ("user", "One."), ("assistant", "Two."), ("user", "Three.")), equals="x"
    )
    target = a_target(ask="custom", golden=told, provider=a_provider(protocol=protocol))
    body = json.loads(
        PROTOCOLS[protocol].request(target.provider, QUESTIONS["custom"](target).asked(Ask(model="m"))).body
    )
    text = json.dumps(body)
    assert [text.count(word) for word in ("Sys.", "One.", "Two.", "Three.")] == [1, 1, 1, 1]
    assert text.index("One.") < text.index("Two.") < text.index("Three.")
    said = [body[name] for name in ("messages", "contents", "input") if name in body]
    roles = [each["role"] for each in said[0]]
    assert [role.replace("model", "assistant") for role in roles if role != "system"] == ["user", "assistant", "user"]


def test_the_words_of_a_request_are_fresh_and_none_is_left_a_placeholder() -> None:
    for name, prepare in QUESTIONS.items():
        target = a_target(ask=name, input_tokens=200, golden=golden(equals="x"))
        ask = prepare(target).asked(Ask(model="m"))
        body = WORDS.into_bytes(PROTOCOLS["openai-chat"].request(target.provider, ask).body)
        assert WORDS.code_word.encode() in body
        assert not any(word in body for word in (b"kodewordx", b"ENDMARKX", b"RUNMARKX", b"otherword", b"PICTUREMARKX"))


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
