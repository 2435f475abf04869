"""Reads the configuration in a separate process, for a running exporter.

Reading needs pydantic, the schema and the price catalogue: a fifth of the exporter's memory. It also holds the
interpreter lock, and would delay the event loop that times the probes. A separate process avoids both.
"""

import copyreg
import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from aiprobe.config.problems import ConfigError, Problem
from aiprobe.config.settings import Settings
from aiprobe.core.kind import ProbeKind
from aiprobe.core.secret import Secret
from aiprobe.probes import PROBES

_CODE: Final = "import signal; signal.alarm({}); from aiprobe import apart, known; apart.answer(known.read_settings)"

_CANNOT: Final = "the configuration was not read, because the process that reads it failed: "
_LACKS: Final = ("MemoryError", "OSError: ", "BlockingIOError: ", "ImportError: ")
"""Last lines of a traceback that mean that this machine lacks memory, descriptors or files: no bug. Before `answer`
runs, every line means that."""
READ_SECONDS: Final = 60
"""How long the other process may take; a pipe in the place of a file would hold every later reload."""


def _read_only(mapping: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(mapping)


def _kind(name: str) -> ProbeKind:
    return PROBES[name].kind


_PICKLED: Final = copyreg.dispatch_table | {
    MappingProxyType: lambda proxy: (_read_only, (dict(proxy),)),
    ProbeKind: lambda kind: (_kind, (kind.name,)),
    Secret: lambda secret: (Secret, (secret.reveal(),)),
}
"""Reducers for types that `pickle` rejects. Only this table pickles secrets, for the pipe between our two processes."""


def read_settings_apart(
    config_file: Path, environ: Mapping[str, str], *, timeout_seconds: int = READ_SECONDS
) -> Settings:
    """Read a configuration as `known.read_settings` does. Blocks until the other process ends.

    Raises:
        ConfigError: the configuration is invalid.
        ValueError: this machine lacks what another process needs, such as memory or file descriptors, or it took too
            long.
        RuntimeError: a bug; the text is the traceback of the other process.
    """
    question = json.dumps({"config_file": str(config_file), "environ": dict(environ)})
    command = [sys.executable, "-P", "-c", _CODE.format(timeout_seconds)]
    try:
        done = subprocess.run(command, input=question.encode(), capture_output=True, check=False)  # noqa: S603 - runs this package
    except OSError as error:
        raise ValueError(_CANNOT + (error.strerror or str(error))) from error
    if done.returncode != 0:
        text = done.stderr.decode(errors="replace")
        if reason := _why_it_ended(done.returncode, text):
            raise ValueError(_CANNOT + reason)
        raise RuntimeError(text)
    read: Settings | tuple[Problem, ...] = pickle.loads(done.stdout)  # noqa: S301 - written by `answer`, in our own pipe
    if isinstance(read, Settings):
        return read
    raise ConfigError(read)


def _why_it_ended(code: int, text: str) -> str:
    """Return why the other process ended where that was no bug of ours, else an empty text."""
    if code == -signal.SIGALRM:
        return "it took too long"
    if code < 0:
        return signal.strsignal(-code) or f"signal {-code}"
    last = text.strip().rpartition("\n")[2]
    began = ", in answer\n" in text
    return last if last.startswith(_LACKS) or not began else ""


def answer(read: Callable[[Path, Mapping[str, str]], Settings]) -> None:
    """Read the configuration that standard input names, and write settings or problems to standard output."""
    question = json.load(sys.stdin)
    result: Settings | tuple[Problem, ...]
    try:
        result = read(Path(question["config_file"]), question["environ"])
    except ConfigError as error:
        result = error.problems
    pickler = pickle.Pickler(sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _PICKLED
    pickler.dump(result)
