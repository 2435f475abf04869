"""The evidence that the journal stores and contracts evaluate: hours of minutes, and complete failed probes; and the
contract that an operator names for some targets.

Pure data and its byte encoding. Writing it to disk belongs in `journal/`, evaluating it in `contracts/`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

MINUTES_PER_HOUR: Final = 60
HOUR_SECONDS: Final = 3600
MAINTENANCE: Final = "maintenance"
"""Under this name, beside the SLOs, stand the availability verdicts of a maintenance, which the SLOs exclude."""
UNKNOWN_MINUTE: Final = 0x00
EXCLUDED_MINUTE: Final = 0xFF
_MOST: Final = 14
"""The maximum of good or bad probes in a nibble; larger counts are scaled down and keep their ratio."""


class Minute(NamedTuple):
    """The probes of one minute: counts of availability verdicts, (0, 0, 0) without probes."""

    good: int = 0
    bad: int = 0
    excluded: int = 0

    @property
    def valid(self) -> int:
        """Return how many probes count."""
        return self.good + self.bad


def encode_minute(minute: Minute) -> int:
    """Return one byte: 0x00 unknown, 0xFF excluded only, else good in the high nibble and bad in the low one.

    Above 14 of a kind the counts are scaled down together; a count that was not 0 stays at least 1.
    """
    if minute.valid == 0:
        return EXCLUDED_MINUTE if minute.excluded else UNKNOWN_MINUTE
    most = max(minute.good, minute.bad)
    scale = 1.0 if most <= _MOST else _MOST / most
    good, bad = (0 if count == 0 else max(1, round(count * scale)) for count in (minute.good, minute.bad))
    return good << 4 | bad


def decode_minute(code: int) -> Minute:
    """Reverse `encode_minute`; counts above 14 were scaled down."""
    if code == UNKNOWN_MINUTE:
        return Minute()
    if code == EXCLUDED_MINUTE:
        return Minute(excluded=1)
    return Minute(good=code >> 4, bad=code & 0x0F)


_DECODED: Final = [decode_minute(code) for code in range(256)]
GOOD_OF: Final = bytes(minute.good for minute in _DECODED)
BAD_OF: Final = bytes(minute.bad for minute in _DECODED)
EXCLUDED_OF: Final = bytes(minute.excluded for minute in _DECODED)
"""Tables of `bytes.translate`, from the bytes of minutes to one of their counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRow:
    """One target's hour."""

    target: str
    hour: int
    """Unix time of the hour's start divided by 3600."""
    identity: tuple[str, ...]
    """Values of `core.model.IDENTITY_LABELS`."""
    minutes: bytes
    """Sixty bytes of `encode_minute`."""
    sums: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    """(good, bad, excluded) of scheduled probes by SLO name."""
    slo_minutes: Mapping[str, bytes] = field(default_factory=dict)
    """The same for every other SLO, by name: a restart rebuilds the short windows from it."""
    tokens_per_second: Sequence[float | None] | None = None
    """Sixty medians, one per minute, if a contract or SLO needs them."""


def with_maintenance(row: HourRow) -> bytes:
    """Return the minutes of an hour as they were without maintenance: its verdicts count as any other."""
    hidden = row.slo_minutes.get(MAINTENANCE)
    return row.minutes if hidden is None else bytes(map(_joined, row.minutes, hidden))


def _joined(code: int, hidden: int) -> int:
    if hidden == UNKNOWN_MINUTE:
        return code
    seen, more = decode_minute(code), decode_minute(hidden)
    return encode_minute(Minute(seen.good + more.good, seen.bad + more.bad, more.excluded))


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedProbe:
    """Everything that is stored of a probe that was not `ok`: the evidence for a claim."""

    started_timestamp_seconds: float
    target: str
    identity: tuple[str, ...]
    attempt: str
    outcome: str
    verdict: str
    http_status: int | None = None
    error_type: str | None = None
    request_id: str | None = None
    detail: str = ""
    phases: Mapping[str, float] = field(default_factory=dict)
    duration_seconds: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    egress_down: bool = False
    declared_state: str = ""
    """The status that the page declared at that moment, in the page's spelling; empty when unknown."""
    vantage: str = ""
    exporter_version: str = ""
    config_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractUse:
    """A contract of the operator: a shipped one, by name, or their own, by its terms."""

    name: str
    """The value of the label `contract`."""
    contract: str
    terms: Mapping[str, Any]
    """Empty for a shipped contract."""
    targets: tuple[str, ...]
    monthly_spend_usd: float | None = None
    accept_unverified: bool = False
    exclude_maintenance: bool = False
