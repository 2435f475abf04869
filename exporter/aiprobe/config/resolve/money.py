"""Prices of targets, and whether the budget suffices for them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.resolve.levels import built
from aiprobe.config.resolve.presets import bare_name
from aiprobe.config.resolve.prices import PriceTable, Tariff, builtin_prices, is_old, load_litellm
from aiprobe.config.resolve.provider import Account
from aiprobe.config.schema.root import BudgetSection, PricesSection
from aiprobe.config.schema.target import PriceSection, TargetSection
from aiprobe.core.model import Price, Target
from aiprobe.core.money import expected_usd_per_day, is_free

ANY_PROVIDER = ""
"""The provider of a price that the configuration gives for a model wherever it is served."""


def price_table(section: PricesSection, *, base: Path, where: Where, findings: Findings) -> PriceTable:
    """Return all prices: the configuration's own over those of its file over the built-in ones."""
    table = builtin_prices()
    if section.file is not None:
        path = base / section.file
        try:
            table = load_litellm(path).over(table)
            findings.files.append(path)
        except (OSError, ValueError) as error:
            problem = f"cannot be read: {(error.strerror or '').lower()}" if isinstance(error, OSError) else str(error)
            findings.error(where.at("file"), f"{path} {problem}", "give LiteLLM's model_prices_and_context_window.json")
    own = {model: _price(price, where.at("models", model)) for model, price in section.models.items()}
    patterns = {name: price for name, price in own.items() if "*" in name or "?" in name}
    tariffs = {(ANY_PROVIDER, name): Tariff(price=price) for name, price in own.items() if name not in patterns}
    return PriceTable(tariffs, patterns).over(table)


def priced(
    target: Target,
    section: TargetSection,
    account: Account,
    prices: PriceTable,
    *,
    where: Where,
    budget: BudgetSection | None,
    today: dt.date,
    findings: Findings,
) -> Target:
    """Return the target with its price. One that has none is an error under a budget, else a warning: never free."""
    if is_free(target):
        return target
    price = _find(target, section, account, prices, where)
    if price is not None:
        if is_old(price, today):
            findings.warn(
                where.at("model"),
                f"the price of {target.model} was read on {price.read_on}",
                f"check it at {price.source or 'its page'}",
            )
        return replace(target, price=price)
    if account.unmetered:
        findings.warn(
            where,
            f"{target.model} has no price and is counted as 0 USD, because its provider is private",
            "give `price:` if it is billed",
        )
        return replace(target, price=Price(input_usd=0.0, output_usd=0.0, source="self-hosted: no price per token"))
    hint = "give `price: {input_usd: ..., output_usd: ...}` (USD per million tokens), or a price file"
    if budget is None:
        findings.warn(where, f"{target.model} has no price, so what it costs is unknown", hint)
    else:
        findings.error(where, f"{target.model} has no price, so the budget cannot be kept", hint)
    return target


def check_budget(budget: BudgetSection | None, targets: Sequence[Target], *, where: Where, findings: Findings) -> None:
    """Report a budget that is smaller than what a day of `targets` is expected to cost."""
    if budget is None:
        return
    costs = {target.name: expected_usd_per_day(target) or 0.0 for target in targets}
    needed = sum(costs.values())
    if needed > budget.usd_per_day:
        dearest = max(costs, key=lambda name: costs[name])
        findings.error(
            where,
            f"{_usd(budget.usd_per_day)} USD is less than the {_usd(needed)} USD that a day of the targets costs",
            f"raise it, or ask less often: {dearest} alone costs {_usd(costs[dearest])} USD",
        )


def _find(target: Target, section: TargetSection, account: Account, prices: PriceTable, where: Where) -> Price | None:
    if section.price is not None:
        return _price(section.price, where.at("price"))
    input_tokens = target.kind.tokens(target).most_input
    provider = account.provider
    owners = dict.fromkeys((provider.key, provider.name, account.preset.name))
    names = (*(f"{name}/{target.model}" for name in owners), target.model)
    for name in names:
        price = prices.lookup(ANY_PROVIDER, name, input_tokens=input_tokens)
        if price is not None:
            return price
    known = prices.lookup(provider.former_name or provider.name, target.model, input_tokens=input_tokens)
    price = prices.by_pattern(names) or known
    if price is not None:
        return price
    if provider.is_gateway and not account.unmetered:
        return prices.dearest(bare_name(target.model), input_tokens=input_tokens)
    return None


def _price(section: PriceSection, where: Where) -> Price:
    return built(Price, section, source=section.source or str(where))


def _usd(amount: float) -> str:
    """Two decimals, or as many as show that it is not nothing."""
    return f"{amount:.2f}" if amount >= 0.01 or amount == 0 else f"{amount:.2g}"
