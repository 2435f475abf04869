"""What status pages declare and what incidents were observed, as the web pages show it: flat, ready to be rendered."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """What a status page declares of one surface."""

    surface: str
    word: str
    """The page's own word, `unknown` where it has none."""
    state: int | None
    """0 operational to 3 major outage; None while that is unknown."""
    maintenance: bool = False
    declared_only: bool = False
    """Nothing of ours probes this surface: it is the page's word alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """One status page."""

    key: str
    display_name: str
    home: str = ""
    """The page for people."""
    up: bool
    """Whether the last poll could read it."""
    polled_timestamp_seconds: float | None = None
    """Unix time of the last successful poll."""
    detail: str = ""
    """Why it could not be read."""
    reason: str = ""
    """Why no program can read it; empty where one can."""
    components: Sequence[ComponentRow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """One observed incident in a sentence."""

    id: str
    sentence: str
    is_open: bool
    start_timestamp_seconds: float
    layer_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """The scheduled probes of one surface on one UTC day that were good or bad."""

    good: int
    bad: int
    hours: int
    """In how many hours of the day there was one."""

    @property
    def good_ratio(self) -> float | None:
        """Return the good share, 0-1; None without any."""
        return self.good / (self.good + self.bad) if self.good + self.bad else None
