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
{{ $labels.target }} ({{ $labels.provider }}, {{ $labels.surface }}, model {{ $labels.model }}) failed at least three times in a row
within 40 seconds or more, seen from {{ $value }} vantage(s). First look whether the provider's other targets fail too; if not, switch this model's traffic
to another model, and keep the failed request ids of the board for the provider.
""",
        board="provider",
        status_page=True,
    ),
    Alert(
        name="AIModelBrownOut",
        expr="""\
(
  aiprobe:model_impaired:quorum
  or
  count by (TARGET) (aiprobe_outage_suspicion > 0 unless on (vantage) aiprobe:egress_down:vantage)
  and on (TARGET) ALERTS{alertname="AIModelBrownOut",alertstate="firing"}
)
unless on (TARGET) ALERTS{alertname="AIModelDown",alertstate="firing"}
""",
        frozen_by="TARGET",
        severity="critical",
        scope="model",
        waits="0s",
        keeps="15m",
        labels={"sloth_severity": "page"},
        summary="An AI model fails again and again",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}, {{ $labels.surface }}) fails more often than its
background explains, or did so within the last 15 minutes. Seen from {{ $value }} vantage(s). First see which outcomes these are; where users retry, lower their
concurrency; where there is a second model, shift traffic.
""",
        board="provider",
        status_page=True,
        comment="""\
One page for one trouble: a brown-out waits until the page of an outage has ended, and then takes it over; its own page stays
open while there is any doubt.
""",
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
aiprobe:state:vantage >= 2
unless on (TARGET) aiprobe:model_impaired:quorum
""",
        frozen_by="TARGET, vantage",
        severity="warning",
        scope="model",
        waits="2m",
        keeps="10m",
        summary="One vantage sees an outage of an AI model and most do not",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}) is in an outage as seen from {{ $labels.vantage }}, and not from most vantages.
First look at this vantage: its network, its credentials, the provider's region that it reaches.
""",
        board="provider",
    ),
)
