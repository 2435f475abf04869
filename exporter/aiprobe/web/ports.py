"""What the web room asks of the rest: small interfaces and the rows that they hand over.

The rows are flat and hold no credential, so that a page or the API cannot show one by mistake; nothing here reads a
socket or renders anything.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiprobe.core.health import Health
from aiprobe.core.maintenance import Window
from aiprobe.core.model import Finished
from aiprobe.core.rows import DayRow, IncidentRow, PageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One finished probe as pages and API show it. Field names are those of `aiprobe probe --json`."""

    target: str
    started_timestamp_seconds: float
    """Unix time."""
    attempt: str
    outcome: str
    verdict: str
    """For availability: good, bad or excluded."""
    detail: str = ""
    """Redacted; still text of a stranger."""
    http_status: int | None = None
    request_id: str | None = None
    error_type: str | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    time_to_first_token_seconds: float | None = None
    duration_seconds: float = 0.0
    stream_max_gap_seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    response_model: str | None = None
    egress_down: bool = False
    maintenance: bool = False
    """The target was in maintenance: its SLOs exclude the result."""
    consecutive_failures: int = 0
    state: int | None = None


def result_row(finished: Finished) -> ResultRow:
    """Flatten a finished probe, which the scheduler has redacted."""
    result = finished.result
    return ResultRow(
        target=finished.target.name,
        started_timestamp_seconds=result.started_timestamp_seconds,
        attempt=finished.attempt.value,
        outcome=result.outcome.value,
        verdict=finished.verdict.value,
        detail=result.detail,
        http_status=result.http_status,
        request_id=result.request_id,
        error_type=result.error_type,
        phases=dict(result.phases),
        time_to_first_token_seconds=result.time_to_first_token_seconds,
        duration_seconds=result.duration_seconds,
        stream_max_gap_seconds=result.stream_max_gap_seconds,
        input_tokens=result.input_tokens,
        output_tokens=result.output_tokens,
        reasoning_tokens=result.reasoning_tokens,
        cost_usd=result.cost_usd,
        response_model=result.response_model,
        egress_down=finished.egress_down,
        maintenance=finished.maintenance,
        consecutive_failures=finished.consecutive_failures,
        state=finished.state,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """One configured target and how it stands now."""

    name: str
    display_name: str = ""
    provider: str
    """The value of the label `provider`."""
    provider_display_name: str = ""
    account: str = ""
    """The provider's key in the configuration."""
    surface: str = ""
    model: str = ""
    provider_region: str = ""
    probe: str
    vantage: str = ""
    interval_seconds: float
    state: int | None = None
    """0 operational to 3 major outage; None while nothing was validly probed."""
    silent: bool = False
    """True once the last run is older than three intervals: what was known is no longer shown as if it were so."""
    last: ResultRow | None = None
    consecutive_failures: int = 0
    spent_today_usd: float | None = None
    """None where the model has no price: unknown, never free."""
    skipped: str = ""
    """Why the last probe did not start (`budget`, `backoff`); empty when it did."""

    @property
    def shown_state(self) -> int | None:
        """Return the state that may be shown: none for a target that is silent or never ran."""
        return None if self.silent or self.last is None else self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the landing page shows about the exporter itself."""

    version: str
    vantage: str = ""
    started_timestamp_seconds: float = 0.0
    budget_usd: float | None = None
    """Per UTC day; None where there is no budget."""
    spent_usd: float = 0.0
    """Today, UTC."""
    egress: Mapping[str, bool] = field(default_factory=dict)
    """By check; empty when nothing is checked."""
    config_reload_ok: bool = True
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAnswer:
    """What came of a probe that somebody asked for through `/probe`."""

    result: ResultRow | None
    """None when no probe ran yet and none may start."""
    shared: bool = False
    """True when the result is one of an earlier call within the interval."""
    skipped: str = ""
    """Why no probe started (`budget`, `backoff`); empty when one ran or was shared."""
    debug: Mapping[str, str] = field(default_factory=dict)
    """Further lines for `debug=true`, redacted."""


class Targets(Protocol):
    """The configured targets of this shard. Answers come from memory, at once, as those of the other interfaces do."""

    def rows(self) -> Sequence[TargetRow]:
        """Return every configured target."""

    def results(self, target: str | None, limit: int) -> Sequence[ResultRow]:
        """Return at most `limit` results, newest first; of every target when `target` is None."""


class StatusPages(Protocol):
    """The status pages of the configured providers."""

    def rows(self) -> Sequence[PageRow]:
        """Return each page and what it declares."""


class Incidents(Protocol):
    """The observed incidents."""

    def rows(self) -> Sequence[IncidentRow]:
        """Return the open incidents and the latest closed ones."""

    def json(self, limit: int) -> Mapping[str, Any]:
        """Return every open incident and at most `limit` closed ones as a JSON document."""

    def markdown(self, limit: int) -> str:
        """Return the same as Markdown."""

    def ndjson(self, limit: int, since: float = 0.0) -> str:
        """Return those not over at `since` (Unix seconds) in the published form, one JSON object a line."""

    def feed(self) -> str:
        """Return the incidents as an Atom feed."""

    def statuspage(self, part: str) -> Mapping[str, Any] | None:
        """Return what was observed as one document of an Atlassian Statuspage, such as `summary`, or None."""

    def surfaces(self) -> Mapping[tuple[str, str], int | None]:
        """Return the state of each probed provider and surface: 0 to 3, None where nothing is validly known."""

    def verdict(self, provider: str) -> Mapping[str, Any] | None:
        """Return whether a provider or we fail, as a JSON document; None for a provider that is not probed."""

    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of one incident."""


class Uptime(Protocol):
    """What the journal has of the last 90 days."""

    async def days(self) -> Mapping[int, Mapping[tuple[str, str], DayRow]]:
        """Return the counts of each provider and surface by day (since 1970, UTC), oldest first."""


class Healths(Protocol):
    """How what is configured serves now; None where nothing that is probed here has the name."""

    def target(self, name: str) -> Health | None:
        """Return the health of a target."""

    def group(self, name: str) -> Health | None:
        """Return the health of a group."""

    def provider(self, name: str, surface: str | None = None) -> Health | None:
        """Return the health of a provider, or of one surface of it."""


class Maintenance(Protocol):
    """The windows of maintenance that requests begin."""

    def posted(self) -> Sequence[Window]:
        """Return those that have not ended."""

    def begin(self, targets: frozenset[str], providers: frozenset[str], *, seconds: float) -> Window | None:
        """Begin one now, of everything where it has no names; None where no more are accepted."""

    def end(self, window_id: str) -> bool:
        """End one; False where there is none of this id."""


class Metrics(Protocol):
    """The exposition, as `/metrics` and `/probe` serve it."""

    def negotiate(self, accept: str | None) -> str:
        """Return the content type to answer with for an `Accept` header."""

    def stream(self, content_type: str, *, gzip: bool) -> AsyncIterator[bytes]:
        """Yield the body in slices, compressed when asked; it is closed early when the reader goes away."""

    def target(self, name: str, content_type: str) -> bytes | None:
        """Return the series of one target, None for an unknown one."""


class OnDemand(Protocol):
    """Probes a target because a request asks for it."""

    async def probe(self, name: str, *, within_seconds: float | None = None) -> ProbeAnswer:
        """Probe a configured target, or share the result of this interval. Ends within the target's time-outs.

        Answers with what is known where the probe takes longer than `within_seconds`; the probe goes on.
        """


class Control(Protocol):
    """The exporter itself: how it stands, and what a request may set in motion."""

    def summary(self) -> Summary:
        """Return how the exporter itself stands."""

    async def reload(self) -> str | None:
        """Read the configuration again. Returns None, or the problems as redacted text."""

    async def save(self) -> bool:
        """Write what a restart goes on from; False where the disk does not take it."""

    def ready(self) -> str | None:
        """Return None when scrapes make sense, else why not yet."""

    def shown_config(self) -> str:
        """Return the running configuration as YAML, secrets masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All that the web room is given."""

    targets: Targets
    pages: StatusPages
    incidents: Incidents
    uptime: Uptime
    health: Healths
    maintenance: Maintenance
    metrics: Metrics
    on_demand: OnDemand
    control: Control
    with_mcp: bool = False
    """Whether agents are answered at `/mcp`."""
    status_addresses: Sequence[str] = ()
    """Where the public status page is served, and nothing else."""
    is_public: bool = False
    """Set by the server for the listener of that page."""
