"""Credentials that change: what a configuration may say of their sources, and every mistake in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from aiprobe.config.load import load
from aiprobe.config.problems import ConfigError
from aiprobe.config.resolve.credential import region_in
from aiprobe.config.settings import Settings
from aiprobe.core.credential import CredentialSource
from aiprobe.core.model import Auth, Provider
from tests.unit.config.builders import KNOWN, TODAY, a_file

RUNTIME = "https://bedrock-runtime.eu-west-1.amazonaws.com"
VERTEX = "https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/europe-west1"
MISSING = {"aws": "aws", "google": "gcp", "azure": "azure"}


def a_config(provider: str, *, preset: str = "bedrock", base_url: str = RUNTIME) -> str:
    return f"""\
providers:
  p: {{preset: {preset}, base_url: "{base_url}", {provider}}}
targets:
  - {{name: t, provider: p, probe: models}}
"""


def loaded(directory: Path, text: str, *, missing: dict[str, str] | None = None) -> Settings:
    path = a_file(directory, text)
    return load(path, environ={}, known=replace(KNOWN, missing_extras=missing or {}), today=TODAY)


def provider(directory: Path, text: str) -> Provider:
    return loaded(directory, text).providers["p"]


def problems(directory: Path, text: str, *, missing: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        loaded(directory, text, missing=missing)
    return [str(problem).replace(f"{directory}/", "") for problem in raised.value.problems]


def test_aws_signs_for_the_region_and_service_of_its_address(tmp_path: Path) -> None:
    found = provider(tmp_path, a_config("credential: {source: aws, profile: probe}"))
    assert found.credential == CredentialSource(kind="aws", profile="probe", region="eu-west-1", service="bedrock")
    mantle = a_config("credential: {source: aws}", base_url="https://bedrock-mantle.us-east-1.api.aws/anthropic")
    assert provider(tmp_path, mantle).credential == CredentialSource(
        kind="aws", region="us-east-1", service="bedrock-mantle"
    )


def test_what_the_operator_says_of_region_and_service_wins(tmp_path: Path) -> None:
    text = a_config("credential: {source: aws, region: mars-1, service: other}", base_url="http://127.0.0.1:1")
    assert provider(tmp_path, text).credential == CredentialSource(kind="aws", region="mars-1", service="other")


@pytest.mark.parametrize("source", ["google", "azure"])
def test_a_clouds_token_is_a_bearer_whatever_header_the_preset_has_for_keys(tmp_path: Path, source: str) -> None:
    base = "https://r.openai.azure.com/openai/v1"
    text = a_config(f"credential: {{source: {source}, scope: mine}}", preset="azure-openai", base_url=base)
    found = provider(tmp_path, text)
    assert (found.auth, found.credential) == (Auth(), CredentialSource(kind=source, scope="mine"))  # type: ignore[arg-type]  # a literal


def test_a_token_from_elsewhere_goes_where_a_key_would_or_where_the_operator_says(tmp_path: Path) -> None:
    command = "credential: {source: command, command: [az, token], lifetime: 10m}"
    base = "https://r.openai.azure.com/openai/v1"
    found = provider(tmp_path, a_config(command, preset="azure-openai", base_url=base))
    assert found.credential == CredentialSource(kind="command", command=("az", "token"), lifetime_seconds=600)
    assert found.auth.header == "api-key"
    said = a_config(command + ", auth: {header: authorization}", preset="azure-openai", base_url=base)
    assert provider(tmp_path, said).auth == Auth()


@pytest.mark.parametrize("source", ["file", "google"])
def test_a_file_is_relative_to_the_configuration(tmp_path: Path, source: str) -> None:
    (tmp_path / "token").write_text("t")
    found = provider(tmp_path, a_config(f"credential: {{source: {source}, file: token}}", base_url=VERTEX))
    assert found.credential == CredentialSource(kind=source, file=str(tmp_path / "token"))  # type: ignore[arg-type]  # a literal


@pytest.mark.parametrize(
    ("credential", "problem"),
    [
        ("{source: vault}", "credential.source: "),
        ("{}", "credential.source: is missing"),
        ("{source: aws, scope: x}", "credential.scope: means nothing to `source: aws`; leave it out"),
        ("{source: google, command: [x]}", "credential.command: means nothing to `source: google`; leave it out"),
        ("{source: file}", "credential: `source: file` needs a file; give `file:`"),
        (
            "{source: file, file: not-there}",
            "credential.file: not-there cannot be read: no such file or directory; check the path and who may read it",
        ),
        (
            "{source: command}",
            "credential: `source: command` needs a command; such as [gcloud, auth, print-access-token]",
        ),
        (
            "{source: command, command: ['']}",
            "credential: `source: command` needs a command; such as [gcloud, auth, print-access-token]",
        ),
        ("{source: command, command: [a], lifetime: 0s}", "credential.lifetime: must be longer than nothing"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, credential: str, problem: str) -> None:
    found = problems(tmp_path, a_config(f"credential: {credential}"))
    assert len(found) == 1
    assert found[0].startswith(f"aiprobe.yml:2: providers.p.{problem}")


def test_aws_without_a_region_is_a_mistake(tmp_path: Path) -> None:
    text = a_config("credential: {source: aws}", base_url="http://127.0.0.1:10530")
    assert problems(tmp_path, text) == [
        "aiprobe.yml:2: providers.p.credential: no region: base_url names none; give `region:`, such as us-east-1"
    ]


def test_a_key_and_a_credential_contradict_one_another(tmp_path: Path) -> None:
    text = a_config('credential: {source: aws}, api_key: "a-key-0123456789"')
    assert problems(tmp_path, text) == [
        "aiprobe.yml:2: providers.p.credential: there is an api_key as well; give one of the two"
    ]


@pytest.mark.parametrize(("source", "extra"), MISSING.items())
def test_a_library_that_is_missing_is_named_with_the_extra_that_has_it(tmp_path: Path, source: str, extra: str) -> None:
    (problem,) = problems(tmp_path, a_config(f"credential: {{source: {source}}}"), missing=MISSING)
    place, _, said = problem.partition(": providers.")
    assert place == "aiprobe.yml:2"
    assert said.startswith(f"p.credential.source: {source} needs a library that is not installed;")
    assert said.endswith(f"; pip install 'aiprobe[{extra}]'")


def test_a_token_needs_no_library(tmp_path: Path) -> None:
    assert loaded(tmp_path, a_config("credential: {source: command, command: [a]}"), missing=MISSING).targets


def test_a_provider_with_a_credential_is_not_warned_for_its_missing_key(tmp_path: Path) -> None:
    assert [str(each) for each in loaded(tmp_path, a_config("credential: {source: aws}")).warnings] == []
    assert "has no api_key" in str(loaded(tmp_path, a_config("name: x")).warnings[0])


@pytest.mark.parametrize(
    ("base_url", "region"),
    [
        (RUNTIME, "eu-west-1"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("https://bedrock-mantle.us-east-1.api.aws/v1", "us-east-1"),
        (VERTEX, "europe-west1"),
        ("https://aiplatform.googleapis.com/v1/projects/p/locations/global", "global"),
        ("https://aiplatform.eu.rep.googleapis.com/v1", "eu"),
        ("https://api.anthropic.com", ""),
        ("https://my-bedrock.example.com", ""),
        ("https://evil.example.com/bedrock-runtime.eu-west-1.amazonaws.com", ""),
    ],
)
def test_a_clouds_address_names_its_region(base_url: str, region: str) -> None:
    assert region_in(base_url) == region


def test_a_target_takes_the_region_of_its_address_unless_it_says_another(tmp_path: Path) -> None:
    text = a_config("credential: {source: aws}")
    text += "  - {name: u, provider: p, probe: models, provider_region: elsewhere}\n"
    text += "  - {name: w, provider: p, probe: http, url: 'https://status.test/'}\n"
    regions = {target.name: target.provider_region for target in loaded(tmp_path, text).targets}
    assert regions == {"t": "eu-west-1", "u": "elsewhere", "w": ""}


def test_the_arguments_of_a_command_are_not_shown_since_one_may_be_a_secret(tmp_path: Path) -> None:
    text = a_config("credential: {source: command, command: [/bin/token, --password, planted-argument]}")
    shown = loaded(tmp_path, text).shown
    assert "/bin/token" in shown
    assert "planted-argument" not in shown
