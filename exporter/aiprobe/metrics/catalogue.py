"""Every metric that aiprobe exposes: its name, its meaning, and when it has a series.

Those of the targets are in `targetmetrics.py`.

Recorder, exposition and the reference page read this table; no other module contains a name or a help text.
`recorder.py` calculates the values, `openmetrics.py` formats them.
"""

from typing import Final

from aiprobe.core.model import IDENTITY_LABELS
from aiprobe.metrics import targetmetrics
from aiprobe.metrics.metric import Kind, Metric, counter, gauge, histogram, info

EVENT_VERDICTS: Final = ("good", "bad", "excluded")
SLOS: Final = ("availability", "correctness", "time_to_first_token", "duration", "throughput")
SKIP_REASONS: Final = ("budget", "backoff", "follow_ups")
RATE_LIMIT_RESOURCES: Final = frozenset(
    f"{what}{per}"
    for what in ("requests", "tokens", "input_tokens", "output_tokens", "images", "credits")
    for per in ("", "_second", "_minute", "_hour", "_day", "_month", "_usage_based")
)
"""What a provider may limit; a resource outside this set gets no series, so headers cannot make up labels."""

_LAG: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)

TARGET_METRICS: Final = targetmetrics.METRICS
_COMPONENT: Final = ("page", "component", "provider", "surface")
_SURFACE: Final = ("provider", "surface")
STATUS_METRICS: Final[tuple[Metric, ...]] = (
    gauge(
        "status_page_up",
        "1 if the last poll could read the status page, else 0. Not a statement about its provider.",
        "page",
    ),
    gauge(
        "status_page_polled_timestamp_seconds",
        "When the status page was last read with success, Unix time.",
        "page",
        unit="seconds",
    ),
    gauge(
        "status_page_updated_timestamp_seconds",
        "When the status page was last edited by its own date, Unix time. An old date does not mean a stale page.",
        "page",
        unit="seconds",
    ),
    gauge(
        "status_page_problem",
        "1 while this is wrong with the status page itself, else 0. Components of a page that is frozen or cannot be "
        "read have no state.",
        "page",
        "problem",
    ),
    gauge(
        "status_catalogue_age_days",
        "Days since the page's entry of the catalogue was verified. No series for an entry that nobody verified.",
        "page",
        unit="days",
    ),
    gauge(
        "status_component_state",
        "What the page declares: 0 operational, 1 degraded, 2 partial, 3 major outage. No series while it is unknown.",
        *_COMPONENT,
    ),
    gauge(
        "status_component_maintenance", "1 while the page declares maintenance of the component, else 0.", *_COMPONENT
    ),
    info(
        "status_component_info",
        "The page's own word for the component's status, from a closed set.",
        *_COMPONENT,
        "word",
    ),
    gauge(
        "status_component_listed",
        "1 if the page lists the watched component, 0 once it has disappeared. Absent before the first reading.",
        *_COMPONENT,
    ),
    gauge(
        "market_uptime_ratio",
        "Share of the requests of a router's users that the provider answered in the last half hour, 0-1.",
        "provider",
        "model",
        "source",
        unit="ratio",
    ),
    gauge("status_incidents", "Incidents that the page has not resolved.", "page", "impact"),
    gauge(
        "disagreement",
        "1 while we see an outage that the page does not declare (undeclared), or the reverse (unobserved); else 0.",
        *_SURFACE,
        "kind",
    ),
    gauge(
        "undeclared_seconds",
        "How long the current outage is undeclared, from its first bad probe on; 0 without one.",
        *_SURFACE,
        unit="seconds",
    ),
    gauge(
        "last_declaration_lag_seconds",
        "From our first bad probe to the page's first declaration, in the last outage in which we were first.",
        *_SURFACE,
        unit="seconds",
    ),
    gauge(
        "last_declaration_lead_seconds",
        "From the page's first declaration to our first bad probe, in the last outage in which the page was first.",
        *_SURFACE,
        unit="seconds",
    ),
    gauge("incidents_observed", "Observed incidents that are kept, open and closed.", *_SURFACE, "open"),
)
"""What providers declare, and how that agrees with what the probes saw."""

SLA_METRICS: Final[tuple[Metric, ...]] = (
    gauge(
        "sla_uptime_ratio",
        "Uptime of the contract's period so far by its own rule; low counts unknown minutes as down, high as up.",
        "contract",
        "bound",
        unit="ratio",
    ),
    gauge("sla_projected_uptime_ratio", "Projected uptime of the whole period.", "contract", unit="ratio"),
    gauge("sla_burn_rate", "How many times faster than allowed the contract's downtime is used.", "contract"),
    gauge(
        "sla_allowance_remaining_seconds",
        "Downtime until the contract is breached in this period; below 0 after that.",
        "contract",
        unit="seconds",
    ),
    gauge(
        "sla_credit_ratio",
        "Credit that the uptime so far earns, as a ratio of the bill.",
        "contract",
        "bound",
        unit="ratio",
    ),
    gauge(
        "sla_credit_usd",
        "The same in USD, if the monthly spend is configured. An estimate.",
        "contract",
        "bound",
        unit="usd",
    ),
    gauge(
        "sla_coverage_ratio",
        "Share of the period's minutes so far with a valid probe.",
        "contract",
        unit="ratio",
    ),
    gauge(
        "sla_claim_deadline_timestamp_seconds",
        "Deadline for claiming the credit, Unix time. No series while there is nothing to claim.",
        "contract",
        unit="seconds",
    ),
)
"""The period of the providers' contracts so far."""

GROUP_METRICS: Final[tuple[Metric, ...]] = (
    gauge("group_up", "1 if a target of the group serves, 0 if none does. No series while that is unknown.", "group"),
    gauge("group_member", "1 for each target of the group that this exporter probes.", "group", "target"),
    gauge(
        "group_availability_ratio",
        "Share of valid minutes in which a target of the group served: the availability with failover.",
        "group",
        "window",
        unit="ratio",
    ),
)

DISCOVERY_METRICS: Final[tuple[Metric, ...]] = (
    gauge("discovery_up", "1 if the source of discovery was read last time, else 0.", "source"),
    gauge(
        "discovery_last_read_timestamp_seconds",
        "When the source of discovery was last read, Unix time.",
        "source",
        unit="seconds",
    ),
    gauge(
        "discovery_targets",
        "Targets that a source of discovery names: probed, or left_out for a limit, the budget or a mistake.",
        "source",
        "state",
    ),
)
"""The sources of targets."""

EXPORTER_METRICS: Final[tuple[Metric, ...]] = (
    gauge(
        "surface_state",
        "State of a surface over its targets: 0 operational, 1 degraded, 2 partial outage, 3 major outage.",
        "provider",
        "surface",
        "provider_region",
    ),
    gauge(
        "maintenance",
        "1 while a target is in maintenance: its SLOs exclude every result, and its alerts are silent. Else no series.",
        *IDENTITY_LABELS[:-1],
    ),
    gauge("egress_up", "1 if the host of this egress check answered last time, else 0: is it us?", "check"),
    gauge(
        "egress_contradicted",
        "1 while no egress check answers and targets on the Internet do: then the checks prove nothing, else 0.",
    ),
    gauge("budget_usd", "Budget of one UTC day. No series without a budget.", unit="usd"),
    gauge("budget_spent_usd", "Cost of this UTC day so far, kept over restarts.", unit="usd"),
    histogram("scheduler_lag_seconds", "Delay of the start of scheduled probes.", _LAG),
    histogram("event_loop_lag_seconds", "Delay with which the event loop woke a sleeper.", _LAG),
    gauge("probes_in_flight", "Running probes."),
    gauge("journal_up", "1 if the journal can be written, else 0."),
    counter("journal_errors_total", "Writes and reads of the journal that failed."),
    counter("journal_dropped_total", "Results that were lost because the journal's disk failed or was too slow."),
    gauge("journal_size_bytes", "Size of the journal's files, with those set aside.", unit="bytes"),
    gauge(
        "journal_seal",
        "The first 52 bits of the newest seal of evidence, so that Prometheus is an independent witness.",
    ),
    gauge("journal_last_commit_timestamp_seconds", "When the journal last committed, Unix time.", unit="seconds"),
    gauge("config_last_reload_successful", "1 if the last load of the configuration succeeded, else 0."),
    gauge(
        "config_last_reload_success_timestamp_seconds",
        "When the configuration was last loaded successfully, Unix time.",
        unit="seconds",
    ),
    *DISCOVERY_METRICS,
    *STATUS_METRICS,
    *SLA_METRICS,
    *GROUP_METRICS,
    info("build_info", "Version of aiprobe and of Python.", "version", "python_version", "python_implementation"),
)
"""Families of the exporter itself, in the order of exposition. Their only other label is `vantage`, where it is set."""

METRICS: Final = TARGET_METRICS + EXPORTER_METRICS

PROCESS_METRICS: Final = (
    ("process_virtual_memory_bytes", Kind.GAUGE),
    ("process_resident_memory_bytes", Kind.GAUGE),
    ("process_start_time_seconds", Kind.GAUGE),
    ("process_cpu_seconds_total", Kind.COUNTER),
    ("process_open_fds", Kind.GAUGE),
    ("process_max_fds", Kind.GAUGE),
)
"""Of prometheus-client, on Linux; without the prefix, as every Prometheus dashboard expects them."""
