"""Alerts on status pages and contracts."""

from collections.abc import Sequence
from typing import Final

from alerts.src.rule import Alert

DECLARATIONS: Final[Sequence[Alert]] = (
    Alert(
        name="AIProviderIncidentDeclared",
        expr="""\
max by (provider, surface) (aiprobe_status_component_state) >= 1
""",
        by="provider, surface",
        severity="info",
        scope="surface",
        waits="0s",
        keeps="10m",
        summary="Incident declared by an AI provider",
        description="""\
the status page of {{ $labels.provider }} declares {{ if ge $value 3.0 }}major outage{{ else if ge $value 2.0 }}partial outage{{ else }}degraded{{ end }}
for {{ $labels.surface }}.
""",
        first="""\
First compare it with the probes.
""",
        board="provider",
    ),
    Alert(
        name="AIUndeclaredOutage",
        expr="""\
count by (provider, surface) (
  max by (provider, surface, vantage) (aiprobe_undeclared_seconds) >= 600
  unless on (provider, surface) aiprobe_maintenance == 1
)
> 0.5 * count by (provider, surface) (max by (provider, surface, vantage) (aiprobe_undeclared_seconds))
""",
        frozen_by="provider, surface",
        severity="warning",
        scope="surface",
        waits="0s",
        keeps="10m",
        summary="Undeclared outage of an AI provider",
        description="""\
{{ or $labels.surface "the service" }} ({{ $labels.provider }}) has been failing for ten minutes or more, seen from {{ $value }} vantage(s), and its status page does not declare it. First
report it to the provider with the request ids of the board, and do not wait for the page.
""",
        first="",
        board="provider",
    ),
    Alert(
        name="AIStatusPageDisagrees",
        expr="""\
max by (provider, surface) (aiprobe_disagreement{kind="unobserved"}) >= 1
""",
        by="provider, surface",
        severity="info",
        scope="surface",
        waits="15m",
        keeps="10m",
        summary="Declared outage not seen by our probes",
        description="""\
the status page of {{ $labels.provider }} declares an outage of {{ $labels.surface }}, and our probes of it are good.
""",
        first="""\
First check whether it affects a
region, a model or a feature that is not probed.
""",
        board="provider",
    ),
    Alert(
        name="AIStatusPageStale",
        expr="""\
(time() - max by (page) (aiprobe_status_page_polled_timestamp_seconds) > 900)
or
(max by (page) (max_over_time(aiprobe_status_page_up[15m])) == 0)
or
(max by (page) (min_over_time(aiprobe_status_page_problem{problem=~"moved|html|challenge|unreadable|frozen|lost_component"}[15m])) == 1)
""",
        severity="warning",
        scope="meta",
        waits="5m",
        keeps="10m",
        summary="Status page not readable, or changed",
        description="""\
the status page {{ $labels.page }} could not be read for a quarter of an hour, or it moved, froze, lost a component or is
behind a challenge: what it declares is unknown.
""",
        first="""\
First run `aiprobe statuspages verify`, which prints what is wrong, and open the page.
""",
        board="self",
    ),
    Alert(
        name="AISLABreachLikely",
        expr="""\
(
  max by (contract) (aiprobe_sla_burn_rate) > 1
  and on (contract) max by (contract) (aiprobe_sla_coverage_ratio) >= 0.5
  and on (contract) (
    aiprobe_sla_allowance_remaining_seconds * aiprobe_sla_coverage_ratio * aiprobe_sla_burn_rate
    <= ignoring (bound) 0.75 * 86400 * scalar(days_in_month()) * (1 - aiprobe_sla_uptime_ratio{bound="high"})
  )
)
or
(max by (contract) (aiprobe_sla_allowance_remaining_seconds) <= 0)
""",
        severity="warning",
        scope="provider",
        waits="1h",
        keeps="1h",
        summary="Contract of a provider close to a breach",
        description="""\
at this rate the contract {{ $labels.contract }} will be breached before its period ends, or is breached already.
""",
        first="""\
First save the evidence
(aiprobe report), and inform the person who claims credits.
""",
        board="slo",
        comment="""\
In the first hours or days of a month one failed probe exceeds the rate, so a quarter of the allowance must also be used
up. The whole allowance is not exported; it is the month's seconds * lost ratio / (coverage * burn rate).
""",
    ),
    Alert(
        name="AISLAClaimWindowClosing",
        expr="""\
(max by (contract) (aiprobe_sla_claim_deadline_timestamp_seconds) - time() < 7 * 86400)
and
(max by (contract) (aiprobe_sla_claim_deadline_timestamp_seconds) - time() > 0)
""",
        severity="info",
        scope="provider",
        waits="1h",
        keeps="1h",
        summary="Deadline of an SLA claim near",
        description="""\
a credit under the contract {{ $labels.contract }} must be claimed within {{ $value | humanizeDuration }}.
""",
        first="""\
First write the report (aiprobe report), and
send the claim as the contract requires.
""",
        board="slo",
    ),
)
