"""`make` installs exactly the lock, whatever an index has published since, with every pip that a Python brings.

The project is copied, its lists name the files of an index on loopback, and that index offers newer releases of all.
"""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install import index, locked, pips

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("index")]
BUILD = frozenset(locked.installed_by(locked.read("requirements-build.txt")))
LOCKED = locked.installed_by([each for file in locked.FILES for each in locked.read(file)])


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of wheels: of each locked package the locked version and a newer one."""
    folder = tmp_path_factory.mktemp("index")
    for name, version in LOCKED.items():
        index.write_wheel(folder, name, version, code=name in BUILD)
        index.write_wheel(folder, name, version + index.NEWER, code=name in BUILD)
    return folder


@pytest.fixture
def moved_on(wheels: Path) -> Iterator[index.Index]:
    with index.serve(wheels) as running:
        yield running


@pytest.fixture
def project(wheels: Path, tmp_path: Path) -> Path:
    """Return a copy of the project that is locked to the files of the index."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(locked.ROOT / name, folder)
    for name in ("exporter", "alerts", "dashboards"):
        shutil.copytree(locked.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in locked.FILES:
        lines = [relocked(each, wheels).as_line() for each in locked.read(file)]
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def relocked(line: locked.Locked, wheels: Path) -> locked.Locked:
    """Return the line with the hash that its version has in the index."""
    if not line.is_for_this_python:
        return line
    (wheel,) = (wheels / index.normal(line.name)).glob(f"*-{line.version}-py3-none-any.whl")
    return dataclasses.replace(line, hashes=frozenset({locked.sha256(wheel)}))


def make(project: Path, moved_on: index.Index, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Make the environment of the developers from the index alone."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PIP_"))}
    ours |= {"PIP_INDEX_URL": moved_on.url, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    command = ["make", f"PYTHON={sys.executable}", "VENV=.venv", ".venv/.installed-dev", *arguments]
    return subprocess.run(command, cwd=project, env=ours, capture_output=True, text=True, check=False)


def versions(project: Path) -> dict[str, str]:
    """Return name -> version of what is in the environment, without the project and without what venv brings."""
    command = [
        str(project / ".venv/bin/python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "list",
        "--format",
        "json",
    ]
    listing = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    found = {index.normal(each["name"]): each["version"] for each in listing}
    return {name: version for name, version in found.items() if name not in {"aiprobe", "pip", "setuptools"}}


def assert_exactly_the_lock_is_installed(
    done: subprocess.CompletedProcess[str], project: Path, moved_on: index.Index
) -> None:
    assert done.returncode == 0, done.stderr
    assert versions(project) == LOCKED
    fetched = [name for name in moved_on.fetched if name.endswith(".whl")]
    assert len(fetched) >= len(LOCKED)
    assert [name for name in fetched if index.NEWER in name] == []


def test_newer_releases_on_the_index_change_nothing(project: Path, moved_on: index.Index) -> None:
    done = make(project, moved_on)

    assert_exactly_the_lock_is_installed(done, project, moved_on)


@pytest.mark.e2e
@pytest.mark.parametrize("version", [pips.OLDEST[sys.version_info[:2]], pips.NEWEST])
def test_newer_releases_change_nothing_for_the_oldest_pip_and_the_newest(
    project: Path, moved_on: index.Index, tmp_path: Path, version: str
) -> None:
    pip = pips.fetch(version, tmp_path / "pip")

    done = make(project, moved_on, f"PIP=.venv/bin/python {pip} --disable-pip-version-check --quiet")

    assert_exactly_the_lock_is_installed(done, project, moved_on)


def test_the_same_index_stops_a_pip_that_resolves(project: Path, moved_on: index.Index) -> None:
    resolving = "LOCKED=install --require-hashes --only-binary :all:"

    done = make(project, moved_on, resolving)

    assert "In --require-hashes mode, all requirements must have their versions pinned" in done.stderr


def test_another_file_under_a_locked_version_is_refused(project: Path, moved_on: index.Index) -> None:
    path = project / "requirements.txt"
    first, *others = path.read_text("utf-8").splitlines()
    pin, _, _ = first.partition(" --hash=")
    path.write_text("\n".join([f"{pin} --hash=sha256:{'0' * 64}", *others]) + "\n", encoding="utf-8")

    done = make(project, moved_on)

    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
