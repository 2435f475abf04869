"""Which contracts are in use, and what their section may get wrong; what a contract may say is judged elsewhere."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from aiprobe.config.load import load_text
from aiprobe.config.problems import ConfigError
from aiprobe.core.evidence import ContractUse
from aiprobe.core.model import Objectives, ThroughputObjective
from tests.unit.config.builders import KNOWN


def load(contracts: Mapping[str, Any] | None = None, **target: Any) -> Any:
    config = {
        "providers": {"local": {"protocol": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "egress": False}},
        "targets": [{"name": "a", "provider": "local", "model": "m", "probe": "chat", **target}],
        "contracts": dict(contracts or {}),
    }

    def check(use: ContractUse) -> str | None:
        return f"{use.contract} is not signed" if use.contract == "unsigned" else None

    return load_text(
        yaml.safe_dump(config),
        environ={},
        known=replace(
            KNOWN,
            check_contract=check,
        ),
    )


def problem(contracts: Mapping[str, Any] | None = None, **target: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(contracts, **target)
    (found,) = caught.value.problems
    return f"{found.path}: {found.message}; {found.hint}"


def test_a_contract_that_ships_is_named_by_its_key_or_by_the_word_contract() -> None:
    uses = load(
        {
            "aws-bedrock": {"targets": ["a"], "monthly_spend_usd": 12000},
            "prod": {"contract": "cohere", "targets": ["a", "a"], "accept_unverified": True},
        }
    ).contracts
    assert uses["aws-bedrock"] == ContractUse(
        name="aws-bedrock", contract="aws-bedrock", terms={}, targets=("a",), monthly_spend_usd=12000
    )
    assert (uses["prod"].contract, uses["prod"].targets, uses["prod"].accept_unverified) == ("cohere", ("a",), True)


def test_a_contract_of_your_own_brings_its_terms() -> None:
    (use,) = load({"mine": {"targets": ["a"], "terms": {"method": "occurrences"}}}).contracts.values()
    assert dict(use.terms) == {"method": "occurrences"}


@pytest.mark.parametrize(
    ("contracts", "expected"),
    [
        ({"x": {"targets": ["b"]}}, 'contracts.x.targets[0]: no target is named "b"; '),
        ({"x": {"targets": []}}, "contracts.x.targets: must not be empty; "),
        ({"unsigned": {"targets": ["a"]}}, "contracts.unsigned: unsigned is not signed; "),
        (
            {"x": {"targets": ["a"], "contract": "y", "terms": {"a": 1}}},
            "contracts.x: has both `contract` and `terms`; ",
        ),
        ({"x": {"targets": ["a"], "monthly_spend_usd": 0}}, "contracts.x.monthly_spend_usd: must be more than 0; "),
    ],
)
def test_a_mistake_is_named_with_its_place(contracts: Mapping[str, Any], expected: str) -> None:
    assert problem(contracts).startswith(expected)


def test_a_throughput_objective_needs_an_answer_that_is_long_enough() -> None:
    slo = {"throughput": {"above": 50, "objective": 99}}
    (target,) = load(slo=slo, output_tokens=100).targets
    assert target.objectives == Objectives(throughput=ThroughputObjective(above_tokens_per_second=50, objective=0.99))
    too_short: tuple[dict[str, Any], ...] = ({}, {"output_tokens": 16}, {"output_tokens": 100, "stream": False})
    for short in too_short:
        assert problem(slo=slo, **short).startswith("targets[0].slo.throughput: an answer this short has no speed; ")
