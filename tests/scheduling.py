"""A scheduler whose surroundings are a test's own objects."""

from collections.abc import Callable, Sequence

from aiprobe.attempt import Attempts, Egress, Listener, Maintenance, Meter, Pauses, Purse, RunOnce
from aiprobe.core.clock import Clock
from aiprobe.core.model import Target
from aiprobe.core.tracked import Tracked
from aiprobe.schedule import Scheduler


class _Never:
    """No maintenance, of any target."""

    def covers(self, target: Target, since: float) -> bool:
        return False


class _Awake:
    """A process that never stands still."""

    def within(self, started: float, seconds: float) -> float:
        return 0.0


def a_scheduler(
    clock: Clock,
    prepare_probe: Callable[[Target], RunOnce],
    *,
    purse: Purse,
    egress: Egress,
    listeners: Sequence[Listener],
    meter: Meter,
    tracked: dict[str, Tracked] | None = None,
    maintenance: Maintenance | None = None,
    pauses: Pauses | None = None,
) -> Scheduler:
    """Return a scheduler that has no targets yet; the texts of its results are left as they are."""
    records = {} if tracked is None else tracked
    attempts = Attempts(
        clock=clock,
        tracked=records,
        purse=purse,
        egress=egress,
        maintenance=maintenance or _Never(),
        pauses=pauses or _Awake(),
        redact=str,
        listeners=listeners,
        meter=meter,
    )
    return Scheduler(clock=clock, tracked=records, prepare_probe=prepare_probe, attempts=attempts, meter=meter)
