"""From the sources of discovery and their last good answers to sections of targets."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.problems import suggest
from aiprobe.config.resolve.provider import Account, resolve_ca_file, resolve_headers
from aiprobe.config.resolve.target import Entry as TargetEntry
from aiprobe.config.resolve.target import Rules
from aiprobe.config.schema.discover import DiscoverSection
from aiprobe.config.schema.root import BudgetSection
from aiprobe.config.schema.target import TAKEN_LABELS, SharedKeys, TargetSection, is_label
from aiprobe.core.discovered import Answers, Discovery, Entry, Source, SourceKind, the_first
from aiprobe.core.kind import FALLBACK_SUFFIX
from aiprobe.core.model import Provider, Target
from aiprobe.core.money import expected_usd_per_day
from aiprobe.core.secret import Secret

_KINDS: Final[tuple[SourceKind, ...]] = ("models", "litellm", "file", "http")
_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_OF_MODELS: Final = {"name": "{model}", "model": "{model}", "probe": "{probe}"}
_LIMIT: Final = "raise `limit`, or exclude some"
_PRICE: Final = "price them in LiteLLM, in `prices.models` or by `price` of the template, or exclude them"
_BUDGET: Final = "raise `budget`, set a longer `interval` in the template, or exclude some"
_OTHERS: Final = "correct the template, or exclude them"
_KEYS: Final = {info.alias or name for name, info in TargetSection.model_fields.items()}


Make = Callable[[TargetEntry, Findings], Target | None]
"""Resolves and prices one section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What makes targets of sections, and what those of the files leave for them."""

    taken: dict[str, Target]
    budget: BudgetSection | None
    make: Make
    defaults: tuple[SharedKeys, ...]

    def refusal(self, target: Target) -> "Refusal | None":
        """Take a target in and return None, or return why there is no room for it."""
        if target.name.endswith(FALLBACK_SUFFIX):
            return Refusal(f'its name ends in "{FALLBACK_SUFFIX}"')
        if target.name in self.taken:
            return Refusal("the name is already taken")
        usd = expected_usd_per_day(target)
        if usd is None:
            return Refusal("it has no price", mend=_PRICE)
        if self.budget is not None:
            spent = sum(expected_usd_per_day(one) or 0.0 for one in self.taken.values())
            if spent + usd > self.budget.usd_per_day:
                return Refusal(f"its {usd:.4f} USD a day would exceed the budget", mend=_BUDGET)
        self.taken[target.name] = target
        return None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry is left out, and what changes that."""

    reason: str
    mend: str = _OTHERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A source with what makes sections of its answers."""

    source: Source
    section: DiscoverSection
    where: Where
    base: Path
    template: Mapping[str, Any]


def resolve_source(
    name: str,
    section: DiscoverSection,
    *,
    rules: Rules,
    where: Where,
    base: Path,
    findings: Findings,
) -> Origin | None:
    """Return the source, or None when it has an error."""
    errors_before = len(findings.errors)
    if any(where.at(kind).path in where.document.failed for kind in _KINDS):
        return None
    kinds = [kind for kind in _KINDS if getattr(section, kind) is not None]
    if len(kinds) != 1:
        findings.error(where, "needs exactly one of models, litellm, file and http", "give one of the keys")
        return None
    kind = kinds[0]
    account = None
    if kind in {"models", "litellm"}:
        account = _account(kind, getattr(section, kind), rules, where.at(kind), findings)
        if account is None:
            return None
    provider = account.provider if account else _plain(name, section, where=where, base=base, findings=findings)
    for unused in ("headers", "proxy", "ca_file"):
        if unused in section.model_fields_set and kind != "http":
            findings.error(where.at(unused), f"means nothing to `{kind}`", "it belongs to `http`")
    template = {**(_OF_MODELS | {"provider": provider.key} if account else {"name": "{address}"}), **section.template}
    _check_template(template, rules, where.at("template"), findings)
    if len(findings.errors) > errors_before:
        return None
    place = {"file": str(base / (section.file or "")), "http": section.http or ""}.get(kind, "")
    source = Source(
        name=name,
        kind=kind,
        place=place,
        provider=provider,
        interval_seconds=section.interval,
        grace_seconds=section.grace,
    )
    return Origin(source=source, section=section, where=where, base=base, template=template)


def resolve_discovery(
    written: Mapping[str, DiscoverSection],
    *,
    where: Where,
    base: Path,
    rules: Rules,
    answers: Callable[[], Answers],
    room: Room,
    findings: Findings,
) -> tuple[Discovery, list[Target]]:
    """Return the sources, and the targets of their last good answers that can be probed."""
    resolved = [
        resolve_source(name, section, rules=rules, where=where.at(name), base=base, findings=findings)
        for name, section in written.items()
    ]
    origins = [origin for origin in resolved if origin is not None]
    known: Answers = {}
    try:
        known = answers() if origins else {}
    except (OSError, ValueError):
        findings.warn(where, "the last answers of the sources cannot be read", "they are read anew")
    targets: list[Target] = []
    counts: dict[tuple[str, str], int] = {}
    reasons: dict[tuple[str, str], str] = {}
    entries: dict[str, tuple[str, str]] = {}
    for origin in origins:
        name = origin.source.name
        found, left_out = _targets_of(origin, known.get(name, ()), room, findings)
        counts |= {(name, "probed"): len(found), (name, "left_out"): len(left_out)}
        targets += found.values()
        entries |= {target.name: (name, entry) for entry, target in found.items()}
        reasons |= {(name, entry): refusal.reason for entry, refusal in left_out.items()}
        _warn_of(left_out, where.at(name), findings)
    sources = {origin.source.name: origin.source for origin in origins}
    return Discovery(sources=sources, counts=counts, left_out=reasons, entries=entries), targets


def _warn_of(left_out: Mapping[str, Refusal], where: Where, findings: Findings) -> None:
    """Add a warning for each mend, which names the first of the entries that need it."""
    for mend in dict.fromkeys(refusal.mend for refusal in left_out.values()):
        said = [f"{entry}: {refusal.reason}" for entry, refusal in left_out.items() if refusal.mend == mend]
        number = f"{len(said)} targets are" if len(said) > 1 else "1 target is"
        findings.warn(
            where, f"{number} left out: {the_first(said, '; ')}", f"{mend}; `aiprobe check --discover` lists all"
        )


def _targets_of(
    origin: Origin, entries: Sequence[Entry], room: Room, findings: Findings
) -> tuple[dict[str, Target], dict[str, Refusal]]:
    """Return the targets of a source by their entries, and why an entry is left out."""
    section = origin.section
    targets: dict[str, Target] = {}
    left_out: dict[str, Refusal] = {}
    for entry in entries:
        if not _is_wanted(entry.id, section):
            continue
        if len(targets) >= section.limit:
            left_out[entry.id] = Refusal(f"the limit is {section.limit}", mend=_LIMIT)
            continue
        target = _target_of(origin, entry, room, findings)
        if isinstance(target, Refusal):
            left_out[entry.id] = target
        else:
            targets[entry.id] = target
    return targets, left_out


def _target_of(origin: Origin, entry: Entry, room: Room, findings: Findings) -> Target | Refusal:
    made = _made(origin.template, entry)
    if isinstance(made, Refusal):
        return made
    own = Findings()
    where = origin.where.at("template")
    target = room.make(TargetEntry(section=made, where=where, base=origin.base, defaults=room.defaults), own)
    if target is None or own.errors:
        is_price = target is not None and expected_usd_per_day(target) is None
        return Refusal(own.errors[0].message, mend=_PRICE if is_price else _OTHERS)
    refusal = room.refusal(target)
    if refusal is not None:
        return refusal
    findings.warnings.extend(own.warnings)
    findings.secrets.extend(own.secrets)
    return target


def _account(kind: str, name: str, rules: Rules, where: Where, findings: Findings) -> Account | None:
    account = rules.accounts.get(name)
    if account is None:
        if name not in rules.broken_providers:
            hint = suggest(name, rules.accounts) or "describe it under `providers:`"
            findings.error(where, "is not one of the configuration's providers", hint)
        return None
    if account.provider.protocol not in {"openai-chat", "openai-responses", "openai-embeddings"}:
        findings.error(where, f"is not an OpenAI-compatible API, so `{kind}` cannot read it", "list its targets")
        return None
    return account


def _plain(name: str, section: DiscoverSection, *, where: Where, base: Path, findings: Findings) -> Provider:
    """Return how a URL is reached that belongs to no provider of the configuration."""
    if section.proxy:
        findings.keep_secret(section.proxy)
    return Provider(
        key=name,
        name=name,
        display_name=name,
        protocol="",
        base_url=section.http or "",
        headers=resolve_headers(section.headers, where.at("headers"), base, findings),
        proxy=Secret(section.proxy) if section.proxy else None,
        ca_file=resolve_ca_file(section.ca_file, where.at("ca_file"), base, findings),
    )


def _check_template(template: Mapping[str, Any], rules: Rules, where: Where, findings: Findings) -> None:
    """Report what no answer can mend: unknown and missing keys, and wrong values without a placeholder."""
    for name in template:
        if name not in _KEYS:
            findings.error(where.at(name), "is not a known key", suggest(name, _KEYS))
    for name in ("provider", "probe"):
        if name not in template:
            findings.error(where, f"has no {name}", f"give `{name}:` in the template")
    for name, known in (
        ("provider", {*rules.accounts, *rules.broken_providers}),
        ("class", {*rules.classes, *rules.broken_classes}),
    ):
        value = template.get(name)
        if isinstance(value, str) and not _PLACEHOLDER.search(value) and value not in known:
            plural = "classes" if name == "class" else f"{name}s"
            findings.error(where.at(name), f"is not one of the configuration's {plural}", suggest(value, known))
    if not _PLACEHOLDER.search(str(template.get("name"))):
        findings.error(where.at("name"), "has no placeholder, so all targets would have one name", 'such as "{model}"')
    fixed = {name: value for name, value in template.items() if name in _KEYS and not _PLACEHOLDER.search(str(value))}
    try:
        TargetSection.model_validate({"name": "x", "provider": "x", "probe": "x"} | fixed)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            findings.error(where.at(str(one["loc"][0])), *_words(one))


def _is_wanted(name: str, section: DiscoverSection) -> bool:
    included = any(fnmatchcase(name, pattern) for pattern in section.include)
    return included and not any(fnmatchcase(name, pattern) for pattern in section.exclude)


def _made(template: Mapping[str, Any], entry: Entry) -> TargetSection | Refusal:
    """Return the section of an entry. The price that the source states has precedence over the template's."""
    values = {key: _filled(value, entry.labels) for key, value in template.items()}
    shown = {name: value for name, value in entry.labels.items() if value and is_label(name)}
    labels = {name: value for name, value in shown.items() if name not in TAKEN_LABELS | {"address", "probe"}}
    prices = {name: entry.labels.get(f"__{name}") for name in ("input_usd", "output_usd")}
    if all(prices.values()):
        values["price"] = {**prices, "source": "the source of discovery"}
    given = values.get("labels")
    values["labels"] = {**labels, **given} if isinstance(given, dict) else labels
    try:
        return TargetSection.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return Refusal(f"{'.'.join(map(str, first['loc']))} {_words(first)[0]}")


def _filled(value: Any, labels: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(part, labels) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, labels) for part in value]
    return _PLACEHOLDER.sub(lambda found: labels.get(found[1], ""), value) if isinstance(value, str) else value


def _words(error: Any) -> tuple[str, str]:
    """Return pydantic's words without the value, which may be a secret."""
    message, _, hint = str(error.get("ctx", {}).get("error", error["msg"])).partition("; ")
    return message, hint
