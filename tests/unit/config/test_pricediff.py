"""`aiprobe prices update`: what a published list says beside ours, and what is written."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from aiprobe.cli import main
from aiprobe.config.pricediff import LITELLM, OPENROUTER, compared, rewritten
from aiprobe.config.resolve.prices import PriceTable, Tariff, builtin_prices
from aiprobe.core.model import Price

PRICES = """\
# USD per million tokens.
prices:
  anthropic:  # a comment
    claude-haiku-4-5:
      input_usd: 1.00
      output_usd: 5.00
      cached_input_usd: 0.10
      read_on: 2026-10-09
      source: https://example.org/haiku
    claude-old:
      input_usd: 9.00
      output_usd: 9.00
      read_on: 2026-01-01
      source: https://example.org/old
  openai:
    claude-haiku-4-5:
      input_usd: 1.00
      output_usd: 5.00
      read_on: 2026-10-09
      source: https://example.org/other
"""


def a_table() -> PriceTable:
    return PriceTable(
        {
            (provider, model): Tariff(
                price=Price(
                    input_usd=entry["input_usd"],
                    output_usd=entry["output_usd"],
                    cached_input_usd=entry.get("cached_input_usd"),
                    read_on=str(entry["read_on"]),
                )
            )
            for provider, models in yaml.safe_load(PRICES)["prices"].items()
            for model, entry in models.items()
        }
    )


def a_list(directory: Path, document: Any) -> Path:
    path = directory / "list.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def litellm(input_usd: float, output_usd: float, cached_usd: float) -> dict[str, Any]:
    entry = {
        "litellm_provider": "anthropic",
        "input_cost_per_token": input_usd / 1e6,
        "output_cost_per_token": output_usd / 1e6,
        "cache_read_input_token_cost": cached_usd / 1e6,
    }
    return {"sample_spec": {"input_cost_per_token": 0}, "claude-haiku-4-5-20251001": entry, "claude-haiku-4-5": entry}


def openrouter(prompt: object, completion: object) -> dict[str, Any]:
    models = [
        {"id": "anthropic/claude-haiku-4.5", "pricing": {"prompt": prompt, "completion": completion}},
        {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
        {"id": "odd"},
        "odd",
    ]
    return {"data": models}


def test_what_changed_what_is_the_same_and_what_is_missing_are_told_apart(tmp_path: Path) -> None:
    found = compared(a_table(), a_list(tmp_path, litellm(0.8, 5.0, 0.1)))
    (change,) = found.changes
    assert (change.provider, change.model, change.fields) == (
        "anthropic",
        "claude-haiku-4-5",
        {"input_usd": (1.0, 0.8)},
    )
    assert (found.same, found.missing, found.source) == ([], [("anthropic", "claude-old")], LITELLM)


def test_openrouters_list_is_read_with_the_names_of_the_providers(tmp_path: Path) -> None:
    found = compared(a_table(), a_list(tmp_path, openrouter("0.000001", "0.000004")))
    (change,) = found.changes
    assert (change.fields, found.source) == ({"output_usd": (5.0, 4.0)}, OPENROUTER)


def test_only_what_changed_is_written_and_every_other_date_stays(tmp_path: Path) -> None:
    found = compared(a_table(), a_list(tmp_path, litellm(0.8, 5.0, 0.075)))
    text = rewritten(PRICES, found, read_on="2026-11-29")
    before, after = yaml.safe_load(PRICES)["prices"], yaml.safe_load(text)["prices"]
    haiku = after["anthropic"]["claude-haiku-4-5"]
    assert (haiku["input_usd"], haiku["output_usd"], haiku["cached_input_usd"]) == (0.8, 5.0, 0.075)
    assert (str(haiku["read_on"]), haiku["source"]) == ("2026-11-29", LITELLM)
    assert after["anthropic"]["claude-old"] == before["anthropic"]["claude-old"]
    assert after["openai"] == before["openai"]
    assert "# a comment" in text


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    found = compared(a_table(), a_list(tmp_path, litellm(1.0, 5.0, 0.1)))
    assert (len(found.same), rewritten(PRICES, found, read_on="2026-11-29")) == (1, PRICES)


@pytest.mark.parametrize("document", [[], {}, {"data": []}, {"data": [{"id": 3}]}, {"a": {"mode": "chat"}}])
def test_what_is_no_list_of_prices_is_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(ValueError, match="price"):
        compared(a_table(), a_list(tmp_path, document))


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["prices", "update", *arguments])
    return done.exit_code, done.output


def test_the_command_prints_the_difference_and_writes_only_when_it_is_told_to(tmp_path: Path) -> None:
    price = builtin_prices().lookup("anthropic", "claude-haiku-4-5")
    assert price is not None
    path = a_list(tmp_path, litellm(price.input_usd / 2, price.output_usd, 0.1))
    target = tmp_path / "prices.yml"
    target.write_text(PRICES, encoding="utf-8")
    code, said = run("--from", str(path))
    assert (code, target.read_text(encoding="utf-8")) == (0, PRICES)
    assert "anthropic/claude-haiku-4-5: input 1.00 -> 0.50 (ours read on 2026-10-09)" in said
    assert "1 changed" in said
    assert run("--from", str(path), "--write", str(target))[0] == 2
    code, said = run("--from", str(path), "--write", str(target), "--read-on", "2026-11-29")
    assert (code, "1 written" in said) == (0, True)
    assert (
        yaml.safe_load(target.read_text(encoding="utf-8"))["prices"]["anthropic"]["claude-haiku-4-5"]["input_usd"]
        == 0.5
    )


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_file_that_is_no_list_is_an_error_in_one_line(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "list.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    code, said = run("--from", str(path))
    assert (code, said.count("\n")) == (1, 1)
