"""What Prometheus reports of itself, and the checks of it: scrapes, labels, rules, the way to Alertmanager."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from aiprobe.core.model import IDENTITY_LABELS
from aiprobe.drill.asking import Api, NotAnsweredError
from aiprobe.drill.relabelling import relabelled
from aiprobe.drill.rules import Comparison, Expected, Group, compared, groups_of, seconds
from aiprobe.drill.samples import a_target, model_down, provider_down
from aiprobe.drill.step import Config, Fault, Labels, Step, duration, some

_KEPT: Final = frozenset({*IDENTITY_LABELS, "alertname", "severity", "scope"})
"""Labels on which rules, routes and inhibitions depend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """What a Prometheus reports of itself, and the rules that it should have."""

    config: Config
    targets: Sequence[Config]
    groups: Sequence[Group]
    health: Sequence[Config]
    """The rules as the API reports them."""
    alerts: Sequence[Config]
    reloaded: bool
    expected: Expected
    rules: Comparison

    def targets_of(self, job: str) -> Sequence[Config]:
        """Return the scrape targets whose series have this job."""
        return [each for each in self.targets if each["labels"].get("job") == job]

    def jobs(self, job: str) -> Sequence[Config]:
        """Return the scrape configurations whose series have this job; a Kubernetes operator names them otherwise."""
        names = {job} | {str(each.get("scrapePool")) for each in self.targets_of(job)}
        return [each for each in self.config.get("scrape_configs") or () if each["job_name"] in names]

    def step(self, job: Config) -> float:
        """Return the scrape interval of a job in seconds."""
        return seconds(job.get("scrape_interval") or self.setting("scrape_interval"))

    def setting(self, key: str) -> str:
        """Return a global setting."""
        return str((self.config.get("global") or {}).get(key) or "1m")

    @property
    def external_labels(self) -> Labels:
        """Return the labels that Prometheus adds to what it sends."""
        return dict((self.config.get("global") or {}).get("external_labels") or {})

    def sent(self, alert: Labels) -> Labels | None:
        """Return the labels with which an alert leaves Prometheus; None for one that is dropped."""
        configs = (self.config.get("alerting") or {}).get("alert_relabel_configs") or ()
        return relabelled(self.external_labels | alert, configs)


async def reload_failed(api: Api, metric: str) -> bool:
    """Return whether a server reports that it could not read its configuration file again."""
    try:
        metrics = await api.text("/metrics")
    except NotAnsweredError:
        return False  # a proxy can hide the metrics: then nothing is known
    return re.search(rf"^{metric} 0$", metrics, re.MULTILINE) is not None


async def read_prometheus(api: Api, expected: Expected) -> Prometheus:
    """Read everything that the checks need. Raises NotAnsweredError."""
    paths = ("status/config", "targets?state=active", "rules", "alerts")
    config, targets, rules, alerts = await asyncio.gather(*(api.json(f"/api/v1/{path}") for path in paths))
    groups = groups_of(rules["groups"])
    return Prometheus(
        config=yaml.safe_load(config["yaml"]),
        targets=targets["activeTargets"],
        groups=groups,
        health=[rule for group in rules["groups"] for rule in group["rules"]],
        alerts=alerts["alerts"],
        reloaded=not await reload_failed(api, "prometheus_config_last_reload_successful"),
        expected=expected,
        rules=await compared(expected, groups, api),
    )


def look_at_prometheus(seen: Prometheus) -> Sequence[Step]:
    """Return the steps that need Prometheus only."""
    return [
        Step.of("Prometheus uses its configuration file", _reload(seen)),
        Step.of("Prometheus scrapes aiprobe", _scrapes(seen)),
        Step.of("Labels and metrics of aiprobe arrive unchanged", _labels(seen)),
        Step.of("The rules are loaded, of this version", _rules(seen)),
        Step.of("The rules are evaluated in time", _evaluation(seen)),
        Step.of("Prometheus sends alerts unchanged", _sends(seen)),
    ]


def _reload(seen: Prometheus) -> Iterator[Fault]:
    if not seen.reloaded:
        yield Fault(
            "Prometheus could not read its configuration again, and runs on with an older one",
            "run `promtool check config FILE`, correct what it names, and reload",
        )


def _scrapes(seen: Prometheus) -> Iterator[Fault]:
    name = seen.expected.job
    if not seen.jobs(name) and not seen.targets_of(name):
        yield Fault(
            f'no scrape job has the name {name}, which the rules read as up{{job="{name}"}}',
            f"name the job {name}, or export the rules with --job and name their folder with --rules",
        )
    elif not seen.targets_of(name):
        yield Fault(f"the scrape job {name} has no target", "correct its static_configs or its service discovery")
    for job in seen.jobs(name):
        if (step := seen.step(job)) > seen.expected.most_step_seconds:
            yield Fault(
                f"job {job['job_name']} scrapes every {duration(step)}: the shortest window of the rules needs "
                f"{duration(seen.expected.most_step_seconds)} or less",
                "set scrape_interval: 15s in this job",
            )
    yield from down(seen.targets_of(name))


def down(targets: Sequence[Config]) -> Iterator[Fault]:
    """Yield the failed scrapes of targets, with the cause that Prometheus reports."""
    for target in targets:
        if target["health"] != "down":
            continue
        error, where = str(target["lastError"]), target["scrapeUrl"]
        if "deadline exceeded" in error:
            limit = target.get("scrapeTimeout", "its scrape_timeout")
            yield Fault(f"the scrape of {where} does not end in {limit}", "set scrape_timeout: 10s in its job")
        elif re.search(r"HTTP status 40[13]", error):
            yield Fault(f"{where} requires a login ({error})", "add basic_auth or authorization to its scrape job")
        else:
            yield Fault(f"the scrape of {where} fails: {error}", "start the exporter, or correct the target of the job")


def _labels(seen: Prometheus) -> Iterator[Fault]:
    for job in seen.jobs(seen.expected.job):
        yield from labels_of(job, seen)


def labels_of(job: Config, seen: Prometheus) -> Iterator[Fault]:
    """Yield what a scrape job does to labels and metrics that the rules read."""
    name = job["job_name"]
    if not job.get("honor_labels"):
        yield Fault(
            f"honor_labels is not true in job {name}: a label of the scrape target replaces that of aiprobe",
            "set honor_labels: true (ServiceMonitor: honorLabels: true)",
        )
    configs = job.get("metric_relabel_configs") or ()
    before = {metric: {"__name__": metric, **a_target(), "vantage": "here"} for metric in seen.expected.metrics}
    after = {metric: relabelled(labels, configs) for metric, labels in before.items()}
    if dropped := [metric for metric, labels in after.items() if labels is None or "__name__" not in labels]:
        yield Fault(
            f"metric_relabel_configs of job {name} drop {some(dropped)}, which the rules read",
            "exempt the metrics aiprobe_.+ from this relabelling",
        )
    changed = {
        label
        for metric, labels in after.items()
        if labels is not None
        for label in IDENTITY_LABELS
        if labels.get(label) != before[metric].get(label)
    }
    if changed:
        yield Fault(
            f"metric_relabel_configs of job {name} change the label {some(changed)}",
            "remove this relabelling from the job: the rules, routes and boards use the labels as aiprobe exports them",
        )


def _rules(seen: Prometheus) -> Iterator[Fault]:
    again = "write them with `aiprobe export rules DIR`, name them in rule_files, and reload"
    rules = seen.rules
    if len(rules.missing) == len(list(seen.expected.every)):
        yield Fault("no rule of aiprobe is loaded", again)
        return
    if rules.missing:
        yield Fault(f"these rules are missing: {some(rules.missing)}", again)
    if rules.changed:
        yield Fault(f"these rules are edited or of another version: {some(rules.changed)}", again)
    if rules.twice:
        yield Fault(f"these groups of rules are loaded twice: {some(rules.twice)}", "remove one of the files")


def _evaluation(seen: Prometheus) -> Iterator[Fault]:
    own = {group.name: group.interval for group in seen.expected.groups}
    slow = {
        f"{group.name} every {duration(group.interval)}"
        for group in seen.groups
        if group.interval > (own.get(group.name, group.interval) or seen.expected.most_step_seconds)
    }
    if slow:
        yield Fault(f"groups of rules are evaluated too seldom: {some(slow)}", "set evaluation_interval: 15s")
    names = {rule.name for rule in seen.expected.every}
    if failing := {f"{each['name']} ({each.get('lastError', '')})" for each in seen.health
                   if each.get("health") == "err" and each["name"] in names}:  # fmt: skip
        yield Fault(
            f"rules fail: {some(failing)}", "remove the cause that Prometheus names, often a series that is there twice"
        )


def _sends(seen: Prometheus) -> Iterator[Fault]:
    alerting = seen.config.get("alerting") or {}
    if not alerting.get("alertmanagers"):
        yield Fault("Prometheus sends alerts to no Alertmanager", "add the Alertmanager to alerting: in prometheus.yml")
    if clash := sorted(_KEPT & set(seen.external_labels)):
        yield Fault(
            f"external_labels have {some(clash)}, which aiprobe's alerts use: alerts without that label get it",
            "rename it in external_labels, such as prometheus_region",
        )
    for alert in (model_down(), provider_down()):
        after = seen.sent(alert)
        if after is None:
            yield Fault(
                f"alert_relabel_configs drop {alert['alertname']}",
                "exempt alertname=~AI.+ from this relabelling",
            )
        elif lost := [label for label in alert if after.get(label) != alert[label]]:
            yield Fault(
                f"alert_relabel_configs change {some(lost)} of {alert['alertname']}",
                "remove this relabelling: the routes and inhibitions of Alertmanager need these labels",
            )
