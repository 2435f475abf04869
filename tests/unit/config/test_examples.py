"""Every example loads, says what a day of it costs, and is right about it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from aiprobe.config.resolve.presets import presets
from aiprobe.config.settings import Settings
from aiprobe.core.money import expected_usd_per_day
from tests.unit.config.builders import loaded

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yml"))
IDS = [path.name for path in EXAMPLES]
_REFERENCE = re.compile(r"\$\{(\w+)")


class FakeKeys(Mapping[str, str]):
    """An environment in which every variable that the examples name has a fake value."""

    def __init__(self) -> None:
        self._names = {name for path in EXAMPLES for name in _REFERENCE.findall(path.read_text("utf-8"))}

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise KeyError(name)
        return f"planted-{name.lower()}"

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def example(path: Path) -> Settings:
    return loaded(path, FakeKeys())


def test_there_are_the_examples_that_are_promised() -> None:
    names = ("agents", "cloud", "every-provider", "gateway", "minimal", "self-hosted", "surfaces")
    assert [f"{name}.yml" for name in names] == IDS


@pytest.mark.parametrize("path", EXAMPLES, ids=IDS)
def test_an_example_loads_and_warns_of_nothing_but_private_models(path: Path) -> None:
    found = example(path)

    assert found.targets
    assert [warning for warning in found.warnings if "its provider is private" not in warning.message] == []
    assert "planted" not in found.shown


@pytest.mark.parametrize("path", EXAMPLES, ids=IDS)
def test_an_example_says_what_a_day_of_it_costs(path: Path) -> None:
    head = path.read_text("utf-8").splitlines()[:2]
    usd = sum(expected_usd_per_day(target) or 0 for target in example(path).targets)

    assert all(line.startswith("# ") for line in head)
    said = f"about {usd:.4f} USD" if usd else "0 USD"
    assert f"# A day of it costs {said}" in head[1]


@pytest.mark.parametrize("path", EXAMPLES, ids=IDS)
def test_no_example_holds_a_secret(path: Path) -> None:
    assert example(path).secrets == tuple(dict.fromkeys(example(path).secrets))
    for line in path.read_text("utf-8").splitlines():
        assert "api_key:" not in line or '"${' in line


def test_every_hosted_provider_of_the_catalogue_is_in_the_example_of_all() -> None:
    text = (EXAMPLES[0].parent / "every-provider.yml").read_text("utf-8")
    hosted = [preset for preset in presets().values() if preset.egress and preset.key_variable and preset.status_page]

    found = example(EXAMPLES[0].parent / "every-provider.yml")

    assert {preset.name for preset in hosted} == {target.provider.name for target in found.targets}
    assert {preset.key_variable for preset in hosted} == set(_REFERENCE.findall(text))


def test_the_surfaces_of_one_provider_are_told_apart() -> None:
    found = example(EXAMPLES[-1])

    assert {target.surface for target in found.targets} == {
        "Claude API (api.anthropic.com)",
        "claude.ai",
        "Claude Console (platform.claude.com)",
        "Claude Code",
    }
