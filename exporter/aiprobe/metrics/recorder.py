"""From finished probes to numbers: which series a result changes, and which it leaves alone.

A failed probe's time enters no histogram, and a confirmation is in no SLO. What was decided about a result is taken as
given, and its texts are free of secrets: the scheduler redacts a result before it hands it on.
"""

import math
import platform
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final

from aiprobe.core.clock import Clock
from aiprobe.core.gauges import Series
from aiprobe.core.kind import PHASES
from aiprobe.core.model import Attempt, Finished, Result
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.core.tracked import Tracked, surface_states
from aiprobe.metrics import catalogue
from aiprobe.metrics.openmetrics import Exemplar, Labels, model_value, request_id_value
from aiprobe.metrics.series import Birth, Distribution, Owner
from aiprobe.metrics.targetseries import TargetSeries

_HISTOGRAMS: Final = (
    "duration_seconds",
    "time_to_first_token_seconds",
    "time_to_first_output_token_seconds",
    "time_per_output_token_seconds",
    "stream_max_gap_seconds",
)
_TIMES_OF: Final = attrgetter(*_HISTOGRAMS)
"""They have the names of fields of a result, as the tokens have."""
_TOKENS: Final = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_input_tokens")
_TOKENS_OF: Final = attrgetter(*_TOKENS)
_MOST_BILLED = 1e12
"""Tokens or USD of one probe; more is a broken reply."""
_LARGEST_SET = 1e18
SURFACES_EVERY_SECONDS: Final = 1.0
"""How often the states of surfaces are summed up over all targets."""


class Recorder:
    """Holds every number that aiprobe exposes. Belongs to the event loop: no call blocks, none is thread-safe."""

    def __init__(self, *, clock: Clock, version: str, tracked: Mapping[str, Tracked], vantage: str = "") -> None:
        """Start without series of targets; `sync_targets` makes those of the targets in `tracked`."""
        self.clock = clock
        self._tracked = tracked
        self._series: dict[str, TargetSeries] = {}
        self._summed_at = float("-inf")
        self.exporter = Owner(catalogue.EXPORTER_METRICS, Labels((("vantage", vantage),) if vantage else ()))
        python = platform.python_version(), platform.python_implementation()
        self.exporter["build_info"].set(1, version, *python)
        self.exporter["probes_in_flight"].set(0)
        for name in ("scheduler_lag_seconds", "event_loop_lag_seconds"):
            self.exporter.histogram(name).show()

    @property
    def targets(self) -> Sequence[TargetSeries]:
        """Return the series of each target of this moment, in the order of the configuration."""
        return tuple(self._series.values())

    def find(self, name: str) -> TargetSeries | None:
        """Return the series of one target."""
        return self._series.get(name)

    def sync_targets(self) -> None:
        """Have series for exactly the tracked targets; one whose identity is unchanged keeps its numbers."""
        known, self._series = self._series, {}
        for name, record in self._tracked.items():
            series = known.get(name)
            if series is not None and series.record is record:
                series.describe()
            else:
                series = TargetSeries(record)
            self._series[name] = series
        for name, series in known.items():
            if self._series.get(name) is not series:
                series.owner.drop()
        self._sum_surfaces()

    def tick(self) -> None:
        """Bring up to date what moves with time as well as with results."""
        if self.clock.monotonic() - self._summed_at >= SURFACES_EVERY_SECONDS:
            self._sum_surfaces()

    def finished(self, finished: Finished) -> None:
        """Count one finished probe. One of a target that is gone, or was replaced meanwhile, is left out."""
        series = self._series.get(finished.target.name) or self._admitted(finished.target.name)
        if series is None or series.identity != finished.target.identity:
            return
        owner, result = series.owner, finished.result
        _count_bill(owner, finished)
        exemplar = self._exemplar(result)
        owner["results_total"].add(1, result.outcome, finished.attempt, exemplar=exemplar)
        for change in finished.model_changes:
            owner["model_changes_total"].add(1, change.what)
        if finished.attempt is Attempt.SCHEDULED:
            _count_scheduled(owner, finished, exemplar)
        if result.outcome is not Outcome.CANCELLED:
            self._set_gauges(series, finished, self.clock.wall())
        owner.refresh()

    def resumed(self, results: Sequence[Finished]) -> None:
        """Set the gauges as the last results of the run before left them, oldest first; nothing is counted.

        A target whose last run is older than three intervals has no gauges.
        """
        last = {finished.target.name: finished for finished in results}
        succeeded = {one.target.name: one for one in results if one.result.outcome is Outcome.OK}
        for name, finished in last.items():
            series = self._series.get(name)
            if series is None or series.record.is_silent(self.clock.monotonic()):
                continue
            self._set_gauges(series, finished, _ended(finished))
            if success := succeeded.get(name):
                series.owner["last_success_timestamp_seconds"].set(_ended(success))
            series.owner.refresh()

    def skipped(self, target: str, reason: str) -> None:
        """Count a probe that did not start; `reason` is one of `catalogue.SKIP_REASONS`."""
        if reason not in catalogue.SKIP_REASONS:
            raise ValueError(f"no such reason to skip a probe: {reason!r}")
        if series := self._series.get(target):
            series.owner["skipped_total"].add(1, reason)

    def probes_in_flight(self, count: int) -> None:
        """Set how many probes run now."""
        self.exporter["probes_in_flight"].set(count)

    def observe_scheduler_lag(self, seconds: float) -> None:
        """Count how much later than planned a probe started."""
        _observe(self.exporter.histogram("scheduler_lag_seconds"), seconds)

    def observe_event_loop_lag(self, seconds: float) -> None:
        """Count how much later than asked the event loop woke a sleeper."""
        _observe(self.exporter.histogram("event_loop_lag_seconds"), seconds)

    def replace(self, short: str, values: Series) -> None:
        """Have exactly these series of a gauge of the exporter, by the values of its own labels."""
        self.exporter[short].replace(values)

    def replace_for(self, target: str, short: str, values: Series) -> None:
        """Have exactly these series of a gauge of one target; nothing happens when the target is gone."""
        if series := self._series.get(target):
            series.owner[short].replace(values)
            series.owner.refresh()

    def reloaded(self, *, successful: bool) -> None:
        """Set how the last load of the configuration ended."""
        self.exporter["config_last_reload_successful"].set(int(successful))
        if successful:
            self.exporter["config_last_reload_success_timestamp_seconds"].set(self.clock.wall())

    def announce(self, seen: Sequence[tuple[Owner, Sequence[Birth]]]) -> None:
        """Take note of the births that a whole scrape has shown as 0."""
        for owner, births in seen:
            owner.announce(births)

    def _admitted(self, name: str) -> TargetSeries | None:
        """Make the series of a target that is tracked since the last `sync_targets`, as a fallback is once it runs."""
        record = self._tracked.get(name)
        if record is None:
            return None
        series = self._series[name] = TargetSeries(record)
        return series

    def _sum_surfaces(self) -> None:
        self._summed_at = self.clock.monotonic()
        states = surface_states(self._tracked.values(), self._summed_at)
        self.exporter["surface_state"].replace({key: int(state) for key, state in states.items()})

    def _set_gauges(self, series: TargetSeries, finished: Finished, wall: float) -> None:
        owner, result = series.owner, finished.result
        if series.record.is_silent(self.clock.monotonic()):
            owner.fade()
        ok = result.outcome is Outcome.OK
        owner["success"].set(int(ok))
        owner["consecutive_failures"].set(finished.consecutive_failures)
        owner["state"].replace({} if finished.state is None else {(): int(finished.state)})
        owner["outage_suspicion"].set(finished.suspicion)
        since = finished.failing_since
        owner["failing_since_timestamp_seconds"].replace({} if since is None else {(): since})
        if since is None:
            owner["last_failure_http_status"].replace({})
        elif finished.verdict is Verdict.BAD:
            owner["last_failure_http_status"].set(result.http_status or 0)
        owner["last_run_timestamp_seconds"].set(wall)
        happened: dict[tuple[str, ...], float] = {
            (phase,): result.phases[phase] for phase in PHASES if phase in result.phases
        }
        owner["phase_duration_seconds"].replace(happened)
        if result.wrong_model is not None:
            owner["wrong_model"].set(int(result.wrong_model))
        if ok:
            owner["last_success_timestamp_seconds"].set(wall)
            speed = result.output_tokens_per_second
            owner["output_tokens_per_second"].replace({} if speed is None else {(): speed})
        for limit in result.rate_limits:
            if limit.resource in catalogue.RATE_LIMIT_RESOURCES:
                _set_known(owner, "ratelimit_limit", limit.limit, limit.resource)
                _set_known(owner, "ratelimit_remaining", limit.remaining, limit.resource)
        expiry = result.tls_certificate_not_after_timestamp_seconds
        _set_known(owner, "tls_certificate_not_after_timestamp_seconds", expiry)
        if result.response_model:
            owner["response_model_info"].replace({(model_value(result.response_model),): 1})

    def _exemplar(self, result: Result) -> Exemplar | None:
        if not result.request_id:
            return None
        return Exemplar(request_id_value(result.request_id), 1, self.clock.wall())


def _ended(finished: Finished) -> float:
    return finished.result.started_timestamp_seconds + finished.result.duration_seconds


def _count_scheduled(owner: Owner, finished: Finished, exemplar: Exemplar | None) -> None:
    """Count what only the schedule's own probes may: SLO events, and the times of those that were ok."""
    result = finished.result
    for slo, verdict in finished.slo_verdicts.items():
        if (slo, verdict) in owner["slo_events_total"].values:
            owner["slo_events_total"].add(1, slo, verdict)
    if result.outcome is not Outcome.OK:
        return
    for name, value in zip(_HISTOGRAMS, _TIMES_OF(result), strict=True):
        if value is not None:
            _observe(owner.histogram(name), value, exemplar)


def _count_bill(owner: Owner, finished: Finished) -> None:
    """Count tokens and money, of every attempt: they were billed whoever asked."""
    result = finished.result
    for name, tokens in zip(_TOKENS, _TOKENS_OF(result), strict=True):
        if _is_amount(tokens):
            owner[f"{name}_total"].add(tokens)
    if _is_amount(result.cost_usd):
        owner["cost_usd_total"].add(result.cost_usd or 0.0, finished.verdict)


def _is_amount(value: float | None) -> bool:
    """Return whether a number out of a reply may be added to a counter: neither NaN nor an amount that no bill has."""
    return value is not None and 0 <= value < _MOST_BILLED


def _observe(histogram: Distribution, seconds: float, exemplar: Exemplar | None = None) -> None:
    """Count a time; one that a broken clock made negative is 0, one that is no number is left out."""
    if -math.inf < seconds < math.inf:
        value = seconds if seconds > 0 else 0.0
        histogram.observe(value, exemplar and Exemplar(exemplar.request_id, value, exemplar.timestamp_seconds))


def _set_known(owner: Owner, short: str, value: float | None, *own: str) -> None:
    """Set a gauge if there is a number to set it to; comparisons also hold for integers too large for a float."""
    if value is not None and -_LARGEST_SET < value < _LARGEST_SET:
        owner[short].set(value, *own)
