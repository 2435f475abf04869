"""The committed files of rules are what `alerts/src` writes."""

from pathlib import Path

import yaml

from aiprobe.core.model import IDENTITY_LABELS
from alerts.src.__main__ import HOME, write
from alerts.src.labels import expand


def test_the_committed_files_are_what_the_code_writes(tmp_path: Path) -> None:
    written = {path.name: path.read_bytes() for path in write(tmp_path)}
    assert {path.name: path.read_bytes() for path in HOME.glob("*.rules.yml")} == written


def test_a_file_of_rules_that_is_gone_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "gone.rules.yml").write_text("groups: []\n", encoding="utf-8")
    assert sorted(path.name for path in write(tmp_path)) == sorted(path.name for path in tmp_path.iterdir())


def test_the_labels_of_a_target_are_listed_in_one_place() -> None:
    assert expand("by (TARGET, vantage) (ALERTS)") == f"by ({', '.join(IDENTITY_LABELS)}) (ALERTS)"
    sources = "".join(path.read_text(encoding="utf-8") for path in (HOME / "src").glob("*.py"))
    assert "surface, model, provider_region" not in sources


def test_no_word_is_left_unexpanded() -> None:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in HOME.glob("*.rules.yml")]
    rules = [rule for file in files for group in file["groups"] for rule in group["rules"]]
    assert [rule for rule in rules if expand(rule["expr"]) != rule["expr"]] == []
