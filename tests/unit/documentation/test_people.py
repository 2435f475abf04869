"""The files for people who take part: hooks, templates, dependency updates and the decision log."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def check_commands() -> list[str]:
    """Return the commands of `make check` without the path of the environment."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipe = makefile.partition("\ncheck: ")[2].partition("\n\n")[0].splitlines()[1:]
    return [line.strip().replace("$(BIN)/", "").removesuffix(" .") for line in recipe]


def test_the_hooks_of_pre_commit_run_the_commands_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    entries = [hook["entry"].replace(".venv/bin/", "").replace(" --force-exclude", "") for hook in hooks]

    assert len(entries) >= 4
    assert entries == check_commands()


def test_mypy_checks_every_folder_of_python_code() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    checked = re.search(r"^files = \[(.+)\]$", project, re.MULTILINE)
    folders = {
        path.relative_to(ROOT).parts[0]
        for path in ROOT.glob("[!.]*/**/*.py")
        if path.relative_to(ROOT).parts[0] not in {"dist", "build"}
    }

    assert checked is not None
    assert folders - set(re.findall(r'"(\w+)"', checked[1])) == set()


def test_dependabot_watches_every_kind_of_dependency_of_the_repository() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text("utf-8"))["updates"]

    assert {entry["package-ecosystem"] for entry in updates} == {"uv", "github-actions", "docker"}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_has_the_fields_that_github_requires(path: Path) -> None:
    form = yaml.safe_load(path.read_text("utf-8"))
    ids = [field["id"] for field in form["body"] if field["type"] != "markdown"]

    assert {"name", "description", "body"} <= form.keys()
    assert all(field["attributes"]["label"] for field in form["body"])
    assert len(ids) == len(set(ids)) > 0


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_a_date_and_its_three_parts_and_stands_in_the_index(path: Path) -> None:
    text = path.read_text("utf-8")
    number, title = path.stem[:4], text.partition("\n")[0]
    date = re.search(r"^Date: (\d{4}-\d\d-\d\d)$", text, re.MULTILINE)
    index = (path.parent / "README.md").read_text("utf-8")

    assert date is not None
    assert title.startswith(f"# {number}: ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert f"| [{number}]({path.name}) | {date[1]} | {title.partition(': ')[2]} |" in index


def test_the_decision_log_counts_its_pages() -> None:
    assert [path.stem[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert len(DECISIONS) >= 10


def test_the_files_that_people_expect_are_there() -> None:
    expected = ("SECURITY.md", "CODE_OF_CONDUCT.md", ".editorconfig", ".github/pull_request_template.md")

    assert [name for name in expected if not (ROOT / name).is_file()] == []
