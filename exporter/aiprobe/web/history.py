"""The last results of each target, for people: failures stay longer than what went well. Bounded."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from typing import Final

from aiprobe.core.model import Finished
from aiprobe.core.outcomes import Outcome

KEPT_RESULTS: Final = 60
KEPT_FAILURES: Final = 60
KEPT_IN_ALL: Final = 10_000
"""Results of all targets together, about 2 KB each: with more than 166 targets each keeps fewer than 60."""
KEPT_AT_LEAST: Final = 5

_Kept = tuple[int, Finished]
"""A result with its number: the order in which results came, whatever the wall clock did meanwhile."""
_NUMBER: Final = itemgetter(0)


@dataclass(slots=True)
class _Shelf:
    recent: list[_Kept] = field(default_factory=list)
    failures: list[_Kept] = field(default_factory=list)

    def all(self) -> Iterable[_Kept]:
        """Return what is kept, each once, oldest first."""
        oldest = self.recent[0][0] if self.recent else float("inf")
        yield from (failure for failure in self.failures if failure[0] < oldest)
        yield from self.recent


class History:
    """Keeps results by target."""

    def __init__(self) -> None:
        self._shelves: dict[str, _Shelf] = {}
        self._kept = KEPT_RESULTS
        self._numbers = count()

    def add(self, finished: Finished) -> None:
        """Keep one result."""
        shelf = self._shelves.get(finished.target.name)
        if shelf is None:
            shelf = self._shelves[finished.target.name] = _Shelf()
        kept = next(self._numbers), finished
        shelf.recent.append(kept)
        del shelf.recent[: -self._kept]
        if finished.result.outcome is not Outcome.OK:
            shelf.failures.append(kept)
            del shelf.failures[:-KEPT_FAILURES]

    def keep_only(self, names: Iterable[str]) -> None:
        """Remove all other targets, and divide the capacity among these."""
        wanted = set(names)
        self._shelves = {name: shelf for name, shelf in self._shelves.items() if name in wanted}
        self._kept = max(KEPT_AT_LEAST, min(KEPT_RESULTS, KEPT_IN_ALL // max(1, len(wanted))))
        for shelf in self._shelves.values():
            del shelf.recent[: -self._kept]

    def newest(self, name: str | None, limit: int) -> Sequence[Finished]:
        """Return at most `limit` results, newest first; of every target when `name` is None."""
        shelves = self._shelves.values() if name is None else filter(None, [self._shelves.get(name)])
        newest = heapq.nlargest(limit, (kept for shelf in shelves for kept in shelf.all()), key=_NUMBER)
        return [finished for _, finished in newest]
