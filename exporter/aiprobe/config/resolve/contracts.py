"""From the section `contracts` to settings. The caller passes the check of a contract's content."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.known import ContractCheck
from aiprobe.config.problems import suggest
from aiprobe.config.resolve.levels import built
from aiprobe.config.schema.contracts import ContractSection
from aiprobe.core.evidence import ContractUse


def resolve_contracts(
    sections: Mapping[str, ContractSection],
    *,
    where: Where,
    targets: frozenset[str],
    check: ContractCheck,
    findings: Findings,
) -> Mapping[str, ContractUse]:
    """Return the contracts in use; what is wrong with them is noted in `findings`."""
    uses: dict[str, ContractUse] = {}
    for name, section in sections.items():
        place = where.at(name)
        for index, member in enumerate(section.targets):
            if member not in targets:
                findings.error(place.at("targets", index), f'no target is named "{member}"', suggest(member, targets))
        if section.terms and section.contract is not None:
            findings.error(place, "has both `contract` and `terms`", "name a contract, or write one out")
            continue
        use = built(
            ContractUse,
            section,
            name=name,
            contract=section.contract or name,
            terms=_plain(section.terms),
            targets=tuple(dict.fromkeys(section.targets)),
        )
        problem = check(use)
        if problem is not None:
            findings.error(place, problem)
        uses[name] = use
    return MappingProxyType(uses)


def _plain(terms: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(terms))
