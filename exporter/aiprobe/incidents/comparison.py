"""What a provider declares, held against what we see: one machine per surface. Pure; times are Unix seconds.

The decisions, all of them about one (provider, surface) and the component through which it is felt:

- **undeclared**: we see a partial or major outage and the page admits nothing. Any word counts as an admission:
  `degraded`, or an open incident that names the component even where the component itself is back to operational.
  Words about other components, and incidents that name no component, do not.
- **unobserved**: the page says partial or major outage and we see it operational. `degraded` on a page is too weak a
  word to be contradicted, and `degraded` seen by us agrees well enough with an outage there.
- Maintenance is neither. A page that cannot be read, a component that it does not tell of, and a surface that is
  not validly probed give no answer at all, rather than a 0.
- Hysteresis: on our side it is that of `state`; on the page's side one silent reading withdraws nothing.
- `undeclared_seconds` counts from the first bad probe, or, where the page had spoken (or announced maintenance) and
  then fell silent while we still saw the outage, from that silence.
- Lag and lead belong to the first word about an outage, once. A word that answered one outage does not answer the
  next. A lead needs a component that is declared worse than operational: an old incident that is only `monitoring`
  foretells nothing. A notice posted after we recovered counts as the first word (a long lag) if it comes soon enough.
- No lag and no lead is told where either end was not seen: probing began in the middle of the outage, or the page
  became readable with its word already standing and no incident to date it by.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiprobe.core.state import State
from aiprobe.incidents.declaration import RETROACTIVE_WITHIN_SECONDS, Declaration, PageWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What our probes say about a surface now."""

    state: State | None
    """Over its targets, by `core.state.surface_state`; None while nothing was validly probed or all fell silent."""
    first_bad_timestamp_seconds: float | None = None
    """The first bad probe of the outage under way; None when there is none."""
    start_observed: bool = True
    """False when no good probe came before it, so that the outage may be older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the gauges show; None means no series."""

    undeclared: bool | None
    unobserved: bool | None
    undeclared_seconds: float | None
    """0 when nothing is undeclared."""
    last_declaration_lag_seconds: float | None = None
    """From the first bad probe to the page's first word, of the last outage that the page came second to; never
    negative."""
    last_declaration_lead_seconds: float | None = None
    """From the page's first word to the first bad probe, of the last outage that the page came first to; above 0."""

    @property
    def disagreements(self) -> Mapping[str, bool]:
        """Return the values of the label `kind`, with those that have an answer."""
        kinds = {"undeclared": self.undeclared, "unobserved": self.unobserved}
        return {kind: value for kind, value in kinds.items() if value is not None}


@dataclass(slots=True)
class _Outage:
    """One stretch of partial or major outage as we saw it."""

    start: float
    start_observed: bool
    end: float | None = None
    settled: bool = False
    """Whether the page's first word was found, or can no longer be told."""


@dataclass(slots=True)
class SurfaceComparison:
    """Compares one surface with one page: feed it both sides as they come, ask it at any time."""

    page: PageWatch = field(default_factory=PageWatch)
    _observed: State | None = None
    _outage: _Outage | None = None
    """The one under way, or the last one."""
    _answered_word: int = 0
    """The number of the last word of the page that answered an outage."""
    _lag: float | None = None
    _lead: float | None = None

    def observe(self, at: float, seen: Observation) -> None:
        """Take what the probes say at `at`."""
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

    def read(self, at: float, said: Declaration | None) -> None:
        """Take one reading of the page about this surface's component; None when the page could not be read."""
        self.page.read(at, said)
        self._settle(at)

    def compare(self, now: float) -> Comparison:
        """Return both sides side by side at `now`."""
        said, seen = self.page.current, self._observed
        if said is None or seen is None or (said.state is None and not said.maintenance):
            return Comparison(
                undeclared=None,
                unobserved=None,
                undeclared_seconds=None,
                last_declaration_lag_seconds=self._lag,
                last_declaration_lead_seconds=self._lead,
            )
        undeclared = seen >= State.PARTIAL_OUTAGE and not self.page.covered
        declared = State.OPERATIONAL if said.state is None or said.maintenance else said.state
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
        """Match the outage with the page's first word about it, once."""
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
