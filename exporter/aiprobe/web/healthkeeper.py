"""How targets, surfaces, providers and groups serve now, from their records and what their status pages declare."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from aiprobe.core.clock import Clock
from aiprobe.core.health import Health, group_health, surface_health, target_health
from aiprobe.core.tracked import Tracked


class Declared(Protocol):
    """What the status pages declare."""

    def word(self, provider: str, surface: str) -> str:
        """Return what the page declares of a surface now; empty while that is unknown."""


class HealthKeeper:
    """Answers from memory how something that is configured serves now."""

    def __init__(self, tracked: Mapping[str, Tracked], declared: Declared, *, clock: Clock) -> None:
        self._tracked = tracked
        self._declared = declared
        self._clock = clock
        self._groups: Mapping[str, Sequence[str]] = {}

    def prepare(self, groups: Mapping[str, Sequence[str]]) -> Callable[[], None]:
        """Return what answers for exactly these groups from then on."""

        def commit() -> None:
            self._groups = groups

        return commit

    def target(self, name: str) -> Health | None:
        """Return the health of a target, None where none has this name."""
        return next(iter(self._of(self._named([name]))), None)

    def group(self, name: str) -> Health | None:
        """Return the health of a group of targets, any of which will do."""
        members = self._of(self._named(self._groups.get(name, ())))
        return group_health(name, members) if members else None

    def provider(self, name: str, surface: str | None = None) -> Health | None:
        """Return the health of a provider, or of one surface of it.

        `name` is a value of the label `provider`, or else of the label `account`.
        """
        probed = [record for record in self._tracked.values() if not record.is_fallback]
        named = [one for one in probed if one.target.provider.name == name]
        named = named or [one for one in probed if one.target.provider.key == name]
        members = self._of(one for one in named if surface is None or one.target.surface == surface)
        return surface_health(name if surface is None else f"{name}/{surface}", members) if members else None

    def _named(self, names: Iterable[str]) -> Sequence[Tracked]:
        found = (self._tracked.get(name) for name in names)
        return [record for record in found if record is not None and not record.is_fallback]

    def _of(self, records: Iterable[Tracked]) -> Sequence[Health]:
        now, wall = self._clock.monotonic(), self._clock.wall()
        return [target_health(one, declared=self._word(one), now=now, wall=wall) for one in records]

    def _word(self, record: Tracked) -> str:
        return self._declared.word(record.target.provider.name, record.target.surface)
