"""Files, includes, and what the settings say of the configuration as a whole."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from aiprobe.config.load import load
from aiprobe.config.problems import ConfigError
from tests.unit.config.builders import (
    ENVIRON,
    KEY,
    KNOWN,
    MINIMAL,
    a_file,
    loaded,
    problems,
    problems_of,
    settings,
)

DESIGN_EXAMPLE = """\
vantage: eu-west-1
budget:
  usd_per_day: 5.00
defaults:
  interval: 60s
  timeouts: {connect: 5s, first_token: 20s, stall: 15s, total: 40s}
  slo: {availability: 99.5}
egress:
  - https://one.one.one.one/cdn-cgi/trace
  - https://www.gstatic.com/generate_204
providers:
  anthropic:
    api_key: "${ANTHROPIC_API_KEY}"
  anthropic-batch-team:
    preset: anthropic
    api_key: {file: batch}
  my-vllm:
    protocol: openai-chat
    base_url: http://10.0.0.7:8000/v1
    egress: false
targets:
  - name: haiku-chat
    provider: anthropic
    surface: Claude API
    model: claude-haiku-4-5
    probe: chat
  - name: claude-web
    provider: anthropic
    surface: claude.ai
    probe: http
    url: https://claude.ai/
  - name: local-chat
    provider: my-vllm
    model: llama-3
    probe: chat
    interval: 20s
    timeouts: {total: 15s}
    slo: {availability: 99.9, time_to_first_token: {below: 2s, objective: 95}}
groups:
  cheap-chat: {any_of: [haiku-chat, local-chat]}
"""


def test_the_example_of_the_design_loads(tmp_path: Path) -> None:
    (tmp_path / "batch").write_text("planted-batch-key\n")

    found = settings(tmp_path, DESIGN_EXAMPLE)

    assert found.vantage == "eu-west-1"
    assert found.usd_per_day == 5.0
    assert [target.name for target in found.targets] == ["haiku-chat", "claude-web", "local-chat"]
    assert list(found.providers) == ["anthropic", "anthropic-batch-team", "my-vllm"]
    assert found.groups == {"cheap-chat": ("haiku-chat", "local-chat")}
    assert found.egress == ("https://one.one.one.one/cdn-cgi/trace", "https://www.gstatic.com/generate_204")
    assert {secret.reveal() for secret in found.secrets} == {KEY, "planted-batch-key"}
    assert {target.vantage for target in found.targets} == {"eu-west-1"}


def test_everything_but_targets_has_a_default(tmp_path: Path) -> None:
    found = settings(tmp_path, MINIMAL)

    assert found.vantage == ""
    assert found.usd_per_day is None
    assert len(found.egress) == 2
    assert found.groups == {}
    assert found.journal.keep_ok == "all"
    assert found.journal.directory == Path("aiprobe-data")
    assert found.warnings == ()


def test_an_empty_list_switches_the_egress_check_off(tmp_path: Path) -> None:
    assert settings(tmp_path, "egress: []\n" + MINIMAL).egress == ()


def test_paths_are_relative_to_the_file_that_holds_them(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "one").write_text("planted-one")
    a_file(
        tmp_path,
        "providers: {anthropic: {api_key: {file: ../keys/one}}}\n",
        name="teams/a.yml",
    )
    text = (
        "include: teams/*.yml\njournal: {directory: data}\ntargets: [{name: t, provider: anthropic, probe: models}]\n"
    )

    found = settings(tmp_path, text)

    assert found.journal.directory == tmp_path / "data"
    key = found.providers["anthropic"].api_key
    assert key is not None
    assert key.reveal() == "planted-one"


def test_included_files_add_providers_targets_and_groups(tmp_path: Path) -> None:
    a_file(tmp_path, "targets: [{name: b, provider: anthropic, probe: models}]\n", name="b.yml")
    a_file(tmp_path, "providers: {ollama: {}}\ngroups: {g: {any_of: [haiku, b, c]}}\n", name="more/c.yml")
    a_file(tmp_path, "targets: [{name: c, provider: ollama, probe: models}]\n", name="more/d.yml")

    found = settings(tmp_path, "include: [b.yml, 'more/*.yml']\n" + MINIMAL)

    assert [target.name for target in found.targets] == ["haiku", "b", "c"]
    assert list(found.providers) == ["anthropic", "ollama"]
    assert found.groups == {"g": ("haiku", "b", "c")}
    assert [path.name for path in found.files] == ["aiprobe.yml", "b.yml", "c.yml", "d.yml"]
    assert "name: c" in found.shown


def test_a_problem_in_an_included_file_names_that_file_and_line(tmp_path: Path) -> None:
    a_file(tmp_path, "# nothing\ntargets:\n  - {name: b, provider: anthropi, probe: models}\n", name="b.yml")

    assert problems(tmp_path, "include: b.yml\n" + MINIMAL) == [
        'b.yml:3: targets[0].provider: is not one of the configuration\'s providers; did you mean "anthropic"?'
    ]


def test_problems_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    a_file(tmp_path, "targets: [\n", name="b.yml")
    a_file(tmp_path, "budget: {usd_per_day: 1}\n", name="c.yml")

    found = problems(tmp_path, "include: [b.yml, c.yml, nowhere.yml]\nvantag: x\n" + MINIMAL)

    assert [text.split(": ", 2)[:2] for text in found] == [
        ["aiprobe.yml:1", "include[2]"],
        ["aiprobe.yml:2", "vantag"],
        ["b.yml:2", "(file)"],
        ["c.yml:1", "budget"],
    ]
    assert "known: classes, defaults, groups, providers, targets" in found[3]


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("providers: {anthropic: {}}", "providers.anthropic"),
        ("targets: [{name: haiku, provider: anthropic, probe: models}]", "targets[0].name"),
        ("groups: {g: {any_of: [haiku]}}", "groups.g"),
    ],
)
def test_a_name_that_two_files_give_is_an_error_that_names_both_places(part: str, path: str, tmp_path: Path) -> None:
    a_file(tmp_path, part + "\n", name="b.yml")
    main = "include: b.yml\n" + MINIMAL + "groups: {g: {any_of: [haiku]}}\n"

    found = problems(tmp_path, main)

    assert len(found) == 1
    assert found[0].startswith(f"b.yml:1: {path}: the name ")
    assert "the first is at aiprobe.yml:" in found[0]


def test_a_file_that_a_pattern_names_twice_is_read_once_and_never_includes_itself(tmp_path: Path) -> None:
    a_file(tmp_path, "targets: [{name: b, provider: anthropic, probe: models}]\n", name="b.yml")

    found = settings(tmp_path, "include: ['*.yml', b.yml]\n" + MINIMAL)

    assert [target.name for target in found.targets] == ["haiku", "b"]


def test_an_included_file_of_comments_is_nothing_wrong(tmp_path: Path) -> None:
    a_file(tmp_path, "# later\n", name="b.yml")

    assert len(settings(tmp_path, "include: b.yml\n" + MINIMAL).targets) == 1


def test_a_pattern_that_matches_nothing_is_a_warning(tmp_path: Path) -> None:
    found = settings(tmp_path, "include: teams/*.yml\n" + MINIMAL)

    assert [warning.message for warning in found.warnings] == ["no file matches teams/*.yml"]


def test_targets_may_stand_in_included_files_alone(tmp_path: Path) -> None:
    a_file(tmp_path, MINIMAL, name="b.yml")

    assert [target.name for target in settings(tmp_path, "include: b.yml\n").targets] == ["haiku"]


def test_a_file_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "nowhere.yml") == [
        "nowhere.yml:1: (file): cannot be read: no such file or directory; `aiprobe init` writes a first configuration"
    ]


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()

    assert "conf:1: (file): cannot be read: is a directory" in problems_of(tmp_path / "conf")[0]


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = a_file(tmp_path, "#" * 5_000_001)

    assert problems_of(path) == ["aiprobe.yml:1: (file): is larger than 5 MB; split it with `include:`"]


def test_the_hash_changes_with_every_byte_of_every_file_and_with_nothing_else(tmp_path: Path) -> None:
    included = a_file(tmp_path, "# one\n", name="b.yml")
    main = a_file(tmp_path, "include: b.yml\n" + MINIMAL)
    first = loaded(main).config_hash

    again = loaded(main).config_hash
    included.write_text("# two\n")
    changed = loaded(main).config_hash

    expected = hashlib.sha256(main.read_bytes() + b"# one\n").hexdigest()[:12]
    assert (first, again) == (expected, expected)
    assert changed != first


def test_what_is_shown_is_yaml_without_any_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("planted-file-key")
    environ = {
        **ENVIRON,
        "EXTRA_TOKEN": "planted-extra",
        "PROXY": "http://user:planted%20pass@proxy:3128",
    }
    text = """\
    providers:
      anthropic:
        api_key: "${ANTHROPIC_API_KEY}"
        proxy: "${PROXY}"
        headers: {x-team: "planted-header", authorization: "planted-literal"}
      other: {preset: openai, api_key: {file: key}, base_url: "https://api.example/${EXTRA_TOKEN}/v1"}
      literal: {preset: openai, api_key: planted-in-the-file}
    targets:
      - {name: t, provider: anthropic, probe: models}
      - {name: u, provider: other, probe: chat, model: gpt-6-luna, extra_body: {user: "x-${EXTRA_TOKEN}"}}
    """

    found = settings(tmp_path, text, environ)

    shown = yaml.safe_load(found.shown)
    assert "planted" not in found.shown
    assert KEY not in found.shown
    assert shown["providers"]["anthropic"]["api_key"] == "***"
    assert shown["providers"]["anthropic"]["proxy"] == "***"
    assert shown["providers"]["anthropic"]["headers"] == {"x-team": "***", "authorization": "***"}
    assert shown["providers"]["other"]["api_key"] == {"file": "key"}
    assert shown["providers"]["other"]["base_url"] == "https://api.example/***/v1"
    assert shown["targets"][1]["extra_body"] == {"user": "x-***"}
    secrets = {secret.reveal() for secret in found.secrets}
    assert {KEY, "planted-extra", "planted-file-key", "planted-in-the-file"} <= secrets
    assert {"http://user:planted%20pass@proxy:3128", "planted-literal"} <= secrets


def test_every_file_that_was_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("planted")
    (tmp_path / "prices.json").write_text(
        '{"m": {"litellm_provider": "openai", "input_cost_per_token": 1e-7, "output_cost_per_token": 1e-7}}'
    )
    text = """\
    prices: {file: prices.json}
    providers: {openai: {api_key: {file: key}}}
    targets: [{name: t, provider: openai, probe: models}]
    """

    assert sorted(path.name for path in settings(tmp_path, text).files) == ["aiprobe.yml", "key", "prices.json"]


def test_a_literal_key_works_with_a_warning_that_does_not_repeat_it(tmp_path: Path) -> None:
    found = settings(tmp_path, MINIMAL.replace("${ANTHROPIC_API_KEY}", "planted-literal-key"))

    assert [(warning.line, warning.path, warning.message) for warning in found.warnings] == [
        (2, "providers.anthropic.api_key", "a literal key in the configuration")
    ]
    assert "planted" not in str(found.warnings)


def test_a_public_api_without_a_key_is_a_warning(tmp_path: Path) -> None:
    found = settings(tmp_path, MINIMAL.replace('{api_key: "${ANTHROPIC_API_KEY}"}', "{}"))

    assert [(warning.path, warning.message, warning.hint) for warning in found.warnings] == [
        ("providers.anthropic", "has no api_key", 'give `api_key: "${ANTHROPIC_API_KEY}"`')
    ]


ONE_TARGET = "targets: [{name: t, provider: p, probe: models}]\n"


@pytest.mark.parametrize(
    ("protocol", "base_url", "ending"),
    [
        ("anthropic-messages", "https://gateway.internal/anthropic/v1/", "/v1"),
        ("anthropic-messages", "https://gateway.internal/v1/messages", "/v1/messages"),
        ("openai-chat", "http://10.0.0.7:8000/v1/chat/completions", "/chat/completions"),
        ("ollama-chat", "http://10.0.0.7:11434/api", "/api"),
    ],
)
def test_a_path_that_the_protocol_adds_itself_is_a_warning(
    tmp_path: Path, protocol: str, base_url: str, ending: str
) -> None:
    text = f"providers: {{p: {{protocol: {protocol}, base_url: '{base_url}'}}}}\n{ONE_TARGET}"

    assert [(one.path, one.message) for one in settings(tmp_path, text).warnings] == [
        ("providers.p.base_url", f"ends with {ending}, which {protocol} adds itself")
    ]


@pytest.mark.parametrize(
    ("protocol", "base_url"),
    [
        ("openai-chat", "http://10.0.0.7:8000/v1"),
        ("anthropic-messages", "https://gateway.internal/v1x"),
        ("gemini", "http://h/v1"),
    ],
)
def test_a_base_url_as_the_sdk_takes_it_is_no_warning(tmp_path: Path, protocol: str, base_url: str) -> None:
    text = f"providers: {{p: {{protocol: {protocol}, base_url: '{base_url}'}}}}\n{ONE_TARGET}"

    assert settings(tmp_path, text).warnings == ()


def test_a_provider_that_is_only_asked_for_pages_needs_no_key(tmp_path: Path) -> None:
    text = "providers: {anthropic: {}}\ntargets: [{name: t, provider: anthropic, probe: http, url: 'https://claude.ai/'}]\n"

    assert settings(tmp_path, text).warnings == ()


def test_the_present_day_is_asked_for_when_none_is_given(tmp_path: Path) -> None:
    found = load(a_file(tmp_path, MINIMAL), environ=ENVIRON, known=KNOWN)

    assert [target.name for target in found.targets] == ["haiku"]


def test_a_build_that_lacks_a_protocol_says_so(tmp_path: Path) -> None:
    path = a_file(tmp_path, MINIMAL)

    with pytest.raises(ConfigError, match="speaks anthropic-messages, which this build does not know"):
        load(path, environ=ENVIRON, known=replace(KNOWN, protocols=frozenset({"openai-chat"})))


def test_a_thousand_targets_are_loaded(tmp_path: Path) -> None:
    lines = [f"  - {{name: t{n}, provider: anthropic, probe: models}}" for n in range(1000)]

    found = settings(tmp_path, MINIMAL.split("targets:", maxsplit=1)[0] + "targets:\n" + "\n".join(lines) + "\n")

    assert len(found.targets) == 1000
