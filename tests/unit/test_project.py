"""What the project says of itself holds: locked versions, commands and links in the docs, examples, `make` itself."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections import deque
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from aiprobe.cli import main
from aiprobe.core.outcomes import Outcome
from aiprobe.known import read_settings
from aiprobe.probes import PROBES
from aiprobe.protocols import PROTOCOLS

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
DOC_IDS = [str(path.relative_to(ROOT)) for path in DOCS]
MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
LOCK = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_MODULES = {"jsonschema-rs": "jsonschema_rs", "PyYAML": "yaml", "prometheus-client": "prometheus_client"}

Pin = tuple[str, str]
"""The name and the version of a locked package."""


def fences(path: Path, *languages: str) -> list[str]:
    """Return the fenced blocks of a page in one of these languages."""
    return [text for language, text in _FENCE.findall(path.read_text("utf-8")) if language in languages]


def commands_in(path: Path) -> list[list[str]]:
    """Return the words of every command that a page shows at a prompt, without comments."""
    lines = [line[2:] for text in fences(path, "console") for line in text.splitlines() if line.startswith("$ ")]
    parts = [part for line in lines for part in re.split(r"&&", line.partition(" #")[0])]
    return [part.split() for part in parts if part.split()]


def documents_of(text: str) -> list[Any]:
    return [document for document in yaml.safe_load_all(text) if document is not None]


def packages() -> dict[Pin, dict[str, Any]]:
    """Return what is locked, by name and version."""
    return {(entry["name"], entry.get("version", "")): entry for entry in LOCK["package"]}


def needed_by(first: list[dict[str, Any]]) -> set[Pin]:
    """Return everything that these dependencies lead to, extras included, on any platform."""
    known = packages()
    waiting, seen, needed = deque(first), set(), set()
    while waiting:
        wanted = waiting.popleft()
        extras = tuple(wanted.get("extra", ()))
        for pin, entry in known.items():
            if pin[0] != wanted["name"] or wanted.get("version", pin[1]) != pin[1] or (pin, extras) in seen:
                continue
            seen.add((pin, extras))
            needed.add(pin)
            waiting.extend(entry.get("dependencies", ()))
            for extra in extras:
                waiting.extend(entry.get("optional-dependencies", {}).get(extra, ()))
    return needed


def listed_in(file: str) -> dict[Pin, set[str]]:
    """Return the hashes that a requirements file allows, by name and version."""
    text = (ROOT / file).read_text("utf-8").replace("\\\n", " ")
    found: dict[Pin, set[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            name, _, rest = line.partition("==")
            found[name, rest.split()[0]] = set(re.findall(r"--hash=(\S+)", line))
    return found


def own_entry() -> dict[str, Any]:
    return next(entry for entry in LOCK["package"] if entry["name"] == "aiprobe")


REQUIREMENTS = {
    "requirements.txt": own_entry()["dependencies"],
    "requirements-build.txt": own_entry()["dev-dependencies"]["build"],
    "requirements-release.txt": own_entry()["dev-dependencies"]["release"],
    "requirements-dev.txt": [*own_entry()["dependencies"], *own_entry()["dev-dependencies"]["dev"]],
}


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_a_requirements_file_lists_exactly_what_the_lock_says_is_needed(file: str) -> None:
    assert set(listed_in(file)) == needed_by(REQUIREMENTS[file])


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_a_requirements_file_allows_exactly_the_hashes_of_the_lock(file: str) -> None:
    locked = packages()

    for pin, hashes in listed_in(file).items():
        archives = [*locked[pin].get("wheels", ()), *filter(None, [locked[pin].get("sdist")])]
        assert hashes == {archive["hash"] for archive in archives}, pin


def test_the_lock_is_of_the_dependencies_that_the_project_names() -> None:
    named = {re.split(r"[<>=~!\[; ]", text)[0].lower() for text in PROJECT["project"]["dependencies"]}

    assert {entry["name"] for entry in own_entry()["dependencies"]} == named


def test_the_design_names_the_rooms_that_import_each_dependency() -> None:
    table = re.findall(r"^\| `([\w-]+)` \| (`.+?) \|", (ROOT / "docs/design.md").read_text("utf-8"), re.MULTILINE)
    said = {name: set(re.findall(r"`([\w./]+)`", rooms)) for name, rooms in table}
    source = ROOT / "exporter"
    used: dict[str, set[str]] = {}
    for path in source.rglob("*.py"):
        for module in imports_of(path):
            used.setdefault(module, set()).add(path.relative_to(source).as_posix().removeprefix("aiprobe/"))

    assert set(said) == {text.partition(">")[0] for text in PROJECT["project"]["dependencies"]}
    for name, rooms in said.items():
        files = used[_MODULES.get(name, name)]
        assert {
            file for file in files if not any(file == room or file.startswith(f"{room}/") for room in rooms)
        } == set()
        assert {room for room in rooms if not any(f"{file}/".startswith(f"{room}/") for file in files)} == set(), name


def imports_of(path: Path) -> set[str]:
    """Return the first part of every absolute import of a file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_licence_is_apache_2() -> None:
    licence = (ROOT / "LICENSE").read_text("utf-8")

    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert PROJECT["project"]["license"] == "Apache-2.0"


def test_the_change_log_knows_the_version() -> None:
    version = re.search(r'__version__: Final = "(.+)"', (ROOT / "exporter/aiprobe/__init__.py").read_text("utf-8"))

    assert version is not None
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("path", DOCS, ids=DOC_IDS)
def test_every_command_in_the_docs_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    for program, *words in commands_in(path):
        if program == "make":
            assert words[0] in targets, words
        if program == "aiprobe":
            command = main.get_command(click.Context(main), words[0])
            assert isinstance(command, click.Command), words
            known = {option for parameter in command.params for option in parameter.opts}
            given = {word.partition("=")[0] for word in words[1:] if word.startswith("-")}
            assert given <= known, words


def test_the_readme_shows_how_to_run_the_tests_and_the_demo() -> None:
    shown = commands_in(ROOT / "README.md")

    assert ["make", "demo"] in shown
    assert ["aiprobe", "demo"] in shown
    assert "`make test`" in (ROOT / "README.md").read_text("utf-8")


def test_every_protocol_probe_and_outcome_has_its_page() -> None:
    assert {path.stem for path in (ROOT / "docs/protocols").glob("*.md")} == set(PROTOCOLS)
    assert {path.stem for path in (ROOT / "docs/probes").glob("*.md")} == set(PROBES)
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/outcomes.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(outcome.value for outcome in Outcome)
    index = set(_LINK.findall((ROOT / "docs/README.md").read_text("utf-8")))
    assert {*map("protocols/{}.md".format, PROTOCOLS), *map("probes/{}.md".format, PROBES)} <= index


def scrape_settings() -> list[tuple[str, dict[str, Any]]]:
    """Return every scrape job of the docs and every endpoint of a ServiceMonitor, with where it stands."""
    texts = [(name, text) for path, name in zip(DOCS, DOC_IDS, strict=True) for text in fences(path, "yaml")]
    texts += [(path.name, path.read_text("utf-8")) for path in MANIFESTS]
    documents = [(name, each) for name, text in texts for each in documents_of(text) if isinstance(each, dict)]
    jobs = [(name, job) for name, each in documents for job in each.get("scrape_configs", ())]
    monitors = [(name, each) for name, each in documents if each.get("kind") == "ServiceMonitor"]
    return jobs + [(name, endpoint) for name, each in monitors for endpoint in each["spec"]["endpoints"]]


def test_whoever_scrapes_lets_the_labels_of_aiprobe_win() -> None:
    found = scrape_settings()

    assert {"docs/getting-started.md", "servicemonitor.yaml"} <= {name for name, _ in found}
    assert [name for name, each in found if not (each.get("honor_labels") or each.get("honorLabels"))] == []


def test_the_pod_is_not_root_and_writes_nowhere_but_on_its_volume() -> None:
    pod = documents_of((ROOT / "deploy/kubernetes/statefulset.yaml").read_text("utf-8"))[0]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    user = re.search(r"^USER (\d+):\d+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)

    assert user is not None
    assert pod["securityContext"]["runAsUser"] == int(user[1]) > 0
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert writable == re.findall(r"^VOLUME (\S+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)


def test_the_configuration_of_the_manifests_loads(tmp_path: Path) -> None:
    data = documents_of((ROOT / "deploy/kubernetes/configmap.yaml").read_text("utf-8"))[0]["data"]
    keys = documents_of((ROOT / "deploy/kubernetes/secret.example.yaml").read_text("utf-8"))[0]["stringData"]
    for name, value in keys.items():
        (tmp_path / name).write_text(value, encoding="utf-8")
    path = tmp_path / "aiprobe.yml"
    path.write_text(data["aiprobe.yml"].replace("/run/secrets/aiprobe", str(tmp_path)), encoding="utf-8")

    # A price grows old by itself, on a day that this test does not choose.
    assert [
        each.message for each in read_settings(path, {"VANTAGE": "here"}).warnings if "was read on" not in each.message
    ] == []


def test_no_file_names_a_place_that_only_one_machine_has() -> None:
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout: nobody can tell which files belong to the project")
    hosts = r"pypi\.org|pythonhosted\.org|ghcr\.io|quay\.io|docker\.io|npmjs\.org"
    forbidden = re.compile(rf"(?<![\w./-])/(?:work|root|home/[a-z]+)/|\b(?:{hosts})")

    files = [ROOT / name for name in listing.stdout.splitlines() if name != "uv.lock"]
    texts = {path: path.read_text("utf-8", errors="replace") for path in files if path.is_file()}
    assert {str(path): match[0] for path, text in texts.items() if (match := forbidden.search(text))} == {}


def make_in_a_copy(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run `make test` with another Python in a folder that has nothing but what make looks at."""
    for name in ("Makefile", "pyproject.toml", *REQUIREMENTS):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "test", f"PYTHON={python}"], cwd=folder, env=surroundings, capture_output=True, text=True, check=False
    )


def a_python(folder: Path, *, version: tuple[int, int] = (3, 11), venv: bool = True) -> str:
    """Write a python3 that says it is of another version, or that lacks venv as Debian's does without its package."""
    path = folder / "python3"
    lie = f"import sys; sys.version_info = {version!r}; exec(sys.argv[1])"
    no_venv = 'if [ "$1" = -m ] && [ "$2" = venv ]; then echo "ensurepip is not available" >&2; exit 1; fi\n'
    run = f'if [ "$1" = -c ]; then exec "{sys.executable}" -c "{lie}" "$2"; fi\nexec "{sys.executable}" "$@"\n'
    path.write_text(f"#!/bin/sh\n{'' if venv else no_venv}{run}", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_make_says_plainly_that_python_is_too_old(tmp_path: Path) -> None:
    python = a_python(tmp_path, version=(3, 9))

    done = make_in_a_copy(tmp_path, python)

    assert done.returncode != 0
    assert f"aiprobe: needs Python 3.11 or newer, and {python} is 3.9; say: make PYTHON=" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_make_says_plainly_that_venv_is_missing(tmp_path: Path) -> None:
    done = make_in_a_copy(tmp_path, a_python(tmp_path, venv=False))

    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_make_says_plainly_that_there_is_no_python(tmp_path: Path) -> None:
    done = make_in_a_copy(tmp_path, "python-of-nobody")

    assert done.returncode != 0
    assert "aiprobe: no python-of-nobody here; install Python 3.11 or newer" in done.stderr
