"""The steps of a release that need nobody outside, one after the other: `make release-check`.

The workflow of a release runs the same steps with the tag; then the change log has to have the day of the version.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.install import image, index, locked
from tests.install.contents import in_the_checkout, in_the_wheel
from tests.install.locked import ROOT

RELEASE: Final = Path(sys.prefix) / "release"
SECONDS: Final = 60.0


def version_of_the_package() -> str:
    """Return the version that the source states."""
    found = re.search(r'__version__: Final = "(.+)"', (ROOT / "exporter/aiprobe/__init__.py").read_text("utf-8"))
    assert found is not None, "exporter/aiprobe/__init__.py has no __version__"
    return found[1]


def check_version(tag: str, version: str, changes: str) -> None:
    """Compare tag, package and change log. Without a tag the section may still be `unreleased`.

    Raises:
        AssertionError: they differ, or the section of a tagged version has no day.
    """
    assert tag in {"", f"v{version}"}, f"the tag {tag} is not of version {version}"
    section = re.search(rf"^## {re.escape(version)} - (.+)$", changes, re.MULTILINE)
    assert section is not None, f"CHANGELOG.md has no section `## {version} - DAY`"
    dated = re.fullmatch(r"\d{4}-\d{2}-\d{2}", section[1])
    assert dated or (not tag and section[1] == "unreleased"), f"the section of {version} has no day: {section[1]}"


def build(dist: Path) -> Path:
    """Build wheel and sdist, and the wheel again from the unpacked sdist: it has to be the same, byte for byte."""
    _run(sys.executable, "-m", "hatchling", "build", "-d", dist)
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    unpacked = dist.parent / "unpacked"
    shutil.unpack_archive(sdist, unpacked, filter="data")
    _run(
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        unpacked / "dist",
        cwd=unpacked / sdist.name[:-7],
    )
    (again,) = (unpacked / "dist").glob("*.whl")
    assert again.read_bytes() == wheel.read_bytes(), "the sdist builds another wheel than the checkout"
    return wheel


def check_contents(wheel: Path) -> None:
    """Compare the wheel with the checkout, file by file."""
    assert in_the_wheel(wheel) == in_the_checkout(), "the wheel does not hold what the checkout holds"


def check_descriptions(dist: Path) -> None:
    """Run `twine check --strict`: the index can render what the package says of itself."""
    _run(RELEASE / "bin/python", "-m", "twine", "check", "--strict", *sorted(dist.iterdir()))


def write_sbom(dist: Path) -> None:
    """Write the list of components (CycloneDX) and compare it with the lock."""
    target = dist.parent / "aiprobe.cdx.json"
    export = ("export", "--quiet", "--frozen", "--no-dev", "--format", "cyclonedx1.5", "--output-file", target)
    _run(RELEASE / "bin/uv", *export)
    components = {(each["name"], each["version"]) for each in json.loads(target.read_text("utf-8"))["components"]}
    missing = {(each.name, each.version) for each in locked.read("requirements.txt")} - components
    assert missing == set(), f"the list of components lacks {missing}"


def install_from_an_index(dist: Path, scratch: Path) -> None:
    """Run `pip install aiprobe` from an index on loopback that holds it and what it needs, then use it."""
    offered = scratch / "index"
    download = ("download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:")
    _run(
        sys.executable, "-m", "pip", *download, "--dest", scratch / "files", "--requirement", ROOT / "requirements.txt"
    )
    for file in [*(scratch / "files").iterdir(), *dist.glob("*.whl"), *dist.glob("*.tar.gz")]:
        folder = offered / index.normal(file.name.partition("-")[0])
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)
    clean = scratch / "clean"
    _run(sys.executable, "-m", "venv", clean)
    with index.serve(offered) as running:
        alone = {"PIP_INDEX_URL": running.url, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
        _run(clean / "bin/python", "-m", "pip", "install", "--quiet", "aiprobe", environment=alone)
    use(clean / "bin/aiprobe", scratch)


def build_image(scratch: Path) -> None:
    """Build the image where an engine runs, else its steps in a plain directory; then use what is installed."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "version"], capture_output=True, check=False).returncode == 0:
        _run(docker, "build", "--quiet", "--tag", "aiprobe:release-check", ROOT)
        _run(docker, "run", "--rm", "aiprobe:release-check", "version")
        return
    print("    no container engine runs here: the steps of the Dockerfile run in a plain directory")
    use(image.build_in(scratch / "image") / "bin/aiprobe", scratch)


def use(aiprobe: Path, where: Path) -> None:
    """Run the commands of an installed aiprobe outside of the checkout: version, schema, demo, probe, health, stop."""
    shown = _run(aiprobe, "version", cwd=where)
    assert shown.split()[:2] == ["aiprobe", version_of_the_package()], shown
    json.loads(_run(aiprobe, "check", "--schema", cwd=where))
    demo = [str(aiprobe), "demo", "--web.listen-address", "127.0.0.1:0"]
    with subprocess.Popen(demo, cwd=where, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        try:
            url = next(found[1] for line in process.stderr if (found := re.search(r"is on (http://127[^\s\"]+)", line)))
            assert "aiprobe_success" in _get(f"{url.rstrip('/')}/probe?target=claude-models")
            assert "<html" in _get(url)
            _run(aiprobe, "healthcheck", "--url", f"{url.rstrip('/')}/-/healthy", cwd=where)
        finally:
            process.terminate()
            process.communicate(timeout=SECONDS)
        assert process.returncode == 0, f"aiprobe demo ended with {process.returncode}"


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=SECONDS) as reply:
        return str(reply.read().decode())


def _run(*command: str | Path, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    everything = os.environ | (environment or {})
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env=everything, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def main() -> None:
    """Run every step and stop at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", default="", help="the tag of the release; without it this is a rehearsal")
    parser.add_argument("--dist", type=Path, required=True, help="an empty folder for what is published")
    parser.add_argument("--scratch", type=Path, required=True, help="an empty folder for everything else")
    given = parser.parse_args()
    shutil.rmtree(given.dist, ignore_errors=True)
    wheels: list[Path] = []
    steps: dict[str, Callable[[], None]] = {
        "tag, version and change log": lambda: check_version(
            given.tag, version_of_the_package(), (ROOT / "CHANGELOG.md").read_text("utf-8")
        ),
        "wheel and sdist": lambda: wheels.append(build(given.dist)),
        "contents of the wheel": lambda: check_contents(wheels[0]),
        "twine check": lambda: check_descriptions(given.dist),
        "components (SBOM)": lambda: write_sbom(given.dist),
        "pip install aiprobe": lambda: install_from_an_index(given.dist, given.scratch),
        "image": lambda: build_image(given.scratch),
    }
    for name, step in steps.items():
        print(f"release-check: {name}", flush=True)
        step()
    print(f"release-check: every step passed; what would be published is in {given.dist}")


if __name__ == "__main__":
    main()
