"""Worlds of AI services as Prometheus would have scraped them: what happened goes in, OpenMetrics text comes out.

States, verdicts and sums over surfaces are the exporter's own; only the numbers of what happened are made up here.
One sample a minute; what was scraped depends on the minute alone, so a world is the same each time.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiprobe.core.outcomes import Outcome, availability_verdict
from aiprobe.core.state import State, TargetState, surface_state
from aiprobe.metrics.catalogue import METRICS

MINUTE = 60
OBJECTIVE = 0.995
Sample = tuple[str, dict[str, str], float]
Samples = Iterator[Sample]
Yields = Callable[..., Sample]
BUCKETS = {metric.short: metric.buckets for metric in METRICS if metric.buckets}


@dataclass(frozen=True, slots=True)
class Subject:
    """One target of a world."""

    target: str
    provider: str
    display_name: str
    surface: str
    model: str
    region: str = ""

    def labels(self, vantage: str) -> dict[str, str]:
        """Return the identity labels."""
        return {
            "target": self.target,
            "provider": self.provider,
            "account": self.provider,
            "surface": self.surface,
            "model": self.model,
            "provider_region": self.region,
            "probe": "chat" if self.model else "http",
            "vantage": vantage,
        }


SUBJECTS = (
    Subject("haiku-chat", "anthropic", "Anthropic", "Claude API", "claude-haiku"),
    Subject("sonnet-chat", "anthropic", "Anthropic", "Claude API", "claude-sonnet"),
    Subject("claude-web", "anthropic", "Anthropic", "claude.ai", ""),
    Subject("nano-chat", "openai", "OpenAI", "Chat Completions", "gpt-nano"),
    Subject("mini-responses", "openai", "OpenAI", "Responses", "gpt-mini"),
    Subject("flash-eu", "gcp.gemini", "Google Gemini", "Gemini API", "gemini-flash", "europe"),
    Subject("flash-us", "gcp.gemini", "Google Gemini", "Gemini API", "gemini-flash", "us"),
    Subject("ministral", "mistral_ai", "Mistral AI", "La Plateforme", "ministral"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """How one probe ended."""

    outcome: Outcome = Outcome.OK
    first_token: float = 0.4
    per_token: float = 0.02
    longest_gap: float = 0.15


OK = Answer()


def always_ok(_minute: int, _subject: Subject) -> Answer | None:
    """Answer well, always."""
    return OK


def page_is_calm(_minute: int, _provider: str, _surface: str) -> int | None:
    """Say operational, always."""
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What happens, minute by minute. None as an answer means that nothing was probed; as a page's word, unreadable."""

    name: str
    minutes: int = 180
    subjects: Sequence[Subject] = SUBJECTS
    answer: Callable[[int, Subject], Answer | None] = always_ok
    page: Callable[[int, str, str], int | None] = page_is_calm
    egress: Callable[[int], bool] = lambda _minute: True
    alive: Callable[[int], bool] = lambda _minute: True
    spent: float = 0.5
    overdrawn: Callable[[Subject], float] = lambda _subject: 0.0
    """The share of a target's error budget that was used up before."""
    vantage: str = "eu"
    recorded: bool = True
    beside: "World | None" = None
    """What another exporter saw at the same time, from another vantage."""
    truth: Mapping[tuple[str, str], float | None] = field(default_factory=dict)
    """(uid of a board, title of a stat) -> what it must show at the end; None: no value, so its words for nothing."""

    @property
    def surfaces(self) -> list[tuple[str, str]]:
        """Return provider and surface of all that is probed."""
        return sorted({(one.provider, one.surface) for one in self.subjects})


def render(world: World, end: float) -> Iterator[str]:
    """Yield the lines of OpenMetrics of a world that ends at `end`, Unix seconds."""
    scribes = [_Scribe(world, subject) for subject in world.subjects]
    hushed: Counter[tuple[str, str]] = Counter()
    for minute in range(world.minutes + 1):
        at = int(end) - (world.minutes - minute) * MINUTE
        if not world.alive(minute):
            yield f'up{{job="aiprobe",instance="one"}} 0 {at}'
            continue
        for scribe in scribes:
            scribe.probe(minute, at)
        samples: list[tuple[str, dict[str, str], float]] = []
        for scribe in scribes:
            samples += scribe.samples()
        samples += _of_surfaces(world, scribes, minute, hushed)
        samples += _of_exporter(world, minute, at)
        for name, labels, value in samples:
            inside = ",".join(f'{key}="{text}"' for key, text in labels.items() if text)
            yield f"{name}{{{inside}}} {value:.10g} {at}"
    yield "# EOF"


class _Scribe:
    """Keeps the counters of one target."""

    def __init__(self, world: World, subject: Subject) -> None:
        self.world, self.subject = world, subject
        self.identity = subject.labels(world.vantage)
        self.state = TargetState()
        self.results: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter(good=0, bad=0, excluded=0)
        self.costs: Counter[str] = Counter(good=0, bad=0, excluded=0)
        self.histograms: dict[str, list[float]] = {}
        self.history: deque[str] = deque(maxlen=1440)
        self.first_tokens: deque[float] = deque(maxlen=60)
        self.now = self.last_run = self.last_ok = 0
        self.skipped = self.tokens = 0
        self.ok = False
        self.last = OK

    def probe(self, minute: int, at: int) -> None:
        """Probe once."""
        self.now = at
        answer = self.world.answer(minute, self.subject)
        if answer is None:
            self.skipped += 1
            return
        verdict = availability_verdict(answer.outcome, egress_down=not self.world.egress(minute))
        self.state.record(verdict, started=at, poor=answer.first_token > 2)
        self.results[answer.outcome.value] += 1
        self.verdicts[verdict.value] += 1
        self.costs[verdict.value] += 1
        self.tokens += 10 * bool(self.subject.model)
        self.history.append(verdict.value)
        self.last_run, self.ok, self.last = at, answer.outcome is Outcome.OK, answer
        if self.ok:
            self.last_ok = at
            self._observe("duration_seconds", answer.first_token + 1)
        if self.ok and self.subject.model:
            self.first_tokens.append(answer.first_token)
            self._observe("time_to_first_token_seconds", answer.first_token)
            self._observe("time_to_first_output_token_seconds", answer.first_token + 0.2)
            self._observe("time_per_output_token_seconds", answer.per_token)
            self._observe("stream_max_gap_seconds", answer.longest_gap)

    def _observe(self, metric: str, value: float) -> None:
        told = self.histograms.setdefault(metric, [0.0] * (len(BUCKETS[metric]) + 2))
        for index, limit in enumerate(BUCKETS[metric]):
            told[index] += value <= limit
        told[-2] += 1
        told[-1] += value

    def error(self, minutes: int) -> float | None:
        """Return the share of bad among valid probes of the last minutes."""
        window = Counter(list(self.history)[-minutes:])
        valid = window["good"] + window["bad"]
        return window["bad"] / valid if valid else None

    def samples(self) -> Samples:
        """Yield what a scrape shows of this target."""

        def one(short: str, value: float, **labels: str) -> tuple[str, dict[str, str], float]:
            return f"aiprobe_{short}", self.identity | labels, value

        yield one("interval_seconds", MINUTE)
        names = {"display_name": self.subject.target, "provider_display_name": self.subject.display_name}
        yield one("target_info", 1, protocol="openai-chat", account="", **names)
        if not self.history:
            return
        yield one("last_run_timestamp_seconds", self.last_run)
        if self.last_ok:
            yield one("last_success_timestamp_seconds", self.last_ok)
        if self.fresh:
            yield from self._of_last_probe(one)
        yield from self._counters(one)
        yield one("slo_objective_ratio", OBJECTIVE, slo="availability")
        yield one("slo_period_seconds", 30 * 86400, slo="availability")
        left = (
            1
            - self.world.overdrawn(self.subject)
            - (self.error(1440) or 0) / (1 - OBJECTIVE) * min(len(self.history) / 43200, 1)
        )
        yield one("slo_error_budget_remaining_ratio", left, slo="availability")
        for window, minutes in (("1h", 60), ("6h", 360), ("3d", 1440)):
            if (error := self.error(minutes)) is not None:
                yield one("slo_burn_rate", error / (1 - OBJECTIVE), slo="availability", window=window)
        if self.world.recorded:
            yield from self._recorded(left)

    def _counters(self, one: Yields) -> Samples:
        for outcome, count in self.results.items():
            yield one("results_total", count, outcome=outcome, attempt="scheduled")
        for metric, told in self.histograms.items():
            for bound, observed in zip([*BUCKETS[metric], "+Inf"], told[:-1], strict=True):
                yield one(f"{metric}_bucket", observed, le=str(bound))
            yield one(f"{metric}_count", told[-2])
            yield one(f"{metric}_sum", told[-1])
        for kind, factor in (("input", 3), ("output", 2), ("reasoning", 1), ("cached_input", 1)):
            yield one(f"{kind}_tokens_total", self.tokens * factor)
        for verdict, count in self.costs.items():
            yield one("cost_usd_total", count * 0.0001 * bool(self.subject.model), verdict=verdict)
        yield one("skipped_total", self.skipped, reason="budget")
        for verdict, count in self.verdicts.items():
            yield one("slo_events_total", count, slo="availability", verdict=verdict)

    @property
    def known_state(self) -> State | None:
        """Return the state; None where nothing was validly probed, or not for three intervals."""
        return self.state.state if self.fresh else None

    @property
    def fresh(self) -> bool:
        """Tell whether the gauges of the last probe still stand."""
        return self.now - self.last_run <= 3 * MINUTE

    def _of_last_probe(self, one: Yields) -> Samples:
        yield one("success", self.ok)
        yield one("consecutive_failures", self.state.consecutive_failures)
        yield one("outage_suspicion", self.state.suspicion.nats)
        if self.state.state is not None:
            yield one("state", self.state.state)
        for phase, seconds in (
            ("connect", 0.02),
            ("tls", 0.03),
            ("first_byte", self.last.first_token / 2),
            ("first_token", self.last.first_token / 2),
            ("stream", self.last.per_token * 50),
        ):
            yield one("phase_duration_seconds", seconds, phase=phase)
        yield one("ratelimit_limit", 1000, resource="requests")
        yield one("ratelimit_remaining", 900, resource="requests")
        yield one("tls_certificate_not_after_timestamp_seconds", self.last_run + 40 * 86400)
        if self.subject.model:
            yield one("response_model_info", 1, response_model=f"{self.subject.model}-2026")
        if self.ok and self.subject.model:
            yield one("output_tokens_per_second", 1 / self.last.per_token)

    def _recorded(self, left: float) -> Samples:
        identity = {key: text for key, text in self.identity.items() if key != "vantage"}
        name = f"{self.subject.target}-availability"
        sloth = identity | {
            "slo": "availability", "sloth_id": name, "sloth_slo": name, "sloth_service": self.subject.provider
        }  # fmt: skip
        yield "slo:objective:ratio", sloth, OBJECTIVE
        yield "slo:error_budget:ratio", sloth, 1 - OBJECTIVE
        yield "slo:period_error_budget_remaining:ratio", sloth, left
        yield "slo:time_period:days", sloth, 30
        for window, minutes in (("5m", 5), ("30m", 30)):
            recent = Counter(list(self.history)[-minutes:])
            by_vantage = sloth | {"vantage": self.world.vantage}
            yield f"aiprobe:slo_bad:increase{window}", by_vantage, recent["bad"]
            yield f"aiprobe:slo_valid:increase{window}", by_vantage, recent["good"] + recent["bad"]
        windows = {"5m": 5, "30m": 30, "1h": 60, "2h": 120, "6h": 360, "1d": 1440, "3d": 1440, "30d": 1440}
        for window, minutes in windows.items():
            if (error := self.error(minutes)) is not None:
                yield f"slo:sli_error:ratio_rate{window}", sloth | {"sloth_window": window}, error
        if self.known_state is State.MAJOR_OUTAGE:
            yield "ALERTS", identity | {
                "alertname": "AIModelDown", "alertstate": "firing", "severity": "critical", "scope": "model"
            }, 1  # fmt: skip
        half_hour = list(self.first_tokens)[-30:]
        if half_hour:
            yield "aiprobe:time_to_first_token:count30m", identity, len(half_hour)
            yield "aiprobe:time_to_first_token:p95_30m", identity, sorted(half_hour)[int(0.95 * (len(half_hour) - 1))]
            yield (
                "aiprobe:time_to_first_token:median1h",
                identity,
                sorted(self.first_tokens)[len(self.first_tokens) // 2],
            )
            yield "aiprobe:time_per_output_token:count30m", identity, len(half_hour)
            yield "aiprobe:time_per_output_token:median30m", identity, 0.02


def _of_surfaces(world: World, scribes: Sequence[_Scribe], minute: int, hushed: Counter[tuple[str, str]]) -> Samples:
    here = {"vantage": world.vantage}
    for provider in sorted({provider for provider, _ in world.surfaces}) if world.recorded else ():
        states = [scribe.known_state for scribe in scribes if scribe.subject.provider == provider]
        if (state := surface_state(states)) is not None:
            yield "aiprobe:provider_down", {"provider": provider}, state >= State.PARTIAL_OUTAGE
    for provider, surface in world.surfaces:
        key = {"provider": provider, "surface": surface}
        mine = [
            scribe for scribe in scribes if (scribe.subject.provider, scribe.subject.surface) == (provider, surface)
        ]
        for region in sorted({scribe.subject.region for scribe in mine}):
            states = [scribe.known_state for scribe in mine if scribe.subject.region == region]
            if (state := surface_state(states)) is not None:
                yield "aiprobe_surface_state", key | {"provider_region": region} | here, state
        seen = surface_state([scribe.known_state for scribe in mine])
        said = world.page(minute, provider, surface)
        page = {"page": f"{provider}-page"}
        component = page | {"component": surface} | key | here
        yield "aiprobe_status_page_up", page | here, said is not None
        if said is not None:
            yield "aiprobe_status_component_state", component, said
            yield "aiprobe_status_component_maintenance", component, 0
            word = ("operational", "degraded_performance", "partial_outage", "major_outage")[said]
            yield "aiprobe_status_component_info", component | {"word": word}, 1
        if said is not None and seen is not None:
            undeclared = seen >= State.PARTIAL_OUTAGE and said == 0
            hushed[provider, surface] = (hushed[provider, surface] + 1) * undeclared
            unobserved = seen is State.OPERATIONAL and said >= State.PARTIAL_OUTAGE
            yield "aiprobe_disagreement", key | {"kind": "undeclared"} | here, undeclared
            yield "aiprobe_disagreement", key | {"kind": "unobserved"} | here, unobserved
            yield "aiprobe_undeclared_seconds", key | here, hushed[provider, surface] * MINUTE
        yield "aiprobe_last_declaration_lag_seconds", key | here, 600
        yield "aiprobe_last_declaration_lead_seconds", key | here, 60
        yield "aiprobe_incidents_observed", key | {"open": "true"} | here, (seen or 0) >= State.PARTIAL_OUTAGE
        yield "aiprobe_incidents_observed", key | {"open": "false"} | here, 1


def _of_exporter(world: World, minute: int, at: int) -> Samples:
    here = {"vantage": world.vantage}
    scraped = {"job": "aiprobe", "instance": "one"}
    yield "up", scraped, 1
    yield "scrape_duration_seconds", scraped, 0.1
    for name, value in (
        ("resident_memory_bytes", 9e7),
        ("open_fds", 50),
        ("max_fds", 1024),
        ("cpu_seconds_total", minute),
    ):
        yield f"process_{name}", scraped, value
    for check in ("https://one.example/trace", "https://two.example/204"):
        yield "aiprobe_egress_up", {"check": check} | here, world.egress(minute)
    for provider in sorted({provider for provider, _ in world.surfaces}):
        words = [world.page(minute, one, surface) for one, surface in world.surfaces if one == provider]
        page = {"page": f"{provider}-page"} | here
        if any(word is not None for word in words):
            yield "aiprobe_status_page_polled_timestamp_seconds", page, at
            yield "aiprobe_status_page_updated_timestamp_seconds", page, at - 3600
            yield "aiprobe_status_incidents", page | {"impact": "minor"}, 0
    gauges = {
        "budget_usd": 5, "budget_spent_usd": world.spent, "probes_in_flight": 2, "journal_up": 1,
        "journal_errors_total": 0, "journal_dropped_total": 0, "journal_size_bytes": 1e6,
        "journal_last_commit_timestamp_seconds": at, "journal_seal": 7,
        "config_last_reload_successful": 1, "config_last_reload_success_timestamp_seconds": at - minute * MINUTE,
    }  # fmt: skip
    for short, number in gauges.items():
        yield f"aiprobe_{short}", here, number
    for metric in ("scheduler_lag_seconds", "event_loop_lag_seconds"):
        for bound in [*BUCKETS[metric], "+Inf"]:
            yield f"aiprobe_{metric}_bucket", here | {"le": str(bound)}, minute * 10
        yield f"aiprobe_{metric}_count", here, minute * 10
        yield f"aiprobe_{metric}_sum", here, minute * 0.001
    contract = {"contract": "anthropic-priority"} | here
    for bound, uptime in (("low", 0.997), ("high", 0.999)):
        yield "aiprobe_sla_uptime_ratio", contract | {"bound": bound}, uptime
        yield "aiprobe_sla_credit_ratio", contract | {"bound": bound}, 0.1
        yield "aiprobe_sla_credit_usd", contract | {"bound": bound}, 120
    for short, number in (
        ("projected_uptime_ratio", 0.998), ("burn_rate", 2), ("allowance_remaining_seconds", 900),
        ("coverage_ratio", 0.99),
        ("claim_deadline_timestamp_seconds", at + 20 * 86400),
    ):  # fmt: skip
        yield f"aiprobe_sla_{short}", contract, number
    yield "aiprobe_group_up", {"group": "small"} | here, 1
    yield "aiprobe_group_member", {"group": "small", "target": "haiku"} | here, 1
    for window in ("1d", "30d"):
        yield "aiprobe_group_availability_ratio", {"group": "small", "window": window} | here, 0.9999
    yield (
        "aiprobe_build_info",
        {"version": "1", "python_version": "3.13", "python_implementation": "CPython"} | here | scraped,
        1,
    )
