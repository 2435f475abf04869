"""Latency and throughput: the recorded series, and the alerts on them."""

from collections.abc import Sequence
from typing import Final

from alerts.src.rule import Alert, Record

SPEED: Final[Sequence[Alert | Record]] = (
    Record(
        "aiprobe:time_to_first_token:count30m",
        """\
sum by (TARGET) (increase(aiprobe_time_to_first_token_seconds_count[30m]))
""",
    ),
    Record(
        "aiprobe:time_to_first_token:p95_30m",
        """\
histogram_quantile(0.95, sum by (TARGET, le) (rate(aiprobe_time_to_first_token_seconds_bucket[30m]))) > 0
""",
    ),
    Record(
        "aiprobe:time_to_first_token:median1h",
        """\
histogram_quantile(0.5, sum by (TARGET, le) (rate(aiprobe_time_to_first_token_seconds_bucket[1h]))) > 0
""",
        comment="""\
The baseline for the same hour a week later.
""",
    ),
    Record(
        "aiprobe:time_per_output_token:count30m",
        """\
sum by (TARGET) (increase(aiprobe_time_per_output_token_seconds_count[30m]))
""",
    ),
    Record(
        "aiprobe:time_per_output_token:median30m",
        """\
histogram_quantile(0.5, sum by (TARGET, le) (rate(aiprobe_time_per_output_token_seconds_bucket[30m]))) > 0
""",
    ),
    Alert(
        name="AITTFTHigh",
        expr="""\
aiprobe:time_to_first_token:p95_30m > 10
and aiprobe:time_to_first_token:count30m >= 10
unless (aiprobe:time_to_first_token:p95_30m offset 1w) > 10
unless on (TARGET) aiprobe:maintenance:recent
""",
        frozen_by="TARGET",
        severity="warning",
        scope="model",
        waits="15m",
        keeps="15m",
        summary="Slow first tokens of an AI model",
        description="""\
one in twenty answers of {{ $labels.target }} ({{ $labels.provider }}) of the last 30 minutes began later than {{ $value | humanizeDuration }}. First
check which phase grew: connect and tls indicate the network, first_byte and first_token the provider.
""",
        first="",
        board="latency",
        comment="""\
A model that is always that slow has the same value last week, and fires once.
""",
    ),
    Alert(
        name="AISlowerThanUsual",
        expr="""\
aiprobe:time_to_first_token:median1h > 2 * (aiprobe:time_to_first_token:median1h offset 1w)
and aiprobe:time_to_first_token:median1h - (aiprobe:time_to_first_token:median1h offset 1w) > 0.25
and aiprobe:time_to_first_token:count30m >= 10
unless on (TARGET) aiprobe:maintenance:recent
""",
        by="TARGET",
        severity="info",
        scope="model",
        waits="30m",
        keeps="30m",
        summary="AI model slower than in the same hour last week",
        description="""\
half of the answers of {{ $labels.target }} ({{ $labels.provider }}) of the last hour began later than {{ $value | humanizeDuration }}: more than twice the same
hour last week.
""",
        first="""\
First check whether a new model version answers (aiprobe_response_model_info).
""",
        board="latency",
    ),
    Alert(
        name="AIThroughputLow",
        expr="""\
aiprobe:time_per_output_token:median30m > 0.1
and aiprobe:time_per_output_token:count30m >= 10
unless (aiprobe:time_per_output_token:median30m offset 1w) > 0.1
unless on (TARGET) aiprobe:maintenance:recent
""",
        frozen_by="TARGET",
        severity="warning",
        scope="model",
        waits="15m",
        keeps="15m",
        summary="Slow output of an AI model",
        description="""\
half of the answers of {{ $labels.target }} ({{ $labels.provider }}) of the last 30 minutes took longer than {{ $value | humanizeDuration }} per token: fewer than ten
tokens a second.
""",
        first="""\
First check whether its other models are slower too, then request shorter output or switch.
""",
        board="latency",
    ),
)
