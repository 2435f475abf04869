"""Compares what a provider declares with what we observe: one state machine per surface. Pure; times are Unix seconds.

The rules, all of them for one (provider, surface) and its component on the status page:

- **undeclared**: we observe a partial or major outage, and the page declares no problem. A declaration is a state such
  as `degraded`, or an open incident that names the component, even if the component itself is operational again.
  States of other components and incidents that name no component do not count.
- **unobserved**: the page declares a partial or major outage, and we observe `operational`. `degraded` on a page is too
  weak to contradict, and `degraded` in our probes agrees well enough with an outage there.
- Maintenance is neither. There is no value, instead of a 0, in three cases: the page cannot be read, it does not list
  the component, or the surface has no valid probes.
- Hysteresis: for our probes it is that of `state`; for the page, one reading without a declaration withdraws nothing.
- `undeclared_seconds` counts from the first bad probe. If a declaration or a maintenance ended during the outage, it
  counts from that end.
- Lag and lead come from the first declaration about an outage, once. A declaration that belongs to one outage does not
  count for the next. A lead needs a component that is declared worse than operational: an old incident that is only
  `monitoring` predicts nothing. A notice that is posted soon after the recovery counts as the first declaration, with a
  long lag.
- There is no lag and no lead if one of the two times is unknown: probing began during the outage, or the page became
  readable when its declaration already existed, without an incident that has a date.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiprobe.core.state import State
from aiprobe.incidents.declaration import RETROACTIVE_WITHIN_SECONDS, Declaration, PageWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The current result of our probes for a surface."""

    state: State | None
    """State over its targets, by `core.state.surface_state`; None without valid probes or if all targets are silent."""
    first_bad_timestamp_seconds: float | None = None
    """The first bad probe of the current outage; None if there is none."""
    start_observed: bool = True
    """False if no good probe came before it: the outage can be older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The values of the gauges; None means no series."""

    undeclared: bool | None
    unobserved: bool | None
    undeclared_seconds: float | None
    """0 if nothing is undeclared."""
    last_declaration_lag_seconds: float | None = None
    """From the first bad probe to the page's first declaration, for the last outage that we saw first; at least 0."""
    last_declaration_lead_seconds: float | None = None
    """From the page's first declaration to the first bad probe, for the last outage that it declared first; above 0."""

    @property
    def disagreements(self) -> Mapping[str, bool]:
        """Return the known values by the label `kind`."""
        kinds = {"undeclared": self.undeclared, "unobserved": self.unobserved}
        return {kind: value for kind, value in kinds.items() if value is not None}


@dataclass(slots=True)
class _Outage:
    """One observed partial or major outage."""

    start: float
    start_observed: bool
    end: float | None = None
    settled: bool = False
    """Whether the page's first declaration was found, or can no longer be found."""


@dataclass(slots=True)
class SurfaceComparison:
    """Compares one surface with one page: takes observations and readings, and returns the comparison at any time."""

    page: PageWatch = field(default_factory=PageWatch)
    _observed: State | None = None
    _outage: _Outage | None = None
    """The current outage, or the last one."""
    _answered_word: int = 0
    """The number of the page's last declaration that was matched with an outage."""
    _lag: float | None = None
    _lead: float | None = None

    def observe(self, at: float, seen: Observation) -> None:
        """Take the result of the probes at `at`."""
        self._observed = seen.state
        if seen.state is None:
            return
        going_on = self._outage is not None and self._outage.end is None
        if seen.state < State.PARTIAL_OUTAGE:
            if self._outage is not None and going_on:
                self._outage.end = at
            return
        if not going_on:
            start = seen.first_bad_timestamp_seconds
            self._outage = _Outage(at if start is None else min(start, at), seen.start_observed and start is not None)
        self._settle(at)

    def read(self, at: float, declared: Declaration | None) -> None:
        """Take one reading of the page about this surface's component; None if the page could not be read."""
        self.page.read(at, declared)
        self._settle(at)

    def compare(self, now: float) -> Comparison:
        """Return the comparison at `now`."""
        current, seen = self.page.current, self._observed
        if current is None or seen is None or (current.state is None and not current.maintenance):
            return Comparison(
                undeclared=None,
                unobserved=None,
                undeclared_seconds=None,
                last_declaration_lag_seconds=self._lag,
                last_declaration_lead_seconds=self._lead,
            )
        undeclared = seen >= State.PARTIAL_OUTAGE and not self.page.covered
        declared = State.OPERATIONAL if current.state is None or current.maintenance else current.state
        return Comparison(
            undeclared=undeclared,
            unobserved=seen is State.OPERATIONAL and declared >= State.PARTIAL_OUTAGE,
            undeclared_seconds=self._undeclared_seconds(now) if undeclared else 0.0,
            last_declaration_lag_seconds=self._lag,
            last_declaration_lead_seconds=self._lead,
        )

    def _undeclared_seconds(self, now: float) -> float:
        assert self._outage is not None, "an outage is seen"
        covered_until = self.page.covered_until
        start = self._outage.start if covered_until is None else max(self._outage.start, covered_until)
        return max(0.0, now - start)

    def _settle(self, at: float) -> None:
        """Match the outage with the page's first declaration about it, once."""
        outage, page = self._outage, self.page
        if outage is None or outage.settled:
            return
        end = at if outage.end is None else outage.end
        stood = page.words > self._answered_word and (page.ended is None or page.ended >= outage.start)
        if stood and at - end <= RETROACTIVE_WITHIN_SECONDS:
            self._answered_word = page.words
            word = page.since
        else:
            word = page.word_about(outage.start, end)
            if word is None:
                return
        outage.settled = True
        if word is None or not outage.start_observed:
            return
        lag = word - outage.start
        if lag >= 0:
            self._lag = lag
        elif page.current is not None and (page.current.state or State.OPERATIONAL) >= State.DEGRADED:
            self._lead = -lag
