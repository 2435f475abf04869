"""The YAML of contracts. Descriptions are the text of docs/configuration.md."""

from typing import Any

from pydantic import Field

from aiprobe.config.schema.base import Section, key
from aiprobe.config.values import Name, Number


class ContractSection(Section):
    """A contract with a provider, and the targets that measure it."""

    contract: Name | None = key("The name of a contract that ships with aiprobe.", shown="(its own name)")
    terms: dict[str, Any] = key(
        "A contract of your own, by the fields of docs/contracts.md. Not together with `contract`.", default={}
    )
    targets: list[str] = Field(min_length=1, description="Names of targets.")
    monthly_spend_usd: Number | None = key(
        "The monthly cost of the services that the contract covers, for credits in USD.", gt=0
    )
    exclude_maintenance: bool = key(
        "true: results in maintenance are excluded, where the agreement has that rule; else they count as any other.",
        default=False,
    )
    accept_unverified: bool = key(
        "true: you have compared these unverified terms with your own agreement.", default=False
    )
