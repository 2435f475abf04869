"""The wheel holds every file of the packages, the boards and the rules, and `make test` and `make e2e` run it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import aiprobe
from tests.install.locked import ROOT

SOURCE = ROOT / "exporter"


@pytest.fixture(scope="module")
def in_the_wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return path -> content of everything in a wheel of this checkout, without its metadata."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def of_the_packages() -> dict[str, bytes]:
    paths = [path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(SOURCE).as_posix(): path.read_bytes() for path in paths}


def of_the_bundle() -> dict[str, bytes]:
    boards = list((ROOT / "dashboards").glob("*.json"))
    rules = [
        path for path in (ROOT / "alerts").rglob("*") if path.is_file() and not {"__pycache__", "src"} & {*path.parts}
    ]
    return {f"aiprobe/bundle/{path.relative_to(ROOT).as_posix()}": path.read_bytes() for path in boards + rules}


def test_the_wheel_holds_every_file_and_no_other(in_the_wheel: dict[str, bytes]) -> None:
    expected = of_the_packages() | of_the_bundle()

    assert set(in_the_wheel) == set(expected)
    assert [name for name, content in in_the_wheel.items() if content != expected[name]] == []


@pytest.mark.parametrize("target", ["test", "test-fast", "e2e"])
def test_make_runs_the_tests_where_the_wheel_is_installed(target: str) -> None:
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", "VENV=elsewhere", target]
    shown = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=True)

    assert [line.split()[0] for line in shown.stdout.splitlines() if " -m pytest" in line] == [
        "elsewhere/wheel/bin/python"
    ]


@pytest.mark.skipif(Path(sys.prefix).name != "wheel", reason="the developers' environment runs the checkout")
def test_the_package_under_test_is_the_installed_wheel_and_the_checkout_is_not_on_the_path() -> None:
    assert Path(aiprobe.__file__).is_relative_to(sys.prefix)
    assert [path for path in map(Path, sys.path) if path.is_relative_to(SOURCE)] == []
    listing = [sys.executable, "-c", "import aiprobe, sys; print(aiprobe.__file__, *sys.path, sep='\\n')"]
    alone = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert str(SOURCE) not in alone
