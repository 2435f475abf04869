"""Misconfigurations of Prometheus and Alertmanager that `aiprobe drill` has to find, each with what it has to name."""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Config = dict[str, Any]


@dataclass(slots=True)
class Setup:
    """What the two servers run."""

    prometheus: Config
    alertmanager: Config
    rules: dict[str, str]
    silences: list[Config] = field(default_factory=list)
    """Bodies for Alertmanager's API."""
    options: dict[str, str] = field(default_factory=dict)
    """Of the command."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Addresses of other servers."""

    def copy(self) -> "Setup":
        """Return one that a case may change."""
        return copy.deepcopy(self)

    @property
    def job(self) -> Config:
        """Return the scrape job of aiprobe."""
        found: Config = self.prometheus["scrape_configs"][0]
        return found

    @property
    def routes(self) -> list[Config]:
        """Return the routes below the first one."""
        found: list[Config] = self.alertmanager["route"]["routes"]
        return found

    @property
    def pager(self) -> Config:
        """Return the route to the pager."""
        return next(route for route in self.routes if route["receiver"] == "pager")

    def receiver(self, name: str) -> Config:
        """Return a receiver."""
        found: Config = next(each for each in self.alertmanager["receivers"] if each["name"] == name)
        return found

    def edit(self, pattern: str, text: str, *, count: int = 0) -> None:
        """Replace what matches in every file of rules; fails if nothing does."""
        edited = {
            name: re.sub(pattern, text, each, count=count, flags=re.MULTILINE) for name, each in self.rules.items()
        }
        assert edited != self.rules, pattern
        self.rules = edited


@dataclass(frozen=True, slots=True)
class Case:
    """One misconfiguration, and a phrase of the problem and of the mend by the name of the step that finds it."""

    name: str
    change: Callable[[Setup], object]
    named: Mapping[str, tuple[str, str]]

    @property
    def refused(self) -> bool:
        """Return whether a server runs on with what it ran before."""
        return any("configuration file" in name for name in self.named)


USES_FILE: Final = "{} uses its configuration file"
SCRAPES: Final = "Prometheus scrapes aiprobe"
LABELS: Final = "Labels and metrics of aiprobe arrive unchanged"
RULES: Final = "The rules are loaded, of this version"
IN_TIME: Final = "The rules are evaluated in time"
SENDS: Final = "Prometheus sends alerts unchanged"
ARRIVES: Final = "Alerts of this Prometheus arrive in this Alertmanager"
PAGER: Final = "A page reaches the receiver pager"
ONE_PAGE: Final = "One outage is one page"
MUTED: Final = "Nothing mutes a page"
INHIBITS: Final = "Inhibitions hold, and not too much"
WATCHDOG: Final = "AIWatchdog reaches a dead man's switch"
PROMETHEUS: Final = "Prometheus answers"
ALERTMANAGER: Final = "Alertmanager answers"
EXPORT: Final = "aiprobe export rules"


def _without(config: Config, key: str) -> None:
    del config[key]


def _drop(label: str, regex: str) -> Config:
    return {"source_labels": [label], "regex": regex, "action": "drop"}


def _silence(setup: Setup) -> None:
    matcher = {"name": "alertname", "value": ".+", "isRegex": True, "isEqual": True}
    setup.silences.append({"matchers": [matcher], "createdBy": "a colleague", "comment": "quiet weekend"})


def _mute(setup: Setup) -> None:
    setup.alertmanager["time_intervals"] = [{"name": "always", "time_intervals": [{"years": ["2000:2100"]}]}]
    setup.pager["mute_time_intervals"] = ["always"]


def _twice(setup: Setup) -> None:
    setup.routes.insert(setup.routes.index(setup.pager), copy.deepcopy(setup.pager))


def _rename(setup: Setup) -> None:
    setup.job["metric_relabel_configs"] = [
        {"source_labels": ["target"], "regex": "(.+)", "target_label": "ai_target", "replacement": "$1"},
        {"regex": "target", "action": "labeldrop"},
    ]


def _clobber(setup: Setup) -> None:
    # Another name of the machine: the series of before are not stale everywhere when the next case begins.
    port = setup.job["static_configs"][0]["targets"][0].split(":")[1]
    setup.job.update(
        honor_labels=False, static_configs=[{"targets": [f"localhost:{port}"], "labels": {"provider": "ours"}}]
    )


def _seldom(setup: Setup) -> None:
    setup.prometheus["global"]["evaluation_interval"] = "4m"
    # AIWatchdog would end in Alertmanager, which is another step, and only after some seconds.
    setup.edit(r"(- name: aiprobe-meta\n)", r"\1    interval: 500ms\n")


def _watchdog_to(setup: Setup, receiver: str) -> None:
    setup.routes.pop(0)
    setup.alertmanager["route"]["receiver"] = receiver
    setup.alertmanager["receivers"].append({"name": "nobody"})


CASES: Final[Sequence[Case]] = (
    Case("the exporter is in no job", lambda s: s.job.update(job_name="llm-probes"),
         {SCRAPES: ("job has the name aiprobe", "--job")}),
    Case("the exporter is down", lambda s: s.job.update(static_configs=[{"targets": ["127.0.0.1:1"]}]),
         {SCRAPES: ("connection refused", "start the exporter")}),
    Case("the job has no target", lambda s: s.job.update(static_configs=[]),
         {SCRAPES: ("has no target", "service discovery")}),
    Case("honor_labels is false and a label clobbers", _clobber,
         {LABELS: ("honor_labels is not true", "honor_labels: true")}),
    Case("the metric of the state is dropped",
         lambda s: s.job.update(metric_relabel_configs=[_drop("__name__", "aiprobe_(state|surface_state)")]),
         {LABELS: ("drop aiprobe_state, aiprobe_surface_state", "exempt the metrics")}),
    Case("only metrics of a list are kept", lambda s: s.job.update(
        metric_relabel_configs=[{"source_labels": ["__name__"], "regex": "up|aiprobe_s.*", "action": "keep"}]),
        {LABELS: ("drop aiprobe_", "exempt the metrics")}),
    Case("the label target is renamed", _rename, {LABELS: ("change the label target", "remove this relabelling")}),
    Case("scrapes are rarer than the windows stand", lambda s: s.job.update(scrape_interval="2m"),
         {SCRAPES: ("scrapes every 2m", "scrape_interval: 15s")}),
    Case("the scrape has no time", lambda s: s.job.update(scrape_timeout="1ms"),
         {SCRAPES: ("does not end in 1ms", "scrape_timeout: 10s")}),
    Case("the exporter requires a login",
         lambda s: s.job.update(static_configs=[{"targets": [s.places["guard"][7:]]}]),
         {SCRAPES: ("requires a login", "basic_auth")}),
    Case("the rules are not loaded", lambda s: s.rules.clear(),
         {RULES: ("no rule of aiprobe is loaded", EXPORT), ARRIVES: ("AIWatchdog does not fire", "meta.rules.yml")}),
    Case("a file of rules is missing", lambda s: s.rules.pop("providers.rules.yml"),
         {RULES: ("missing: AIProviderIncidentDeclared", EXPORT)}),
    Case("the rules are of an older version", lambda s: s.edit(r"aiprobe_consecutive_failures\b", "aiprobe_failures"),
         {RULES: ("aiprobe:consecutive_failures:vantage has another expression", EXPORT)}),
    Case("one alert is edited", lambda s: s.edit(r"(- alert: AIModelDown\n(?:.*\n)+?        for: )0s", r"\g<1>30m"),
         {RULES: ("AIModelDown has `for: 30m`, not 0s", EXPORT)}),
    Case("one alert is removed", lambda s: s.edit(r"      - alert: AIModelBrownOut\n(?:(?!      (?:-|#) ).*\n)+", ""),
         {RULES: ("missing: AIModelBrownOut", EXPORT)}),
    Case("the recorded series are absent",
         lambda s: s.edit(r"      - record: .*\n(?:(?!      (?:-|#) |  - name).*\n)+", ""),
         {RULES: ("missing: aiprobe:", EXPORT)}),
    Case("keep_firing_for is removed", lambda s: s.edit(r"^ +keep_firing_for: .*\n", ""),
         {RULES: ("`keep_firing_for: 0s`", EXPORT)}),
    Case("the rules are loaded twice", lambda s: s.rules.update({"copy.rules.yml": s.rules["providers.rules.yml"]}),
         {RULES: ("loaded twice: aiprobe-providers", "remove one of the files")}),
    Case("the rules are evaluated too seldom", _seldom,
         {IN_TIME: ("aiprobe-services every 4m", "evaluation_interval: 15s")}),
    Case("Prometheus has no Alertmanager", lambda s: _without(s.prometheus, "alerting"),
         {SENDS: ("to no Alertmanager", "alerting:")}),
    Case("alerts are dropped on their way",
         lambda s: s.prometheus["alerting"].update(alert_relabel_configs=[_drop("severity", "critical")]),
         {SENDS: ("drop AIModelDown", "exempt alertname")}),
    Case("severity is removed on the way", lambda s: s.prometheus["alerting"].update(
        alert_relabel_configs=[{"regex": "severity|scope", "action": "labeldrop"}]),
        {SENDS: ("change scope, severity of AIModelDown", "remove this relabelling")}),
    Case("an external label clashes",
         lambda s: s.prometheus["global"].update(external_labels={"provider": "aws", "team": "a"}),
         {SENDS: ("external_labels have provider", "rename it")}),
    Case("Prometheus refuses its file", lambda s: s.prometheus.update(no_such_key=1),
         {USES_FILE.format("Prometheus"): ("older one", "promtool check config")}),
    Case("Prometheus is elsewhere", lambda s: s.options.update(prometheus="http://127.0.0.1:1"),
         {PROMETHEUS: ("does not answer", "start Prometheus")}),
    Case("Prometheus requires a login", lambda s: s.options.update(prometheus=s.places["guard"]),
         {PROMETHEUS: ("requires a login (HTTP 401)", "--token-file")}),
    Case("the address is another program's", lambda s: s.options.update(prometheus=s.places["alertmanager"]),
         {PROMETHEUS: ("HTTP 404", "correct --prometheus")}),
    Case("Alertmanager is down", lambda s: s.options.update(alertmanager="http://127.0.0.1:1"),
         {ALERTMANAGER: ("does not answer", "start Alertmanager")}),
    Case("the Alertmanager is another one", lambda s: s.options.update(alertmanager=s.places["other"]),
         {ARRIVES: ("is not in this Alertmanager", "compare --alertmanager")}),
    Case("the route of critical alerts is missing",
         lambda s: s.routes.pop(s.routes.index(s.pager)) and s.options.update(receiver="pager"),
         {PAGER: ("not pager", 'severity="critical"')}),
    Case("a route continues to a second one", _twice, {PAGER: ("two pages", "continue: true")}),
    Case("the receiver has no integration", lambda s: _without(s.receiver("pager"), "webhook_configs"),
         {PAGER: ("no integration", "slack_configs")}),
    Case("the receiver sends no end",
         lambda s: s.receiver("pager")["webhook_configs"][0].update(send_resolved=False),
         {PAGER: ("no end of a page", "send_resolved: true")}),
    Case("the receiver of a route is mistyped", lambda s: s.pager.update(receiver="pagr"),
         {USES_FILE.format("Alertmanager"): ("older one", "a receiver that no list has")}),
    Case("the receiver of the command is mistyped", lambda s: s.options.update(receiver="pagr"),
         {"A page reaches the receiver pagr": ("no receiver pagr", "--receiver")}),
    Case("group_wait is too long", lambda s: s.alertmanager["route"].update(group_wait="10m"),
         {ONE_PAGE: ("group_wait of the route to pager is 10m", "group_wait: 15s")}),
    Case("every target is a page", lambda s: s.pager.update(group_by=["..."]),
         {ONE_PAGE: ("several pages of one outage", "group_by: [provider]")}),
    Case("all providers are one page", lambda s: s.alertmanager["route"].update(group_by=["severity"]),
         {ONE_PAGE: ("outages of two providers", "group_by: [provider]")}),
    Case("a page is repeated too soon", lambda s: s.alertmanager["route"].update(repeat_interval="5m"),
         {ONE_PAGE: ("repeat_interval is 5m", "repeat_interval: 4h")}),
    Case("a time interval mutes the pager", _mute, {MUTED: ("time interval always", "mute_time_intervals")}),
    Case("a silence mutes all", _silence,
         {MUTED: ("a colleague (quiet weekend)", "amtool silence expire"),
          WATCHDOG: ("a silence suppresses AIWatchdog", "matchers")}),
    Case("the inhibitions are absent", lambda s: s.alertmanager.update(inhibit_rules=[]),
         {INHIBITS: ("does not inhibit AIModelDown", "inhibit_rules")}),
    Case("an inhibition is too broad", lambda s: s.alertmanager["inhibit_rules"].append(
        {"source_matchers": ['scope="provider"'], "target_matchers": ['severity=~"none|info"']}),
        {INHIBITS: ("inhibits AIWatchdog", "target_matchers")}),
    Case("an inhibition is over all providers", lambda s: s.alertmanager["inhibit_rules"].append(
        {"source_matchers": ['alertname="AIProviderDown"'], "target_matchers": ['scope="model"']}),
        {INHIBITS: ("AIModelDown of another provider", "equal: [provider]")}),
    Case("AIWatchdog is not routed", lambda s: _watchdog_to(s, "nobody"),
         {WATCHDOG: ("reaches nobody", "external service")}),
    Case("AIWatchdog is a page", lambda s: _watchdog_to(s, "pager"), {WATCHDOG: ("pages pager", "before the others")}),
)  # fmt: skip
