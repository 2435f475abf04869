"""Every locked dependency has a wheel for every Python that the project is for: nothing is compiled anywhere."""

import re
import tomllib
from collections.abc import Iterator

import pytest
from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from tests.install import locked

LOCK = tomllib.loads((locked.ROOT / "uv.lock").read_text("utf-8"))
PROJECT = tomllib.loads((locked.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RUN = [int(minor) for minor in re.findall(r"Python :: 3\.(\d+)", "\n".join(PROJECT["classifiers"]))]
PYTHONS = [*RUN, 14]
"""The Pythons of the classifiers, on which the tests ran, and the next one: it has wheels, and no test ran on it."""
_MACOS = [f"macosx_{major}_0_{kind}" for major in range(15, 10, -1) for kind in ("arm64", "universal2")]
_MACOS += [f"macosx_10_{minor}_universal2" for minor in range(16, 8, -1)]
MACHINES = {
    "linux-x86_64": ("linux", "x86_64", [f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)]),
    "linux-aarch64": ("linux", "aarch64", [f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)]),
    "macos-arm64": ("darwin", "arm64", _MACOS),
}
"""glibc 2.36 is Debian 12's; macOS 15 is the one of the hosted runners."""
WHEELS = {
    (entry["name"], entry["version"]): [each["url"].rpartition("/")[2] for each in entry.get("wheels", ())]
    for entry in LOCK["package"]
    if "version" in entry
}


def tags(minor: int, platforms: list[str]) -> Iterator[Tag]:
    yield from cpython_tags((3, minor), platforms=platforms)
    yield from compatible_tags((3, minor), f"cp3{minor}", platforms)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("minor", PYTHONS)
def test_every_locked_package_has_a_wheel(minor: int, machine: str) -> None:
    system, processor, platforms = MACHINES[machine]
    legacy = [f"manylinux2014_{processor}", f"manylinux1_{processor}", f"manylinux2010_{processor}"]
    taken = set(tags(minor, [*platforms, *legacy]))
    place = {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0", "sys_platform": system}
    place["platform_machine"] = processor

    missing = [
        (each.name, each.version)
        for file in (*locked.FILES, "requirements-release.txt")
        for each in locked.read(file)
        if (not each.marker or Marker(each.marker).evaluate(place))
        and not any(parse_wheel_filename(name)[3] & taken for name in WHEELS[each.name, each.version])
    ]

    assert missing == []


def test_the_lock_is_for_every_python_that_the_project_is_for() -> None:
    assert LOCK["requires-python"] == PROJECT["requires-python"] == f">=3.{RUN[0]}"
