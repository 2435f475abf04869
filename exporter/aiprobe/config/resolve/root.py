"""From validated sections to settings: what holds across entries and files.

Names are unique, references meet something, prices are known, the budget suffices.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from aiprobe.config.answers import read_answers
from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.known import Known
from aiprobe.config.resolve.contracts import resolve_contracts
from aiprobe.config.resolve.discover import Room, resolve_discovery
from aiprobe.config.resolve.maintenance import resolve_maintenance
from aiprobe.config.resolve.money import check_budget, price_table, priced
from aiprobe.config.resolve.pages import resolve_pages
from aiprobe.config.resolve.prices import PriceTable
from aiprobe.config.resolve.provider import Account, resolve_provider
from aiprobe.config.resolve.target import Entry, Rules, resolve_target
from aiprobe.config.resolve.timeouts import check_defaults
from aiprobe.config.schema.root import DEFAULT_JOURNAL_DIRECTORY, BudgetSection, ConfigFile, IncludedFile
from aiprobe.config.schema.target import DefaultsSection
from aiprobe.config.settings import Journal, Settings
from aiprobe.config.shown import show
from aiprobe.config.validate import Checked
from aiprobe.core.discovered import Answers
from aiprobe.core.hosts import THIS_MACHINE
from aiprobe.core.kind import FALLBACK_SUFFIX
from aiprobe.core.model import Price, Target
from aiprobe.core.money import FOLLOW_UPS_SHARE
from aiprobe.core.secret import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file: its content, and the directory that its paths are relative to."""

    checked: Checked[ConfigFile] | Checked[IncludedFile]
    base: Path


def resolve(
    main: Checked[ConfigFile],
    sources: list[Source],
    *,
    environ: Mapping[str, str],
    findings: Findings,
    known: Known,
    today: dt.date,
    config_hash: str,
    answers: Answers | None = None,
) -> Settings | None:
    """Return the settings, or None when `findings` has errors."""
    config, base = main.sections, sources[0].base
    for source in sources:
        shared = source.checked.sections.defaults
        check_defaults(shared.timeouts, where=source.checked.where("defaults"), findings=findings)
    accounts = _accounts(sources, known, findings)
    rules = Rules(
        vantage=config.vantage,
        accounts=accounts,
        classes=_classes(sources, findings),
        broken_classes=_broken(sources, "classes"),
        broken_providers=_broken(sources, "providers") | (_names(sources, "providers") - set(accounts)),
        known=known,
    )
    directory = base / config.journal.directory if config.journal.directory else Path(DEFAULT_JOURNAL_DIRECTORY)
    prices = price_table(config.prices, base=base, where=main.where("prices"), findings=findings)
    make = partial(_target, rules=rules, prices=prices, budget=config.budget, today=today, models=cache(prices.of))
    targets = [target for entry in _entries(sources, findings) if (target := make(entry, findings)) is not None]
    check_budget(config.budget, targets, where=main.where("budget", "usd_per_day"), findings=findings)
    discovery, found = resolve_discovery(
        config.discover,
        where=main.where("discover"),
        base=base,
        rules=rules,
        answers=partial(read_answers, directory) if answers is None else lambda: answers,
        room=Room(
            taken={target.name: target for target in targets},
            budget=config.budget,
            make=make,
            defaults=(config.defaults,),
        ),
        findings=findings,
    )
    targets += found
    _warn_of_missing_keys(accounts, targets, findings)
    for number, url in enumerate(config.egress):
        if not url.startswith("https://") and urlsplit(url).hostname not in THIS_MACHINE:
            what = "is not https, so a proxy or a captive portal can answer in its place"
            findings.warn(main.where("egress", number), what, "check an https:// URL")
    named = _names(sources, "targets") | _broken(sources, "targets")
    groups = _groups(sources, named, findings)
    status_pages = resolve_pages(
        config.status_pages,
        targets,
        environ=environ,
        where=main.where("status_pages"),
        known=known,
        findings=findings,
    )
    contracts = resolve_contracts(
        config.contracts,
        where=main.where("contracts"),
        targets=named,
        check=known.check_contract,
        findings=findings,
    )
    maintenance = resolve_maintenance(
        config.maintenance,
        where=main.where("maintenance"),
        targets=named,
        providers=_names(sources, "providers") | _broken(sources, "providers"),
        findings=findings,
    )
    if findings.errors:
        return None
    return Settings(
        vantage=config.vantage,
        usd_per_day=config.budget.usd_per_day if config.budget else None,
        follow_ups_share=config.budget.follow_ups / 100 if config.budget else FOLLOW_UPS_SHARE,
        egress=tuple(dict.fromkeys(config.egress)),
        targets=tuple(targets),
        providers=MappingProxyType({key: account.provider for key, account in accounts.items()}),
        groups=MappingProxyType(groups),
        journal=Journal(directory=directory, keep_ok=config.journal.keep_ok),
        discovery=discovery,
        status_pages=status_pages,
        contracts=contracts,
        maintenance=maintenance,
        secrets=tuple(dict.fromkeys(findings.secrets)),
        shown=show([source.checked.document for source in sources], Redactor(findings.secrets)),
        config_hash=config_hash,
        warnings=(),
        files=tuple(dict.fromkeys(findings.files)),
    )


def _accounts(sources: list[Source], known: Known, findings: Findings) -> dict[str, Account]:
    accounts: dict[str, Account] = {}
    seen: dict[str, Where] = {}
    for source in sources:
        for key, section in source.checked.sections.providers.items():
            where = source.checked.where("providers", key)
            if not _is_first(seen, key, where, findings):
                continue
            account = resolve_provider(key, section, where=where, base=source.base, known=known, findings=findings)
            if account is not None:
                accounts[key] = account
    return accounts


def _classes(sources: list[Source], findings: Findings) -> dict[str, DefaultsSection]:
    classes: dict[str, DefaultsSection] = {}
    seen: dict[str, Where] = {}
    for source in sources:
        for name, section in source.checked.sections.classes.items():
            where = source.checked.where("classes", name)
            if _is_first(seen, name, where, findings):
                check_defaults(section.timeouts, where=where, findings=findings)
                classes[name] = section
    return classes


def _target(
    entry: Entry,
    findings: Findings,
    *,
    rules: Rules,
    prices: PriceTable,
    budget: BudgetSection | None,
    today: dt.date,
    models: Callable[[str], Mapping[str, Price]],
) -> Target | None:
    target = resolve_target(entry, rules=rules, findings=findings)
    if target is None:
        return None
    section, where = entry.section, entry.where
    account = rules.accounts[section.provider]
    if (problem := rules.known.check_target(target)) is not None:
        findings.error(where, problem)
    target = replace(target, model_prices=models(account.provider.name))
    return priced(target, section, account, prices, where=where, budget=budget, today=today, findings=findings)


def _entries(sources: list[Source], findings: Findings) -> list[Entry]:
    found: list[Entry] = []
    seen: dict[str, Where] = {}
    for source in sources:
        files = [source] if source is sources[0] else [source, sources[0]]
        defaults = tuple(file.checked.sections.defaults for file in files)
        for section, index in zip(source.checked.sections.targets, source.checked.places, strict=True):
            where = source.checked.where("targets", index)
            _is_first(seen, section.name, where.at("name"), findings)
            if section.name.endswith(FALLBACK_SUFFIX):
                hint = "that marks the free stand-in of a chat target whose budget is gone; choose another name"
                findings.error(where.at("name"), f'ends in "{FALLBACK_SUFFIX}"', hint)
            # A second one of its name too: its other mistakes are worth knowing.
            found.append(Entry(section=section, where=where, base=source.base, defaults=defaults))
    main = sources[0].checked.sections
    discovers = isinstance(main, ConfigFile) and bool(main.discover)
    if (
        not found
        and not discovers
        and not any(source.checked.document.problems for source in sources)
        and not findings.errors
    ):
        findings.error(
            sources[0].checked.where("targets"), "there is nothing to probe", "add a target; `aiprobe init` writes one"
        )
    return found


def _warn_of_missing_keys(accounts: dict[str, Account], targets: list[Target], findings: Findings) -> None:
    """A public API without a key answers 401 to everything: excluded, so that nothing would ever be seen of it."""
    asked = {target.provider.key for target in targets if not (target.kind.needs_url or target.headers)}
    for key, account in accounts.items():
        provider, variable = account.provider, account.preset.key_variable
        public = variable is not None and provider.base_url.startswith("https://")
        has_none = provider.api_key is None and provider.credential is None and not provider.headers
        if key in asked and public and has_none:
            findings.warn(account.where, "has no api_key", f'give `api_key: "${{{variable}}}"`')


def _groups(sources: list[Source], targets: frozenset[str], findings: Findings) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    seen: dict[str, Where] = {}
    for source in sources:
        for name, section in source.checked.sections.groups.items():
            where = source.checked.where("groups", name)
            if not _is_first(seen, name, where, findings):
                continue
            findings.check_names(section.any_of, targets, where.at("any_of"))
            groups[name] = tuple(dict.fromkeys(section.any_of))
    return groups


def _is_first(seen: dict[str, Where], name: str, where: Where, findings: Findings) -> bool:
    if name in seen:
        findings.error(
            where,
            f'the name "{name}" is already taken',
            f"the first is at {seen[name]}; names are unique over all files",
        )
        return False
    seen[name] = where
    return True


def _names(sources: list[Source], collection: str) -> frozenset[str]:
    if collection == "targets":
        return frozenset(target.name for source in sources for target in source.checked.sections.targets)
    return frozenset(key for source in sources for key in source.checked.sections.providers)


def _broken(sources: list[Source], collection: str) -> frozenset[str]:
    return frozenset(name for source in sources for kind, name in source.checked.broken if kind == collection)
