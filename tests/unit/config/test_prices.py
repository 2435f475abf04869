"""Prices: the built-in table, LiteLLM's map, the configuration's own, and the budget."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from aiprobe.config.resolve.presets import presets
from aiprobe.config.resolve.prices import PriceTable, Tariff, builtin_prices, is_old, load_litellm
from aiprobe.core.model import Price
from aiprobe.core.money import expected_usd_per_day
from tests.unit.config.builders import MINIMAL, TODAY, a_file, loaded, problems, settings

OPENAI = "providers: {openai: {api_key: '${ANTHROPIC_API_KEY}'}}\n"
BUDGET = "budget: {usd_per_day: 1}\n"


def a_price_map(directory: Path, **entries: Any) -> Path:
    path = directory / "litellm.json"
    path.write_text(json.dumps(entries))
    return path


def an_entry(provider: str = "openai", **more: Any) -> dict[str, Any]:
    return {"litellm_provider": provider, "input_cost_per_token": 2.5e-07, "output_cost_per_token": 1e-06, **more}


@pytest.mark.parametrize(("provider", "model"), sorted(builtin_prices().tariffs))
def test_every_built_in_price_says_where_it_was_read_and_when_if_that_is_known(provider: str, model: str) -> None:
    price = builtin_prices().lookup(provider, model)

    assert price is not None
    assert price.source.startswith("https://")
    assert not price.read_on or dt.date.fromisoformat(price.read_on) <= TODAY
    assert price.read_on or "day unknown" in price.source
    assert provider in {preset.name for preset in presets().values()}


@pytest.mark.parametrize(
    "model",
    ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-haiku-4-5@20251001", "models/claude-haiku-4-5"],
)
def test_a_model_is_found_with_the_date_that_providers_add_to_its_name(model: str) -> None:
    price = builtin_prices().lookup("anthropic", model)

    assert price is not None
    assert (price.input_usd, price.output_usd) == (1.0, 5.0)


def test_openais_dates_are_known_too() -> None:
    table = builtin_prices()

    assert table.lookup("openai", "gpt-5.4-nano-2026-03-17") == table.lookup("openai", "gpt-5.4-nano")


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "gpt-next"), ("x_ai", "claude-haiku-4-5"), ("anthropic", "claude-haiku")]
)
def test_a_price_that_is_not_known_is_none_and_never_nothing(provider: str, model: str) -> None:
    assert builtin_prices().lookup(provider, model) is None


def test_a_long_prompt_has_its_own_tariff() -> None:
    table = builtin_prices()

    short = table.lookup("anthropic", "claude-haiku-5-5", input_tokens=100_000)
    long = table.lookup("anthropic", "claude-haiku-5-5", input_tokens=100_001)

    assert short is not None
    assert long is not None
    assert (short.input_usd, long.input_usd) == (0.10, 0.50)


def test_litellms_map_is_read_per_million_tokens_under_opentelemetrys_names(tmp_path: Path) -> None:
    path = a_price_map(
        tmp_path,
        **{
            "gpt-6-luna": an_entry(cache_read_input_token_cost=2.5e-08),
            "gemini/gemini-9-flash": an_entry("gemini"),
            "xai/grok-9": an_entry("xai"),
            "mistral/mistral-tiny": an_entry("mistral"),
            "text-embedding-9": {"litellm_provider": "openai", "input_cost_per_token": 2e-08, "mode": "embedding"},
        },
    )

    table = load_litellm(path)

    assert table.lookup("openai", "gpt-6-luna") == Price(
        input_usd=0.25, output_usd=1.0, cached_input_usd=0.025, source="litellm.json"
    )
    assert table.lookup("gcp.gemini", "gemini-9-flash") is not None
    assert table.lookup("x_ai", "grok-9") is not None
    assert table.lookup("mistral_ai", "mistral-tiny") is not None
    assert table.lookup("openai", "text-embedding-9") == Price(input_usd=0.02, output_usd=0.0, source="litellm.json")


def test_litellms_tariff_of_long_prompts_is_read(tmp_path: Path) -> None:
    entry = an_entry(input_cost_per_token_above_200k_tokens=5e-07, output_cost_per_token_above_200k_tokens=2e-06)
    table = load_litellm(a_price_map(tmp_path, m=entry))

    long = table.lookup("openai", "m", input_tokens=200_001)

    assert long == Price(input_usd=0.5, output_usd=2.0, source="litellm.json")


@pytest.mark.parametrize(
    "entry",
    [
        {},
        [],
        "text",
        None,
        {"litellm_provider": "openai", "mode": "chat"},
        {"litellm_provider": "openai", "input_cost_per_token": 1e-6},
        an_entry(input_cost_per_token="cheap"),
        an_entry(input_cost_per_token=True),
        an_entry(input_cost_per_token=-1e-6),
        an_entry(output_cost_per_token=float("nan")),
        an_entry(output_cost_per_token=10**400),
    ],
)
def test_an_entry_without_a_sound_price_is_left_out(entry: Any, tmp_path: Path) -> None:
    table = load_litellm(a_price_map(tmp_path, good=an_entry(), bad=entry, sample_spec=an_entry()))

    assert list(table.tariffs) == [("openai", "good")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is not JSON"),
        ("[", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a price map"),
        ("{}", "holds no price"),
        ('{"a": {}}', "holds no price"),
    ],
)
def test_what_is_no_price_map_is_refused(content: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "litellm.json"
    path.write_text(content)

    with pytest.raises(ValueError, match=problem):
        load_litellm(path)


def test_a_table_over_another_wins_where_both_know() -> None:
    cheap, dear = (Tariff(price=Price(input_usd=usd, output_usd=usd)) for usd in (1.0, 2.0))
    table = PriceTable({("p", "a"): cheap}).over(PriceTable({("p", "a"): dear, ("p", "b"): dear}))

    assert table.tariffs == {("p", "a"): cheap, ("p", "b"): dear}


@pytest.mark.parametrize(("read_on", "old"), [("2026-05-26", False), ("2026-05-25", True), ("", False)])
def test_a_price_is_old_after_half_a_year(read_on: str, *, old: bool) -> None:
    assert is_old(Price(input_usd=1, output_usd=1, read_on=read_on), TODAY) is old


def test_the_most_particular_price_wins(tmp_path: Path) -> None:
    a_price_map(tmp_path, **{"gpt-6-luna": an_entry(), "gpt-6-sol": an_entry()})
    models = "{gpt-6-luna: {input_usd: 7, output_usd: 7}, openai/gpt-5.6-luna: {input_usd: 8, output_usd: 8}}"
    text = f"""\
    prices: {{file: litellm.json, models: {models}}}
    providers: {{openai: {{api_key: "${{ANTHROPIC_API_KEY}}"}}}}
    targets:
      - {{name: own, provider: openai, probe: chat, model: gpt-6-luna, price: {{input_usd: 9, output_usd: 9}}}}
      - {{name: by-model, provider: openai, probe: chat, model: gpt-6-luna}}
      - {{name: by-provider-and-model, provider: openai, probe: chat, model: gpt-5.6-luna}}
      - {{name: by-file, provider: openai, probe: chat, model: gpt-6-sol}}
      - {{name: built-in, provider: openai, probe: chat, model: gpt-5.6-terra}}
    """

    targets = settings(tmp_path, text).targets

    prices = [target.price.input_usd for target in targets if target.price]
    assert prices == [9, 7, 8, 0.25, 2.0]
    assert targets[0].price is not None
    assert targets[0].price.source.endswith("aiprobe.yml:4")


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("llama-9", 2.0),
        ("llama-9-own", 1.0),
        ("gpt-5.6-luna", 3.0),
        ("gpt-5.6-terra", 2.0),
        ("mixed/llama", 4.0),
    ],
)
def test_a_pattern_prices_the_models_that_have_no_price_of_their_own_name(
    model: str, usd: float, tmp_path: Path
) -> None:
    written = {"llama-*": 2, "llama-9-own": 1, "gpt-5.6-l?na": 3, "gpt-5.6-terr[a]": 8, "*llama*": 4}
    models = ", ".join(f'"{name}": {{input_usd: {price}, output_usd: 9}}' for name, price in written.items())
    text = f"""\
    prices: {{models: {{{models}}}}}
    providers: {{openai: {{api_key: "${{ANTHROPIC_API_KEY}}"}}}}
    targets: [{{name: one, provider: openai, probe: chat, model: {model}}}]
    """

    (target,) = settings(tmp_path, text).targets

    assert target.price is not None
    assert target.price.input_usd == usd


def test_a_padded_prompt_is_priced_by_its_own_tariff(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "claude-haiku-4-5, probe: chat", "claude-haiku-5-5, probe: chat, input_tokens: 200000, interval: 1d"
    )

    target = settings(tmp_path, text).targets[0]

    assert target.price is not None
    assert target.price.input_usd == 0.50


def test_an_old_price_is_a_warning(tmp_path: Path) -> None:
    found = loaded(a_file(tmp_path, MINIMAL), today=dt.date(2027, 11, 22))

    assert [(warning.path, warning.message) for warning in found.warnings] == [
        ("targets[0].model", "the price of claude-haiku-4-5 was read on 2026-10-09")
    ]


def test_without_a_budget_a_model_without_a_price_is_a_warning_and_has_none(tmp_path: Path) -> None:
    found = settings(tmp_path, OPENAI + "targets: [{name: t, provider: openai, probe: chat, model: gpt-next}]\n")

    assert found.targets[0].price is None
    assert [warning.message for warning in found.warnings] == ["gpt-next has no price, so what it costs is unknown"]


@pytest.mark.parametrize(
    "provider",
    [
        "{ollama: {}}",
        "{mine: {preset: vllm, base_url: 'http://10.0.0.1/v1'}}",
        "{mine: {protocol: openai-chat, base_url: 'http://10.0.0.1/v1', egress: false}}",
    ],
)
def test_what_runs_on_ones_own_hardware_is_counted_as_nothing_and_says_so(provider: str, tmp_path: Path) -> None:
    name = provider[1:].partition(":")[0]
    target = f"{{name: t, provider: {name}, probe: chat, model: llama3.2}}"
    text = f"{BUDGET}providers: {provider}\ntargets: [{target}]\n"

    found = settings(tmp_path, text)

    price = found.targets[0].price
    assert price == Price(input_usd=0, output_usd=0, source="self-hosted: no price per token")
    assert [warning.message for warning in found.warnings] == [
        "llama3.2 has no price and is counted as 0 USD, because its provider is private"
    ]


@pytest.mark.parametrize(
    "section", ["{egress: false}", "{preset: openai, egress: false, base_url: 'http://10.0.0.1/v1'}"]
)
def test_a_gateway_in_ones_own_network_still_spends_money(section: str, tmp_path: Path) -> None:
    target = "{name: t, provider: litellm, probe: chat, model: gpt}"
    text = f"{BUDGET}providers: {{litellm: {section}}}\ntargets: [{target}]\n"

    assert problems(tmp_path, text)[0].startswith("aiprobe.yml:3: targets[0]: gpt has no price, so the budget cannot")


def test_probes_that_cost_nothing_need_no_price(tmp_path: Path) -> None:
    text = BUDGET + OPENAI + "targets: [{name: t, provider: openai, probe: models}]\n"

    found = settings(tmp_path, text)

    assert found.targets[0].price is None
    assert found.warnings == ()


def test_a_budget_that_just_suffices_is_enough(tmp_path: Path) -> None:
    usd = sum(expected_usd_per_day(target) or 0 for target in settings(tmp_path, MINIMAL).targets)

    assert settings(tmp_path, f"budget: {{usd_per_day: {usd}}}\n" + MINIMAL).usd_per_day == usd
    assert len(problems(tmp_path, f"budget: {{usd_per_day: {usd * 0.99}}}\n" + MINIMAL)) == 1


def test_a_budget_that_does_not_suffice_names_both_figures_and_the_dearest_target(tmp_path: Path) -> None:
    cheap = "  - {name: cheap, provider: anthropic, model: claude-haiku-5-5, probe: chat}\n"

    found = problems(tmp_path, "budget: {usd_per_day: 0.01}\n" + MINIMAL + cheap)

    place, problem, hint = found[0].partition(": 0.01")[0], found[0].partition("; ")[0], found[0].partition("; ")[2]
    assert place == "aiprobe.yml:1: budget.usd_per_day"
    assert problem.endswith("0.01 USD is less than the 0.25 USD that a day of the targets costs")
    assert hint == "raise it, or ask less often: haiku alone costs 0.23 USD"
