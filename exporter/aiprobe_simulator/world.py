"""What every provider does now: the behaviours in force, which of them strikes a request, and for how long.

Deterministic: the same seed, behaviours and requests give the same faults. Time comes from an injected clock.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Final

from aiprobe_simulator.chance import fraction
from aiprobe_simulator.faults import FAULTS, Fault, Value
from aiprobe_simulator.fields import hint, param_problems, share_and_count_problems, unknown_keys
from aiprobe_simulator.statuspages.pages import StatusPages
from aiprobe_simulator.wire.base import Form, Kind

MOST_BEHAVIOURS: Final = 1_000
_KINDS: Final = ("*", "chat", "embeddings", "rerank", "models", "web", "egress")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """A fault, and the requests that it affects. Build it with `behaviour`, which checks it."""

    fault: str
    provider: str = "*"
    """A name or a pattern with `*`, as `model` is."""
    model: str = "*"
    kind: str = "*"
    share: float = 1.0
    """Of the requests that match, 0-1."""
    count: int | None = None
    """Only the next so many that it strikes."""
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class InForce:
    """A behaviour with what it has done so far."""

    id: int
    behaviour: Behaviour
    until: float | None = None
    """Monotonic seconds."""
    seen: int = 0
    struck: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens to one request."""

    fault: Fault | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    headers_seconds: float = 0.0
    first_token_seconds: float | None = None
    """In place of the usual time; None leaves it."""
    gap_seconds: float | None = None


class World:
    """The behaviours in force. Later ones win; those set by hand win over the scenario's."""

    def __init__(
        self,
        *,
        seed: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._seed = seed
        self._monotonic = monotonic
        self._by_hand: dict[int, InForce] = {}
        self._ids = count(1)
        self.scenario: Callable[[float], list[InForce]] | None = None
        """Returns the behaviours of the time line at a monotonic time."""
        self.pages = StatusPages(seed=seed, monotonic=monotonic, wall=wall, ids=self._ids)
        """The declarations of the status pages; they are independent of the services and share their ids."""

    def add(self, what: Behaviour, *, seconds: float | None = None) -> int:
        """Put a behaviour in force, for good or for `seconds`; return its id. Raises `ValueError` above the limit."""
        now = self._monotonic()
        self._prune(now)
        if len(self._by_hand) >= MOST_BEHAVIOURS:
            raise ValueError(f"more than {MOST_BEHAVIOURS} behaviours are in force")
        number = next(self._ids)
        until = None if seconds is None else now + seconds
        self._by_hand[number] = InForce(id=number, behaviour=what, until=until)
        return number

    def remove(self, number: int) -> bool:
        """Remove a behaviour or a declaration that was set over HTTP; return whether it existed."""
        return self._by_hand.pop(number, None) is not None or self.pages.remove(number)

    def clear(self) -> None:
        """Take back everything that was set by hand."""
        self._by_hand.clear()
        self.pages.clear()

    def in_force(self) -> list[InForce]:
        """Return what is in force now, the strongest first."""
        now = self._monotonic()
        self._prune(now)
        scenario = self.scenario(now) if self.scenario else []
        return [*reversed(self._by_hand.values()), *reversed(scenario)]

    def decide(self, *, provider: str, model: str, kind: Kind, streamed: bool = False, form: Form = "text") -> Decision:
        """Return what happens to a request: at most one fault, and the timing that goes with it."""
        struck: tuple[Fault, Mapping[str, Value]] | None = None
        pace: dict[str, float] = {}
        for entry in self.in_force():
            fault = FAULTS[entry.behaviour.fault]
            paced = fault.stage == "pace"
            if (struck and not paced) or (paced and fault.name in pace):
                continue
            if form not in fault.forms or (fault.streamed_only and not streamed):
                continue
            if not self._strikes(entry, fault, provider=provider, model=model, kind=kind):
                continue
            params = {**fault.params, **entry.behaviour.params}
            if paced:
                pace[fault.name] = float(next(iter(params.values())))
            else:
                struck = (fault, params)
        return Decision(
            fault=struck[0] if struck else None,
            params=struck[1] if struck else {},
            headers_seconds=pace.get("slow_headers", 0.0),
            first_token_seconds=pace.get("slow_first_token"),
            gap_seconds=pace.get("slow_stream"),
        )

    def fraction(self, *parts: object) -> float:
        """Return a number from 0 up to 1 that depends on the seed and `parts` alone."""
        return fraction(self._seed, *parts)

    def _strikes(self, entry: InForce, fault: Fault, *, provider: str, model: str, kind: Kind) -> bool:
        what = entry.behaviour
        if kind not in fault.kinds or what.kind not in {"*", kind}:
            return False
        if not (fnmatchcase(provider, what.provider) and fnmatchcase(model, what.model)):
            return False
        if what.count is not None and entry.struck >= what.count:
            return False
        entry.seen += 1
        if what.share < 1.0 and self.fraction("share", entry.id, entry.seen) >= what.share:
            return False
        entry.struck += 1
        return True

    def _prune(self, now: float) -> None:
        for number in [entry.id for entry in self._by_hand.values() if _over(entry, now)]:
            del self._by_hand[number]


def behaviour(fields: Mapping[str, Any]) -> Behaviour:
    """Build a behaviour from what a person wrote. Raises `ValueError` with every problem, one a line."""
    problems = [*_problems(fields)]
    if problems:
        raise ValueError("\n".join(problems))
    known = {name: value for name, value in fields.items() if value is not None}
    return Behaviour(**known)


def _problems(fields: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown_keys(fields, ("fault", "provider", "model", "kind", "share", "count", "params"))
    for name in ("provider", "model"):
        if not isinstance(fields.get(name, "*"), str | None):
            yield f"{name}: must be a text"
    if fields.get("kind", "*") not in (None, *_KINDS):
        yield f"kind: must be one of {', '.join(_KINDS)}"
    yield from share_and_count_problems(fields)
    fault = fields.get("fault")
    if not isinstance(fault, str):
        yield "fault: required, the name of a fault"
    elif fault not in FAULTS:
        yield f"fault: there is no fault {fault!r}{hint(fault, FAULTS)}"
    else:
        yield from param_problems(fault, FAULTS[fault].params, fields.get("params"))


def _over(entry: InForce, now: float) -> bool:
    spent = entry.behaviour.count is not None and entry.struck >= entry.behaviour.count
    return spent or (entry.until is not None and now >= entry.until)
