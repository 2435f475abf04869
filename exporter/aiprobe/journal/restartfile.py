"""The small file with the state for a restart that the sealed results beside it do not contain.

It is replaced as a whole, so a crash leaves the old or the new one. It is not evidence, and a start works without it.
"""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from aiprobe.journal.days import sync_directory

log = logging.getLogger(__name__)

FILE_NAME: Final = "restart.json"
_LIMIT_BYTES: Final = 16 << 20
_MOST_DIGITS: Final = 15
_MOST: Final = 1e15
"""Greater numbers are no amount, no count and no time in seconds."""


def replace_file(path: Path, text: str) -> None:
    """Replace a file durably; a crash at any moment leaves the complete old or new file. Raises: OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_directory(path.parent)


def read_json(data: bytes) -> Any:
    """Return the document of a file that we wrote. Raises: ValueError, also for a number that no field of ours has."""
    try:
        return json.loads(data, parse_int=_int, parse_float=_float, parse_constant=_float)
    except RecursionError as error:
        raise ValueError("too deep") from error


def _int(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError("a number is too large")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not abs(number) < _MOST:
        raise ValueError("a number is too large")
    return number


def write_restart(directory: Path, document: Mapping[str, Any]) -> bool:
    """Write the state for the next start. If the disk fails, log it and return False. Blocks."""
    try:
        replace_file(directory / FILE_NAME, json.dumps(document, separators=(",", ":")))
    except OSError as error:
        log.warning("cannot write the state for a restart: %s", error.strerror)
        return False
    return True


def read_restart(directory: Path) -> Mapping[str, Any]:
    """Return the state that the last run wrote; empty if it cannot be read. Blocks."""
    try:
        with (directory / FILE_NAME).open("rb") as file:
            document = read_json(file.read(_LIMIT_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("cannot read the state for a restart: %s", error)
        return {}
    return document if isinstance(document, dict) else {}
