"""The book of observed incidents: derives incidents from finished probes, egress checks and page readings.

Pure: it reads no clock, and every call passes its time in Unix seconds. An incident is a stretch of time in which at
least one target of a (provider, surface, region) is in a partial or major outage. The same events in the same order
give the same incidents with the same ids, so a journal restores the book after a restart.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from aiprobe.core.kind import AnsweredBy
from aiprobe.core.model import Finished, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.core.state import State, surface_state
from aiprobe.core.statuspage import Component, DeclaredIncident
from aiprobe.incidents.comparison import Observation
from aiprobe.incidents.declaration import RETROACTIVE_WITHIN_SECONDS
from aiprobe.incidents.draft import Draft, SurfaceKey, incident_id, key_of
from aiprobe.incidents.page import PageLog
from aiprobe.incidents.record import Incident, PageRecord, Restatement
from aiprobe.incidents.run import TargetRun
from aiprobe.incidents.schema import incident_json

MAX_INCIDENTS: Final = 500
_EGRESS_REMEMBERED: Final = 64


def _key(target: Target) -> SurfaceKey:
    return SurfaceKey(target.provider.name, target.surface, target.provider_region)


class IncidentBook:
    """Keeps the open incidents and the last closed ones, at most `limit` together.

    If more surfaces fail at the same time, it keeps all open incidents.
    """

    def __init__(self, *, limit: int = MAX_INCIDENTS) -> None:
        self._limit = limit
        self._runs: dict[SurfaceKey, dict[str, TargetRun]] = {}
        """By surface, then by target."""
        self._pages: dict[tuple[str, str], PageLog] = {}
        self._open: dict[SurfaceKey, Draft] = {}
        self._closed: deque[Incident] = deque()
        self._egress: deque[tuple[float, bool]] = deque(maxlen=_EGRESS_REMEMBERED)

    def record(self, finished: Finished, at: float) -> None:
        """Take one finished probe that ended at `at`."""
        if finished.result.outcome is Outcome.CANCELLED:
            return
        target, key = finished.target, _key(finished.target)
        run = self._run_of(target)
        seen = run.record(finished, at=at)
        draft = self._open.get(key)
        if draft is not None:
            draft.include(target, failing=run.failing)
            draft.add(seen)
        elif run.failing:
            draft = self._begin(key, at)
        self._note_in_others(key, run)
        if draft is not None:
            self._review(draft, run, at)

    def egress(self, up: bool, at: float) -> None:  # noqa: FBT001 - an event with its value and its time
        """Take one round of egress checks; `up` is true if any of them succeeded."""
        self._egress.append((at, up))
        for draft in self._open.values():
            _note_egress(draft, up=up)

    def declared(
        self,
        provider: str,
        surface: str,
        component: Component | None,
        incidents: Sequence[DeclaredIncident],
        at: float,
        *,
        readable: bool = True,
    ) -> None:
        """Take one reading of the page about a surface's component.

        `component` is None if the page does not list it; without `readable`, the reading only marks a gap.
        """
        log = self._pages.setdefault((provider, surface), PageLog())
        log.read(at, component, incidents, readable=readable)
        if not readable:
            return
        for key, draft in self._open.items():
            declared = draft.first_declared is not None and draft.first_declared >= draft.start
            if (key.provider, key.surface) == (provider, surface) and not declared:
                draft.first_declared = log.first_word(draft.start, at) or draft.first_declared
        for position, incident in enumerate(self._closed):
            if (incident.provider, incident.surface) == (provider, surface):
                self._closed[position] = _with_late_word(incident, log, at)

    def keep(self, targets: Iterable[Target], at: float) -> None:
        """Remove all other targets, as after a reload; close an incident that has no failing target left."""
        kept = {(_key(target), target.name) for target in targets}
        for key, runs in list(self._runs.items()):
            self._runs[key] = {name: run for name, run in runs.items() if (key, name) in kept}
            draft = self._open.get(key)
            if draft is not None and not any(run.failing for run in self._runs[key].values()):
                self._close(draft, end=max(draft.start, min(at, draft.last_seen)), end_observed=False)
            if not self._runs[key]:
                del self._runs[key]
        asked = {(key.provider, key.surface) for key in self._runs}
        asked |= {(incident.provider, incident.surface) for incident in self._closed}
        self._pages = {key: log for key, log in self._pages.items() if key in asked}

    def resume(
        self, ended: Iterable[Incident], under_way: Iterable[Incident], results: Iterable[Finished], at: float
    ) -> None:
        """Continue at the restart `at` from the end of the last run. Call it once, before anything else.

        `results` are the last results of the probed targets, oldest first, each with its resulting state. An incident
        in `under_way` continues with its id and its counts, and the gap is added. If none of its targets is still
        probed, it is closed at the time when it was last seen.
        """
        self._closed.extend(ended)
        for finished in results:
            result = finished.result
            if result.outcome is not Outcome.CANCELLED:
                run = self._run_of(finished.target)
                run.record(finished, at=min(result.started_timestamp_seconds + result.duration_seconds, at))
        over = {one.id: one.revision for one in self._closed if one.end_observed}
        for incident in under_way:
            if over.get(incident.id, 0) < incident.revision:  # else it ended after it was last saved as open
                self._take_up(incident, at)
        for key, runs in self._runs.items():
            if key not in self._open and any(run.failing for run in runs.values()):
                self._begin(key, at, is_restart=True)
        self._prune()

    def observation(self, provider: str, surface: str, at: float) -> Observation:
        """Return the input of a comparison for a surface: its state now, and the start of its outage."""
        keys = [key for key in self._runs if (key.provider, key.surface) == (provider, surface)]
        state = surface_state([_state(run, at) for key in keys for run in self._runs[key].values()])
        drafts = [self._open[key] for key in keys if key in self._open]
        if not drafts:
            return Observation(state=state)
        first = min(drafts, key=lambda draft: draft.start)
        return Observation(state=state, first_bad_timestamp_seconds=first.start, start_observed=first.start_observed)

    def open(self) -> tuple[Incident, ...]:
        """Return the open incidents, the latest first."""
        incidents = [draft.frozen(self._page(draft)) for draft in self._open.values()]
        return tuple(sorted(incidents, key=_latest_first))

    def under_way(self) -> tuple[Incident, ...]:
        """Return the open incidents for `resume`, without the probes after the last bad one."""
        return tuple(draft.settled(self._page(draft)) for draft in self._open.values())

    def recent(self, limit: int = MAX_INCIDENTS) -> tuple[Incident, ...]:
        """Return at most `limit` closed incidents, the latest first."""
        return tuple(sorted(self._closed, key=_latest_first)[: max(0, limit)])

    def counts(self) -> Mapping[tuple[str, str, bool], int]:
        """Return the number of kept incidents by (provider, surface, open)."""
        counts = Counter((key.provider, key.surface, True) for key in self._open)
        counts.update((incident.provider, incident.surface, False) for incident in self._closed)
        return dict(counts)

    def to_json(self, limit: int = MAX_INCIDENTS) -> dict[str, Any]:
        """Return the document of `/api/v1/incidents`: every open incident and at most `limit` closed ones."""
        return {
            "open": [incident_json(incident) for incident in self.open()],
            "recent": [incident_json(incident) for incident in self.recent(limit)],
        }

    def _run_of(self, target: Target) -> TargetRun:
        runs = self._runs.setdefault(_key(target), {})
        run = runs.get(target.name)
        if run is None:
            run = runs[target.name] = TargetRun(target)
        return run

    def _take_up(self, incident: Incident, at: float) -> None:
        """Continue an incident that was open at the stop; it can have ended between its last record and the stop."""
        key = key_of(incident)
        runs = self._runs.get(key, {})
        draft = self._open[key] = Draft.resumed(incident, (run.target for run in runs.values()))
        self._reopen(draft)
        for run in runs.values():
            draft.include(run.target, failing=run.failing)
        since = draft.last_seen
        later = (seen for run in runs.values() for seen in run.recent if seen.timestamp_seconds > since)
        for seen in sorted(later, key=lambda seen: seen.timestamp_seconds):
            draft.add(seen)
        draft.gaps.append((max([draft.last_seen, *(end for _, end in draft.gaps)]), at))
        if not draft.failing:
            self._close(draft, end=draft.last_seen, end_observed=False)
        for run in runs.values():
            if self._open.get(key) is draft:
                self._review(draft, run, at)

    def _begin(self, key: SurfaceKey, at: float, *, is_restart: bool = False) -> Draft:
        """Open an incident at the first bad probe of the targets of the surface that fail now.

        If an earlier incident ended after that probe, a target has failed on and off since then: that incident goes on.
        """
        runs = list(self._runs[key].values())
        starts = [(run.start, run) for run in runs if run.failing]
        starts += [
            (run.first_bad(), run) for run in runs if run.is_bad_now and not run.failing and not run.is_silent(at)
        ]
        start, first = min(starts, key=lambda entry: entry[0])
        since, former = start, self._ended_after(start, key)
        if former is None:
            draft = Draft(
                key=key,
                provider_display_name=first.target.provider.display_name,
                start=start,
                start_observed=first.good_before(start),
                is_web=all(run.target.kind.answered_by is AnsweredBy.WEB_PAGE for run in runs if run.failing),
            )
        else:
            draft = Draft.resumed(former, (run.target for run in runs))
            since = max(start, former.end_timestamp_seconds or start)
            draft.page_before = None  # the log still has all of it
            self._reopen(draft, restated_at=None if is_restart else at)
        self._open[key] = draft
        self._prune()
        for run in runs:
            draft.include(run.target, failing=run.failing)
        uncounted = (seen for run in runs for seen in run.recent if seen.timestamp_seconds >= since)
        for seen in sorted(uncounted, key=lambda seen: seen.timestamp_seconds):
            draft.add(seen)
        for other, others in self._runs.items():
            for run in others.values():
                if other != key and run.state is not None and not run.is_silent(at):
                    _note_other(draft, run.target, failing=run.state >= State.PARTIAL_OUTAGE)
        for checked_at, up in self._egress:
            if checked_at >= start:
                _note_egress(draft, up=up)
        log = self._pages.get((key.provider, key.surface))
        draft.first_declared = None if log is None else log.first_word(start, at)
        return draft

    def _ended_after(self, start: float, key: SurfaceKey) -> Incident | None:
        """Return the latest closed incident of a surface, if it ended at `start` or after it."""
        ends = ((one.end_timestamp_seconds or 0.0, one) for one in self._closed if key_of(one) == key)
        end, last = max(ends, key=lambda entry: entry[0], default=(0.0, None))
        return last if end >= start else None

    def _note_in_others(self, key: SurfaceKey, run: TargetRun) -> None:
        for draft in self._open.values():
            if draft.key != key and run.state is not None:
                _note_other(draft, run.target, failing=run.state >= State.PARTIAL_OUTAGE)

    def _review(self, draft: Draft, run: TargetRun, at: float) -> None:
        """Update the worst state, and close the incident when its last failing target has recovered."""
        runs = self._runs[draft.key]
        seen = surface_state([_state(other, at) for other in runs.values()])
        draft.max_state = max(draft.max_state, seen or State.OPERATIONAL)
        failing = [runs[name] for name in draft.failing if name in runs]
        held = any(other.failing and not other.is_silent(at) for other in failing)
        if held or run.state is None or run.state >= State.PARTIAL_OUTAGE:
            return
        recovered = [other.end for other in failing if not other.failing]
        lost = [other.last_bad for other in failing if other.failing]
        end = max([*recovered, *lost], default=draft.start)
        observed = bool(recovered) and max(recovered) >= max(lost, default=0.0)
        self._close(draft, end=max(end, draft.start), end_observed=observed)

    def _reopen(self, draft: Draft, *, restated_at: float | None = None) -> None:
        """Remove the closed incident that `draft` continues.

        Without `restated_at`, its end was never published.
        """
        one = incident_id(draft.key, draft.start)
        former = next((incident for incident in self._closed if incident.id == one), None)
        if former is None:
            return
        self._closed.remove(former)
        draft.restated = former.restated
        if restated_at is not None:
            again = Restatement(timestamp_seconds=restated_at, field="end", reason="the failure was not over")
            draft.restated += (again,)

    def _close(self, draft: Draft, *, end: float, end_observed: bool) -> None:
        del self._open[draft.key]
        self._closed.append(draft.frozen(self._page(draft, end), end=end, end_observed=end_observed))
        self._prune()

    def _prune(self) -> None:
        """Remove the oldest closed incidents beyond the limit."""
        while self._closed and len(self._closed) + len(self._open) > self._limit:
            self._closed.popleft()

    def _page(self, draft: Draft, end: float | None = None) -> PageRecord | None:
        log, before = self._pages.get((draft.key.provider, draft.key.surface)), draft.page_before
        if log is None:
            return before
        record = log.record(draft.start, end)
        if before is not None:
            record = record.after(before)
        return replace(record, first_declared_timestamp_seconds=draft.first_declared)


def _state(run: TargetRun, at: float) -> State | None:
    return None if run.is_silent(at) else run.state


def _latest_first(incident: Incident) -> tuple[float, str]:
    return (-incident.start_timestamp_seconds, incident.id)


def _note_egress(draft: Draft, *, up: bool) -> None:
    draft.egress_ok |= up
    draft.egress_failed |= not up


def _note_other(draft: Draft, target: Target, *, failing: bool) -> None:
    """Record whether a target outside of the draft's surface fails meanwhile."""
    provider = target.provider.name
    if provider != draft.key.provider:
        draft.others[provider] = failing or draft.others.get(provider, False)
    elif draft.is_web and target.kind.answered_by is not AnsweredBy.WEB_PAGE:
        draft.siblings[target.name] = failing or draft.siblings.get(target.name, False)


def _with_late_word(incident: Incident, log: PageLog, at: float) -> Incident:
    """Add a notice that the page posted after the end."""
    start, end, page = incident.start_timestamp_seconds, incident.end_timestamp_seconds, incident.page
    if end is None or at - end > 2 * RETROACTIVE_WITHIN_SECONDS:
        return incident
    if page is None or page.first_declared_timestamp_seconds is not None:
        return incident
    word = log.late_word(start, end)
    if word is None:
        return incident
    notices = log.notices(start, word) or page.notices
    restated = Restatement(timestamp_seconds=at, field="declared", reason="the status page posted it after the end")
    return replace(
        incident,
        page=replace(page, first_declared_timestamp_seconds=word, notices=notices),
        restated=(*incident.restated, restated),
    )
