"""`make live` against the simulator: what it asks, what its budget excludes, and the page that it writes."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

from aiprobe.known import read_settings
from aiprobe_simulator.server import Simulator
from tests import live
from tests.contract.running import a_config


def a_chat(name: str, model: str, price: dict[str, float] | None) -> dict[str, object]:
    target = {"name": name, "provider": "openai", "model": model, "probe": "chat", "surface": "OpenAI API"}
    return target | ({"price": price} if price else {})


async def rows_of(directory: Path, *, budget_usd: float) -> list[live.Row]:
    """Ask three targets of a simulator: a chat, one that costs much, and the list of models."""
    async with Simulator() as simulator:
        targets = [
            a_chat("cheap", "gpt-4.1-nano", {"input_usd": 1, "output_usd": 2}),
            a_chat("costly", "gpt-4.1-nano", {"input_usd": 1000, "output_usd": 2000}),
            {"name": "models", "provider": "openai", "probe": "models"},
        ]
        config = a_config(directory, simulator.url, targets=targets)
        known = read_settings(config, {}).targets
        return await asyncio.to_thread(lambda: list(live.ask(config, known, budget_usd=budget_usd)))


async def test_every_target_is_asked_once_and_has_its_line(tmp_path: Path) -> None:
    rows = await rows_of(tmp_path, budget_usd=10)

    text = live.page(rows, datetime(2026, 11, 29, tzinfo=UTC))

    assert [(row.target.name, row.cells[2]) for row in rows] == [("cheap", "ok"), ("costly", "ok"), ("models", "ok")]
    assert "Run on 2026-11-29 with aiprobe " in text
    assert re.search(r"\| cheap \| openai \| ok \| 0\.\d+ \| 0\.\d+ \| \d+ / \d+ \| 0\.\d+ \| 0\.\d+ \|", text)


async def test_no_target_starts_that_could_pass_the_budget_and_the_free_ones_still_do(tmp_path: Path) -> None:
    rows = await rows_of(tmp_path, budget_usd=live.BUDGET_USD)

    assert [row.cells[2] for row in rows] == ["ok", live.NOT_ASKED, "ok"]


def test_the_page_of_the_project_has_been_run_or_states_that_it_has_not() -> None:
    text = live.PAGE.read_text("utf-8")

    assert text.startswith(live.HEAD)
    assert re.match(r"Not run:|Run on \d{4}-\d{2}-\d{2} with aiprobe ", text[len(live.HEAD) :])
