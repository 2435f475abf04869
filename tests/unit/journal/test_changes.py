"""Each change of what answers is on the disk with what it was before and after."""

import json
from dataclasses import replace
from pathlib import Path

from aiprobe.core.model import ModelChange
from aiprobe.journal.changes import FILE_NAME, ModelChanges
from aiprobe.journal.incidents import IncidentWriter
from tests.builders import a_finished
from tests.clock import ManualClock


async def test_a_change_is_one_line_with_before_and_after(tmp_path: Path) -> None:
    writer = IncidentWriter(tmp_path, file_name=FILE_NAME)
    listener = ModelChanges(writer, clock=ManualClock().clock)
    change = ModelChange(what="fingerprint", before="fp_1", after="fp_2")
    listener.finished(a_finished())
    listener.finished(replace(a_finished(), model_changes=(change,)))
    await writer.close()
    (line,) = (tmp_path / FILE_NAME).read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "timestamp_seconds": 1_700_000_000.0,
        "target": "gpt-chat",
        "what": "fingerprint",
        "before": "fp_1",
        "after": "fp_2",
    }
