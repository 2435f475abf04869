"""From a target's section of the YAML, and what it inherits, to the domain's `Target`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.known import Known
from aiprobe.config.problems import suggest
from aiprobe.config.resolve.credential import region_in
from aiprobe.config.resolve.levels import built, given
from aiprobe.config.resolve.objectives import resolve_objectives
from aiprobe.config.resolve.presets import Family, family_of, token_cap
from aiprobe.config.resolve.provider import Account, adapted, resolve_headers
from aiprobe.config.resolve.question import expectation, golden, resolve_question
from aiprobe.config.resolve.timeouts import resolve_timeouts
from aiprobe.config.schema.target import SharedKeys, TargetSection
from aiprobe.core.followups import FollowUps
from aiprobe.core.kind import ProbeKind, QuestionTraits
from aiprobe.core.model import Objectives, Target
from aiprobe.core.suspicion import Tuning

DEFAULT_INTERVAL_SECONDS: Final = 60.0
FLOOR_WINDOW_SECONDS: Final = 3600.0
FLOOR_BAD_EVENTS: Final = 3
"""The fast burn alert needs this many bad events within its long window."""
_NO_KIND: Final = ProbeKind(name="")
"""Stands for a kind that is not known, which reads no key of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What every target is held against."""

    vantage: str
    accounts: Mapping[str, Account]
    classes: Mapping[str, SharedKeys]
    broken_classes: frozenset[str]
    broken_providers: frozenset[str]
    known: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A target of a file, and what it has of that file."""

    section: TargetSection
    where: Where
    base: Path
    """The directory that its paths are relative to."""
    defaults: tuple[SharedKeys, ...]
    """The `defaults` of its file and of the main file."""


def resolve_target(entry: Entry, *, rules: Rules, findings: Findings) -> Target | None:
    """Return the target without its price, or None when it has an error."""
    errors_before = len(findings.errors)
    section, where = entry.section, entry.where
    account = _account(section, where, rules, findings)
    chosen = _class(section, where, rules, findings)
    inherited = (*chosen, *(account.levels if account else ()), *entry.defaults)
    levels = (section, *inherited)
    kind = _kind(section, where, rules.known, findings)
    protocol = _protocol(section, kind, account, where=where, known=rules.known, findings=findings)
    _check_keys_of_kind(section, kind, where, rules.known, findings)
    question = resolve_question(section, kind, protocol, account, where=where, findings=findings)
    interval_seconds = given("interval", *levels, default=DEFAULT_INTERVAL_SECONDS)
    timeouts = resolve_timeouts(
        section.timeouts,
        [level.timeouts for level in inherited],
        interval_seconds=interval_seconds,
        where=where,
        findings=findings,
    )
    objectives = _objectives(section, kind, levels, where=where, findings=findings)
    headers = resolve_headers(section.headers, where.at("headers"), entry.base, findings)
    if given("confirm", *levels) is not None:
        findings.warn(where.at("confirm"), "`confirm` is the former name", "write `follow_ups: once`, or `never`")
    _warn_of_slow_pages(section, interval_seconds, where, findings)
    if account is None or len(findings.errors) > errors_before:
        return None
    return _with_family(
        built(
            Target,
            *levels,
            provider=adapted(account.provider, protocol, headers),
            kind=kind,
            surface=section.surface if "surface" in section.model_fields_set else _surface(kind, account),
            provider_region=section.provider_region or _region(kind, account),
            vantage=rules.vantage,
            display_name=section.display_name or section.name,
            labels=MappingProxyType(
                {name: value for level in reversed(levels) for name, value in level.labels.items()}
            ),
            headers=MappingProxyType(headers),
            interval_seconds=interval_seconds,
            timeouts=timeouts,
            objectives=objectives,
            follow_ups=_follow_ups(levels),
            tuning=_tuning(levels, objectives),
            expect=expectation(section.expect),
            golden=golden(section) if section.ask and question.expects else None,
            price=None,
        ),
        section,
        account,
        question,
    )


SPEED_NEEDS_TOKENS: Final = 32
"""An answer must be asked to be this long before its speed can be held to an objective."""


def _with_family(target: Target, section: TargetSection, account: Account, question: QuestionTraits) -> Target:
    """Return a target with what keeps its model family's answers small, where the configuration is silent."""
    if not target.kind.writes:
        return target
    family = family_of(target.model, protocol=target.provider.protocol, preset=account.preset.key or None)
    cap = token_cap(family, target.output_tokens) + question.room(target)
    return replace(
        target,
        max_output_tokens=target.max_output_tokens or cap,
        reasoning=target.reasoning if "reasoning" in section.model_fields_set else family.reasoning,
        extra_body={**family.extra_body, **target.extra_body},
        family=_reason(family, target, cap) if target.provider.is_gateway and not account.unmetered else "",
    )


def _reason(family: Family, target: Target, cap: int) -> str:
    if target.max_output_tokens:
        return f"at most {target.max_output_tokens} output tokens, as configured"
    if family.models == ("*",):
        return f"at most {cap} output tokens: no known family has this name"
    return f"at most {cap} output tokens: the name fits {family.pattern_of(target.model)}"


def _account(section: TargetSection, where: Where, rules: Rules, findings: Findings) -> Account | None:
    account = rules.accounts.get(section.provider)
    if account is None and section.provider not in rules.broken_providers:
        hint = suggest(section.provider, rules.accounts) or "describe it under `providers:`"
        findings.error(where.at("provider"), "is not one of the configuration's providers", hint)
    return account


def _class(section: TargetSection, where: Where, rules: Rules, findings: Findings) -> Sequence[SharedKeys]:
    """Return the defaults of the target's class, if it names one."""
    if section.class_ is None or section.class_ in rules.broken_classes:
        return ()
    if section.class_ not in rules.classes:
        hint = suggest(section.class_, rules.classes) or "describe it under `classes:`"
        findings.error(where.at("class"), "is not one of the configuration's classes", hint)
        return ()
    return (rules.classes[section.class_],)


def _kind(section: TargetSection, where: Where, known: Known, findings: Findings) -> ProbeKind:
    kind = known.kinds.get(section.probe)
    if kind is None:
        findings.error(where.at("probe"), "is not a known kind of probe", suggest(section.probe, known.kinds))
    return kind or _NO_KIND


def _objectives(
    section: TargetSection,
    kind: ProbeKind,
    levels: Sequence[SharedKeys],
    *,
    where: Where,
    findings: Findings,
) -> Objectives:
    objectives = resolve_objectives([level.slo for level in levels])
    streamed = kind.writes and given("stream", *levels, default=True)
    if objectives.throughput is not None and not (streamed and (section.output_tokens or 0) >= SPEED_NEEDS_TOKENS):
        if section.slo is not None and section.slo.throughput is not None:
            hint = f"stream a chat with `output_tokens: {SPEED_NEEDS_TOKENS}` or more"
            findings.error(where.at("slo", "throughput"), "an answer this short has no speed", hint)
        objectives = replace(objectives, throughput=None)
    if streamed:
        return objectives
    if section.slo is not None and section.slo.time_to_first_token is not None:
        hint = "use `probe: chat` with `stream: true`, or the objective `duration`"
        findings.error(where.at("slo", "time_to_first_token"), "only a streamed chat has a first token", hint)
    return replace(objectives, time_to_first_token=None)


def _follow_ups(levels: Sequence[SharedKeys]) -> FollowUps:
    for level in levels:
        if level.follow_ups is not None:
            return level.follow_ups
        if level.confirm is not None:
            return "once" if level.confirm else "never"
    return "adaptive"


def _tuning(levels: Sequence[SharedKeys], objectives: Objectives) -> Tuning:
    """Return when a doubt becomes certain. The background is the objective's error rate at least."""
    usual, given_of = Tuning(), [level.suspicion for level in levels if level.suspicion is not None]
    allowed = 0.0 if objectives.availability is None else 1 - objectives.availability
    return Tuning(
        background=max(given("background", *given_of, default=100 * usual.background) / 100, allowed),
        impairment=given("impairment", *given_of, default=100 * usual.impairment) / 100,
        certain_nats=given("certainty", *given_of, default=usual.certain_nats),
        persistence_seconds=given("persistence", *given_of, default=usual.persistence_seconds),
    )


def _surface(kind: ProbeKind, account: Account) -> str:
    """The preset's surface is the API; a page of the same provider is something else, which nobody can guess."""
    return "" if kind.needs_url else account.preset.surface


def _region(kind: ProbeKind, account: Account) -> str:
    """A cloud's endpoint names its region; a page is served from wherever its CDN likes."""
    return "" if kind.needs_url else region_in(account.provider.base_url)


def _protocol(
    section: TargetSection, kind: ProbeKind, account: Account | None, *, where: Where, known: Known, findings: Findings
) -> str:
    protocol = section.protocol or (account.provider.protocol if account else "")
    if section.protocol is not None and section.protocol not in known.protocols:
        findings.error(where.at("protocol"), "is not a known protocol", suggest(section.protocol, known.protocols))
    elif account is not None or section.protocol is not None:
        protocol = kind.protocol_instead.get(protocol, protocol)
        problem = kind.protocol_problem(kind.name, protocol)
        if problem is not None:
            findings.error(where.at("probe"), *problem)
    return protocol


def _check_keys_of_kind(
    section: TargetSection, kind: ProbeKind, where: Where, known: Known, findings: Findings
) -> None:
    """A key that its probe needs must be there; one that it never reads was meant for something else."""
    failed = where.document.failed
    if kind.needs_model and not section.model and where.at("model").path not in failed:
        findings.error(where, f"`probe: {section.probe}` needs a model", "give `model:`")
    if kind.needs_url and section.url is None and where.at("url").path not in failed:
        findings.error(where, f"`probe: {section.probe}` needs a url", "give `url:`")
    for name in TargetSection.model_fields:
        readers = [f"`probe: {one.name}`" for one in known.kinds.values() if name in one.keys]
        if readers and name in section.model_fields_set and name not in kind.keys:
            hint = f"use {' or '.join(readers)}, or leave it out"
            findings.error(where.at(name), f"means nothing to `probe: {section.probe}`", hint)
    if section.max_output_tokens and section.output_tokens and section.max_output_tokens < section.output_tokens:
        findings.error(
            where.at("max_output_tokens"),
            "is below output_tokens, so no answer could be whole",
            "leave it out, or raise it",
        )


def _warn_of_slow_pages(section: TargetSection, interval_seconds: float, where: Where, findings: Findings) -> None:
    if interval_seconds * FLOOR_BAD_EVENTS > FLOOR_WINDOW_SECONDS and section.interval is not None:
        findings.warn(
            where.at("interval"),
            f"the fast burn page needs {FLOOR_BAD_EVENTS} bad probes within 1h, which cannot happen at this interval",
            "three failures in a row still page; choose at most 20m for the other",
        )
