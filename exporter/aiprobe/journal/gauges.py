"""The gauges of this room: whether its files are written, their size, and the spending of the day."""

from aiprobe.core.gauges import Gauges
from aiprobe.journal.journal import Journal
from aiprobe.journal.spend import SpendKeeper


class JournalGauges:
    """Updates the gauges of the journal and of the spend file."""

    def __init__(self, gauges: Gauges, *, journal: Journal, spend: SpendKeeper) -> None:
        self._gauges = gauges
        self._journal = journal
        self._spend = spend

    def tick(self) -> None:
        """Set the current values; the journal has none before it is open."""
        budget = self._spend.budget
        self._gauges.replace("budget_usd", {} if budget.usd_per_day is None else {(): budget.usd_per_day})
        self._gauges.replace("budget_spent_usd", {(): budget.spent_usd})
        journal = self._journal
        if not journal.is_open:
            return
        numbers = {
            "up": float(self._spend.ok and journal.up),
            "errors_total": float(self._spend.errors + journal.errors),
            "dropped_total": float(journal.dropped),
            "size_bytes": float(journal.bytes_on_disk),
            "seal": float(journal.seal_bits),
            "last_commit_timestamp_seconds": journal.last_commit_timestamp_seconds,
        }
        for name, value in numbers.items():
            if value is not None:
                self._gauges.replace(f"journal_{name}", {(): value})
