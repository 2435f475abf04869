"""From the section `contracts` to settings. The caller passes the check of a contract's content."""

from collections.abc import Mapping
from types import MappingProxyType

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.known import ContractCheck
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
        findings.check_names(section.targets, targets, place.at("targets"))
        if section.terms and section.contract is not None:
            findings.error(place, "has both `contract` and `terms`", "name a contract, or write one out")
            continue
        use = built(
            ContractUse,
            section,
            name=name,
            contract=section.contract or name,
            terms=MappingProxyType(dict(section.terms)),
            targets=tuple(dict.fromkeys(section.targets)),
        )
        problem = check(use)
        if problem is not None:
            findings.error(place, problem)
        uses[name] = use
    return MappingProxyType(uses)
