"""The wheel holds every file of the packages and all that `aiprobe export` writes; `make test` and `e2e` run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import aiprobe
from tests.install.contents import SOURCE, in_the_checkout, in_the_wheel
from tests.install.locked import ROOT


def test_the_wheel_holds_every_file_and_no_other(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")

    found, expected = in_the_wheel(wheel), in_the_checkout()

    assert set(found) == set(expected)
    assert [name for name, content in found.items() if content != expected[name]] == []


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
