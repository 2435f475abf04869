"""Numbers that README and the change log state agree with the code."""

import re

import pytest
import yaml

from aiprobe.core.outcomes import Outcome
from aiprobe.probes import PROBES
from aiprobe.protocols import PROTOCOLS
from tests.alerts.rulefiles import alerts
from tests.prose.texts import ROOT
from tests.unit.documentation.pages import page_text

WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
]
COUNTED = {
    "protocols": len(PROTOCOLS),
    "kinds of probe": len(PROBES),
    "presets": len(yaml.safe_load((ROOT / "exporter/aiprobe/config/providers.yml").read_text("utf-8"))["providers"]),
    "boards": len(list((ROOT / "dashboards").glob("*.json"))),
    "alerts": len({rule.name for rule in alerts()}),
    "outcomes": len(Outcome),
}


def stated(text: str, thing: str) -> list[int]:
    """Return every number that a page gives for a thing, in digits or words, with at most two words between."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    found = re.findall(rf"\b(\d+|{'|'.join(WORDS)})\s+(?:[\w-]+\s+){{0,2}}{thing}\b", plain, re.IGNORECASE)
    return [int(number) if number.isdecimal() else WORDS.index(number.lower()) for number in found]


@pytest.mark.parametrize("thing", COUNTED)
def test_readme_states_the_number_that_the_code_has(thing: str) -> None:
    numbers = stated(page_text("README.md"), thing)

    assert numbers
    assert set(numbers) == {COUNTED[thing]}


@pytest.mark.parametrize("page", ["CHANGELOG.md", "docs/dashboards.md", "docs/README.md", "docs/getting-started.md"])
@pytest.mark.parametrize("thing", COUNTED)
def test_other_pages_state_no_other_number(page: str, thing: str) -> None:
    assert set(stated(page_text(page), thing)) <= {COUNTED[thing]}


@pytest.mark.parametrize(
    ("text", "thing", "numbers"),
    [
        ("Seven Grafana boards", "boards", [7]),
        ("12 [wire protocols](x.md)", "protocols", [12]),
        ("6 kinds of probe and 23\nprovider presets", "presets", [23]),
        ("boards for 7 teams", "boards", []),
    ],
)
def test_a_number_is_read_in_digits_and_in_words(text: str, thing: str, numbers: list[int]) -> None:
    assert stated(text, thing) == numbers
