"""Stores each change of what answers a target, one JSON document per line, with what it was before and after.

The values are stored here and nowhere else: metrics and the log state only that something changed, and what kind it is.
"""

from typing import Final

from aiprobe.core.clock import Clock
from aiprobe.core.model import Finished
from aiprobe.journal.incidents import IncidentWriter

FILE_NAME: Final = "model-changes.jsonl"


class ModelChanges:
    """Takes finished probes; `writer` appends to `FILE_NAME` in a thread."""

    def __init__(self, writer: IncidentWriter, *, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock

    def finished(self, finished: Finished) -> None:
        """Queue the changes that a probe showed. Never blocks."""
        if finished.model_changes:
            shared = {"timestamp_seconds": round(self._clock.wall(), 3), "target": finished.target.name}
            self._writer.write(
                [
                    {**shared, "what": each.what, "before": each.before, "after": each.after}
                    for each in finished.model_changes
                ]
            )
