"""The contracts that ship with aiprobe, and the providers that sign none: `contracts.toml`, read once when asked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from aiprobe.contracts.contract import Contract
from aiprobe.contracts.parse import parse_contract


@dataclass(frozen=True, slots=True, kw_only=True)
class NoContract:
    """A provider or plan that promises no uptime that a credit could be claimed for."""

    name: str
    display_name: str
    provider: str
    """The value of the label `provider`."""
    words: str
    """The provider's own words, short; empty when nothing was found."""
    note: str = ""
    source_url: str = ""
    verified_on: str = ""
    confidence: str = "secondary"

    @property
    def sentence(self) -> str:
        """Describe it in one sentence."""
        said = f': "{self.words}"' if self.words else "; nothing to the contrary was found"
        looked = f" ({self.source_url}, looked at on {self.verified_on})" if self.source_url else ""
        note = f" {self.note}" if self.note else ""
        return f"{self.display_name} has no service level agreement{said}{looked}.{note}"


@cache
def contracts() -> Mapping[str, Contract]:
    """Return the shipped contracts by name.

    Raises:
        ContractError: when the package data is wrong; a test holds that it is not.
    """
    raw = _document()["contracts"]
    return MappingProxyType({name: parse_contract(name, fields) for name, fields in raw.items()})


@cache
def without_contract() -> Mapping[str, NoContract]:
    """Return the providers that sign nothing, by name."""
    return MappingProxyType({name: NoContract(name=name, **fields) for name, fields in _document()["without"].items()})


def find_contract(name: str, own: Mapping[str, Contract]) -> Contract:
    """Return the contract `name`, the user's `own` first.

    Raises:
        LookupError: with a sentence that lists the existing names.
    """
    found = own.get(name) or contracts().get(name)
    if found is not None:
        return found
    absent = without_contract().get(name)
    if absent is not None:
        raise LookupError(absent.sentence)
    raise LookupError(f"there is no contract {name}; there are: {', '.join(sorted({*own, *contracts()}))}")


def _document() -> dict[str, Any]:
    return tomllib.loads(resources.files("aiprobe.contracts").joinpath("contracts.toml").read_text(encoding="utf-8"))
