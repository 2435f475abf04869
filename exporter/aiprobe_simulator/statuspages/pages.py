"""The present content of the status pages, and their faults: declared by hand and by the scenario.

Time comes from an injected clock. Replies are the business of `serve.py`.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Final
from typing import Protocol as Interface

from aiprobe_simulator.chance import fraction
from aiprobe_simulator.faults import Value
from aiprobe_simulator.statuspages.catalogue import PageSpec
from aiprobe_simulator.statuspages.declaration import Declaration
from aiprobe_simulator.statuspages.faults import EVERY_PAGE, PAGE_FAULTS, PageBehaviour, PageFault
from aiprobe_simulator.statuspages.reading import update
from aiprobe_simulator.statuspages.story import Told, view_at
from aiprobe_simulator.statuspages.view import PageView

MOST_BY_HAND: Final = 1_000
OPENED_BEFORE_SECONDS: Final = 86_400.0
"""How long a page had stood unchanged when the simulator began."""


@dataclass(slots=True, kw_only=True)
class PageFaultInForce:
    """A page's fault with what it has done so far."""

    id: int
    behaviour: PageBehaviour
    since: float
    """Monotonic seconds, as is `until`."""
    until: float | None = None
    seen: int = 0
    struck: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDecision:
    """What happens to one request for a page: at most one fault, and the pace."""

    fault: PageFault | None = None
    params: Mapping[str, Value]
    since: float = 0.0
    delay_seconds: float = 0.0


class PageTimeline(Interface):
    """What the pages need of a scenario that is being played."""

    def told(self, now: float) -> list[Told]:
        """Return what it declared up to the monotonic time `now`, in the order of the file."""

    def page_faults(self, now: float) -> list[PageFaultInForce]:
        """Return its faults of pages that are in force, in the order of the file."""


class StatusPages:
    """The pages. Later words and faults win; those set by hand win over the scenario's."""

    def __init__(
        self,
        *,
        seed: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        ids: Iterator[int] | None = None,
    ) -> None:
        """`wall` is read once: from then on `monotonic` gives the time of day."""
        self._seed = seed
        self._monotonic = monotonic
        self._opened = monotonic() - OPENED_BEFORE_SECONDS
        self._wall_offset = wall() - monotonic()
        self._ids = ids or count(1)
        self._told: dict[int, Told] = {}
        self._faults: dict[int, PageFaultInForce] = {}
        self.timeline: PageTimeline | None = None

    def declare(self, what: Declaration) -> int:
        """Declare something on a page from now on; return its id. Raises `ValueError` above the limit."""
        number = self._number(self._told)
        now = self._monotonic()
        began = now + what.notice_seconds
        ends = None if what.lasts_seconds is None else began + what.lasts_seconds
        self._told[number] = Told(declaration=what, key=("by hand", number), began=began, ends=ends)
        return number

    def update(self, number: int, fields: Mapping[str, Any]) -> bool:
        """Add an update to what was declared by hand; return whether it exists. Raises `ValueError` for wrong fields.

        Updates that were planned for later are dropped: from here on the story is set over HTTP.
        """
        told = self._told.get(number)
        if told is None:
            return False
        after = self._monotonic() - told.began
        new = update(told.declaration, fields, after_seconds=after)
        earlier = (one for one in told.declaration.updates if one.after_seconds <= after)
        self._told[number] = replace(told, declaration=replace(told.declaration, updates=(*earlier, new)))
        return True

    def spoil(self, what: PageBehaviour, *, seconds: float | None = None) -> int:
        """Put a page's fault in force, for good or for `seconds`; return its id. Raises `ValueError` at the limit."""
        now = self._monotonic()
        self._prune(now)
        number = self._number(self._faults)
        until = None if seconds is None else now + seconds
        self._faults[number] = PageFaultInForce(id=number, behaviour=what, since=now, until=until)
        return number

    def remove(self, number: int) -> bool:
        """Take back what was declared or spoilt by hand, without a trace; return whether it existed."""
        return bool(self._told.pop(number, None) or self._faults.pop(number, None))

    def clear(self) -> None:
        """Take back all that was set by hand."""
        self._told.clear()
        self._faults.clear()

    def told(self) -> list[Told]:
        """Return what was declared up to now, the weakest first."""
        planned = self.timeline.told(self._monotonic()) if self.timeline else []
        return [*planned, *self._told.values()]

    def by_hand(self) -> Mapping[int, Told]:
        """Return what was declared by hand, by id."""
        return dict(self._told)

    def faults(self) -> list[PageFaultInForce]:
        """Return the faults in force now, the strongest first."""
        now = self._monotonic()
        self._prune(now)
        planned = self.timeline.page_faults(now) if self.timeline else []
        return [*reversed(self._faults.values()), *reversed(planned)]

    def view(self, spec: PageSpec, *, at: float | None = None) -> PageView:
        """Return a page as it is now, or as it was at the monotonic time `at`."""
        now = self._monotonic() if at is None else at
        return view_at(spec, self.told(), now=now, opened=self._opened, wall=self._wall)

    def pristine(self, spec: PageSpec) -> PageView:
        """Return a page as it was when all was well."""
        return view_at(spec, (), now=self._opened, opened=self._opened, wall=self._wall)

    def decide(self, page: str, path: str) -> PageDecision:
        """Return what happens to a request for `path` of a page."""
        struck: PageFaultInForce | None = None
        delay_seconds = 0.0
        for entry in self.faults():
            fault = PAGE_FAULTS[entry.behaviour.fault]
            paced = fault.stage == "pace"
            if (struck if not paced else delay_seconds) or not self._strikes(entry, page, path):
                continue
            if paced:
                delay_seconds = float({**fault.params, **entry.behaviour.params}["delay_seconds"])
            else:
                struck = entry
        if struck is None:
            return PageDecision(params={}, delay_seconds=delay_seconds)
        fault = PAGE_FAULTS[struck.behaviour.fault]
        params = {**fault.params, **struck.behaviour.params}
        return PageDecision(fault=fault, params=params, since=struck.since, delay_seconds=delay_seconds)

    def _strikes(self, entry: PageFaultInForce, page: str, path: str) -> bool:
        what = entry.behaviour
        if what.page not in {EVERY_PAGE, page} or not fnmatchcase(path, what.path):
            return False
        if what.count is not None and entry.struck >= what.count:
            return False
        entry.seen += 1
        if what.share < 1.0 and fraction(self._seed, "page", entry.id, entry.seen) >= what.share:
            return False
        entry.struck += 1
        return True

    def _wall(self, at: float) -> float:
        return at + self._wall_offset

    def _number(self, held: Mapping[int, object]) -> int:
        if len(held) >= MOST_BY_HAND:
            raise ValueError(f"more than {MOST_BY_HAND} of these are in force")
        return next(self._ids)

    def _prune(self, now: float) -> None:
        for number in [one.id for one in self._faults.values() if _over(one, now)]:
            del self._faults[number]


def _over(entry: PageFaultInForce, now: float) -> bool:
    spent = entry.behaviour.count is not None and entry.struck >= entry.behaviour.count
    return spent or (entry.until is not None and now >= entry.until)
