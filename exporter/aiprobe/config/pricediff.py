"""Compares `prices.yml` with a published list of prices, as a table for people, and writes what changed into the file.

Two lists are read: LiteLLM's `model_prices_and_context_window.json`, and OpenRouter's `/api/v1/models`, which has the
price of the provider that it resells (https://openrouter.ai/docs/api-reference/list-available-models).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiprobe.config.resolve.prices import PriceTable, Tariff, litellm_prices, read_price_file
from aiprobe.core.model import Price

LITELLM: Final = "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json"
OPENROUTER: Final = "https://openrouter.ai/api/v1/models"
_AUTHORS: Final[Mapping[str, str]] = {
    "google": "gcp.gemini",
    "mistralai": "mistral_ai",
    "moonshotai": "moonshot_ai",
    "x-ai": "x_ai",
}
"""OpenRouter's authors whose provider has another name in OpenTelemetry."""
_LINE: Final = re.compile(r"(?P<indent> *)(?P<key>[^\s:#][^:#]*):(?P<value>[^#]*)(?P<rest>#.*)?$")
_PROVIDER, _MODEL, _FIELD = 2, 4, 6
"""How far the lines of `prices.yml` are indented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One model whose published price differs from ours."""

    provider: str
    model: str
    ours: Price
    fields: Mapping[str, tuple[float, float]]
    """By field of `Price`: our value, and the published one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Our prices beside published ones."""

    source: str
    changes: Sequence[Change]
    same: Sequence[tuple[str, str]]
    missing: Sequence[tuple[str, str]]
    """Models of a provider that the list has, which the list does not have."""


def compared(ours: PriceTable, path: Path) -> Comparison:
    """Compare prices with a published list.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such list.
    """
    entries = read_price_file(path)
    source = OPENROUTER if isinstance(entries.get("data"), list) else LITELLM
    theirs = _openrouter(entries["data"]) if source == OPENROUTER else litellm_prices(entries, source)
    covered = {provider for provider, _ in theirs.tariffs}
    changes, same, missing = [], [], []
    for (provider, model), tariff in sorted(ours.tariffs.items()):
        published = theirs.lookup(provider, model)
        if published is None:
            if provider in covered:
                missing.append((provider, model))
        elif fields := _differences(tariff.price, published):
            changes.append(Change(provider=provider, model=model, ours=tariff.price, fields=fields))
        else:
            same.append((provider, model))
    return Comparison(source=source, changes=changes, same=same, missing=missing)


def rendered(found: Comparison) -> Iterator[str]:
    """Yield the lines of a comparison, in USD per million tokens."""
    for change in found.changes:
        values = ", ".join(
            f"{name.removesuffix('_usd')} {_usd(ours)} -> {_usd(theirs)}"
            for name, (ours, theirs) in change.fields.items()
        )
        yield f"{change.provider}/{change.model}: {values} (ours read on {change.ours.read_on or 'an unknown day'})"
    for provider, model in found.missing:
        yield f"{provider}/{model}: not in the list; its name may have changed"
    yield f"{len(found.changes)} changed, {len(found.same)} the same, {len(found.missing)} not in the list"


def rewritten(text: str, found: Comparison, *, read_on: str) -> str:
    """Return `prices.yml` with the published values of what changed, with their day and source; the rest stays."""
    wanted = {(one.provider, one.model): one for one in found.changes}
    provider = model = ""
    lines = []
    for line in text.splitlines(keepends=True):
        match = _LINE.match(line.rstrip("\n"))
        indent = len(match["indent"]) if match else -1
        if match and indent == _PROVIDER:
            provider = match["key"].strip()
        elif match and indent == _MODEL:
            model = match["key"].strip()
        elif match and indent == _FIELD and (change := wanted.get((provider, model))) is not None:
            written = {name: _usd(theirs) for name, (_, theirs) in change.fields.items()}
            written |= {"read_on": read_on, "source": found.source}
            if match["key"] in written:
                line = f"{match['indent']}{match['key']}: {written[match['key']]}\n"  # noqa: PLW2901 - the line's new text
        lines.append(line)
    return "".join(lines)


def _differences(ours: Price, theirs: Price) -> Mapping[str, tuple[float, float]]:
    pairs = {
        "input_usd": (ours.input_usd, theirs.input_usd),
        "output_usd": (ours.output_usd, theirs.output_usd),
        "cached_input_usd": (ours.cached_input_usd, theirs.cached_input_usd),
    }
    return {name: (a, b) for name, (a, b) in pairs.items() if a is not None and b is not None and a != b}


def _openrouter(models: Sequence[Any]) -> PriceTable:
    """Return the prices of OpenRouter's list under the names of OpenRouter and of the provider that it resells.

    Raises:
        ValueError: there is none in it.
    """
    table: dict[tuple[str, str], Tariff] = {}
    for entry in models:
        model, pricing = (entry.get("id"), entry.get("pricing")) if isinstance(entry, dict) else (None, None)
        if not isinstance(model, str) or not isinstance(pricing, dict):
            continue
        values = [_per_million(pricing.get(name)) for name in ("prompt", "completion", "input_cache_read")]
        if values[0] is None or values[1] is None:
            continue
        price = Price(input_usd=values[0], output_usd=values[1], cached_input_usd=values[2], source=OPENROUTER)
        author, _, name = model.partition("/")
        provider = _AUTHORS.get(author, author)
        for key in (("openrouter", model), (provider, name), (provider, name.replace(".", "-"))):
            table[key] = Tariff(price=price)
    if not table:
        raise ValueError("holds no price: it is not OpenRouter's list of models")
    return PriceTable(table)


def _per_million(value: object) -> float | None:
    """Return USD per million tokens of a decimal text per token; None for what is none, and for -1, a router's."""
    if not isinstance(value, str):
        return None
    try:
        per_million = round(float(value) * 1_000_000, 9)
    except (ValueError, OverflowError):
        return None
    return per_million if 0 <= per_million < float("inf") else None


def _usd(value: float) -> str:
    """Return a price as `prices.yml` writes it: with two decimals, or more where it has more."""
    short = f"{value:.2f}"
    return short if float(short) == value else f"{value:.9f}".rstrip("0")
