"""The first configuration that `aiprobe init` writes."""

from pathlib import Path

import pytest

from aiprobe import known
from aiprobe.config.load import load
from aiprobe.config.resolve.presets import presets
from aiprobe.config.starter import questions, starter
from aiprobe.core.money import expected_usd_per_day
from tests.unit.config.builders import KNOWN, a_file, loaded, problems_of

ALL_KEYS = {preset.key_variable: f"planted-{preset.key}" for preset in presets().values() if preset.key_variable}
ONE_KEY_EACH = [{variable: value} for variable, value in ALL_KEYS.items()]


@pytest.mark.parametrize("environ", [*ONE_KEY_EACH, ALL_KEYS], ids=[*ALL_KEYS, "all"])
def test_the_text_loads_as_it_is_or_is_only_comments(environ: dict[str, str], tmp_path: Path) -> None:
    text, usd_per_day = starter(environ, KNOWN)
    path = a_file(tmp_path, text)

    if all(not line or line.startswith("#") for line in text.splitlines()):
        assert problems_of(path, environ) == [
            "aiprobe.yml:1: (file): is empty; take the # away from the lines that you need"
        ]
        assert usd_per_day == 0
    else:
        found = loaded(path, environ)
        assert sum(expected_usd_per_day(target) or 0 for target in found.targets) == pytest.approx(usd_per_day)
        assert found.usd_per_day is not None
        assert found.usd_per_day >= usd_per_day


@pytest.mark.parametrize("environ", [{}, ALL_KEYS])
def test_the_text_holds_no_key(environ: dict[str, str]) -> None:
    assert "planted" not in starter(environ, KNOWN)[0]


def test_with_all_keys_every_account_is_asked_once(tmp_path: Path) -> None:
    found = loaded(a_file(tmp_path, starter(ALL_KEYS, KNOWN)[0]), ALL_KEYS)

    asked = [target.provider.key for target in found.targets]
    assert len(asked) == len(set(asked)) == len(found.providers)
    assert {"anthropic", "openai", "gemini", "mistral", "groq", "deepseek", "xai"} <= set(asked)
    assert "openai-responses" not in asked


def test_a_model_without_a_known_price_is_not_asked_to_chat(tmp_path: Path) -> None:
    found = loaded(a_file(tmp_path, starter(ALL_KEYS, KNOWN)[0]), ALL_KEYS)

    assert all(target.price is not None for target in found.targets if target.probe == "chat")
    assert {target.probe for target in found.targets if target.provider.key == "together"} == {"models"}


def test_the_cost_of_a_day_is_written_into_the_text() -> None:
    text, usd_per_day = starter({"ANTHROPIC_API_KEY": "x"}, KNOWN)

    assert f"# A day of this costs about {usd_per_day:.4f} USD." in text
    assert 0 < usd_per_day < 0.10


def test_an_account_that_needs_an_address_is_written_as_a_comment() -> None:
    text, _ = starter({"AZURE_OPENAI_API_KEY": "x", "ANTHROPIC_API_KEY": "x"}, KNOWN)

    assert "# AZURE_OPENAI_API_KEY is set; Azure OpenAI needs your address and model:" in text
    assert "\n  azure-openai:" not in text


@pytest.mark.parametrize("environ", [{}, {"ANTHROPIC_API_KEY": ""}, {"PATH": "/bin"}])
def test_without_a_key_it_says_so_and_shows_what_needs_none(environ: dict[str, str]) -> None:
    text, usd_per_day = starter(environ, KNOWN)

    assert usd_per_day == 0
    assert "No provider key was found" in text
    assert "ANTHROPIC_API_KEY, OPENAI_API_KEY" in text
    assert "simulator" in text
    assert "ollama" in text


def test_the_commented_example_loads_once_the_marks_are_taken_away(tmp_path: Path) -> None:
    text, _ = starter({}, KNOWN)
    example = "\n".join(line[2:] for line in text[text.index("# providers:") :].splitlines())

    found = loaded(a_file(tmp_path, example), {})

    assert [target.name for target in found.targets] == ["simulated-chat", "local-chat"]


def test_more_questions_are_asked_of_every_provider_that_has_their_mode(tmp_path: Path) -> None:
    environ = {"ANTHROPIC_API_KEY": "x", "DEEPSEEK_API_KEY": "y"}
    text, usd_per_day = starter(environ, known.KNOWN, asks=("tools", "structured"))
    path = a_file(tmp_path, text)
    found = load(path, environ=environ, known=known.KNOWN)
    asked = [(target.provider.key, target.ask) for target in found.targets]
    assert asked == [
        ("anthropic", "repeat"),
        ("anthropic", "tools"),
        ("anthropic", "structured"),
        ("deepseek", "repeat"),
        ("deepseek", "tools"),
    ]
    assert sum(expected_usd_per_day(target) or 0 for target in found.targets) == pytest.approx(usd_per_day)


def test_a_question_that_needs_more_keys_is_not_offered() -> None:
    assert questions(known.KNOWN) == ("tools", "structured", "vision", "turns")
