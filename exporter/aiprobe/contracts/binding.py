"""Finds the contract that the configuration names and binds it to its targets."""

from aiprobe.contracts.book import Binding
from aiprobe.contracts.contract import acceptance_problem
from aiprobe.contracts.parse import ContractError, parse_contract
from aiprobe.contracts.shipped import find_contract
from aiprobe.core.evidence import ContractUse


def binding_of(use: ContractUse) -> Binding:
    """Return the contract in use with its targets. Raises LookupError or ValueError with a sentence."""
    contract = parse_contract(use.name, use.terms) if use.terms else find_contract(use.contract, {})
    problem = acceptance_problem(contract, accept_unverified=use.accept_unverified)
    if problem is not None:
        raise ValueError(problem)
    return Binding(
        name=use.name,
        contract=contract,
        targets=use.targets,
        monthly_spend_usd=use.monthly_spend_usd,
        exclude_maintenance=use.exclude_maintenance,
    )


def contract_problem(use: ContractUse) -> str | None:
    """Return what is wrong with a contract in use, or None: the check that a configuration is loaded with."""
    try:
        binding_of(use)
    except ContractError as error:
        return "; ".join(error.problems)
    except (LookupError, ValueError) as error:
        return str(error.args[0] if error.args else error)
    return None
