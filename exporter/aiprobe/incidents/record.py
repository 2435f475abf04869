"""An observed incident as data: what the probes observed, what happened meanwhile, and what the page showed.

Frozen; `draft` makes these, `text` words them and `schema` gives them their form as JSON. Times are Unix seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from aiprobe.core.kind import AnsweredBy
from aiprobe.core.state import State

MAX_WORDS: Final = 20
"""Changes of the page's word that are kept per incident: the first ones and the last one."""
MAX_NOTICES: Final = 5


class Layer(StrEnum):
    """The suspected layer of the cause."""

    INFERENCE = "inference"
    GATEWAY_OR_EDGE = "gateway_or_edge"
    CONTEXT_HANDLING = "context_handling"
    NETWORK_EDGE = "network_edge"
    MODEL = "model"
    WEB_FRONT_END = "web_front_end"
    UNKNOWN = "unknown"


class EgressControl(StrEnum):
    """The result of the egress checks meanwhile."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Word(StrEnum):
    """The state of a component on a page, with the same names for all pages."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"
    """The page could be read and does not state it."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWord:
    """The page's state of the component from this time on."""

    timestamp_seconds: float
    word: Word
    page_word: str = ""
    """The page's own word; an external text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNotice:
    """An incident on the page that names the component and was open meanwhile. Its texts are external, and cut."""

    id: str
    name: str
    impact: str
    status: str
    declared_timestamp_seconds: float
    url: str = ""
    """http or https, else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """What the status page showed during the incident."""

    words: tuple[PageWord, ...] = ()
    """Each change, oldest first; the first one is the state at the start of the incident."""
    words_omitted: int = 0
    first_declared_timestamp_seconds: float | None = None
    """The page's first declaration of it: before the start if the page was first, after the end if it was posted
    later. None if there is none."""
    notices: tuple[PageNotice, ...] = ()

    def with_words(self, words: Sequence[PageWord]) -> "PageRecord":
        """Return this record with these words, cut to the kept number."""
        kept = words if len(words) <= MAX_WORDS else [*words[: MAX_WORDS - 1], words[-1]]
        return replace(self, words=tuple(kept), words_omitted=self.words_omitted + len(words) - len(kept))

    def after(self, before: "PageRecord") -> "PageRecord":
        """Return this record with `before`, a record from before a restart, in front of it."""
        fresh = [word for word in self.words if not before.words or word.word is not before.words[-1].word]
        known = {notice.id for notice in self.notices}
        former = tuple(notice for notice in before.notices if notice.id not in known)
        joined = replace(self, words_omitted=before.words_omitted + self.words_omitted,
                         notices=(*former, *self.notices)[-MAX_NOTICES:])  # fmt: skip
        return joined.with_words([*before.words, *fresh])


@dataclass(frozen=True, slots=True, kw_only=True)
class Restatement:
    """One change of what a closed incident stated."""

    timestamp_seconds: float
    field: str
    """The key of the published form that changed."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTarget:
    """One target of the surface, and its counts between start and end."""

    target: str
    probe: str
    answered_by: AnsweredBy
    model: str
    vantage: str
    failing: bool
    """Whether it was in a partial or major outage at some time during the incident."""
    long_prompt: bool = False
    """Whether its prompt is padded."""
    asked: int = 0
    """Scheduled probes with a verdict: good or bad."""
    answered: int = 0
    """The good ones of these."""
    bad_outcomes: Mapping[str, int] = field(default_factory=dict)
    """Bad attempts by outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A stretch of time in which the probes observed a failing surface."""

    id: str
    """Equal for the same provider, surface, region and start, in every exporter."""
    provider: str
    provider_display_name: str
    surface: str
    provider_region: str
    start_timestamp_seconds: float
    """The first bad probe."""
    start_observed: bool
    """False if no good probe came before it: the incident can be older."""
    last_seen_timestamp_seconds: float
    """The last counted probe."""
    end_timestamp_seconds: float | None = None
    """The first good probe of the recovery; None while it is open."""
    end_observed: bool = True
    """False if probing stopped before a recovery: the end is then the last bad probe."""
    max_state: State
    targets: tuple[IncidentTarget, ...]
    outcomes: Mapping[str, int]
    """Every attempt between start and end, by outcome."""
    http_statuses: Mapping[int, int]
    """The attempts with an HTTP status, by status."""
    failures: Mapping[str, int]
    """The bad attempts, by HTTP status if it is 400 or above, else by outcome."""
    other_providers: Mapping[str, bool]
    """Every other provider with valid probes meanwhile: whether one of its targets was also in an outage."""
    egress: EgressControl
    page: PageRecord | None
    """None if no status page is watched for this surface."""
    request_ids: tuple[str, ...]
    """Of failed probes, oldest first."""
    request_ids_omitted: int
    layer: Layer
    layer_reason: str
    gaps: tuple[tuple[float, float], ...] = ()
    """From the last probe before a restart of aiprobe to that restart, in Unix seconds, oldest first."""
    restated: tuple[Restatement, ...] = ()
    """Oldest first."""

    @property
    def revision(self) -> int:
        """Return how often what it states was published: 1, and one more for each restatement."""
        return 1 + len(self.restated)

    @property
    def asked(self) -> int:
        """Return the scheduled probes with a verdict between start and end."""
        return sum(target.asked for target in self.targets)

    @property
    def answered(self) -> int:
        """Return the good ones of these."""
        return sum(target.answered for target in self.targets)

    @property
    def answered_ratio(self) -> float | None:
        """Return the good share of these; None without any."""
        return self.answered / self.asked if self.asked else None

    @property
    def vantages(self) -> tuple[str, ...]:
        """Return the vantages that observed it, sorted."""
        return tuple(sorted({target.vantage for target in self.targets if target.failing}))
