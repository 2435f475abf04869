"""From a provider's section to the domain's `Provider`."""

from pathlib import Path

import pytest
import trustme

from aiprobe.core.model import Auth, Provider
from tests.unit.config.builders import ENVIRON, problems, settings

TARGET = "targets: [{name: t, provider: p, probe: models}]\n"


def a_provider(directory: Path, section: str, key: str = "p", **environ: str) -> Provider:
    text = f"providers:\n  {key}: {section}\ntargets: [{{name: t, provider: {key}, probe: models}}]\n"
    return settings(directory, text, {**ENVIRON, **environ}).providers[key]


def test_a_provider_with_a_presets_name_needs_only_its_key(tmp_path: Path) -> None:
    provider = a_provider(tmp_path, '{api_key: "${K}"}', "gemini", K="AIza-planted")

    assert provider.api_key is not None
    assert provider.api_key.reveal() == "AIza-planted"
    assert (provider.key, provider.name, provider.protocol) == ("gemini", "gcp.gemini", "gemini")
    assert provider.base_url == "https://generativelanguage.googleapis.com"
    assert provider.auth == Auth(header="x-goog-api-key", prefix="")


def test_a_second_account_takes_a_preset_by_name_and_keeps_its_own_key(tmp_path: Path) -> None:
    provider = a_provider(tmp_path, '{preset: mistral, api_key: "${K}"}', "mistral-eu", K="planted")

    assert (provider.key, provider.name, provider.token_cap_field) == ("mistral-eu", "mistral_ai", "max_tokens")
    assert provider.include_usage is False


def test_every_field_of_a_preset_can_be_overridden(tmp_path: Path) -> None:
    section = """{preset: openai, protocol: openai-responses, base_url: "http://127.0.0.1:1/v1/", name: my.openai,
      display_name: Ours, egress: false, token_cap_field: max_tokens, include_usage: false, models_path: /list,
      request_id_headers: [X-Trace], status_page: "https://status.example/", tls_verify: false, ip_family: ipv6,
      address_fallback: true, auth: {header: X-Key}, extra_body: {a: 1}, proxy: "http://u:planted@proxy:1"}"""

    provider = a_provider(tmp_path, section)

    assert provider.protocol == "openai-responses"
    assert provider.base_url == "http://127.0.0.1:1/v1/"
    assert (provider.name, provider.display_name) == ("my.openai", "Ours")
    assert (provider.egress, provider.tls_verify, provider.include_usage) == (False, False, False)
    assert (provider.token_cap_field, provider.models_path) == ("max_tokens", "/list")
    assert provider.request_id_headers == ("x-trace",)
    assert provider.status_page == "https://status.example/"
    assert (provider.ip_family, provider.address_fallback) == ("ipv6", True)
    assert provider.auth == Auth(header="x-key", prefix="")
    assert provider.extra_body == {"a": 1}
    assert provider.proxy is not None
    assert provider.proxy.reveal() == "http://u:planted@proxy:1"


def test_a_provider_that_no_catalogue_knows_needs_a_protocol_and_an_address(tmp_path: Path) -> None:
    provider = a_provider(tmp_path, "{protocol: openai-chat, base_url: 'http://10.0.0.7:8000/v1'}", "my-vllm")

    assert (provider.name, provider.display_name, provider.egress) == ("my-vllm", "my-vllm", True)
    assert provider.auth == Auth()
    assert provider.api_key is None


@pytest.mark.parametrize(
    ("key", "section", "expected"),
    [
        ("litellm", "{}", ("litellm", "litellm", "LiteLLM")),
        ("eu", "{preset: litellm}", ("eu", "litellm", "eu")),
        ("gpu-1", "{preset: vllm}", ("gpu-1", "vllm", "gpu-1")),
        ("laptop", "{preset: ollama, display_name: Laptop}", ("laptop", "ollama", "Laptop")),
        ("eu", "{preset: litellm, name: litellm}", ("litellm", "", "LiteLLM")),
        ("batch", "{preset: anthropic, api_key: '${ANTHROPIC_API_KEY}'}", ("anthropic", "", "Anthropic")),
    ],
)
def test_a_gateway_is_a_provider_of_its_own_and_two_accounts_of_a_vendor_share_theirs(
    tmp_path: Path, key: str, section: str, expected: tuple[str, ...]
) -> None:
    provider = a_provider(tmp_path, section, key)

    assert (provider.name, provider.former_name, provider.display_name) == expected
    assert provider.key == key


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ("{header: Authorization}", Auth(header="authorization", prefix="Bearer ")),
        ("{prefix: 'Token '}", Auth(header="authorization", prefix="Token ")),
        ("{header: api-key}", Auth(header="api-key", prefix="")),
        ("{header: api-key, prefix: 'k='}", Auth(header="api-key", prefix="k=")),
    ],
)
def test_only_authorization_begins_with_bearer_unasked(auth: str, expected: Auth, tmp_path: Path) -> None:
    assert a_provider(tmp_path, f"{{preset: openai, auth: {auth}}}").auth == expected


def test_a_prefix_that_no_header_can_carry_is_refused(tmp_path: Path) -> None:
    text = 'providers: {p: {preset: openai, auth: {prefix: "a\\nb"}}}\n' + TARGET

    assert problems(tmp_path, text) == [
        'aiprobe.yml:1: providers.p.auth.prefix: holds a character that a header cannot carry; such as "Bearer "'
    ]


def test_headers_come_from_variables_files_and_the_text_itself(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("planted-file\n")
    section = """{preset: openai, headers: {X-Team: sre, X-Run: "${RUN}", OpenAI-Project: {file: token}}}"""
    text = f"providers:\n  p: {section}\ntargets: [{{name: t, provider: p, probe: models}}]\n"

    found = settings(tmp_path, text, {"RUN": "planted-run"})

    assert found.providers["p"].headers == {"x-team": "sre", "x-run": "planted-run", "openai-project": "planted-file"}
    assert {secret.reveal() for secret in found.secrets} == {"sre", "planted-run", "planted-file"}


def test_a_literal_value_of_a_header_that_sounds_secret_is_kept_as_one(tmp_path: Path) -> None:
    text = "providers: {p: {preset: openai, headers: {x-api-key: planted}}}\n" + TARGET

    found = settings(tmp_path, text)

    assert [secret.reveal() for secret in found.secrets] == ["planted"]
    assert [(warning.path, warning.message) for warning in found.warnings] == [
        ("providers.p.headers.x-api-key", "a literal secret in the configuration")
    ]


def test_a_private_authority_is_read_once_to_see_that_it_is_one(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")

    provider = a_provider(tmp_path, "{preset: vllm, base_url: 'https://10.0.0.7/v1', ca_file: ca.pem}")

    assert provider.ca_file == str(tmp_path / "ca.pem")


def test_certificates_that_are_not_verified_are_a_warning(tmp_path: Path) -> None:
    text = "providers: {ollama: {tls_verify: false}}\ntargets: [{name: t, provider: ollama, probe: models}]\n"

    assert [warning.message for warning in settings(tmp_path, text).warnings] == ["certificates are not verified"]


def test_an_unset_variable_in_an_address_is_one_problem_not_two(tmp_path: Path) -> None:
    text = 'providers: {p: {protocol: openai-chat, base_url: "${NOPE}"}}\n' + TARGET

    assert problems(tmp_path, text) == [
        "aiprobe.yml:1: providers.p.base_url: the variable NOPE is not set; export NOPE, or write ${NOPE:-default}"
    ]


def test_a_stopgap_for_a_key_is_sent_without_a_warning_and_is_no_secret(tmp_path: Path) -> None:
    text = 'providers: {p: {preset: vllm, api_key: "${VLLM_KEY:-none}"}}\n' + TARGET

    found = settings(tmp_path, text, {})

    key = found.providers["p"].api_key
    assert key is not None
    assert key.reveal() == "none"
    assert (found.secrets, found.warnings) == ((), ())


def test_a_long_default_of_a_key_is_kept_secret_all_the_same(tmp_path: Path) -> None:
    text = 'providers: {p: {preset: vllm, api_key: "${VLLM_KEY:-planted-default}"}}\n' + TARGET

    assert [secret.reveal() for secret in settings(tmp_path, text, {}).secrets] == ["planted-default"]


@pytest.mark.parametrize("key", ['"a\\nb"', '" a"', '""'])
def test_a_providers_name_may_not_hide_anything(key: str, tmp_path: Path) -> None:
    found = problems(tmp_path, f"providers: {{{key}: {{preset: vllm}}, p: {{preset: vllm}}}}\n" + TARGET)

    assert len(found) == 1
    assert found[0].startswith("aiprobe.yml:1: ")


def test_an_mcp_servers_key_may_stand_in_its_url_and_is_a_secret(tmp_path: Path) -> None:
    text = """
providers: {p: {protocol: mcp, base_url: "https://x.test/mcp/?key=planted%20secret&profile=p-1"}}
targets: [{name: t, provider: p, probe: mcp}]
"""
    found = settings(tmp_path, text)
    assert found.providers["p"].base_url.endswith("/mcp/?key=planted%20secret&profile=p-1")
    assert {"planted%20secret", "planted secret"} <= {secret.reveal() for secret in found.secrets}
    assert "planted" not in found.shown
