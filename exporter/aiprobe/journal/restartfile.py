"""The small file that a restart goes on from: what the sealed results beside it do not hold.

It is replaced as a whole, so a crash leaves the old or the new one. It proves nothing, and a start without it works.
"""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

log = logging.getLogger(__name__)

FILE_NAME: Final = "restart.json"
_LIMIT_BYTES: Final = 16 << 20


def replace_file(path: Path, text: str) -> None:
    """Replace a file durably; a crash at any moment leaves the old or the new one, whole. Raises: OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def write_restart(directory: Path, document: Mapping[str, Any]) -> bool:
    """Write what the next start goes on from; False, with a line in the log, when the disk does not take it. Blocks."""
    try:
        replace_file(directory / FILE_NAME, json.dumps(document, separators=(",", ":")))
    except OSError as error:
        log.warning("cannot write the file that a restart goes on from: %s", error.strerror)
        return False
    return True


def read_restart(directory: Path) -> Mapping[str, Any]:
    """Return what the last run wrote; empty where there is nothing that can be read. Blocks."""
    try:
        with (directory / FILE_NAME).open("rb") as file:
            document = json.loads(file.read(_LIMIT_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.warning("cannot read the file that a restart goes on from: %s", error)
        return {}
    return document if isinstance(document, dict) else {}
