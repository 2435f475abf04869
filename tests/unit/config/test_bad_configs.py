"""Every mistake of `bad_configs.yml` is found, in exactly these words, and none of them quotes a secret."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from aiprobe.config.problems import ConfigError
from tests.unit.config.builders import ENVIRON, KEY, MINIMAL, a_file, loaded, problems

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("bad_configs.yml").read_text("utf-8"))
EMPTY_VARIABLE = {**ENVIRON, "EMPTY": ""}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_mistake_is_reported_with_file_line_path_problem_and_hint(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "empty.key").write_text("\n")

    found = problems(tmp_path, case["config"], EMPTY_VARIABLE)

    assert [text.replace(str(tmp_path), "DIR") for text in found] == case["problems"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_problem_quotes_no_secret(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "empty.key").write_text("\n")

    found = " ".join(problems(tmp_path, case["config"], EMPTY_VARIABLE))

    assert found
    assert "planted" not in found


def test_every_case_is_one_mistake_and_has_a_name_of_its_own() -> None:
    names = [case["name"] for case in CASES]

    assert len(names) == len(set(names)) > 100


def test_all_problems_of_a_file_are_reported_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        vantag: x
        providers:
          p1: {preset: opnai, proxy: ftp://x}
          anthropic: {api_key: "${NOT_THERE}", base_url: "https://u:p@x/", bas_url: x}
        targets:
          - {name: a, provider: anthropic, model: m, probe: chatt, modle: x, slo: {availability: 93}}
          - {name: a, provider: anthropi, probe: http, interval: 2d}
          - 3
        groups:
          g: {any_of: [b]}
        """,
    )

    assert [text.split(": ")[0:2] for text in found] == [
        ["aiprobe.yml:1", "vantag"],
        ["aiprobe.yml:3", "providers.p1.proxy"],
        ["aiprobe.yml:3", "providers.p1.preset"],
        ["aiprobe.yml:4", "providers.anthropic.api_key"],
        ["aiprobe.yml:4", "providers.anthropic.base_url"],
        ["aiprobe.yml:4", "providers.anthropic.bas_url"],
        ["aiprobe.yml:6", "targets[0].slo.availability"],
        ["aiprobe.yml:6", "targets[0].modle"],
        ["aiprobe.yml:6", "targets[0].probe"],
        ["aiprobe.yml:7", "targets[1].interval"],
        ["aiprobe.yml:7", "targets[1].name"],
        ["aiprobe.yml:7", "targets[1].provider"],
        ["aiprobe.yml:7", "targets[1]"],
        ["aiprobe.yml:8", "targets[2]"],
        ["aiprobe.yml:10", "groups.g.any_of[0]"],
    ]


def test_a_provider_with_a_mistake_is_not_called_unknown_by_its_targets(tmp_path: Path) -> None:
    found = problems(tmp_path, MINIMAL.replace("{api_key", "{ip_family: ipv5, api_key"))

    assert found == ["aiprobe.yml:2: providers.anthropic.ip_family: must be 'any', 'ipv4' or 'ipv6'"]


def test_a_group_is_not_told_that_a_target_with_a_mistake_does_not_exist(tmp_path: Path) -> None:
    found = problems(tmp_path, MINIMAL + "  - {name: broken, probe: models}\ngroups: {g: {any_of: [haiku, broken]}}\n")

    assert found == ["aiprobe.yml:5: targets[1].provider: is missing"]


@pytest.mark.parametrize("key", ["probe", "provider", "surface", "interval", "reasonin", "url"])
def test_a_secret_in_the_wrong_place_is_not_repeated(key: str, tmp_path: Path) -> None:
    target = {"name": "t", "provider": "anthropic", "model": "m", "probe": "chatt", key: KEY}
    config = {
        "providers": {"anthropic": {"api_key": "${ANTHROPIC_API_KEY}"}},
        "targets": [target],
        "groups": {"g": {"any_of": [KEY]}},
        KEY: KEY,
    }

    found = problems(tmp_path, yaml.safe_dump(config))

    assert len(found) >= 3
    assert KEY not in " ".join(found)
    assert "***" in " ".join(found)


def test_a_long_name_and_a_huge_number_are_refused_without_being_repeated(tmp_path: Path) -> None:
    long_name = problems(tmp_path, MINIMAL.replace("name: haiku", f"name: {'a' * 201}"))
    huge = problems(tmp_path, MINIMAL.replace("probe: chat", f"probe: chat, input_tokens: {'9' * 5000}"))

    assert long_name == ["aiprobe.yml:4: targets[0].name: is longer than 200 characters; shorten it"]
    assert huge == [
        "aiprobe.yml:4: targets[0].input_tokens: is not a number that can be read; quote it if it is text",
    ]


def test_the_text_of_the_exception_is_one_line_a_problem(tmp_path: Path) -> None:
    path = a_file(tmp_path, "nonsense: 1\nmore: 2\n")

    with pytest.raises(ConfigError) as caught:
        loaded(path)

    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    assert len(caught.value.problems) == 2
