"""A package index on loopback that offers every locked package, and of each a release that the lock does not have.

Its wheels carry the metadata of the installed distributions, with their real extras and ranges, and no code. Only what
builds the project keeps its code.
"""

import base64
import hashlib
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any, Final

NEWER: Final = ".post1"
"""What the version of the newer release ends in: inside every range that the locked version is in, except `==`."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index that runs: its address, and the names of the files that were fetched from it."""

    url: str
    fetched: list[str] = field(default_factory=list)


def normal(name: str) -> str:
    """Return the name of a package as an index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def write_wheel(folder: Path, name: str, version: str, *, code: bool = False) -> Path:
    """Write a wheel of an installed distribution, as the release of this version, into the folder of its name."""
    installed = distribution(name)
    stem = f"{normal(name).replace('-', '_')}-{version}"
    files = {f"{stem}.dist-info/METADATA": _metadata(installed, version)}
    files[f"{stem}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if code:
        files |= _code(installed, f"{stem}.dist-info")
    record = "".join(f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in files.items())
    files[f"{stem}.dist-info/RECORD"] = f"{record}{stem}.dist-info/RECORD,,\n".encode()
    target = folder / normal(name) / f"{stem}-py3-none-any.whl"
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return target


def _metadata(installed: Distribution, version: str) -> bytes:
    text = installed.read_text("METADATA") or ""
    return re.sub(r"^Version: .*$", f"Version: {version}", text, count=1, flags=re.MULTILINE).encode()


def _code(installed: Distribution, info: str) -> dict[str, bytes]:
    """Return the modules of a distribution and its entry points, by their path in the wheel."""
    paths = [path for path in installed.files or () if path.parts[0] != ".." and "__pycache__" not in path.parts]
    modules = {path.as_posix(): path.read_binary() for path in paths if not path.parts[0].endswith(".dist-info")}
    return modules | {f"{info}/entry_points.txt": (installed.read_text("entry_points.txt") or "").encode()}


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


@contextmanager
def serve(folder: Path) -> Iterator[Index]:
    """Serve the folders of wheels as an index on loopback until the block ends."""
    fetched: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            fetched.append(self.path.rpartition("/")[2])
            super().do_GET()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  # the name is of the base class
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Index(f"http://127.0.0.1:{server.server_port}/", fetched)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
