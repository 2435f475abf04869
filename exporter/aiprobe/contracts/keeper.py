"""How the contracts in use stand: takes finished probes, emits their gauges.

The arithmetic is pure and in the files beside this one. Here it is connected to the journal, the clock and the metrics.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from aiprobe.contracts.binding import binding_of
from aiprobe.contracts.book import Binding, ContractBook, earliest_needed
from aiprobe.contracts.ledger import Standing
from aiprobe.core.clock import Clock
from aiprobe.core.evidence import ContractUse, FailedProbe, HourRow
from aiprobe.core.gauges import Gauges
from aiprobe.core.model import Attempt, Finished
from aiprobe.core.outcomes import Outcome

EMIT_EVERY_SECONDS: Final = 15.0

T = TypeVar("T")
_Ended = tuple[Finished, float]
"""A probe, and the Unix time at which it ended."""


class Past(Protocol):
    """The results of former days, on disk."""

    async def read_back(self, read: Callable[[], T]) -> tuple[T, Callable[[], Sequence[_Ended]]]:
        """Return what `read` returned from a thread, and what returns the probes that it did not find yet."""

    def hours(self, start: float, end: float, targets: Collection[str]) -> Iterator[HourRow]:
        """Return the hours of targets that overlap [start, end) in Unix time. Blocks."""

    def failed(self, start: float, end: float, targets: Collection[str]) -> Iterator[FailedProbe]:
        """Return the failed probes of targets that began in [start, end) in Unix time. Blocks."""


class ContractKeeper:
    """Keeps the months of the contracts in use."""

    def __init__(self, gauges: Gauges, past: Past, *, clock: Clock) -> None:
        self._gauges = gauges
        self._past = past
        self._clock = clock
        self._book = ContractBook((), since_seconds=clock.wall())
        self._uses: Mapping[str, ContractUse] = {}
        self._bound: frozenset[str] = frozenset()
        self._emitted_at = float("-inf")

    async def prepare(self, uses: Mapping[str, ContractUse], *, anew: bool = False) -> Callable[[], None]:
        """Read the months of these contracts back, in a thread; return what keeps exactly them from then on.

        Contracts that are in use already keep what they have, but not with `anew`, as after the wall clock was set.

        Raises:
            LookupError, ValueError: a contract cannot be used. Nothing was changed.
        """
        if not anew and dict(uses) == dict(self._uses) and not self._book.late_results:
            return lambda: None
        bindings = [binding_of(use) for use in uses.values()]
        now = self._clock.wall()
        since = earliest_needed(bindings, now)
        book, missed = await self._past.read_back(lambda: self._restored(bindings, since, now))

        def commit() -> None:
            for finished, _ in missed():
                _count_in(book, finished)
            self._book, self._uses = book, dict(uses)
            self._bound = frozenset(name for use in uses.values() for name in use.targets)
            self._emitted_at = float("-inf")

        return commit

    def finished(self, finished: Finished) -> None:
        """Take one finished probe; only scheduled ones of bound targets count."""
        if finished.target.name in self._bound:
            _count_in(self._book, finished)

    def tick(self) -> None:
        """Bring the gauges up to date now and then."""
        if self._clock.monotonic() - self._emitted_at < EMIT_EVERY_SECONDS:
            return
        self._emitted_at = self._clock.monotonic()
        standings = self._book.standings(self._clock.wall())
        for short, read in _SLA_GAUGES.items():
            values = {
                (name, *own): value
                for name, standing in standings.items()
                for own, value in read(standing).items()
                if value is not None
            }
            self._gauges.replace(short, values)

    def _restored(self, bindings: Iterable[Binding], since: float, now: float) -> ContractBook:
        bindings = list(bindings)
        targets = frozenset(target for binding in bindings for target in binding.targets)
        book = ContractBook(bindings, since_seconds=since)
        if bindings:
            rows = sorted(self._past.hours(since, now, targets), key=lambda row: row.hour)
            book.restore(rows, self._past.failed(since, now, targets))
        return book


_SLA_GAUGES: Final[Mapping[str, Callable[[Standing], Mapping[tuple[str, ...], float | None]]]] = {
    "sla_uptime_ratio": lambda it: {("low",): it.uptime_low, ("high",): it.uptime_high},
    "sla_projected_uptime_ratio": lambda it: {(): it.projected_uptime},
    "sla_burn_rate": lambda it: {(): it.burn_rate},
    "sla_allowance_remaining_seconds": lambda it: {(): it.allowance_remaining_seconds},
    "sla_credit_ratio": lambda it: {("low",): it.credit_low, ("high",): it.credit_high},
    "sla_credit_usd": lambda it: {("low",): it.credit_usd_low, ("high",): it.credit_usd_high},
    "sla_coverage_ratio": lambda it: {(): it.coverage},
    "sla_claim_deadline_timestamp_seconds": lambda it: {(): it.claim_deadline_timestamp_seconds},
}


def _count_in(book: ContractBook, finished: Finished) -> None:
    """Count a scheduled probe; a confirmation would bias the ratio."""
    result = finished.result
    if finished.attempt is Attempt.SCHEDULED and result.outcome is not Outcome.CANCELLED:
        book.record(
            finished.target.name,
            result.started_timestamp_seconds,
            verdict=finished.verdict,
            outcome=result.outcome.value,
            http_status=result.http_status,
            tokens_per_second=result.output_tokens_per_second,
            model=finished.target.model,
            maintenance=finished.maintenance,
        )
