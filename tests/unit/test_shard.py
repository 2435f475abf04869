"""Who owns what over several shards: whole vendors, their pages, and what is judged over targets."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from aiprobe.core.model import Target
from aiprobe.core.spread import owner_by_name, owner_of
from aiprobe.known import read_settings
from aiprobe.shard import Shard, owners
from tests.builders import a_provider, a_target

CONFIG = """\
vantage: here
egress: [https://one.example/]
providers:
  anthropic: {api_key: a-test-key-123}
  openai: {api_key: a-test-key-123}
  mine: {preset: vllm, base_url: "http://10.0.0.1/v1"}
targets:
  - {name: claude, provider: anthropic, model: claude-haiku-4-5, probe: chat}
  - {name: claude-web, provider: anthropic, surface: claude.ai, probe: http, url: "https://claude.ai/"}
  - {name: gpt, provider: openai, model: gpt-4.1-nano, probe: chat, price: {input_usd: 1, output_usd: 1}}
  - {name: llama, provider: mine, model: llama-3, probe: chat}
groups:
  claudes: {any_of: [claude, claude-web]}
  all: {any_of: [claude, gpt, llama]}
contracts:
  aws-bedrock: {targets: [claude]}
  openai-scale-tier: {targets: [gpt, claude], accept_unverified: true}
"""


def vendors(count: int, *, each: int) -> list[Target]:
    return [a_target(name=f"t{n}", provider=a_provider(name=f"provider-{n // each}")) for n in range(count)]


def test_every_target_has_one_owner_and_the_surfaces_of_a_vendor_have_the_same() -> None:
    targets = [
        a_target(name=f"t{n}", surface=f"surface {n % 40}", provider=a_provider(name=f"provider-{n % 5}"))
        for n in range(240)
    ]
    for count in (1, 2, 3, 7):
        owned_by = {target.name: owner_of(target, count) for target in targets}
        assert set(owned_by.values()) <= set(range(count))
        assert all(
            len({owned_by[target.name] for target in targets if target.provider.name == name}) == 1
            for name in {target.provider.name for target in targets}
        )


@pytest.mark.parametrize(("targets", "each"), [(50, 1), (400, 4), (2000, 4)])
def test_a_fourth_shard_takes_about_a_quarter_and_moves_nothing_between_the_others(targets: int, each: int) -> None:
    found = vendors(targets, each=each)
    moved = Counter(owner_of(one, 4) for one in found if owner_of(one, 3) != owner_of(one, 4))

    assert set(moved) == {3}
    assert 0.1 * targets <= moved[3] <= 0.4 * targets, moved


def test_a_shard_less_moves_only_what_the_last_one_had() -> None:
    found = vendors(400, each=4)
    moved = {owner_of(one, 4) for one in found if owner_of(one, 3) != owner_of(one, 4)}

    assert moved == {3}


def shards_of(targets: Sequence[Target], count: int) -> set[int]:
    return {owner_of(target, count) for target in targets}


def test_a_gateway_s_models_are_spread_unless_it_has_a_status_page_and_a_vendor_s_stay_together() -> None:
    models = [f"model-{n}" for n in range(20)]
    gateway = a_provider(name="eu-gateway", is_gateway=True, status_page=None)
    paged = a_provider(name="eu-gateway", is_gateway=True, status_page="https://status.example")

    assert len(shards_of([a_target(name=m, model=m, provider=gateway) for m in models], 3)) == 3
    assert len(shards_of([a_target(name=m, model=m, provider=paged) for m in models], 3)) == 1
    assert len(shards_of([a_target(name=m, model=m) for m in models], 3)) == 1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "aiprobe.yml"
    path.write_text(CONFIG)
    return path


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shares_are_a_partition_and_a_page_is_read_where_its_vendor_is_probed(file: Path, count: int) -> None:
    settings = read_settings(file, {})
    shares = [Shard(index, count).share_of(settings) for index in range(count)]

    assert sorted(target.name for share in shares for target in share.targets) == [
        "claude",
        "claude-web",
        "gpt",
        "llama",
    ]
    for index, share in enumerate(shares):
        vendors_of = {target.provider.name for target in share.targets if not target.provider.is_gateway}
        assert {name for name in ("anthropic", "openai") if Shard(index, count).owns_page_of(name)} == vendors_of


def test_groups_and_contracts_belong_to_the_shard_that_probes_all_their_targets(file: Path) -> None:
    settings = read_settings(file, {})
    shares = [Shard(index, 3).share_of(settings) for index in range(3)]
    claude = owner_by_name(3, "anthropic")

    assert [list(share.groups) for share in shares] == [["claudes"] if index == claude else [] for index in range(3)]
    assert [list(share.contracts) for share in shares] == [
        ["aws-bedrock"] if index == claude else [] for index in range(3)
    ]
    whole = Shard().share_of(settings)
    assert (list(whole.groups), list(whole.contracts)) == (["claudes", "all"], ["aws-bedrock", "openai-scale-tier"])
    assert whole.warnings == ()


def test_what_spans_shards_is_named_with_its_owners_by_each_shard_that_has_a_part_of_it(file: Path) -> None:
    settings = read_settings(file, {})
    shares = [Shard(index, 3).share_of(settings) for index in range(3)]
    where = owners(settings, ("claude", "gpt", "llama"), 3)

    said = [warning for share in shares if share.targets for warning in share.warnings]
    assert f"group all: {where}; the rule aiprobe:group_up records it over all shards" in said
    assert len([warning for warning in said if warning.startswith("contract openai-scale-tier: ")]) == 2
    assert f"shard {owner_by_name(3, 'openai')} probes gpt" in where


def test_egress_is_checked_by_the_shards_that_reach_a_target_over_the_internet(file: Path) -> None:
    settings = read_settings(file, {})
    for index in range(3):
        share = Shard(index, 3).share_of(settings)
        assert bool(share.egress) is any(target.provider.egress for target in share.targets)
    assert Shard().share_of(settings).egress == settings.egress
