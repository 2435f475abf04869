"""A scheduler whose surroundings are a test's own objects."""

from collections.abc import Callable, Sequence

from aiprobe.attempt import Attempts, Egress, Listener, Maintenance, Meter, Purse, RunOnce
from aiprobe.core.clock import Clock
from aiprobe.core.model import Target
from aiprobe.core.tracked import Tracked
from aiprobe.schedule import Scheduler


class _Never:
    """No maintenance, of any target."""

    def covers(self, target: Target, since: float) -> bool:
        return False


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
) -> Scheduler:
    """Return a scheduler that has no targets yet; the texts of its results are left as they are."""
    records = {} if tracked is None else tracked
    attempts = Attempts(
        clock=clock,
        tracked=records,
        purse=purse,
        egress=egress,
        maintenance=maintenance or _Never(),
        redact=str,
        listeners=listeners,
        meter=meter,
    )
    return Scheduler(clock=clock, tracked=records, prepare_probe=prepare_probe, attempts=attempts, meter=meter)
