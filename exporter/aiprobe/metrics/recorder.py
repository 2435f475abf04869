"""From finished probes to numbers: which series a result changes, and which it leaves alone.

The rules of DESIGN sections 5 and 6 stand here: a failed probe's time enters no histogram, a confirmation is
in no SLO, a manual probe counts only what it cost. What was decided about a result is taken as given.
"""

import math
import platform
from collections.abc import Callable, Mapping, Sequence

from aiprobe.core.clock import Clock
from aiprobe.core.model import Attempt, Finished, Result, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Redactor
from aiprobe.metrics import catalogue
from aiprobe.metrics.openmetrics import Exemplar, Labels, model_value, request_id_value
from aiprobe.metrics.series import Birth, Distribution, Owner
from aiprobe.metrics.tracked import Tracked

_HISTOGRAMS = (
    "time_to_first_token_seconds",
    "time_to_first_output_token_seconds",
    "time_per_output_token_seconds",
    "stream_max_gap_seconds",
)
"""Named as the fields of a result; `duration_seconds` is one more, which every result has."""
_TOKENS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_input_tokens")
_MOST_BILLED = 1e12
"""Tokens or USD of one probe; more is a broken reply."""
_LARGEST_TOLD = 1e18


class Recorder:
    """Holds every number that aiprobe exposes. Belongs to the event loop: no call blocks, none is thread-safe."""

    def __init__(
        self,
        *,
        clock: Clock,
        version: str,
        vantage: str = "",
        redact: Callable[[str], str] | None = None,
    ) -> None:
        """Start with no targets.

        `redact` goes over the request ids and model names that servers send; left out, only what has the
        shape of a key is masked.
        """
        self.clock = clock
        self._redact = redact or Redactor()
        self._tracked: dict[str, Tracked] = {}
        self.exporter = Owner(catalogue.EXPORTER_METRICS, Labels((("vantage", vantage),) if vantage else ()))
        python = platform.python_version(), platform.python_implementation()
        self.exporter["build_info"].set(1, version, *python)
        self.exporter["probes_in_flight"].set(0)
        for name in ("scheduler_lag_seconds", "event_loop_lag_seconds"):
            self.exporter.histogram(name).show()

    @property
    def tracked(self) -> Sequence[Tracked]:
        """Return the targets of this moment, in the order of the configuration."""
        return tuple(self._tracked.values())

    def find(self, name: str) -> Tracked | None:
        """Return one target with its series."""
        return self._tracked.get(name)

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Have series for exactly these targets; one whose identity is unchanged keeps its numbers."""
        known = self._tracked
        self._tracked = {}
        for target in targets:
            tracked = known.get(target.name)
            if tracked is None or tracked.target.identity != target.identity:
                tracked = Tracked(target)
            tracked.describe(target)
            self._tracked[target.name] = tracked

    def record(self, finished: Finished) -> None:
        """Count one finished probe. One of a target that is gone, or was replaced meanwhile, is left out."""
        tracked = self._tracked.get(finished.target.name)
        if tracked is None or tracked.target.identity != finished.target.identity:
            return
        owner, result = tracked.owner, finished.result
        _count_bill(owner, finished)
        if finished.attempt is not Attempt.MANUAL:
            exemplar = self._exemplar(result)
            owner["results_total"].add(1, result.outcome, finished.attempt, exemplar=exemplar)
            if finished.attempt is Attempt.SCHEDULED:
                _count_scheduled(owner, finished, exemplar)
            if result.outcome is not Outcome.CANCELLED:
                self._set_gauges(tracked, finished)
        owner.refresh()

    def skipped(self, target: str, reason: str) -> None:
        """Count a probe that did not start; `reason` is one of `catalogue.SKIP_REASONS`."""
        if reason not in catalogue.SKIP_REASONS:
            raise ValueError(f"no such reason to skip a probe: {reason!r}")
        if tracked := self._tracked.get(target):
            tracked.owner["skipped_total"].add(1, reason)

    def probes_in_flight(self, count: int) -> None:
        """Tell how many probes run now."""
        self.exporter["probes_in_flight"].set(count)

    def observe_scheduler_lag(self, seconds: float) -> None:
        """Count how much later than planned a probe started."""
        _observe(self.exporter.histogram("scheduler_lag_seconds"), seconds)

    def observe_event_loop_lag(self, seconds: float) -> None:
        """Count how much later than asked the event loop woke a sleeper."""
        _observe(self.exporter.histogram("event_loop_lag_seconds"), seconds)

    def egress(self, checks: Mapping[str, bool]) -> None:
        """Tell which egress checks (by host name) answered; replaces what was told before."""
        self.exporter["egress_up"].replace({(check,): int(up) for check, up in checks.items()})

    def egress_contradicted(self, *, contradicted: bool) -> None:
        """Tell whether targets on the Internet answer while no egress check does."""
        self.exporter["egress_contradicted"].set(int(contradicted))

    def budget(self, *, usd_per_day: float | None, spent_usd: float) -> None:
        """Tell the budget of one UTC day, if there is one, and what of it is spent."""
        self.exporter["budget_usd"].replace({} if usd_per_day is None else {(): usd_per_day})
        self.exporter["budget_spent_usd"].set(spent_usd)

    def surface_states(self, states: Mapping[tuple[str, str, str], int]) -> None:
        """Tell the state of every surface, by provider, surface and provider region; replaces what was told before."""
        self.exporter["surface_state"].replace({key: int(state) for key, state in states.items()})

    def tell(self, short: str, values: Mapping[tuple[str, ...], float]) -> None:
        """Have exactly these series of a gauge of the exporter, by the values of its own labels."""
        self.exporter[short].replace(values)

    def tell_target(self, target: str, short: str, values: Mapping[tuple[str, ...], float]) -> None:
        """The same for a gauge of one target; nothing happens when the target is gone."""
        if tracked := self._tracked.get(target):
            tracked.owner[short].replace(values)
            tracked.owner.refresh()

    def reloaded(self, *, successful: bool) -> None:
        """Tell how the last load of the configuration ended."""
        self.exporter["config_last_reload_successful"].set(int(successful))
        if successful:
            self.exporter["config_last_reload_success_timestamp_seconds"].set(self.clock.wall())

    def journal(self, name: str, value: float) -> None:
        """Tell a number of the journal by its name in the catalogue: `up`, `errors_total` (since the start), ..."""
        try:
            block = self.exporter[f"journal_{name}"]
        except KeyError:
            raise ValueError(f"no such number of the journal: {name!r}") from None
        block.set(value)

    def announce(self, seen: Sequence[tuple[Owner, Sequence[Birth]]]) -> None:
        """Take note of the births that a whole scrape has shown as 0."""
        for owner, births in seen:
            owner.announce(births)

    def _set_gauges(self, tracked: Tracked, finished: Finished) -> None:
        owner, result = tracked.owner, finished.result
        now, wall = self.clock.monotonic(), self.clock.wall()
        if tracked.faded(now):
            owner.fade()
        tracked.last_run = now
        ok = result.outcome is Outcome.OK
        owner["success"].set(int(ok))
        owner["consecutive_failures"].set(finished.consecutive_failures)
        owner["state"].replace({} if finished.state is None else {(): int(finished.state)})
        owner["last_run_timestamp_seconds"].set(wall)
        happened: dict[tuple[str, ...], float] = {
            (phase,): result.phases[phase] for phase in catalogue.PHASES if phase in result.phases
        }
        owner["phase_duration_seconds"].replace(happened)
        if ok:
            owner["last_success_timestamp_seconds"].set(wall)
            speed = result.output_tokens_per_second
            owner["output_tokens_per_second"].replace({} if speed is None else {(): speed})
        for limit in result.rate_limits:
            if limit.resource in catalogue.RATE_LIMIT_RESOURCES:
                _set_told(owner, "ratelimit_limit", limit.limit, limit.resource)
                _set_told(owner, "ratelimit_remaining", limit.remaining, limit.resource)
        expiry = result.tls_certificate_not_after_timestamp_seconds
        _set_told(owner, "tls_certificate_not_after_timestamp_seconds", expiry)
        if result.response_model:
            owner["response_model_info"].replace({(model_value(self._redact(result.response_model)),): 1})

    def _exemplar(self, result: Result) -> Exemplar | None:
        if not result.request_id:
            return None
        return Exemplar(request_id_value(self._redact(result.request_id)), 1, self.clock.wall())


def _count_scheduled(owner: Owner, finished: Finished, exemplar: Exemplar | None) -> None:
    """Count what only the schedule's own probes may: SLO events, and the times of those that were ok."""
    result = finished.result
    for slo, verdict in finished.slo_verdicts.items():
        if (slo, verdict) in owner["slo_events_total"].values:
            owner["slo_events_total"].add(1, slo, verdict)
    if result.outcome is not Outcome.OK:
        return
    for name in ("duration_seconds", *_HISTOGRAMS):
        value = getattr(result, name)
        if value is not None:
            _observe(owner.histogram(name), value, exemplar)


def _count_bill(owner: Owner, finished: Finished) -> None:
    """Count tokens and money, of every attempt: they were billed whoever asked."""
    result = finished.result
    for name in _TOKENS:
        tokens = getattr(result, name)
        if _is_amount(tokens):
            owner[f"{name}_total"].add(tokens)
    if _is_amount(result.cost_usd):
        owner["cost_usd_total"].add(result.cost_usd or 0.0, finished.verdict)


def _is_amount(value: float | None) -> bool:
    """Tell whether a number out of a reply may be added to a counter: NaN and what nobody can be billed for may not."""
    return value is not None and 0 <= value < _MOST_BILLED


def _observe(histogram: Distribution, seconds: float, exemplar: Exemplar | None = None) -> None:
    """Count a time; one that a broken clock made negative is 0, one that is no number is left out."""
    if math.isfinite(seconds):
        value = max(seconds, 0.0)
        histogram.observe(value, exemplar and Exemplar(exemplar.request_id, value, exemplar.timestamp_seconds))


def _set_told(owner: Owner, short: str, value: float | None, *own: str) -> None:
    """Set a gauge if there is a number to set it to; comparisons also hold for integers too large for a float."""
    if value is not None and -_LARGEST_TOLD < value < _LARGEST_TOLD:
        owner[short].set(value, *own)
