"""The YAML of contracts. Descriptions are the text of docs/configuration.md."""

from typing import Any

from pydantic import Field

from aiprobe.config.schema.base import Section, key
from aiprobe.config.values import Name, Number


class ContractSection(Section):
    """A contract that you have, and the targets that show how it is kept."""

    contract: Name | None = key("The name of a contract that ships with aiprobe.", shown="(its own name)")
    terms: dict[str, Any] = key(
        "A contract of your own, by the fields of docs/contracts.md. Not together with `contract`.", default={}
    )
    targets: list[str] = Field(min_length=1, description="Names of targets.")
    monthly_spend_usd: Number | None = key(
        "What you pay a month for what the contract covers, for credits in USD.", gt=0
    )
    accept_unverified: bool = key(
        "true: you have compared terms that could not be verified with your own agreement.", default=False
    )
