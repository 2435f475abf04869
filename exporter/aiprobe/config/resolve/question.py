"""What a target asks and expects: its question, checked against its kind, its protocol and its provider."""

from typing import Final

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.problems import suggest
from aiprobe.config.resolve.presets import presets
from aiprobe.config.resolve.provider import Account
from aiprobe.config.schema.target import ExpectSection, TargetSection
from aiprobe.core.kind import Golden, HttpExpectation, ProbeKind, QuestionTraits

_ONE_QUESTION: Final = QuestionTraits(name="")
"""Stands for the question of a kind that has no others, and for one that is not known."""


def resolve_question(
    section: TargetSection, kind: ProbeKind, protocol: str, account: Account | None, *, where: Where, findings: Findings
) -> QuestionTraits:
    """Return what the target asks. A key that only another question reads was meant for that one."""
    question = _ONE_QUESTION
    if kind.questions:
        found = kind.questions.get(section.ask) if section.ask else next(iter(kind.questions.values()))
        if found is None:
            findings.error(where.at("ask"), "is not a known question", suggest(section.ask or "", kind.questions))
            return _ONE_QUESTION
        question = found
        problem = kind.question_problem(question, protocol) or _lacking(question, account)
        if problem is not None:
            findings.error(where.at("ask"), *problem)
        _check_keys(section, kind, question, where, findings)
    expects = kind.expects | question.expects
    if section.expect is not None and expects:
        for name in sorted(section.expect.model_fields_set):
            key = ExpectSection.model_fields[name].alias or name
            if key not in expects:
                of = f"`ask: {question.name}`" if question.name else f"`probe: {kind.name}`"
                findings.error(where.at("expect", key), f"means nothing to {of}", f"use {', '.join(sorted(expects))}")
    return question


def _lacking(question: QuestionTraits, account: Account | None) -> tuple[str, str] | None:
    """Return the problem of a provider that lacks what its protocol has."""
    if account is None or question.form not in account.preset.lacks:
        return None
    able = [key for key, preset in presets().items() if question.form not in preset.lacks]
    return f"{account.preset.display_name} has no mode for it", f"presets that have it are {', '.join(able)}"


def _check_keys(
    section: TargetSection, kind: ProbeKind, question: QuestionTraits, where: Where, findings: Findings
) -> None:
    failed = where.document.failed
    for name in TargetSection.model_fields:
        readers = [f"`ask: {one.name}`" for one in kind.questions.values() if name in one.keys]
        if readers and name in section.model_fields_set and name not in question.keys:
            hint = f"use {' or '.join(readers)}, or leave it out"
            findings.error(where.at(name), f"means nothing to `ask: {question.name}`", hint)
        elif name in question.needs and name not in section.model_fields_set and where.at(name).path not in failed:
            findings.error(where, f"`ask: {question.name}` needs `{name}`", f"give `{name}:`")
    if "messages" in question.keys and (section.prompt is None) == (not section.messages):
        findings.error(where, f"`ask: {question.name}` needs either `prompt` or `messages`", "give one of the two")


def expectation(section: ExpectSection | None) -> HttpExpectation:
    """Return what an `http` probe requires."""
    if section is None:
        return HttpExpectation()
    return HttpExpectation(
        statuses=tuple(section.status),
        text=section.text,
        json_path=section.json_.path if section.json_ else None,
        json_equals=section.json_.equals if section.json_ else None,
        max_redirects=section.redirects,
    )


def golden(section: TargetSection) -> Golden:
    """Return a question of the user's own."""
    expect = section.expect or ExpectSection()
    told = [(message.role, message.content) for message in section.messages]
    return Golden(
        messages=tuple(told) or (("user", section.prompt or ""),),
        contains=expect.contains,
        equals=expect.equals,
        regex=expect.regex,
        json_schema=expect.json_schema,
        max_tokens=expect.max_tokens,
        show_answers=section.show_answers,
    )
