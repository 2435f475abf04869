"""Texts of alerts: the time at which it was true, the vantages, the targets, the start and the outcome.

Prometheus renders an annotation when the expression is true, and Alertmanager sends it again during `keep_firing_for`:
up to 20 minutes after the end. A text therefore begins with its time, and states what its expression checks at that time.
"""

from typing import Final

AT: Final = '{{ (query "time()" | first | value | toTime).Format "Mon 15:04 MST" }}'
"""The time of the evaluation that rendered the text."""
HOUR_BEFORE: Final = '{{ query "1000 * (time() - 3600)" | first | value | printf "%.0f" }}'
"""An hour before it, in milliseconds as Grafana takes them."""
FROZEN: Final = """\
{{ if query "aiprobe:egress_down:quorum" }}most vantages have no egress, so this alert stays unchanged until they have.
{{ else }}"""


def _asked(query: str, *labels: str) -> str:
    """Return the template action that runs `query`, with the alert's own labels in place of `%q`."""
    quoted = query.replace('"', '\\"')
    return f'printf "{quoted}" {" ".join(f"$labels.{label}" for label in labels)} | query'


def _matchers(labels: tuple[str, ...]) -> str:
    return ",".join(f"{label}=%q" for label in labels)


def vantages(series: str, condition: str, *labels: str, among: str = "") -> str:
    """Return "Seen from 2 of 3 vantages (eu, us)." for the vantages whose `series` fulfils `condition`.

    `among` is a series that every vantage has; it is necessary if only bad ones have `series`.
    """
    of, all_of = (f"max by (vantage) ({each}{{{_matchers(labels)}}}" for each in (series, among or series))
    return f"""\
Seen from {{{{ with {_asked(f"{of} {condition})", *labels)} }}}}{{{{ len . }}}} of {{{{ with {_asked(f"{all_of})", *labels)} }}}}{{{{ len . }}}}{{{{ end }}}} vantage(s)
({{{{ range $at, $each := sortByLabel "vantage" . }}}}{{{{ if $at }}}}, {{{{ end }}}}{{{{ or .Labels.vantage "without a name" }}}}{{{{ end }}}}).{{{{ else }}}}no vantage.{{{{ end }}}}
"""


def targets(*labels: str) -> str:
    """Return "Failing: 5 of 6 targets, among them a, b, c." """
    of = f"count by (target) (aiprobe:consecutive_failures:vantage{{{_matchers(labels)}}}"
    failing = f"{of} >= 1)"
    return f"""\
{{{{ with {_asked(failing, *labels)} }}}}Failing: {{{{ len . }}}} of {{{{ with {_asked(f"{of})", *labels)} }}}}{{{{ len . }}}}{{{{ end }}}} target(s), among them
{{{{ range $at, $each := {_asked(f"topk(5, {failing})", *labels)} | sortByLabel "target" }}}}{{{{ if $at }}}}, {{{{ end }}}}{{{{ .Labels.target }}}}{{{{ end }}}}.{{{{ end }}}}
"""


def since(*labels: str) -> str:
    """Return "Failing since 03:05 UTC." """
    query = f"min(aiprobe_failing_since_timestamp_seconds{{{_matchers(labels)}}})"
    return f"""\
{{{{ with {_asked(query, *labels)} }}}}Failing since {{{{ (. | first | value | toTime).Format "15:04 MST" }}}}.{{{{ end }}}}
"""


def outcome(*labels: str) -> str:
    """Return "Most failures: overloaded; most last errors: HTTP 529." The two can be of different targets."""
    matchers = _matchers(labels)
    most = f'topk(1, sum by (outcome) (increase(aiprobe_results_total{{{matchers},outcome!="ok"}}[15m])) > 0)'
    status = f'topk(1, count_values("status", aiprobe_last_failure_http_status{{{matchers}}} >= 400))'
    return f"""\
{{{{ with {_asked(most, *labels)} }}}}Most failures: {{{{ (first .).Labels.outcome }}}}
{{{{- with {_asked(status, *labels)} }}}}; most last errors: HTTP {{{{ (first .).Labels.status }}}}{{{{ end }}}}.{{{{ end }}}}
"""


def status_page() -> str:
    """Return what the provider's status page declared, with the time at which it did."""
    return f"""\
{{{{ with printf "max(aiprobe_status_component_state{{provider=%q}})" $labels.provider | query -}}}}
{{{{ with first . | value }}}}{{{{ if ge . 3.0 }}}}major outage{{{{ else if ge . 2.0 }}}}partial outage{{{{ else }}}}degraded{{{{ end -}}}}
{{{{ else }}}}all is well{{{{ end }}}}{{{{ else }}}}not known{{{{ end }}}} at {AT}
"""


def variables(labels: tuple[str, ...]) -> str:
    """Return the part of a board's address that selects the alert's own labels."""
    of_boards = ("provider", "account", "surface", "model", "target")
    chosen = [f"&var-{name}={{{{ $labels.{name} | urlquery }}}}" for name in of_boards if name in labels]
    return "".join(chosen)
