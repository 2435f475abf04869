"""Tools that Debian has only in old versions, built with Go once and kept in a cache folder outside the project.

What a test asks for is here: the module, its version, and what its build needs. Go is looked up, never installed.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BUILD_SECONDS: Final = 3600.0
REFUSED: Final = "This module version is not available"
"""What a module proxy says of a module that it will not hand out."""


class NotToBeHadError(Exception):
    """The tool cannot be built here, and the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to build the commands of one module."""

    module: str
    version: str
    commands: tuple[str, ...]
    tags: str = ""
    placeholder: str = ""
    """A file that the module embeds and that its releases alone hold: the web interface."""
    checksum: str = ""
    """The hash as go.sum has it, of a module that not every checksum database knows: it is checked here."""
    folder: str = "cmd/"
    """Where in the module its commands are; empty where the module itself is the one command."""


RECIPES: Final = {
    # Without the service discoveries of every cloud: the tests need static targets, and the build a tenth of the time.
    "prometheus": Recipe(
        module="github.com/prometheus/prometheus",
        version="v0.315.0",
        commands=("prometheus", "promtool"),
        tags="remove_all_sd",
    ),
    "alertmanager": Recipe(
        module="github.com/prometheus/alertmanager",
        version="v0.34.2",
        commands=("alertmanager", "amtool"),
        placeholder="ui/app/dist/index.html",
    ),
    "pint": Recipe(
        module="github.com/cloudflare/pint",
        version="v0.69.1",
        commands=("pint",),
        checksum="h1:d83Spdhm8OGmgfkNMohn7qKlr005ymflmuL7UhasGFw=",
    ),
    "blackbox_exporter": Recipe(
        module="github.com/prometheus/blackbox_exporter",
        version="v0.28.0",
        commands=("blackbox_exporter",),
        folder="",
    ),
    "helm": Recipe(module="helm.sh/helm/v3", version="v3.22.0", commands=("helm",)),
    "helm4": Recipe(module="helm.sh/helm/v4", version="v4.3.2", commands=("helm",)),
}


def go() -> str | None:
    """Return the path of the go command, or None."""
    usual = Path("/usr/local/go/bin/go")
    return shutil.which("go") or (str(usual) if usual.exists() else None)


def built(name: str, *, announce: Callable[[str], object] = lambda _text: None) -> Path:
    """Return the folder that holds the commands of a recipe; where they are not there yet, announce and build them.

    Raises:
        NotToBeHadError: there is no Go here, or the module proxy refuses the module.
    """
    recipe, command = RECIPES[name], go()
    if command is None:
        raise NotToBeHadError("there is no Go here to build it")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aiprobe-tools"
    folder = cache / f"{name}-{recipe.version}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all((folder / each).exists() for each in recipe.commands):
            announce(f"build {name} {recipe.version} with Go, once, into {folder}")
            _build(command, recipe, folder)
    return folder


def _build(command: str, recipe: Recipe, folder: Path) -> None:
    scratch = folder.with_suffix(".build")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        _run(command, "mod", "init", "scratch", where=scratch)
        _run(
            command,
            "get",
            f"{recipe.module}@{recipe.version}",
            where=scratch,
            unlisted=recipe.checksum and recipe.module,
        )
        if recipe.checksum:
            sums = (scratch / "go.sum").read_text().splitlines()
            assert f"{recipe.module} {recipe.version} {recipe.checksum}" in sums, (
                "another module than the one that we know"
            )
        where = _copy(command, recipe, scratch) if recipe.placeholder else scratch
        folder.mkdir(exist_ok=True)
        paths = [
            f"{recipe.module}/{recipe.folder}{each}" if recipe.folder else recipe.module for each in recipe.commands
        ]
        mode = () if recipe.placeholder else ("-mod=mod",)
        tags = ("-tags", recipe.tags) if recipe.tags else ()
        # Without debugging information, which no test reads.
        arguments = ("build", *mode, *tags, "-trimpath", "-ldflags=-s -w", "-o", f"{folder}/", *paths)
        _run(command, *arguments, where=where, unlisted=recipe.checksum and recipe.module)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _copy(command: str, recipe: Recipe, scratch: Path) -> Path:
    """Copy a module's source and add the file that it embeds and does not hold."""
    source = _run(command, "list", "-m", "-f", "{{.Dir}}", recipe.module, where=scratch).strip()
    where = scratch / "source"
    shutil.copytree(source, where)
    for each in (where, *where.rglob("*")):
        each.chmod(each.stat().st_mode | 0o200)
    page = where / recipe.placeholder
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("<p>built without its web interface</p>\n")
    return where


def _run(command: str, *arguments: str, where: Path, unlisted: str = "") -> str:
    """Run go; `unlisted` is a module that is not looked up in the checksum database."""
    nice = shutil.which("nice")
    done = subprocess.run(
        [*((nice, "-n", "15") if nice else ()), command, *arguments],
        cwd=where, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS,
        env=os.environ | ({"GONOSUMDB": unlisted} if unlisted else {}),
    )  # fmt: skip
    if REFUSED in done.stderr:
        raise NotToBeHadError(f"the module proxy does not hand out {arguments[-1]}")
    assert done.returncode == 0, done.stderr
    return done.stdout
