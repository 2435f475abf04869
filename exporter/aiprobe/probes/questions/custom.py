"""The question `custom`: the user's own, with what its answer must be; with the nonce in it, no cache can answer it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Final

from aiprobe.core.kind import NONCE, Golden, QuestionTraits, Sizes, Tokens
from aiprobe.core.model import Target
from aiprobe.core.money import DEFAULT_MAX_OUTPUT_TOKENS
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.prompt import CODE_WORD, Words
from aiprobe.probes.questions.question import Judgement, Reply, quoted, tokens_of, without_text
from aiprobe.probes.questions.schema import LONGEST_TEXT, Checker, loaded, matcher
from aiprobe.protocols.base import Ask, Message

_USUAL_ANSWER: Final = 256
_SLACK: Final = 2
"""The cap is this many times `max_tokens`, so that an answer that is too long is whole, and found to be."""
_TOKENS_PER_MESSAGE: Final = 16
"""A bound on what a chat template adds to each message."""
_USUAL_BYTES: Final = 3
"""Of a token of prose; the bound is one byte, because no tokenizer makes more tokens than bytes."""


def _bytes(target: Sizes) -> int:
    messages = target.golden.messages if target.golden else ()
    return sum(len(text.encode()) for _, text in messages)


def _answer(target: Sizes) -> int:
    return (target.golden and target.golden.max_tokens) or _USUAL_ANSWER


def _room(target: Sizes) -> int:
    return max(0, _answer(target) * _SLACK - DEFAULT_MAX_OUTPUT_TOKENS)


def _tokens(target: Sizes) -> Tokens:
    messages = _TOKENS_PER_MESSAGE * len(target.golden.messages if target.golden else ())
    size = _bytes(target) + messages
    usual = _bytes(target) // _USUAL_BYTES + messages
    return tokens_of(target, prompt=size, answer=_answer(target), room=_room(target), usual=usual)


class Custom:
    """Asks what the configuration contains, and checks what it expects."""

    __slots__ = ("_golden", "_messages")
    traits: ClassVar = QuestionTraits(
        name="custom",
        form="messages",
        keys=frozenset({"prompt", "messages", "expect", "show_answers"}),
        needs=frozenset({"expect"}),
        expects=frozenset({"contains", "equals", "regex", "json_schema", "max_tokens"}),
        room=_room,
        tokens=_tokens,
    )

    def __init__(self, target: Target) -> None:
        golden = target.golden
        if golden is None or not any((golden.contains, golden.equals, golden.regex, golden.json_schema is not None)):
            raise ValueError("`ask: custom` needs one of contains, equals, regex and json_schema in `expect`")
        if not any(role == "user" for role, _ in golden.messages):
            raise ValueError("`ask: custom` needs a message with the role user")
        self._golden = golden
        self._messages = tuple(
            Message(role=role, text=text.replace(NONCE, CODE_WORD))  # type: ignore[arg-type]  # the schema has three
            for role, text in golden.messages
        )
        for check in _checks(golden):  # so that a mistake is one of the configuration
            check("", "nonce")

    def asked(self, ask: Ask) -> Ask:
        """Return the ask with the messages."""
        return replace(ask, form=self.traits.form, messages=self._messages)

    def judge(self, reply: Reply, words: Words) -> Judgement:
        """Return whether the answer is all that is expected of it. A cut one is `truncated` only at the token limit."""
        if missing := without_text(reply):
            return missing
        text = reply.text.strip()
        problem = f"the answer has more than {LONGEST_TEXT} characters" if len(text) > LONGEST_TEXT else ""
        problem = problem or next(filter(None, (check(text, words.code_word) for check in _checks(self._golden))), "")
        limit = self._golden.max_tokens
        if not problem and limit is not None and reply.tokens is not None and reply.tokens > limit:
            problem = f"the answer has {reply.tokens} tokens, more than {limit}"
        if not problem:
            return Outcome.OK, ""
        shown = f"{problem}: {quoted(text)}" if self._golden.show_answers else problem
        return Outcome.TRUNCATED if reply.out_of_tokens and not limit else Outcome.WRONG_ANSWER, shown


Check = Callable[[str, str], str]
"""Takes an answer and the nonce; returns what is wrong, or nothing. Raises ValueError for a check that is none."""


def _checks(golden: Golden) -> list[Check]:
    """Return the checks of what is expected, each of them one of the configuration's own."""
    given = (
        (golden.contains, _contains),
        (golden.equals, _equals),
        (golden.regex, _matches),
        (None if golden.json_schema is None else json.dumps(golden.json_schema), _is_instance),
    )
    return [_checking(check, expected) for expected, check in given if expected is not None]


def _checking(check: Callable[[str, str], str], expected: str) -> Check:
    return lambda text, nonce: check(text, expected.replace(NONCE, nonce))


def _contains(text: str, expected: str) -> str:
    return "" if expected in text else "the answer lacks the expected text"


def _equals(text: str, expected: str) -> str:
    return "" if text == expected.strip() else "the answer is not the expected text"


def _matches(text: str, pattern: str) -> str:
    return "the answer does not match the expected pattern" if matcher(pattern).problem(text) else ""


def _is_instance(text: str, schema: str) -> str:
    checker = Checker(json.loads(schema))
    try:
        answer = loaded(text)
    except ValueError:
        return "the answer is no JSON"
    return checker.problem(answer)
