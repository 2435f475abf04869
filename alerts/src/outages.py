"""Alerts on outages."""

from collections.abc import Sequence
from typing import Final

from alerts.src import texts
from alerts.src.rule import Alert

_SURFACE: Final = ("provider", "surface", "provider_region")

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
        keeps="18m",
        summary="Outage of an AI model",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}{{ with $labels.surface }}, {{ . }}{{ end }}, model {{ $labels.model }}) is in a major outage: three failures in a
row that span 40 s or more, and no two good answers since.
""",
        facts=texts.vantages("aiprobe:state:vantage", ">= 3", "target", "provider")
        + texts.since("target", "provider")
        + texts.outcome("target", "provider"),
        first="""\
First check whether the provider's other targets fail too. If not, switch this model's traffic
to another model, and keep the request ids of the failures for the provider.
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
  count by (TARGET) (
    aiprobe_outage_suspicion > 0
    unless on (TARGET, vantage) aiprobe:maintenance:vantage
    unless on (vantage) aiprobe:egress_down:vantage
  )
  and on (TARGET) ALERTS{alertname=~"AIModelDown|AIModelBrownOut",alertstate="firing"}
)
unless on (TARGET) aiprobe:model_down:quorum
""",
        frozen_by="TARGET",
        severity="critical",
        scope="model",
        waits="0s",
        keeps="15m",
        labels={"sloth_severity": "page"},
        summary="Brown-out of an AI model",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}{{ with $labels.surface }}, {{ . }}{{ end }}, model {{ $labels.model }}) failed more often than its background
explains, and has not had 15 good answers in a row since its last failure.
""",
        facts=texts.vantages("aiprobe_outage_suspicion", "> 0", "target", "provider")
        + texts.since("target", "provider")
        + texts.outcome("target", "provider"),
        first="""\
First check which outcomes these are. If users retry, lower their
concurrency; if there is a second model, shift traffic.
""",
        board="provider",
        status_page=True,
        comment="""\
One problem is one page: doubt keeps the page of a brown-out open, and continues that of an outage whose end it delays.
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
        summary="Outage of an AI provider",
        description="""\
at least half of the targets of {{ $labels.provider }} failed at their last attempts.
""",
        facts=texts.vantages(
            "aiprobe:provider_down:vantage", "> 0", "provider", among="aiprobe:consecutive_failures:vantage"
        )
        + texts.targets("provider")
        + texts.since("provider")
        + texts.outcome("provider"),
        first="""\
First fail over
to another provider if possible. Then read its status page, and check which surfaces work.
""",
        board="provider",
        status_page=True,
    ),
    Alert(
        name="AISurfaceDown",
        expr="""\
count by (provider, surface, provider_region) (
  max by (provider, surface, provider_region, vantage) (aiprobe_surface_state{surface!=""}) >= 3
  unless on (provider, surface, provider_region, vantage) aiprobe:maintenance:surface
  unless on (vantage) aiprobe:egress_down:vantage
)
> 0.5 * count by (provider, surface, provider_region) (
  max by (provider, surface, provider_region, vantage) (aiprobe_surface_state{surface!=""})
  unless on (provider, surface, provider_region, vantage) aiprobe:maintenance:surface
  unless on (vantage) aiprobe:egress_down:vantage
)
""",
        frozen_by="provider, surface, provider_region",
        severity="critical",
        scope="surface",
        waits="0s",
        keeps="19m",
        summary="Outage of a surface of an AI provider",
        description="""\
all probed targets of {{ or $labels.surface "the service" }} ({{ $labels.provider }}) are in a major outage.
""",
        facts=texts.vantages("aiprobe_surface_state", ">= 3", *_SURFACE)
        + texts.targets(*_SURFACE)
        + texts.since(*_SURFACE)
        + texts.outcome(*_SURFACE),
        first="""\
First inform
its users, then check whether the provider's other surfaces work.
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
        summary="Outage of an AI model seen from a minority of the vantages",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}) is in an outage as seen from {{ $labels.vantage }}, and not from most vantages.
""",
        first="""\
First check this vantage: its network, its credentials, the provider's region that it reaches.
""",
        board="provider",
    ),
)
