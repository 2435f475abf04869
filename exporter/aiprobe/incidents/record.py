"""An observed incident as data: what was seen, what else happened meanwhile, and what the page said.

Frozen; `incidents` makes these, `incident_text` words them and `incident_schema` gives them their published form.
Times are Unix seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from aiprobe.core.kind import AnsweredBy
from aiprobe.core.state import State

MAX_WORDS: Final = 20
"""Changes of word kept per incident: the first ones and the last."""
MAX_NOTICES: Final = 5


class Layer(StrEnum):
    """Where the cause is suspected to lie."""

    INFERENCE = "inference"
    GATEWAY_OR_EDGE = "gateway_or_edge"
    CONTEXT_HANDLING = "context_handling"
    NETWORK_EDGE = "network_edge"
    MODEL = "model"
    WEB_FRONT_END = "web_front_end"
    UNKNOWN = "unknown"


class EgressControl(StrEnum):
    """What the checks of places that no AI provider runs said meanwhile."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Word(StrEnum):
    """What a page says about a component, in one spelling for all pages."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"
    """The page could be read and did not tell."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWord:
    """What the page said from this moment on."""

    timestamp_seconds: float
    word: Word
    page_word: str = ""
    """The page's own word; a stranger's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNotice:
    """An incident on the page that names the component and that was open meanwhile. A stranger's texts, cut."""

    id: str
    name: str
    impact: str
    status: str
    declared_timestamp_seconds: float
    url: str = ""
    """http or https, else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """What the status page said during the incident."""

    words: tuple[PageWord, ...] = ()
    """Each change, oldest first; the first one is what stood when the incident began."""
    words_omitted: int = 0
    first_declared_timestamp_seconds: float | None = None
    """The page's first word about it; before the start where the page was first, after the end where it was posted
    when all was over. None while it said nothing."""
    notices: tuple[PageNotice, ...] = ()

    def saying(self, words: Sequence[PageWord]) -> "PageRecord":
        """Return this record with these words, as many as are kept."""
        kept = words if len(words) <= MAX_WORDS else [*words[: MAX_WORDS - 1], words[-1]]
        return replace(self, words=tuple(kept), words_omitted=self.words_omitted + len(words) - len(kept))

    def after(self, before: "PageRecord") -> "PageRecord":
        """Return what was said from `before` on, which was recorded before a restart."""
        fresh = [word for word in self.words if not before.words or word.word is not before.words[-1].word]
        known = {notice.id for notice in self.notices}
        former = tuple(notice for notice in before.notices if notice.id not in known)
        joined = replace(self, words_omitted=before.words_omitted + self.words_omitted,
                         notices=(*former, *self.notices)[-MAX_NOTICES:])  # fmt: skip
        return joined.saying([*before.words, *fresh])


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTarget:
    """One target of the surface, and how it fared between start and end."""

    target: str
    probe: str
    answered_by: AnsweredBy
    model: str
    vantage: str
    failing: bool
    """Whether it was in a partial or major outage at some time of the incident."""
    long_prompt: bool = False
    """Whether its prompt is padded."""
    asked: int = 0
    """Scheduled probes with a verdict: good or bad."""
    answered: int = 0
    """Those of them that were good."""
    bad_outcomes: Mapping[str, int] = field(default_factory=dict)
    """Of every attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A stretch of time in which we saw a surface fail."""

    id: str
    """The same for the same provider, surface, region and start, whoever computes it."""
    provider: str
    provider_display_name: str
    surface: str
    provider_region: str
    start_timestamp_seconds: float
    """The first bad probe."""
    start_observed: bool
    """False when no good probe came before it: the incident may be older."""
    last_seen_timestamp_seconds: float
    """The last probe that was counted."""
    end_timestamp_seconds: float | None = None
    """The first good probe of the recovery; None while it is open."""
    end_observed: bool = True
    """False when probing stopped before a recovery was seen: the end is the last bad probe then."""
    max_state: State
    targets: tuple[IncidentTarget, ...]
    outcomes: Mapping[str, int]
    """Every attempt between start and end, by outcome."""
    http_statuses: Mapping[int, int]
    """Likewise, by HTTP status, of those that had one."""
    failures: Mapping[str, int]
    """The bad ones, by HTTP status where it was 400 or above, else by outcome."""
    other_providers: Mapping[str, bool]
    """Every other provider that was validly probed meanwhile: whether a target of it was in an outage too."""
    egress: EgressControl
    page: PageRecord | None
    """None when no status page is watched for this surface."""
    request_ids: tuple[str, ...]
    """Of failed probes, oldest first."""
    request_ids_omitted: int
    layer: Layer
    layer_reason: str
    gaps: tuple[tuple[float, float], ...] = ()
    """From the last probe before a restart of aiprobe to that restart, in Unix seconds, oldest first."""

    @property
    def asked(self) -> int:
        """Return the scheduled probes with a verdict between start and end."""
        return sum(target.asked for target in self.targets)

    @property
    def answered(self) -> int:
        """Return those of them that were good."""
        return sum(target.answered for target in self.targets)

    @property
    def answered_ratio(self) -> float | None:
        """Return the share that was answered; None when nothing was validly asked."""
        return self.answered / self.asked if self.asked else None

    @property
    def vantages(self) -> tuple[str, ...]:
        """Return the vantages from which it was seen, sorted."""
        return tuple(sorted({target.vantage for target in self.targets if target.failing}))
