"""Alerts on what is down."""

from collections.abc import Sequence
from typing import Final

from alerts.src.rule import Alert

OUTAGES: Final[Sequence[Alert]] = (
    Alert(
        name="AIModelDown",
        expr="""\
aiprobe:model_down:quorum > 0
""",
        frozen_by="TARGET",
        severity="critical",
        scope="model",
        waits="0s",
        keeps="15m",
        summary="An AI model is down",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}, {{ $labels.surface }}, model {{ $labels.model }}) has failed three times in a row or more,
seen from {{ $value }} vantage(s). First look whether the provider's other targets fail too; if not, switch this model's traffic
to another model, and keep the failed request ids of the board for the provider.
""",
        board="provider",
        status_page=True,
    ),
    Alert(
        name="AIProviderDown",
        expr="""\
count by (provider) (aiprobe:provider_down:vantage)
> 0.5 * count by (provider) (count by (provider, vantage) (aiprobe:consecutive_failures:vantage))
""",
        frozen_by="provider",
        severity="critical",
        scope="provider",
        waits="0s",
        keeps="20m",
        summary="An AI provider is down",
        description="""\
At least half of the targets of {{ $labels.provider }} fail at the same time, seen from {{ $value }} vantage(s). First fail over
to another provider if you can; then read its status page, and see which surfaces still work.
""",
        board="provider",
        status_page=True,
    ),
    Alert(
        name="AISurfaceDown",
        expr="""\
count by (provider, surface, provider_region) (
  max by (provider, surface, provider_region, vantage) (aiprobe_surface_state{surface!=""}) >= 3
  unless on (vantage) aiprobe:egress_down:vantage
)
> 0.5 * count by (provider, surface, provider_region) (
  max by (provider, surface, provider_region, vantage) (aiprobe_surface_state{surface!=""})
  unless on (vantage) aiprobe:egress_down:vantage
)
""",
        frozen_by="provider, surface, provider_region",
        severity="critical",
        scope="surface",
        waits="0s",
        keeps="17m",
        summary="A surface of an AI provider is down",
        description="""\
Everything that is probed of {{ $labels.surface }} ({{ $labels.provider }}) is in an outage, seen from {{ $value }} vantage(s). First tell
the people who use it, then see whether the provider's other surfaces work.
""",
        board="provider",
        status_page=True,
    ),
    Alert(
        name="AIVantageDisagrees",
        expr="""\
aiprobe:consecutive_failures:vantage >= 3
unless on (TARGET) aiprobe:model_down:quorum
""",
        frozen_by="TARGET, vantage",
        severity="warning",
        scope="model",
        waits="2m",
        keeps="10m",
        summary="One vantage sees an AI model down and most others do not",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}) has failed {{ $value }} times in a row from {{ $labels.vantage }}, and most vantages see it well.
First look at this vantage: its network, its credentials, the provider's region that it reaches.
""",
        board="provider",
    ),
)
