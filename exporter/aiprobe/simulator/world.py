"""What every provider does now: the behaviours in force, which of them strikes a request, and for how long.

Deterministic: the same seed, behaviours and requests give the same faults. Time comes from an injected clock.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Final

from aiprobe.simulator.faults import FAULTS, Fault, Kind, Value

MOST_BEHAVIOURS: Final = 1_000
_KINDS: Final = ("*", "chat", "embeddings", "models", "web", "egress")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """A fault, and whom it strikes. Build it with `behaviour`, which checks it."""

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

    def __init__(self, *, seed: int = 1, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seed = seed
        self._monotonic = monotonic
        self._by_hand: dict[int, InForce] = {}
        self._ids = count(1)
        self.scenario: Callable[[float], list[InForce]] | None = None
        """Returns the behaviours of the time line at a monotonic time."""

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
        """Take a behaviour that was set by hand out of force; tell whether there was one."""
        return self._by_hand.pop(number, None) is not None

    def clear(self) -> None:
        """Take every behaviour that was set by hand out of force."""
        self._by_hand.clear()

    def in_force(self) -> list[InForce]:
        """Return what is in force now, the strongest first."""
        now = self._monotonic()
        self._prune(now)
        scenario = self.scenario(now) if self.scenario else []
        return [*reversed(self._by_hand.values()), *reversed(scenario)]

    def decide(self, *, provider: str, model: str, kind: Kind, streamed: bool = False) -> Decision:
        """Say what happens to a request: at most one fault, and the timing that goes with it."""
        struck: tuple[Fault, Mapping[str, Value]] | None = None
        pace: dict[str, float] = {}
        for entry in self.in_force():
            fault = FAULTS[entry.behaviour.fault]
            paced = fault.stage == "pace"
            if (struck and not paced) or (paced and fault.name in pace):
                continue
            if not self._strikes(entry, fault, provider=provider, model=model, kind=kind, streamed=streamed):
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

    def _strikes(self, entry: InForce, fault: Fault, *, provider: str, model: str, kind: Kind, streamed: bool) -> bool:
        what = entry.behaviour
        if kind not in fault.kinds or what.kind not in {"*", kind}:
            return False
        if fault.streamed_only and not streamed:
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


def fraction(*parts: object) -> float:
    """Return a number from 0 up to 1 that depends on `parts` alone, the same in every process."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def behaviour(fields: Mapping[str, Any]) -> Behaviour:
    """Build a behaviour from what a person wrote. Raises `ValueError` with every problem, one a line."""
    problems = [*_problems(fields)]
    if problems:
        raise ValueError("\n".join(problems))
    known = {name: value for name, value in fields.items() if value is not None}
    return Behaviour(**known)


def _problems(fields: Mapping[str, Any]) -> Iterator[str]:
    names = ("fault", "provider", "model", "kind", "share", "count", "params")
    for name in fields:
        if name not in names:
            yield f"{name}: unknown key{_hint(name, names)}"
    for name in ("provider", "model"):
        if not isinstance(fields.get(name, "*"), str | None):
            yield f"{name}: must be a text"
    if fields.get("kind", "*") not in (None, *_KINDS):
        yield f"kind: must be one of {', '.join(_KINDS)}"
    share = fields.get("share")
    if share is not None and not (_is_number(share) and 0 <= share <= 1):
        yield "share: must be a number from 0 to 1"
    how_many = fields.get("count")
    if how_many is not None and not (isinstance(how_many, int) and not isinstance(how_many, bool) and how_many > 0):
        yield "count: must be an integer above 0"
    fault = fields.get("fault")
    if not isinstance(fault, str):
        yield "fault: required, the name of a fault"
    elif fault not in FAULTS:
        yield f"fault: there is no fault {fault!r}{_hint(fault, FAULTS)}"
    else:
        yield from _param_problems(FAULTS[fault], fields.get("params"))


def _param_problems(fault: Fault, params: object) -> Iterator[str]:
    if params is None:
        return
    if not isinstance(params, Mapping):
        yield "params: must be a mapping"
        return
    for name, value in params.items():
        default = fault.params.get(name)
        if default is None:
            taken = f"it takes {', '.join(fault.params)}" if fault.params else "it takes none"
            yield f"params.{name}: {fault.name} has no such parameter; {taken}"
        elif isinstance(default, str) and not isinstance(value, str):
            yield f"params.{name}: must be a text"
        elif not isinstance(default, str) and not (_is_number(value) and 0 <= value <= 1e9):
            yield f"params.{name}: must be a number from 0 to 1e9"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _hint(word: object, names: Any) -> str:
    near = get_close_matches(str(word), list(names), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _over(entry: InForce, now: float) -> bool:
    spent = entry.behaviour.count is not None and entry.struck >= entry.behaviour.count
    return spent or (entry.until is not None and now >= entry.until)
