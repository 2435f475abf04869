"""What the simulator saw: every request and connection, counted, so that a test can prove what was sent."""

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final, Literal

from aiprobe_simulator.wire.base import Kind

KEPT: Final = 10_000
"""Requests, token times and distinct counters that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request that arrived."""

    provider: str
    """Of a status page its name."""
    kind: Kind | Literal["status"]
    model: str
    method: str
    path: str
    request_id: str
    stream: bool
    fault: str | None
    """What was done to it."""
    credentials: bool
    """It carried a key, a token or a cookie."""


@dataclass(slots=True)
class Ledger:
    """The counts since the simulator started, or since `forget`."""

    connections: int = 0
    """TCP connections accepted, also those that never sent a request."""
    total: int = 0
    recent: deque[Seen] = field(default_factory=lambda: deque(maxlen=KEPT))
    first_token_sent: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """Monotonic seconds by request id (Gemini: `responseId`) at which the first token was handed to the socket."""
    _counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def record(self, seen: Seen) -> None:
        """Count one request."""
        self.total += 1
        self.recent.append(seen)
        key = (seen.provider, seen.kind, seen.model)
        self._counts[key if key in self._counts or len(self._counts) < KEPT else ("other", "other", "other")] += 1

    def sent_first_token(self, request_id: str, at: float) -> None:
        """Note when the first token of a reply was sent."""
        self.first_token_sent[request_id] = at
        while len(self.first_token_sent) > KEPT:
            self.first_token_sent.popitem(last=False)

    def count(self, *, provider: str | None = None, kind: str | None = None, model: str | None = None) -> int:
        """Return how many requests came, of all or of those that match."""
        wanted = (provider, kind, model)
        return sum(
            times
            for key, times in self._counts.items()
            if all(want is None or want == have for want, have in zip(wanted, key, strict=True))
        )

    def rows(self) -> list[dict[str, object]]:
        """Return the counts as plain data."""
        return [
            {"provider": provider, "kind": kind, "model": model, "requests": times}
            for (provider, kind, model), times in sorted(self._counts.items())
        ]

    def forget(self) -> None:
        """Start counting anew."""
        self.connections = self.total = 0
        self.recent.clear()
        self.first_token_sent.clear()
        self._counts.clear()
