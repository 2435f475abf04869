"""What models' tokens cost: the built-in table, LiteLLM's price map, and the prices in the configuration.

A price that is not known is None, never 0.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final

from aiprobe.config.packaged import packaged
from aiprobe.core.model import Price
from aiprobe.core.money import spellings

MAX_PRICE_FILE_BYTES: Final = 50_000_000
OLD_AFTER_DAYS: Final = 180
_PER_MILLION: Final = 1_000_000
_LITELLM_TIER: Final = re.compile(r"input_cost_per_token_above_(\d+)k_tokens\Z")
_LITELLM_NAMES: Final[Mapping[str, str]] = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "cohere_chat": "cohere",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "text-completion-openai": "openai",
    "xai": "x_ai",
}
"""LiteLLM's provider names (`litellm_provider`) that differ from OpenTelemetry's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """The price of a model, and of its prompts above a length."""

    price: Price
    long_above_input_tokens: int | None = None
    long_price: Price | None = None

    def at(self, input_tokens: int) -> Price:
        """Return the price of a prompt of so many tokens."""
        if self.long_price is not None and input_tokens > (self.long_above_input_tokens or 0):
            return self.long_price
        return self.price


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Tariffs by provider (OpenTelemetry's name) and model."""

    tariffs: Mapping[tuple[str, str], Tariff] = field(default_factory=dict)
    patterns: Mapping[str, Price] = field(default_factory=dict)
    """Prices of the configuration by pattern (`*`, `?`) of models, in its order."""

    def of(self, provider: str) -> Mapping[str, Price]:
        """Return the prices of a provider's models, of prompts of common length."""
        return {model: tariff.price for (name, model), tariff in self.tariffs.items() if name == provider}

    def lookup(self, provider: str, model: str, *, input_tokens: int = 0) -> Price | None:
        """Return the price of a model, also when its name ends in a date that the table lacks; None if unknown."""
        for name in spellings(model):
            tariff = self.tariffs.get((provider, name))
            if tariff is not None:
                return tariff.at(input_tokens)
        return None

    def by_pattern(self, models: Sequence[str]) -> Price | None:
        """Return the price of the first pattern that one of the names of a model matches; None if there is none."""
        found = (one for pattern, one in self.patterns.items() if any(fnmatchcase(name, pattern) for name in models))
        return next(found, None)

    def dearest(self, model: str, *, input_tokens: int = 0) -> Price | None:
        """Return the highest price of a model among those who serve it; None if nobody is known to."""
        found = (self.lookup(name, model, input_tokens=input_tokens) for name in {name for name, _ in self.tariffs})
        return max(filter(None, found), key=lambda price: (price.output_usd, price.input_usd), default=None)

    def over(self, other: "PriceTable") -> "PriceTable":
        """Return a table in which this one's tariffs win over the other's."""
        return PriceTable({**other.tariffs, **self.tariffs}, {**other.patterns, **self.patterns})


def is_old(price: Price, today: date) -> bool:
    """Return whether a price was read so long ago that it should be checked; False for one of unknown age."""
    return bool(price.read_on) and (today - date.fromisoformat(price.read_on)).days > OLD_AFTER_DAYS


@cache
def builtin_prices() -> PriceTable:
    """Return the table that comes with aiprobe."""
    data = packaged("prices.yml")
    return PriceTable(
        {
            (provider, model): _tariff(entry)
            for provider, models in data["prices"].items()
            for model, entry in models.items()
        }
    )


def load_litellm(path: Path) -> PriceTable:
    """Read a price map in LiteLLM's format (`model_prices_and_context_window.json`).

    Entries without token prices are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is too large, or is no such map.
    """
    return litellm_prices(read_price_file(path), path.name)


def read_price_file(path: Path) -> Mapping[str, Any]:
    """Return the JSON object of a file of prices.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is too large, or no JSON object.
    """
    with path.open("rb") as file:
        data = file.read(MAX_PRICE_FILE_BYTES + 1)
    if len(data) > MAX_PRICE_FILE_BYTES:
        raise ValueError("is larger than 50 MB")
    try:
        entries = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("is not JSON") from error
    if not isinstance(entries, dict):
        raise ValueError("is not a price map: a JSON object by model name")  # noqa: TRY004 - a wrong file, not a wrong type
    return entries


def litellm_prices(entries: Mapping[str, Any], source: str) -> PriceTable:
    """Return the prices of LiteLLM's map, as `source`.

    Raises:
        ValueError: there is none in it.
    """
    table: dict[tuple[str, str], Tariff] = {}
    for model, entry in entries.items():
        tariff = _litellm_tariff(entry, source)
        if tariff is not None and model != "sample_spec":
            theirs = str(entry.get("litellm_provider", ""))
            name = _LITELLM_NAMES.get(theirs, theirs)
            table[name, model.removeprefix(f"{theirs}/")] = tariff
    if not table:
        raise ValueError("holds no price: it is not LiteLLM's price map")
    return PriceTable(table)


def _tariff(entry: Mapping[str, Any]) -> Tariff:
    origin = {"source": entry["source"], "read_on": str(entry["read_on"])}
    cached = entry.get("cached_input_usd")
    price = Price(input_usd=entry["input_usd"], output_usd=entry["output_usd"], cached_input_usd=cached, **origin)
    tier = entry.get("long_prompt")
    if tier is None:
        return Tariff(price=price)
    long_price = Price(input_usd=tier["input_usd"], output_usd=tier["output_usd"], **origin)
    return Tariff(price=price, long_above_input_tokens=tier["above_input_tokens"], long_price=long_price)


def _litellm_tariff(entry: object, source: str) -> Tariff | None:
    if not isinstance(entry, dict):
        return None
    input_usd, output_usd = _usd(entry, "input_cost_per_token"), _usd(entry, "output_cost_per_token")
    if input_usd is None or (output_usd is None and entry.get("mode") != "embedding"):
        return None
    cached = _usd(entry, "cache_read_input_token_cost")
    price = Price(input_usd=input_usd, output_usd=output_usd or 0.0, cached_input_usd=cached, source=source)
    for name in entry:
        match = _LITELLM_TIER.match(name)
        above = _usd(entry, name) if match else None
        if match and above is not None:
            thousands = match[1]
            output = _usd(entry, f"output_cost_per_token_above_{thousands}k_tokens")
            long_price = Price(
                input_usd=above, output_usd=price.output_usd if output is None else output, source=source
            )
            return Tariff(price=price, long_above_input_tokens=int(thousands) * 1000, long_price=long_price)
    return Tariff(price=price)


def _usd(entry: Mapping[str, Any], name: str) -> float | None:
    """Return USD per million tokens of a value that LiteLLM gives per token; None for what is no price."""
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        per_million = round(float(value) * _PER_MILLION, 9)
    except OverflowError:
        return None
    return per_million if math.isfinite(per_million) and per_million >= 0 else None
