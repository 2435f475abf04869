"""An open observed incident: counts probes while a surface fails.

Probes after the last bad one are not counted until it is decided whether they belong to the incident or to the
recovery. The counts of a closed incident are therefore those between its start and its end.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from aiprobe.core.kind import AnsweredBy
from aiprobe.core.model import Target
from aiprobe.core.outcomes import Verdict
from aiprobe.core.state import State
from aiprobe.incidents.layer import suspected_layer
from aiprobe.incidents.record import EgressControl, Incident, IncidentTarget, PageRecord, Restatement
from aiprobe.incidents.run import Sighting

MAX_REQUEST_IDS: Final = 20
_MAX_WAITING: Final = 500
"""The most probes after the last bad one that wait; beyond that, the oldest count as part of the incident."""


class SurfaceKey(NamedTuple):
    """Identifies what one incident is about."""

    provider: str
    surface: str
    provider_region: str


def key_of(incident: Incident) -> SurfaceKey:
    """Return what an incident is about."""
    return SurfaceKey(incident.provider, incident.surface, incident.provider_region)


def incident_id(key: SurfaceKey, start: float) -> str:
    """Return the id of an incident: its start, readable for people, and a digest of its key."""
    parts = "\x00".join((key.provider, key.surface, key.provider_region, str(int(start))))
    return f"{_compact(start)}-{hashlib.sha256(parts.encode()).hexdigest()[:10]}"


def _compact(timestamp: float) -> str:
    try:
        return datetime.fromtimestamp(timestamp, tz=UTC).strftime("%Y%m%dT%H%M%SZ")
    except (OverflowError, ValueError, OSError):
        return "undated"


@dataclass(slots=True)
class _Share:
    """The counts of one target."""

    target: Target
    failing: bool = False
    asked: int = 0
    answered: int = 0
    bad: Counter[str] = field(default_factory=Counter)

    def copy(self) -> "_Share":
        return _Share(self.target, self.failing, self.asked, self.answered, self.bad.copy())

    def frozen(self) -> IncidentTarget:
        return IncidentTarget(
            target=self.target.name,
            probe=self.target.probe,
            answered_by=self.target.kind.answered_by,
            model=self.target.model,
            vantage=self.target.vantage,
            failing=self.failing,
            long_prompt=self.target.input_tokens is not None,
            asked=self.asked,
            answered=self.answered,
            bad_outcomes=dict(sorted(self.bad.items())),
        )


@dataclass(slots=True)
class _Tally:
    """All counts of the probes."""

    shares: dict[str, _Share] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    request_ids: list[str] = field(default_factory=list)
    request_ids_omitted: int = 0
    egress_failed: bool = False

    def copy(self) -> "_Tally":
        shares = {name: share.copy() for name, share in self.shares.items()}
        return _Tally(
            shares,
            self.outcomes.copy(),
            self.statuses.copy(),
            self.failures.copy(),
            self.request_ids.copy(),
            self.request_ids_omitted,
            self.egress_failed,
        )

    def add(self, seen: Sighting) -> None:
        share = self.shares[seen.target]
        self.outcomes[seen.outcome.value] += 1
        if seen.http_status is not None:
            self.statuses[seen.http_status] += 1
        if seen.scheduled and seen.verdict is not Verdict.EXCLUDED:
            share.asked += 1
            share.answered += seen.verdict is Verdict.GOOD
        self.egress_failed |= seen.egress_down
        if seen.verdict is not Verdict.BAD:
            return
        share.bad[seen.outcome.value] += 1
        by_status = seen.http_status is not None and seen.http_status >= 400
        self.failures[str(seen.http_status) if by_status else seen.outcome.value] += 1
        if seen.request_id is None or seen.request_id in self.request_ids:
            return
        if len(self.request_ids) < MAX_REQUEST_IDS:
            self.request_ids.append(seen.request_id)
        else:
            self.request_ids_omitted += 1


@dataclass(slots=True, kw_only=True)
class Draft:
    """One open incident. Times are Unix seconds."""

    key: SurfaceKey
    provider_display_name: str
    start: float
    start_observed: bool
    last_seen: float = 0.0
    max_state: State = State.PARTIAL_OUTAGE
    first_declared: float | None = None
    others: dict[str, bool] = field(default_factory=dict)
    """Other providers: whether each one failed meanwhile."""
    siblings: dict[str, bool] = field(default_factory=dict)
    """API targets of the provider's other surfaces: whether each one failed meanwhile. Only used for web surfaces."""
    is_web: bool = False
    """Whether only web pages failed when it began."""
    egress_ok: bool = False
    egress_failed: bool = False
    gaps: list[tuple[float, float]] = field(default_factory=list)
    restated: tuple[Restatement, ...] = ()
    page_before: PageRecord | None = None
    """What the page showed before a restart."""
    _counted_until: float = 0.0
    """When the last probe in `_counted` started."""
    _counted: _Tally = field(default_factory=_Tally)
    _waiting: deque[Sighting] = field(default_factory=deque)

    @classmethod
    def resumed(cls, incident: Incident, targets: Iterable[Target]) -> "Draft":
        """Return an incident, with its counts, that was open when aiprobe stopped and continues after the restart.

        `targets` are those of its surface; probes of other targets are no longer counted.
        """
        of_surface = {target.name: target for target in targets}
        shares = {
            one.target: _Share(of_surface[one.target], one.failing, one.asked, one.answered, Counter(one.bad_outcomes))
            for one in incident.targets
            if one.target in of_surface
        }
        return cls(
            key=key_of(incident),
            provider_display_name=incident.provider_display_name,
            start=incident.start_timestamp_seconds,
            start_observed=incident.start_observed,
            last_seen=incident.last_seen_timestamp_seconds,
            max_state=incident.max_state,
            first_declared=incident.page.first_declared_timestamp_seconds if incident.page else None,
            others=dict(incident.other_providers),
            is_web=all(one.answered_by is AnsweredBy.WEB_PAGE for one in incident.targets if one.failing),
            egress_ok=incident.egress is EgressControl.OK,
            egress_failed=incident.egress is EgressControl.FAILED,
            gaps=list(incident.gaps),
            restated=incident.restated,
            page_before=incident.page,
            _counted_until=incident.last_seen_timestamp_seconds,
            _counted=_Tally(
                shares=shares,
                outcomes=Counter(incident.outcomes),
                statuses=Counter(incident.http_statuses),
                failures=Counter(incident.failures),
                request_ids=list(incident.request_ids),
                request_ids_omitted=incident.request_ids_omitted,
            ),
        )

    def include(self, target: Target, *, failing: bool) -> None:
        """Include a target of this surface; once failing, it always counts as failing."""
        share = self._counted.shares.setdefault(target.name, _Share(target))
        share.target = target
        share.failing |= failing

    @property
    def failing(self) -> tuple[str, ...]:
        """Return the targets that were in an outage at some time of this incident."""
        return tuple(name for name, share in self._counted.shares.items() if share.failing)

    def add(self, seen: Sighting) -> None:
        """Count one probe of an included target; ignore probes from before the start."""
        if seen.timestamp_seconds < self.start:
            return
        self.last_seen = max(self.last_seen, seen.timestamp_seconds)
        self._waiting.append(seen)
        if seen.verdict is Verdict.BAD and self._counted.shares[seen.target].failing:
            self._count_all()
        elif len(self._waiting) > _MAX_WAITING:
            self._count(self._waiting.popleft())

    def frozen(self, page: PageRecord | None, *, end: float | None = None, end_observed: bool = True) -> Incident:
        """Return the incident as it is now, or as it ended at `end`."""
        tally = self._counted.copy()
        for seen in self._waiting:
            if end is None or seen.timestamp_seconds < end:
                tally.add(seen)
        targets = tuple(share.frozen() for _, share in sorted(tally.shares.items()))
        layer, reason = suspected_layer(targets, siblings=self.siblings)
        return Incident(
            id=incident_id(self.key, self.start),
            provider=self.key.provider,
            provider_display_name=self.provider_display_name,
            surface=self.key.surface,
            provider_region=self.key.provider_region,
            start_timestamp_seconds=self.start,
            start_observed=self.start_observed,
            last_seen_timestamp_seconds=self.last_seen if end is None else min(max(self.start, self.last_seen), end),
            end_timestamp_seconds=end,
            end_observed=end_observed,
            max_state=self.max_state,
            targets=targets,
            outcomes=dict(sorted(tally.outcomes.items())),
            http_statuses=dict(sorted(tally.statuses.items())),
            failures=dict(sorted(tally.failures.items(), key=lambda item: (-item[1], item[0]))),
            other_providers=dict(sorted(self.others.items())),
            egress=self._egress(failed=tally.egress_failed),
            page=page,
            request_ids=tuple(tally.request_ids),
            request_ids_omitted=tally.request_ids_omitted,
            layer=layer,
            layer_reason=reason,
            gaps=tuple(self.gaps),
            restated=self.restated,
        )

    def settled(self, page: PageRecord | None) -> Incident:
        """Return the incident without the probes that can belong to the recovery."""
        whole, self._waiting = self._waiting, deque()
        try:
            return replace(self.frozen(page), last_seen_timestamp_seconds=self._counted_until)
        finally:
            self._waiting = whole

    def _egress(self, *, failed: bool) -> EgressControl:
        if self.egress_failed or failed:
            return EgressControl.FAILED
        return EgressControl.OK if self.egress_ok else EgressControl.UNKNOWN

    def _count_all(self) -> None:
        while self._waiting:
            self._count(self._waiting.popleft())

    def _count(self, seen: Sighting) -> None:
        self._counted.add(seen)
        self._counted_until = max(self._counted_until, seen.timestamp_seconds)
