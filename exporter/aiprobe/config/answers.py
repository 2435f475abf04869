"""The file with the last good answers of all sources of discovery, beside the journal.

The running exporter writes it, and every load of the configuration reads it: a reload and a restart have the same
targets, also while a source cannot be read.
"""

import json
from pathlib import Path
from typing import Any, Final

from aiprobe.core.discovered import Answers, Entry

FILE_NAME: Final = "discovered.json"
_LIMIT_BYTES: Final = 64 << 20


def read_answers(directory: Path) -> Answers:
    """Return the answers that were last written; empty if there are none. Blocks.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not such a file.
    """
    try:
        with (directory / FILE_NAME).open("rb") as file:
            document = json.loads(file.read(_LIMIT_BYTES))
        return {
            name: tuple(Entry(id=one["id"], labels=one["labels"], gone_timestamp_seconds=one["gone"]) for one in found)
            for name, found in document["sources"].items()
        }
    except FileNotFoundError:
        return {}
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("is not a file of answers") from error


def answers_text(answers: Answers) -> str:
    """Return the content of the file."""
    sources: dict[str, Any] = {
        name: [{"id": one.id, "labels": dict(one.labels), "gone": one.gone_timestamp_seconds} for one in entries]
        for name, entries in answers.items()
    }
    return json.dumps({"sources": sources}, separators=(",", ":"))
