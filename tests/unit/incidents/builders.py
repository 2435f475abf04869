"""A small world for time lines: targets that fail when they are told to, pages that say what they are told to.

The states come from the real `core.state`, so a time line sees the hysteresis that production sees.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiprobe.core.model import Attempt, Finished, Target
from aiprobe.core.outcomes import Outcome, availability_verdict
from aiprobe.core.state import State, TargetState
from aiprobe.core.statuspage import Component, DeclaredIncident
from aiprobe.incidents.comparison import Comparison, SurfaceComparison
from aiprobe.incidents.declaration import declaration
from aiprobe.incidents.observed import IncidentBook
from tests.builders import a_finished, a_provider, a_result, a_target

MINUTE = 60.0
HOUR = 3600.0


def utc(text: str) -> float:
    """Return Unix seconds of `2026-03-02 14:05[:30]`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOON = utc("2026-03-02 12:00")


def anthropic(**changes: Any) -> Any:
    """Return Anthropic as a provider."""
    return a_provider(key="anthropic", name="anthropic", display_name="Anthropic", **changes)


def a_component(state: State | None = State.OPERATIONAL, **changes: Any) -> Component:
    """Return the component of the Claude API."""
    words = {
        None: "under_maintenance",
        State.OPERATIONAL: "operational",
        State.DEGRADED: "degraded_performance",
        State.PARTIAL_OUTAGE: "partial_outage",
        State.MAJOR_OUTAGE: "major_outage",
    }
    return Component(**{"id": "k8w3r06qmzrp", "name": "Claude API", "word": words[state], "state": state} | changes)


def a_notice(declared: float, **changes: Any) -> DeclaredIncident:
    """Return an open incident that names the component of the Claude API."""
    plain: dict[str, Any] = {
        "id": "5zg05jnrqmzg",
        "name": "Elevated errors on Claude Opus 4.6",
        "impact": "minor",
        "status": "investigating",
        "declared_timestamp_seconds": declared,
        "started_timestamp_seconds": None,
        "resolved_timestamp_seconds": None,
        "component_ids": ("k8w3r06qmzrp",),
        "url": "https://status.claude.com/incidents/5zg05jnrqmzg",
    }
    return DeclaredIncident(**plain | changes)


@dataclass
class Prober:
    """Gives results to a target and a state to its results, as the scheduler does."""

    target: Target
    state: TargetState = field(default_factory=TargetState)
    began: float = float("-inf")

    def finish(self, at: float, outcome: Outcome = Outcome.OK, **changes: Any) -> Finished:
        """Return a probe that started and ended at `at`."""
        egress_down = changes.pop("egress_down", False)
        attempt = changes.pop("attempt", Attempt.SCHEDULED)
        verdict = availability_verdict(outcome, egress_down=egress_down)
        self.began = at if at > self.began else self.began + MINUTE
        self.state.record(verdict, started=self.began)
        return a_finished(
            self.target,
            a_result(outcome, started_timestamp_seconds=at, **changes),
            attempt=attempt,
            egress_down=egress_down,
            consecutive_failures=self.state.consecutive_failures,
            state=self.state.state,
            suspicion=self.state.suspicion.nats,
            failing_since=self.state.suspicion.failing_since,
        )


LETTERS: dict[str, tuple[Outcome, int | None]] = {
    "g": (Outcome.OK, 200),
    "b": (Outcome.OVERLOADED, 529),
    "e": (Outcome.SERVER_ERROR, 500),
    "t": (Outcome.TIMEOUT_FIRST_TOKEN, None),
    "c": (Outcome.CONNECT, None),
    "x": (Outcome.AUTH, 401),
}


def play(book: IncidentBook, target: Target, letters: str, *, start: float, prober: Prober | None = None) -> Prober:
    """Record one probe a letter, an interval apart, from `start`; a space is a slot without a probe."""
    prober = prober or Prober(target)
    for number, letter in enumerate(letters):
        if letter == " ":
            continue
        at = start + number * target.interval_seconds
        outcome, status = LETTERS[letter]
        request_id = f"req_{target.name}_{number}" if letter in "bex" else None
        book.record(prober.finish(at, outcome, http_status=status, request_id=request_id), at)
    return prober


@dataclass(frozen=True)
class Failure:
    """What a target does from `start` until `end` (exclusive)."""

    target: str
    start: float
    end: float
    outcome: Outcome = Outcome.OVERLOADED
    http_status: int | None = 529
    every: int = 1
    """Of so many probes in a row only the first one fails."""
    spares: int | None = None
    """Of so many probes in a row the last one does not fail."""

    def hits(self, target: str, at: float) -> bool:
        """Tell whether a probe of `target` at `at` fails."""
        if target != self.target or not self.start <= at < self.end:
            return False
        number = round((at - self.start) / MINUTE)
        spared = self.spares is not None and number % self.spares == self.spares - 1
        return number % self.every == 0 and not spared


Said = tuple[Component | None, tuple[DeclaredIncident, ...]]
PageSays = Callable[[float], Said | None]
"""What a page says at a time; None while it cannot be read."""


@dataclass
class World:
    """Targets that are probed once a minute, and pages that are read once a minute, half a minute later."""

    targets: Iterable[Target]
    failures: Iterable[Failure] = ()
    pages: dict[tuple[str, str], PageSays] = field(default_factory=dict)
    book: IncidentBook = field(default_factory=IncidentBook)
    comparisons: dict[tuple[str, str], SurfaceComparison] = field(default_factory=dict)
    poll_offset: float = 30.0
    egress_up: Callable[[float], bool] = lambda _at: True
    _probers: dict[str, Prober] = field(default_factory=dict)
    _minute: int = 0

    def run(self, start: float, end: float) -> None:
        """Let the minutes from `start` to `end` (exclusive) pass."""
        at = start
        while at < end:
            self.book.egress(self.egress_up(at), at)
            for target in self.targets:
                self._probe(target, at)
            self._minute += 1
            self._read_pages(at + self.poll_offset)
            at += MINUTE

    def at(self, now: float, provider: str = "anthropic", surface: str = "Claude API") -> Comparison:
        """Return the comparison of a surface."""
        return self.comparisons[provider, surface].compare(now)

    def _probe(self, target: Target, at: float) -> None:
        prober = self._probers.setdefault(target.name, Prober(target))
        outcome, status = Outcome.OK, 200
        for failure in self.failures:
            if failure.hits(target.name, at):
                outcome, status = failure.outcome, failure.http_status or 0
        finished = prober.finish(
            at, outcome, http_status=status or None, request_id=f"req_{target.name}_{self._minute}"
        )
        self.book.record(finished, at)
        key = (target.provider.name, target.surface)
        comparison = self.comparisons.setdefault(key, SurfaceComparison())
        comparison.observe(at, self.book.observation(*key, at))

    def _read_pages(self, at: float) -> None:
        for (provider, surface), says in self.pages.items():
            said = says(at)
            component, notices = said or (None, ())
            self.book.declared(provider, surface, component, notices, at, readable=said is not None)
            comparison = self.comparisons.setdefault((provider, surface), SurfaceComparison())
            comparison.read(at, None if said is None else declaration(component, notices))


def claude_chat(**changes: Any) -> Target:
    """Return a chat target of the Claude API."""
    return a_target(**{"name": "opus", "provider": anthropic(), "surface": "Claude API", "model": "opus"} | changes)


def says_from(*words: tuple[float, State | None]) -> PageSays:
    """Return a page whose component changes at these times."""

    def says(at: float) -> Said:
        state = [state for since, state in words if since <= at][-1]
        return a_component(state, maintenance=state is None), ()

    return says
