"""Each question of a chat probe has a page, whose example asks it and whose costs are those that `check` prints."""

import re
from pathlib import Path

import pytest

from aiprobe.core.money import expected_usd_per_day
from aiprobe.known import read_settings
from aiprobe.probes.questions import QUESTIONS
from tests.prose.texts import ROOT
from tests.unit.documentation.pages import AnyVariable, fences, page_text, write_with_certificates

ASKED = [name for name in QUESTIONS if name != "repeat"]
"""The page of `repeat` is that of its kind, docs/probes/chat.md."""


def test_every_question_has_its_page() -> None:
    folder = ROOT / "docs/probes/ask"
    assert {path.stem for path in folder.glob("*.md")} == set(ASKED)
    assert all(f"probes/ask/{name}.md" in page_text("docs/README.md") for name in ASKED)


@pytest.mark.parametrize("ask", ASKED)
def test_a_page_states_what_a_day_costs_on_three_providers(ask: str, tmp_path: Path) -> None:
    page = f"docs/probes/ask/{ask}.md"
    (example,) = [fence for fence in fences() if fence.page == page and fence.language == "yaml"]
    settings = read_settings(write_with_certificates(example.text, tmp_path, "aiprobe.yml"), AnyVariable())
    stated = {
        name: float(usd) for name, usd in re.findall(r"^\| `([\w-]+)` \| ([\d.]+) \|$", page_text(page), re.MULTILINE)
    }
    costs = {target.name: expected_usd_per_day(target) for target in settings.targets}
    assert {target.ask for target in settings.targets} == {ask}
    assert len({target.provider.name for target in settings.targets}) == 3
    assert stated == {name: round(usd, 4) for name, usd in costs.items() if usd is not None}
    assert stated.keys() == costs.keys()
