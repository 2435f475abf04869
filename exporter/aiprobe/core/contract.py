"""A contract as the operator's configuration names it; its terms and arithmetic belong in `contracts/`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractUse:
    """A contract that the operator has: one that ships, by name, or one of their own, by its terms."""

    name: str
    """The value of the label `contract`."""
    contract: str
    terms: Mapping[str, Any]
    """Empty for a contract that ships."""
    targets: tuple[str, ...]
    monthly_spend_usd: float | None = None
    accept_unverified: bool = False
    exclude_maintenance: bool = False
