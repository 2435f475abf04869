"""Which targets are in maintenance: by the configuration, by a request, or by their status page's word."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from aiprobe.core.clock import Clock
from aiprobe.core.gauges import Gauges
from aiprobe.core.maintenance import LONGEST_SECONDS, Window
from aiprobe.core.model import Target
from aiprobe.core.tracked import Tracked

MOST_POSTED: Final = 100
EMIT_EVERY_SECONDS: Final = 1.0


class Declared(Protocol):
    """What the status pages declare."""

    def in_maintenance(self, provider: str, surface: str) -> bool:
        """Return whether the page declares a maintenance of a surface that is under way."""


class MaintenanceKeeper:
    """Keeps the windows of the running configuration, and those that requests began until they end."""

    def __init__(self, gauges: Gauges, declared: Declared, *, tracked: Mapping[str, Tracked], clock: Clock) -> None:
        self._gauges = gauges
        self._declared = declared
        self._tracked = tracked
        self._clock = clock
        self._configured: Sequence[Window] = ()
        self._posted: Sequence[Window] = ()
        self._emitted_at = float("-inf")

    def prepare(self, windows: Sequence[Window]) -> Callable[[], None]:
        """Return what keeps exactly these windows, besides those that requests began."""

        def commit() -> None:
            self._configured = windows
            self._emitted_at = float("-inf")

        return commit

    def covers(self, target: Target, since: float) -> bool:
        """Return whether a target was in maintenance at a moment from `since`, in Unix time, to now."""
        now = self._clock.wall()
        return any(self._is_under_way(window, target, since, now) for window in (*self._configured, *self._posted))

    def begin(self, targets: frozenset[str], providers: frozenset[str], *, seconds: float) -> Window | None:
        """Begin a window now; without names it is of everything. None where no more are accepted."""
        if len(self.posted()) >= MOST_POSTED:
            return None
        now = self._clock.wall()
        begun = Window(
            id=secrets.token_hex(4),
            targets=targets,
            providers=providers,
            start=now,
            end=now + min(seconds, LONGEST_SECONDS),
        )
        self._posted = (*self.posted(), begun)
        self._emitted_at = float("-inf")
        return begun

    def end(self, window_id: str) -> bool:
        """End a window that a request began; False where there is none of this id."""
        kept = [window for window in self.posted() if window.id != window_id]
        found = len(kept) < len(self.posted())
        self._posted, self._emitted_at = kept, float("-inf")
        return found

    def posted(self) -> Sequence[Window]:
        """Return the windows that requests began and that have not ended."""
        now = self._clock.wall()
        return [window for window in self._posted if window.end > now]

    def documents(self) -> Sequence[Mapping[str, Any]]:
        """Return `posted` as `resume` takes it."""
        return [
            {
                "id": one.id,
                "start": one.start,
                "end": one.end,
                "targets": sorted(one.targets),
                "providers": sorted(one.providers),
            }
            for one in self.posted()
        ]

    def resume(self, documents: Sequence[Any]) -> None:
        """Go on at a restart from documents of the disk; what is none is left out."""
        latest = self._clock.wall() + LONGEST_SECONDS
        for document in documents[:MOST_POSTED]:
            with suppress(KeyError, TypeError, ValueError):
                window = Window(
                    id=str(document["id"]),
                    start=float(document["start"]),
                    end=min(float(document["end"]), latest),
                    targets=frozenset(map(str, document["targets"])),
                    providers=frozenset(map(str, document["providers"])),
                )
                self._posted = (*self._posted, window)

    def tick(self) -> None:
        """Bring the gauge up to date, once a second."""
        if self._clock.monotonic() - self._emitted_at < EMIT_EVERY_SECONDS:
            return
        self._emitted_at, now = self._clock.monotonic(), self._clock.wall()
        under_way = [one for one in (*self._configured, *self._posted) if one.declared or one.overlaps(now, now)]
        targets = (record.target for record in self._tracked.values()) if under_way else ()
        covered = (one for one in targets if any(self._is_under_way(window, one, now, now) for window in under_way))
        self._gauges.replace("maintenance", {one.identity[:-1]: 1.0 for one in covered})

    def _is_under_way(self, window: Window, target: Target, since: float, until: float) -> bool:
        if not window.covers(target):
            return False
        if window.declared:
            return self._declared.in_maintenance(target.provider.name, target.surface)
        return window.overlaps(since, until)
