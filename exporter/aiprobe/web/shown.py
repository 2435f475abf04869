"""What the web shows of each target: its last results, how it stands, and what it cost today. A listener of probes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiprobe.core.clock import Clock
from aiprobe.core.model import Finished, Target
from aiprobe.core.money import utc_day
from aiprobe.core.outcomes import Outcome
from aiprobe.core.tracked import Tracked
from aiprobe.web.history import History
from aiprobe.web.ports import ResultRow, TargetRow, result_row


@dataclass(slots=True)
class _Spent:
    """What one target cost on a UTC day."""

    day: int = 0
    usd: float = 0.0
    is_known: bool = True


class ShownTargets:
    """Keeps results for people, and reads everything else from the records in `tracked`."""

    def __init__(self, tracked: Mapping[str, Tracked], *, clock: Clock) -> None:
        self._tracked = tracked
        self._clock = clock
        self._history = History()
        self._spent: dict[str, _Spent] = {}
        self._names: Sequence[str] = ()

    def prepare(self, targets: Sequence[Target]) -> Callable[[], None]:
        """Return what shows exactly these targets from then on."""

        def commit() -> None:
            self._names = [target.name for target in targets]
            self._history.keep_only(self._tracked)
            self._spent = {name: spent for name, spent in self._spent.items() if name in self._tracked}

        return commit

    def finished(self, finished: Finished) -> None:
        """Take one finished probe."""
        result = finished.result
        if result.outcome is Outcome.CANCELLED:
            return
        self._history.add(finished)
        spent, today = self._spent.get(finished.target.name), utc_day(self._clock.wall())
        if spent is None or spent.day != today:
            spent = self._spent[finished.target.name] = _Spent(today)
        spent.usd += result.cost_usd or 0.0
        if result.cost_usd is None and result.output_tokens is not None:
            spent.is_known = False

    def rows(self) -> Sequence[TargetRow]:
        """Return every configured target of this shard and how it stands."""
        return [self._row(self._tracked[name]) for name in self._names]

    def results(self, target: str | None, limit: int) -> Sequence[ResultRow]:
        """Return at most `limit` results, newest first; of every target when `target` is None."""
        return [result_row(kept) for kept in self._history.newest(target, limit)]

    def _row(self, record: Tracked) -> TargetRow:
        target, last = record.target, record.last
        return TargetRow(
            name=target.name,
            display_name=target.display_name,
            provider=target.provider.name,
            provider_display_name=target.provider.display_name,
            account=target.provider.key,
            surface=target.surface,
            model=target.model,
            provider_region=target.provider_region,
            probe=target.probe,
            vantage=target.vantage,
            interval_seconds=target.interval_seconds,
            state=record.state.state,
            silent=record.is_silent(self._clock.monotonic()),
            last=None if last is None else result_row(last),
            consecutive_failures=record.state.consecutive_failures,
            spent_today_usd=self._spent_today(target.name),
            skipped=record.skipped,
        )

    def _spent_today(self, name: str) -> float | None:
        """Return the USD that a target cost today; None before anything was asked, and where the price is unknown."""
        spent = self._spent.get(name)
        if spent is None:
            return 0.0 if self._tracked[name].skipped else None
        if not spent.is_known:
            return None
        return spent.usd if spent.day == utc_day(self._clock.wall()) else 0.0
