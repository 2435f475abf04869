"""Parts of the exporter for tests, without a socket."""

from pathlib import Path

from aiprobe.board import Blackboard
from aiprobe.core.clock import ManualClock
from aiprobe.core.money import Budget
from aiprobe.journal.journal import Journal
from aiprobe.journal.spend import SpendKeeper
from aiprobe.metrics.recorder import Recorder
from tests.unit.journal.builders import NOON


def a_board(directory: Path, manual: ManualClock | None = None) -> Blackboard:
    """Return one whose journal is not open."""
    clock = (manual or ManualClock(epoch=NOON)).clock
    return Blackboard(
        recorder=Recorder(clock=clock, version="0", vantage="here"),
        spend=SpendKeeper(Budget(usd_per_day=None), directory, clock=clock),
        journal=Journal(directory, clock=clock, version="0", config_hash="c"),
        clock=clock,
    )
