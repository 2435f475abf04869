"""Writes what one receiver of pages needs: configurations of Prometheus and Alertmanager beside rules and templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiprobe.cli.bundle import ExportError, find, write_bundle

_PROMETHEUS: Final = """\
# Scrapes one aiprobe exporter on this machine, evaluates its rules and sends what fires to Alertmanager.
global:
  scrape_interval: 15s
  evaluation_interval: 15s

rule_files: ["*.rules.yml"]

alerting:
  alertmanagers:
    - static_configs: [{targets: ["localhost:9093"]}]

scrape_configs:
  - job_name: aiprobe            # the rules and boards know the job by this name
    honor_labels: true           # aiprobe's own labels win
    static_configs: [{targets: ["localhost:10529"]}]
"""
_SLACK: Final = """\
receivers:
  - name: everything
    slack_configs:
      - api_url_file: %(secret)s
        send_resolved: true
        color: '{{ template "aiprobe.colour" . }}'
        title: '{{ template "aiprobe.title" . }}'
        title_link: '{{ template "aiprobe.dashboard" . }}'
        text: '{{ template "aiprobe.text" . }}'
        fallback: '{{ template "aiprobe.title" . }}'
  - name: nobody
"""
_PAGERDUTY: Final = """\
receivers:
  - name: everything
    pagerduty_configs:
      - routing_key_file: %(secret)s
        description: '{{ template "aiprobe.title" . }}'
        severity: '{{ if eq .CommonLabels.severity "warning" }}warning{{ else }}critical{{ end }}'
        client: aiprobe
        client_url: '{{ template "aiprobe.dashboard" . }}'
        details: {what: '{{ template "aiprobe.text" . }}'}
        links:
          - {text: Runbook, href: '{{ template "aiprobe.runbook" . }}'}
  - name: nobody
"""
TEST_ALERT: Final = (
    "amtool alert add AIModelDown severity=critical scope=model provider=test target=test "
    '--annotation=summary="Test of the alerting of aiprobe" --alertmanager.url=http://localhost:9093'
)
"""Sends one alert, which ends by itself after Alertmanager's `resolve_timeout` of five minutes."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One kind of receiver: the file of its secret, what goes into it, and its part of the configuration."""

    secret: str
    content: str
    text: str


RECEIVERS: Final[Mapping[str, Receiver]] = {
    "slack": Receiver("slack_url", "the URL of an incoming web hook of Slack", _SLACK),
    "pagerduty": Receiver("pagerduty_key", "the integration key of a PagerDuty service (Events API v2)", _PAGERDUTY),
}


def write_alerting(name: str, directory: Path) -> Path:
    """Write the files for one receiver into `directory`; return the path at which its secret has to be put.

    The configuration of Alertmanager is the shipped example with one receiver. It names the secret by its absolute
    path, because Alertmanager reads a relative one from where it was started.

    Raises:
        ExportError: the rules are not in this installation, or the disk refused.
    """
    receiver = RECEIVERS[name]
    secret = directory.resolve() / receiver.secret
    example = (find("rules") / "examples" / "one-receiver.yml").read_text(encoding="utf-8")
    routes = example[: example.index("receivers:\n")].replace("../templates/", "templates/")
    write_bundle("rules", "files", directory)
    try:
        text = routes + receiver.text % {"secret": f"'{str(secret).replace(chr(39), chr(39) * 2)}'"}
        (directory / "alertmanager.yml").write_text(text, encoding="utf-8")
        (directory / "prometheus.yml").write_text(_PROMETHEUS, encoding="utf-8")
    except OSError as error:
        raise ExportError(f"cannot write to {directory}: {error.strerror}") from error
    return secret
