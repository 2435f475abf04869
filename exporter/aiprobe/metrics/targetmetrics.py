"""The metrics of every target: name, meaning, and when there is a series. `catalogue.py` has all others."""

from typing import Final

from aiprobe.metrics.metric import Metric, counter, gauge, histogram, info, last

OUTPUT_TOKENS_FLOOR: Final = 16
"""Streams with fewer tokens after the first content have no time per token: too few to time."""

_DURATION: Final = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_FIRST_TOKEN: Final = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0)
_PER_TOKEN: Final = (0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 5.0)
_GAP: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0)

METRICS: Final[tuple[Metric, ...]] = (
    last("success", "1 if the last probe ended ok, else 0. For display only; no rule uses it."),
    last(
        "consecutive_failures",
        "Consecutive results that are bad for availability: reset by a good one, unchanged by an excluded one.",
    ),
    last(
        "outage_suspicion",
        "Evidence for an impairment, in nats: 0 without a doubt, 8.5 and more by default once it is certain.",
    ),
    last(
        "failing_since_timestamp_seconds",
        "When the first failure of the present doubt began, Unix time. No series without a doubt.",
        unit="seconds",
    ),
    last(
        "last_failure_http_status",
        "HTTP status of the latest failure of the present doubt, 0 if there was none. No series without a doubt.",
    ),
    last(
        "state",
        "0 operational, 1 degraded, 2 partial outage, 3 major outage. No series without a valid probe.",
    ),
    counter(
        "results_total",
        "Finished probes by outcome. A new outcome is 0 in the first whole scrape after it.",
        "outcome",
        "attempt",
    ),
    histogram("duration_seconds", "Duration of the whole probe; scheduled probes that ended ok.", _DURATION),
    histogram(
        "time_to_first_token_seconds",
        "From the start of the probe to the first content of any sort; scheduled probes that ended ok.",
        _FIRST_TOKEN,
    ),
    histogram(
        "time_to_first_output_token_seconds",
        "From the start of the probe to the first visible text, if reasoning came before it; scheduled and ok.",
        _FIRST_TOKEN,
    ),
    histogram(
        "time_per_output_token_seconds",
        f"Time per token streamed after the first content, from {OUTPUT_TOKENS_FLOOR} tokens on; scheduled and ok.",
        _PER_TOKEN,
    ),
    histogram(
        "stream_max_gap_seconds",
        "Longest silence between two events of one stream; scheduled probes that ended ok.",
        _GAP,
    ),
    last(
        "phase_duration_seconds",
        "Duration of each phase of the last probe. A phase that did not happen has no series.",
        "phase",
        unit="seconds",
    ),
    last(
        "output_tokens_per_second",
        "Speed of the stream after the first content, of the last probe that ended ok.",
        unit="tokens_per_second",
    ),
    counter("input_tokens_total", "Input tokens as billed, with cached ones.", unit="tokens"),
    counter("output_tokens_total", "Output tokens as billed, with reasoning.", unit="tokens"),
    counter("reasoning_tokens_total", "Output tokens that the model spent on reasoning.", unit="tokens"),
    counter("cached_input_tokens_total", "Input tokens that the provider served from its cache.", unit="tokens"),
    counter(
        "cost_usd_total",
        "Cost by the price table, by the availability verdict of the probe. Not counted for a model without a price.",
        "verdict",
        unit="usd",
    ),
    counter("skipped_total", "Probes that did not start, by reason. They are not results.", "reason"),
    last("ratelimit_limit", "Limit in the provider's last response headers.", "resource"),
    last("ratelimit_remaining", "Rest of the limit, by the provider's last response headers.", "resource"),
    last(
        "tls_certificate_not_after_timestamp_seconds",
        "Expiry of the certificate in the last handshake, Unix time.",
        unit="seconds",
    ),
    gauge("last_run_timestamp_seconds", "When the last probe ended, Unix time.", unit="seconds"),
    gauge(
        "last_success_timestamp_seconds", "When the last probe with the outcome ok ended, Unix time.", unit="seconds"
    ),
    gauge("interval_seconds", "Interval between two probes of the target.", unit="seconds"),
    info(
        "target_info",
        "Properties that can change without making it another target, and the labels of the configuration.",
        "protocol",
        "display_name",
        "provider_display_name",
    ),
    info(
        "response_model_info",
        "The model that the last reply named, cut to 100 printable ASCII characters.",
        "response_model",
        fades=True,
    ),
    last(
        "wrong_model",
        "1 if the last reply of a gateway names another model than the one asked for, else 0.",
    ),
    counter(
        "model_changes_total",
        "Changes of what answers: an unseen value in three replies while no known one came. `what` is model (as the "
        "reply names it), fingerprint (the build of the service), call_format (the form of ids of tool calls) or "
        "input_tokens (of a prompt that is always the same).",
        "what",
    ),
    counter(
        "slo_events_total",
        "Scheduled probes by what they mean for each SLO. Valid events are good or bad.",
        "slo",
        "verdict",
    ),
    gauge("slo_objective_ratio", "Objective of the SLO.", "slo", unit="ratio"),
    gauge("slo_period_seconds", "Period over which the objective holds.", "slo", unit="seconds"),
    gauge(
        "slo_burn_rate",
        "How many times faster than allowed the error budget burns, by the journal. No series without a valid event.",
        "slo",
        "window",
    ),
    gauge(
        "slo_error_budget_remaining_ratio",
        "Rest of the period's error budget, by the journal: 1 unused, below 0 overspent.",
        "slo",
        unit="ratio",
    ),
)
"""Families of every target, in the order of exposition."""
