"""Targets and results: the frozen data that all rooms share.

`config/` builds targets from YAML, `probes/` make results, the other rooms read them. Behaviour does not belong here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from aiprobe.core.credential import CredentialSource
from aiprobe.core.followups import FollowUps
from aiprobe.core.kind import Golden, HttpExpectation, ProbeKind
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.core.secret import Secret
from aiprobe.core.suspicion import Tuning

_ANY_REPLY: Final = HttpExpectation()
IDENTITY_LABELS: Final = ("target", "provider", "account", "surface", "model", "provider_region", "probe", "vantage")
"""The labels of every series of a target, in this order."""


class Attempt(StrEnum):
    """Why a probe ran: by the schedule, or to follow a failure up."""

    SCHEDULED = "scheduled"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """The four limits of one probe, in seconds, each greater than 0.

    `connect` covers resolve, connect and TLS together; `first_token` runs from the sent request to the
    first content; `stall` is the longest allowed silence after that; `total` covers everything.
    """

    connect: float = 5.0
    first_token: float = 20.0
    stall: float = 15.0
    total: float = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of a model's tokens in USD per million tokens, with its source and date."""

    input_usd: float
    output_usd: float
    cached_input_usd: float | None = None
    source: str = field(default="", compare=False)
    """Where the price stands: no part of what a target is, so that moving a line disturbs no probe."""
    read_on: str = field(default="", compare=False)
    """ISO date; empty when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How a credential is sent: `header: prefix + key`."""

    header: str = "authorization"
    prefix: str = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One account at one provider: its address, its credential, and its differences from the protocol.

    `config/schema/provider.py` describes the fields that are keys of the configuration.
    """

    key: str
    """The name in the config file; unique. The value of the label `account`."""
    name: str
    """OpenTelemetry's `gen_ai.provider.name`, or the key of a gateway: the value of the label `provider`."""
    former_name: str = ""
    """The label `provider` of a gateway in journals that have no accounts; empty where it is `name`."""
    is_gateway: bool = False
    """A gateway or a server of one's own: each of its models can fail alone, and be probed by another shard."""
    display_name: str
    protocol: str
    """A key of `protocols.PROTOCOLS`."""
    base_url: str
    """As the official SDK takes it; no slash at the end."""
    api_key: Secret | None = None
    credential: CredentialSource | None = None
    """The source of a credential that changes; there is no `api_key` then."""
    auth: Auth = Auth()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Extra request headers. A value that came from a secret is listed in the redactor as well."""
    egress: bool = True
    """False if it is reached without the Internet: a failed egress check does not exclude its failures."""
    proxy: Secret | None = None
    """`http://[user:password@]host:port`; secret because of the password."""
    ca_file: str | None = None
    tls_verify: bool = True
    ip_family: Literal["any", "ipv4", "ipv6"] = "any"
    address_fallback: bool = False
    token_cap_field: str = "max_completion_tokens"  # noqa: S105 - tokens of text, not of access
    include_usage: bool = True
    models_path: str | None = None
    request_id_headers: tuple[str, ...] = ()
    """Response headers, lower case, the first present wins; before the protocol's own."""
    extra_body: Mapping[str, object] = field(default_factory=dict)
    status_page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyObjective:
    """`objective` (a ratio in (0, 1)) of the valid probes must be below `below_seconds`."""

    below_seconds: float
    objective: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughputObjective:
    """`objective` (a ratio in (0, 1)) of the valid probes must stream at `above_tokens_per_second` or faster."""

    above_tokens_per_second: float
    objective: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """The SLOs of one target; a ratio in (0, 1) each, None where there is none."""

    availability: float | None = 0.995
    correctness: float | None = None
    time_to_first_token: LatencyObjective | None = None
    duration: LatencyObjective | None = None
    throughput: ThroughputObjective | None = None
    period_seconds: float = 30 * 86400.0

    @property
    def ratios(self) -> Mapping[str, float]:
        """Return the objective of each SLO that there is, by its name."""
        parts = (self.time_to_first_token, self.duration, self.throughput)
        first_token, duration, throughput = (part.objective if part else None for part in parts)
        ratios = {
            "availability": self.availability,
            "correctness": self.correctness,
            "time_to_first_token": first_token,
            "duration": duration,
            "throughput": throughput,
        }
        return {slo: ratio for slo, ratio in ratios.items() if ratio is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target of probes: a provider's surface, model and kind of probe, with its schedule.

    `config/schema/target.py` describes the fields that are keys of the configuration.
    """

    name: str
    provider: Provider
    kind: ProbeKind
    surface: str = ""
    model: str = ""
    provider_region: str = ""
    vantage: str = ""
    display_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The user's own labels; they go on `aiprobe_target_info` only."""
    interval_seconds: float = 60.0
    timeouts: Timeouts = Timeouts()
    objectives: Objectives = Objectives()
    stream: bool = True
    connection: Literal["fresh", "reuse"] = "fresh"
    follow_ups: FollowUps = "adaptive"
    tuning: Tuning = field(default_factory=Tuning)
    """When a doubt about it becomes certain."""
    count_rate_limits: bool = False
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Its own request headers, by names in lower case; `provider.headers` has them as well. A value may be a secret."""
    expect: HttpExpectation = _ANY_REPLY
    ask: str = "repeat"
    """Which question of its kind; see `ProbeKind.questions`."""
    golden: Golden | None = None
    turns: int = 3
    input_tokens: int | None = None
    output_tokens: int | None = None
    max_output_tokens: int | None = None
    """The token cap; None lets the probe choose one that fits the model family."""
    reasoning: str | None = None
    """How the model's reasoning is kept low, in the protocol's own value (`none`, `minimal`, `disabled`,
    a thinking budget as digits, ...); None sends nothing."""
    extra_body: Mapping[str, object] = field(default_factory=dict)
    price: Price | None = None
    model_prices: Mapping[str, Price] = field(default_factory=dict, compare=False, repr=False)
    """Prices of the provider's models, for a reply that another model than the one asked for wrote."""
    family: str = field(default="", compare=False)
    """Why a model behind a gateway has its cap and price, for `aiprobe check`; empty where nothing was inferred."""

    @property
    def probe(self) -> str:
        """Return the name of the kind: the value of the label `probe`."""
        return self.kind.name

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the values of `IDENTITY_LABELS`, in their order."""
        return (
            self.name,
            self.provider.name,
            self.provider.key,
            self.surface,
            self.model,
            self.provider_region,
            self.probe,
            self.vantage,
        )

    @property
    def former_identity(self) -> tuple[str, ...]:
        """Return the identity under which journals without accounts are read: its account is empty."""
        name, provider, _, *rest = self.identity
        return (name, self.provider.former_name or provider, "", *rest)

    @property
    def wiring(self) -> tuple[str, ...]:
        """Return how the target is reached and authenticated. It contains secrets: store only a hash of it."""
        provider = self.provider
        key, proxy = (secret.reveal() if secret else "" for secret in (provider.api_key, provider.proxy))
        return (
            provider.protocol,
            provider.base_url,
            provider.models_path or "",
            self.url or "",
            self.model,
            self.probe,
            proxy,
            key,
            repr(provider.credential),
            *map(": ".join, self.headers.items()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """One limit in the provider's response headers; amounts in the resource's own unit."""

    resource: str
    """From a closed set per protocol, such as `requests`, `tokens`, `input_tokens`."""
    limit: float | None = None
    remaining: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The measurements of one probe. Times are seconds; None means that it did not happen or was not reported."""

    outcome: Outcome
    detail: str = ""
    """One line for people. May quote the server: redacted before it leaves the process, never a label."""
    started_timestamp_seconds: float = 0.0
    """Unix time."""
    duration_seconds: float = 0.0
    phases: Mapping[str, float] = field(default_factory=dict)
    """Those of `kind.PHASES` that happened, each the time it took."""
    http_status: int | None = None
    request_id: str | None = None
    error_type: str | None = None
    """The provider's own name for the error, for the journal and the log."""
    from_in_front: bool = False
    """A 403 or 404 of the infrastructure in front of the API, or of another place that `base_url` names."""
    time_to_first_token_seconds: float | None = None
    """From the start of the probe to the first non-empty content of any sort, reasoning included."""
    time_to_first_output_token_seconds: float | None = None
    """From the start of the probe to the first visible text, where the model showed reasoning first."""
    stream_max_gap_seconds: float | None = None
    time_per_output_token_seconds: float | None = None
    output_tokens_per_second: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    """All that was billed as output, reasoning included."""
    reasoning_tokens: int | None = None
    cached_input_tokens: int | None = None
    cost_usd: float | None = None
    """None when the model has no price: unknown, never free."""
    response_model: str | None = None
    wrong_model: bool | None = None
    """Whether a gateway answered with another model than it was asked for; None where that cannot be seen."""
    fixed_input_tokens: int | None = None
    """What a prompt had whose bytes are always the same; see `chat.py`."""
    system_fingerprint: str | None = None
    """The build of the service that answered, where a reply states it."""
    call_id: str | None = None
    """Of the first tool call."""
    answer: str | None = None
    """The visible text, cut at 200 characters."""
    rate_limits: tuple[RateLimit, ...] = ()
    retry_after_seconds: float | None = None
    server_seconds: float | None = None
    """The provider's own processing time (`server-timing`, `openai-processing-ms`)."""
    load_seconds: float | None = None
    """The time that a self-hosted service reports for loading the model: a cold start, not an outage."""
    provider_region: str | None = None
    """The region in the reply; the label of the series is the target's own."""
    deployment: str | None = None
    """Which deployment answered, where a provider has several behind one name (Azure)."""
    tls_certificate_not_after_timestamp_seconds: float | None = None
    remote_address: str | None = None
    connections_tried: int = 0
    """Addresses tried; above 1 only where the provider has `address_fallback`."""
    bytes_received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChange:
    """Something else answers than before."""

    what: str
    """A value of the label `what` of `aiprobe_model_changes_total`."""
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A result with its verdicts and states, as metrics, journal, log and pages receive it."""

    target: Target
    result: Result
    attempt: Attempt
    verdict: Verdict
    """For availability."""
    slo_verdicts: Mapping[str, Verdict]
    """By SLO name, for each objective of the target. Empty for an attempt that is not scheduled."""
    egress_down: bool = False
    maintenance: bool = False
    """The target was in maintenance: every SLO excludes the result, and `verdict` remains what it was."""
    consecutive_failures: int = 0
    """After this result."""
    state: int | None = None
    """0 operational, 1 degraded, 2 partial outage, 3 major outage; None while nothing was validly probed."""
    suspicion: float = 0.0
    """Of an impairment, in nats, after this result."""
    failing_since: float | None = None
    """Unix time of the first failure of the doubt that lasts; None without a doubt."""
    model_changes: tuple[ModelChange, ...] = ()
    """What shows since this reply that something else answers."""
