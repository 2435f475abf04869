"""A contract as the operator's configuration names it; its terms and arithmetic belong in `contracts/`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractUse:
    """A contract of the operator: a shipped one, by name, or their own, by its terms."""

    name: str
    """The value of the label `contract`."""
    contract: str
    terms: Mapping[str, Any]
    """Empty for a shipped contract."""
    targets: tuple[str, ...]
    monthly_spend_usd: float | None = None
    accept_unverified: bool = False
    exclude_maintenance: bool = False
