"""The JSON Schema for editors, and the generated page."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from aiprobe.config.schema.root import json_schema
from docs.src.configuration import TITLES, render

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))


def properties(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    sections = {"(file)": schema, **schema["$defs"]}
    return [
        (f"{name}.{key}", entry) for name, section in sections.items() for key, entry in section["properties"].items()
    ]


def test_the_schema_is_one_of_draft_2020_12() -> None:
    schema = json_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$id" not in schema


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_an_editor_finds_nothing_wrong_with_the_examples(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), json_schema())


@pytest.mark.parametrize(
    "config",
    [
        {"targetz": []},
        {"targets": [{"name": "a", "provider": "b", "probe": "chat", "modle": "x"}]},
        {"targets": [{"name": "a", "probe": "chat"}]},
        {"targets": [{"name": "a", "provider": "b", "probe": "chat", "connection": "warm"}]},
        {"budget": {}},
        {"providers": {"a": {"api_key": 5}}},
    ],
)
def test_an_editor_marks_what_is_wrong(config: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(config, json_schema())


def test_every_key_is_described_and_no_default_is_null() -> None:
    schema = json_schema()

    for name, entry in properties(schema):
        assert entry.get("description") or "$ref" in entry, name
        assert entry.get("default", "") is not None, name
    assert all(section["additionalProperties"] is False for section in schema["$defs"].values())


def test_the_page_is_current() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text("utf-8") == render(), "run `make docs`"


def test_the_page_has_every_section_and_every_key() -> None:
    page = render()

    assert set(TITLES) == set(json_schema()["$defs"])
    for name, _ in properties(json_schema()):
        assert f"| `{name.rpartition('.')[2]}` |" in page


def test_every_link_of_the_page_leads_to_a_heading() -> None:
    page = render()
    headings = [line.removeprefix("## ").lower() for line in page.splitlines() if line.startswith("## ")]
    anchors = {"".join(c for c in heading.replace(" ", "-") if c.isalnum() or c in "-_") for heading in headings}

    links = {part.split(")")[0] for part in page.split("](#")[1:]}
    assert links
    assert links <= anchors
