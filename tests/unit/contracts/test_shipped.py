"""The contracts that ship: whole, dated, sourced, and honest about what they are not."""

from datetime import date

import pytest

from aiprobe.contracts.contract import Confidence, Method
from aiprobe.contracts.shipped import contracts, find_contract, without_contract
from tests.unit.contracts.builders import a_contract


def test_the_shipped_contracts_load_and_are_those_that_are_promised() -> None:
    assert {
        "google-vertex-gemini",
        "aws-bedrock",
        "azure-openai",
        "cohere",
        "openai-scale-tier",
        "groq-performance",
    } <= set(contracts())


def test_every_shipped_contract_has_a_source_a_date_and_a_confidence() -> None:
    for contract in contracts().values():
        assert contract.source_url.startswith("https://"), contract.name
        assert date(2026, 1, 1) <= date.fromisoformat(contract.verified_on), contract.name
        assert contract.confidence is not Confidence.OWN, contract.name


def test_a_contract_that_is_not_wholly_read_says_what_it_assumes() -> None:
    for contract in contracts().values():
        assert contract.confidence is Confidence.PRIMARY or contract.assumptions, contract.name


def test_terms_without_a_readable_source_are_marked_unverified() -> None:
    unverified = {name for name, contract in contracts().items() if contract.confidence is Confidence.UNVERIFIED}
    assert {"azure-openai", "openai-scale-tier", "groq-performance"} <= unverified
    assert not {"google-vertex-gemini", "aws-bedrock", "cohere"} & unverified


def test_googles_rule_is_five_bad_minutes_and_bedrocks_the_mean_of_five_minutes() -> None:
    google, bedrock = contracts()["google-vertex-gemini"], contracts()["aws-bedrock"]
    assert (google.method, google.slice_seconds, google.error_threshold, google.min_run_slices) == (
        Method.TIMESLICE_RUN,
        60,
        0.05,
        5,
    )
    assert (bedrock.method, bedrock.slice_seconds, bedrock.error_classes) == (Method.RATIO_TIMESLICE, 300, ("500",))


def test_providers_without_a_contract_are_named_with_their_own_words() -> None:
    anthropic = without_contract()["anthropic"]
    assert "best-effort availability" in anthropic.sentence
    assert "has no service level agreement" in anthropic.sentence
    assert {"gemini-api", "mistral", "together", "fireworks", "openrouter"} <= set(without_contract())
    assert all(entry.sentence.endswith(".") for entry in without_contract().values())


def test_asking_for_the_contract_of_a_provider_without_one_says_so() -> None:
    with pytest.raises(LookupError, match="Anthropic's API has no service level agreement"):
        find_contract("anthropic", {})


def test_asking_for_an_unknown_contract_lists_those_that_there_are() -> None:
    with pytest.raises(LookupError, match=r"no contract acme; there are: .*aws-bedrock.*mine"):
        find_contract("acme", {"mine": a_contract(name="mine")})


def test_a_users_contract_goes_before_the_shipped_one_of_the_same_name() -> None:
    mine = a_contract(name="cohere")
    assert find_contract("cohere", {"cohere": mine}) is mine
    assert find_contract("cohere", {}) is contracts()["cohere"]
