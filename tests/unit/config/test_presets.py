"""The provider catalogue and the model families."""

import pytest

from aiprobe.config.resolve.presets import Preset, families, family_of, presets, token_cap
from aiprobe.config.values import check_base_url, check_url
from tests.unit.config.builders import PROTOCOLS


def test_the_catalogue_has_every_provider_that_is_promised() -> None:
    assert sorted(presets()) == [
        "anthropic", "azure-openai", "azure-openai-classic", "bedrock", "cerebras", "cohere", "deepseek", "fireworks",
        "gemini", "groq", "huggingface", "litellm", "mistral", "ollama", "ollama-native", "openai", "openai-responses",
        "openrouter", "together", "vertex-claude", "vertex-gemini", "vllm", "xai",
    ]  # fmt: skip


@pytest.mark.parametrize("key", sorted(presets()))
def test_an_entry_is_sound(key: str) -> None:
    preset = presets()[key]

    assert preset.key == key
    assert preset.protocol in PROTOCOLS
    assert preset.name == preset.name.lower()
    assert preset.display_name
    assert preset.auth.header == preset.auth.header.lower()
    assert all(header == header.lower() for header in preset.request_id_headers)
    if preset.base_url is not None:
        assert check_base_url(preset.base_url) == preset.base_url
    if preset.status_page is not None:
        check_url(preset.status_page)


@pytest.mark.parametrize("key", sorted(presets()))
def test_whoever_is_reached_over_the_internet_has_a_key_a_status_page_and_tls(key: str) -> None:
    preset = presets()[key]
    local = (preset.base_url or "https://").startswith("http://127.0.0.1")

    proof = preset.key_variable or preset.protocol.startswith("vertex-")  # Google Cloud gives tokens, and no keys

    assert local or (proof and preset.status_page and preset.surface)


@pytest.mark.parametrize("preset", presets().values(), ids=presets())
def test_whoever_has_no_address_for_all_says_how_ones_own_looks(preset: Preset) -> None:
    own = preset.base_url is None

    assert (preset.address is not None) is own


@pytest.mark.parametrize(
    ("key", "name"),
    [("gemini", "gcp.gemini"), ("azure-openai", "azure.ai.openai"), ("mistral", "mistral_ai"), ("xai", "x_ai"),
     ("groq", "groq"), ("deepseek", "deepseek"), ("anthropic", "anthropic"), ("openai", "openai")],
)  # fmt: skip
def test_names_are_opentelemetrys(key: str, name: str) -> None:
    assert presets()[key].name == name


@pytest.mark.parametrize(
    ("protocol", "preset", "model", "reasoning", "cap"),
    [
        ("anthropic-messages", "anthropic", "claude-haiku-4-5", None, 64),
        ("anthropic-messages", "anthropic", "claude-haiku-4-5-20251001", None, 64),
        ("anthropic-messages", "anthropic", "claude-3-5-haiku-20241022", None, 64),
        ("anthropic-messages", "anthropic", "claude-opus-4-8", None, 64),
        ("anthropic-messages", "anthropic", "claude-opus-5", "disabled", 64),
        ("anthropic-messages", "anthropic", "claude-opus-5-5", "low", 1024),
        ("anthropic-messages", "anthropic", "claude-fable-5-2", "low", 1024),
        ("anthropic-messages", None, "some-alias", None, 1024),
        ("openai-chat", "openai", "gpt-4o-mini", None, 64),
        ("openai-chat", "openai", "gpt-5", "minimal", 256),
        ("openai-chat", "openai", "gpt-5-nano", "minimal", 256),
        ("openai-chat", "openai", "gpt-5.1", "none", 64),
        ("openai-chat", "openai", "gpt-5.1-chat-latest", None, 64),
        ("openai-chat", "openai", "gpt-5.3-codex", "low", 1024),
        ("openai-responses", "openai", "gpt-5.2-pro", "low", 1024),
        ("openai-responses", "openai", "gpt-6-luna", "none", 64),
        ("openai-chat", "openai", "o4-mini", "low", 1024),
        ("openai-chat", "openrouter", "openai/gpt-5.4-nano", "none", 64),
        ("openai-chat", "openrouter", "anthropic/claude-haiku-5.5", None, 1024),
        ("openai-chat", "litellm", "claude-haiku-4-5", None, 64),
        ("openai-chat", "litellm", "anthropic/claude-haiku-4-5-20251001", None, 64),
        ("openai-chat", "litellm", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", None, 64),
        ("openai-chat", "litellm", "bedrock/us.anthropic.claude-opus-5-5", None, 1024),
        ("openai-chat", "litellm", "vertex_ai/claude-3-5-haiku", None, 64),
        ("openai-chat", "litellm", "gemini/gemini-2.5-flash-lite", None, 64),
        ("openai-chat", "litellm", "gemini/gemini-2.5-flash", None, 1024),
        ("openai-chat", None, "claude-haiku-4-5", None, 64),
        ("openai-chat", "groq", "openai/gpt-oss-20b", "low", 512),
        ("openai-chat", "deepseek", "deepseek-reasoner", None, 1024),
        ("openai-chat", "deepseek", "deepseek-flash", None, 64),
        ("openai-chat", "xai", "grok-4.3", "none", 64),
        ("openai-chat", "xai", "grok-4.5", None, 1024),
        ("openai-chat", "xai", "grok-4.20-0309-non-reasoning", None, 64),
        ("openai-chat", "mistral", "magistral-small", None, 1024),
        ("openai-chat", "mistral", "ministral-3b-latest", None, 64),
        ("openai-chat", "ollama", "deepseek-r1:8b", None, 1024),
        ("openai-chat", "vllm", "Qwen/Qwen3-4B-Thinking-2507", None, 1024),
        ("openai-chat", None, "llama-3", None, 64),
        ("gemini", "gemini", "gemini-2.5-flash-lite", "0", 64),
        ("gemini", "gemini", "gemini-2.5-pro", "128", 512),
        ("gemini", "gemini", "gemini-3.5-flash-lite", "minimal", 1024),
        ("gemini", "gemini", "gemini-3.1-pro-preview", "low", 1024),
        ("gemini", "gemini", "gemini-2.0-flash", None, 64),
    ],
)
def test_a_family_keeps_its_probes_small(
    protocol: str, preset: str | None, model: str, reasoning: str | None, cap: int
) -> None:
    family = family_of(model, protocol=protocol, preset=preset)

    assert (family.reasoning, family.max_output_tokens) == (reasoning, cap)


def test_a_models_name_is_matched_in_any_case() -> None:
    assert family_of("GPT-6-Luna", protocol="openai-chat", preset=None).reasoning == "none"


def test_every_family_says_whose_it_is() -> None:
    for family in families():
        assert family.protocols or family.presets
        assert set(family.protocols) <= PROTOCOLS
        assert set(family.presets) <= set(presets())
        assert all(pattern == pattern.lower() for pattern in family.models)
        assert 64 <= family.max_output_tokens <= 1024


@pytest.mark.parametrize(("output_tokens", "cap"), [(None, 64), (1, 65), (400, 664)])
def test_a_longer_answer_has_room_for_half_as_much_again(output_tokens: int | None, cap: int) -> None:
    family = family_of("gpt-6-luna", protocol="openai-chat", preset="openai")

    assert token_cap(family, output_tokens) == cap
