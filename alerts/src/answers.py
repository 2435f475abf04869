"""Alerts on answers that are refused, throttled, not found or wrong."""

from collections.abc import Sequence
from typing import Final

from alerts.src import texts
from alerts.src.rule import Alert


def _refused_account(outcome: str) -> Alert:
    chosen = f'outcome="{outcome}"'
    return Alert(
        name="AIAuthOrQuotaFailure",
        expr=f"""\
sum by (provider, account, surface) (
  increase(aiprobe_results_total{{{chosen},attempt="scheduled"}}[15m])
  unless on (TARGET) aiprobe:maintenance:recent
) > 1.5
or
max by (provider, account, surface) (max_over_time(aiprobe:seldom_results:increase{{{chosen}}}[10m])) > 1.5
""",
        frozen_by="provider, account, surface",
        severity="warning",
        scope="provider",
        waits="0s",
        keeps="10m",
        labels={"outcome": outcome},
        summary="Credentials or quota refused by an AI provider",
        description=f"""\
{{{{ $labels.provider }}}}{{{{ with $labels.surface }}}} ({{{{ . }}}}){{{{ end }}}} answered {outcome} to the account {{{{ $labels.account }}}} at least twice in 15 minutes
(hours to days if asked seldom). This is ours to mend and burns no error budget.
""",
        first="""\
First check its key and its billing page; production with the same account fails too.
""",
        board="provider",
    )


ANSWERS: Final[Sequence[Alert]] = (
    Alert(
        name="AIAllAttemptsExcluded",
        expr="""\
count by (provider) (
  aiprobe:excluded_only:vantage
  and on (TARGET, vantage) (
    max by (TARGET, vantage) (aiprobe_last_success_timestamp_seconds)
    or
    max by (TARGET, vantage) (aiprobe:slo_valid:increase1d{slo="availability"} - aiprobe:slo_bad:increase1d > 0.5)
  )
) >= 2
""",
        frozen_by="provider",
        severity="critical",
        scope="provider",
        waits="1m",
        keeps="10m",
        summary="Only refusals from an AI provider that used to answer",
        description="""\
{{ $value }} targets or vantages of {{ $labels.provider }} that had been ok got only excluded answers for 10 minutes (an hour if probed
rarely): throttled, refused, challenged, not found. The cause can be a hidden outage, or our key.
""",
        facts=texts.outcome("provider"),
        first="""\
First check which outcomes they are.
""",
        board="provider",
        status_page=True,
        comment="""\
Only targets that were ok before: a new target with a wrong key causes no page.
""",
    ),
    Alert(
        name="AIAllAttemptsExcluded",
        expr="""\
max by (TARGET) (aiprobe:excluded_only:vantage) > 0
""",
        frozen_by="TARGET",
        severity="warning",
        scope="model",
        waits="1m",
        keeps="10m",
        summary="Only refusals from an AI model",
        description="""\
every attempt on {{ $labels.target }} ({{ $labels.provider }}) of the last 10 minutes (an hour if probed rarely) was excluded: throttled,
refused, challenged, not found. It is unknown whether it works.
""",
        facts=texts.outcome("target", "provider"),
        first="""\
First check which outcome it is.
""",
        board="provider",
    ),
    Alert(
        name="AIModelThrottled",
        expr="""\
(
  sum by (TARGET) (increase(aiprobe_results_total{outcome="rate_limited",attempt="scheduled"}[15m])) > 1.5
  unless on (TARGET) aiprobe:maintenance:recent
)
and
(
  sum by (TARGET) (increase(aiprobe_results_total{outcome="rate_limited",attempt="scheduled"}[15m]))
  /
  (sum by (TARGET) (increase(aiprobe_results_total{attempt="scheduled"}[15m])) > 0)
  > 0.1
)
or
max by (TARGET) (max_over_time(aiprobe:seldom_results:increase{outcome="rate_limited"}[10m])) > 1.5
""",
        frozen_by="TARGET",
        severity="warning",
        scope="model",
        waits="5m",
        keeps="15m",
        summary="Probes of an AI model throttled",
        description="""\
{{ $value | printf "%.0f" }} probes of {{ $labels.target }} ({{ $labels.provider }}) were throttled (429) in the last 15 minutes (hours to
days if probed rarely).
""",
        first="""\
First check who else uses
this account's limits: what is left of them is in aiprobe_ratelimit_remaining.
""",
        board="provider",
    ),
    *(_refused_account(outcome) for outcome in ("auth", "quota_exhausted")),
    Alert(
        name="AIModelNotFound",
        expr="""\
count by (provider, model) (
  sum by (TARGET, vantage) (increase(aiprobe_results_total{outcome="not_found",attempt="scheduled"}[15m])) > 1.5
  unless on (TARGET) aiprobe:maintenance:recent
  and on (TARGET, vantage) (
    time() - max by (TARGET, vantage) (aiprobe_last_success_timestamp_seconds) < 86400
    or
    max by (TARGET, vantage) (aiprobe:slo_valid:increase1d{slo="availability"} - aiprobe:slo_bad:increase1d > 0.5)
  )
) >= 2
""",
        frozen_by="provider, model",
        severity="critical",
        scope="provider",
        waits="1m",
        keeps="10m",
        summary="AI model not found that had answered",
        description="""\
{{ $value }} targets or vantages of {{ $labels.provider }} that were ok in the last day were answered at least twice in 15 minutes that
{{ $labels.model }} does not exist. Either the model was retired or renamed, or its servers failed and the router no longer lists them.
""",
        first="""\
First list the models.
""",
        board="provider",
        status_page=True,
        comment="""\
A server without workers also answers 404. The outcome is excluded from the SLO, so only this alert pages.
""",
    ),
    Alert(
        name="AIModelNotFound",
        expr="""\
sum by (TARGET) (
  increase(aiprobe_results_total{outcome="not_found",attempt="scheduled"}[30m])
  unless on (TARGET) aiprobe:maintenance:recent
) > 1.5
or
max by (TARGET) (max_over_time(aiprobe:seldom_results:increase{outcome="not_found"}[10m])) > 1.5
""",
        frozen_by="TARGET",
        severity="warning",
        scope="model",
        waits="5m",
        keeps="30m",
        summary="AI model or path not found",
        description="""\
{{ $labels.provider }} answered at least twice in 30 minutes (hours to days if probed rarely) that it has no model or path
{{ $labels.model }} ({{ $labels.target }}).
""",
        first="""\
First check whether the model was
retired or renamed, then change everything that requests it.
""",
        board="provider",
    ),
    Alert(
        name="AIResponseInvalid",
        expr="""\
(
  sum by (TARGET) (increase(aiprobe_results_total{outcome=~"wrong_answer|content_filtered",attempt="scheduled"}[30m])) > 2.5
  unless on (TARGET) aiprobe:maintenance:recent
)
and
(
  sum by (TARGET) (increase(aiprobe_results_total{outcome=~"wrong_answer|content_filtered",attempt="scheduled"}[30m]))
  /
  (sum by (TARGET) (increase(aiprobe_results_total{attempt="scheduled"}[30m])) > 0)
  > 0.1
)
or
max by (TARGET) (
  sum without (outcome) (max_over_time(aiprobe:seldom_results:increase{outcome=~"wrong_answer|content_filtered"}[10m]))
) > 2.5
""",
        frozen_by="TARGET",
        severity="warning",
        scope="model",
        waits="0s",
        keeps="10m",
        summary="Wrong answers from an AI model",
        description="""\
{{ $value | printf "%.0f" }} answers of {{ $labels.target }} ({{ $labels.provider }}) of the last 30 minutes (hours to days if probed rarely)
were complete and in time, but wrong or refused.
""",
        first="""\
First read one of them on the board. Causes are a new model version, a cache, a filter or a gateway.
""",
        board="provider",
    ),
    Alert(
        name="AICertificateExpiring",
        expr="""\
min by (provider, surface) (aiprobe_tls_certificate_not_after_timestamp_seconds) - time() < 7 * 86400
""",
        frozen_by="provider, surface",
        severity="warning",
        scope="surface",
        waits="15m",
        keeps="30m",
        summary="Certificate of an AI service in its last week",
        description="""\
the certificate of {{ $labels.provider }}{{ with $labels.surface }} ({{ . }}){{ end }} expires in {{ $value | humanizeDuration }}.
""",
        first="""\
First renew it if it is
yours. Otherwise report it to the provider, and prepare to fail over.
""",
        board="provider",
    ),
    Alert(
        name="AIWrongModel",
        expr="""\
max by (TARGET) (aiprobe_wrong_model) > 0
  unless on (TARGET) aiprobe:maintenance:recent
""",
        by="TARGET",
        frozen_by="TARGET",
        severity="warning",
        scope="model",
        waits="10m",
        keeps="10m",
        summary="A gateway answers with another model than asked",
        description="""\
replies to {{ $labels.target }} ({{ $labels.provider }}) name another model than {{ $labels.model }}.
""",
        first="""\
First see its name in the detail of a result on the target's page, and then the routing and the fallbacks of the gateway.
""",
        board="provider",
    ),
    Alert(
        name="AIModelChanged",
        expr="""\
sum by (TARGET, what) (increase(aiprobe_model_changes_total[15m])) > 0.5
""",
        by="TARGET, what",
        severity="info",
        scope="model",
        waits="0s",
        keeps="10m",
        summary="Something else answers as an AI model",
        description="""\
replies of {{ $labels.target }} ({{ $labels.provider }}) show a {{ $labels.what }} that was never seen before, and the one before it no
longer comes.
""",
        first="""\
First see in the journal's model-changes.jsonl what it was and what it is.
""",
        board="latency",
    ),
)
