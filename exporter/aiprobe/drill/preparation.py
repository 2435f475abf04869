"""What a rehearsal needs of both servers, and how long their configurations let it take."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from aiprobe.drill.looks import Prometheus, labels_of
from aiprobe.drill.pages import Alertmanager
from aiprobe.drill.samples import DRILL
from aiprobe.drill.step import Config, Fault, Step, duration, some

SLACK_SECONDS: Final = 10.0
"""What a busy machine may take longer."""
_COPIED: Final = ("scrape_interval", "scrape_timeout", "metric_relabel_configs")
"""Of the user's own job, so that the drill goes the same way."""
_PERSISTENCE_STEPS: Final = 8 / 3
"""How long failures last before an outage, in scrapes: 40 s of 15 s."""
_LEAST_INTERVAL_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Times:
    """How long each part of a drill may take, in seconds, by the configurations of both servers."""

    step: float
    """From one scrape to the next."""
    evaluation: float
    wait: float
    group: float
    keeps: float
    """How long the page stays open after the outage."""

    @property
    def interval(self) -> float:
        """Return the interval of the drill's probes."""
        return max(self.step, _LEAST_INTERVAL_SECONDS)

    @property
    def persistence(self) -> float:
        """Return how long failures last before they are an outage."""
        return self.step * _PERSISTENCE_STEPS

    @property
    def seen(self) -> float:
        """Return the limit until the rules have what a probe found."""
        return self.interval + 2 * (self.step + self.evaluation) + SLACK_SECONDS

    @property
    def fires(self) -> float:
        """Return the limit until an outage fires."""
        return self.persistence + self.interval + self.seen

    @property
    def ends(self) -> float:
        """Return the limit from the end of the outage to the end of its page."""
        return self.keeps + self.seen + self.interval + 2 * self.group + SLACK_SECONDS

    @property
    def whole(self) -> float:
        """Return about how long a drill takes."""
        return 2 * self.fires + self.wait + self.group + self.keeps + self.group


def times(prometheus: Prometheus, alertmanager: Alertmanager) -> Times:
    """Return the times of a drill."""
    route = alertmanager.hook_route
    own = next((group for group in prometheus.groups if any(rule.name == "AIModelDown" for rule in group.rules)), None)
    loaded = [rule.keeps for group in prometheus.groups for rule in group.rules if rule.name == "AIProviderDown"]
    return Times(
        step=prometheus.step(next(iter(prometheus.jobs(DRILL)), {})),
        evaluation=15.0 if own is None else own.interval,
        wait=0.0 if route is None else route.time("group_wait"),
        group=0.0 if route is None else route.time("group_interval"),
        keeps=max(loaded, default=0.0),
    )


def prepared(prometheus: Prometheus, alertmanager: Alertmanager, *, listen: str, hook: str) -> Sequence[Step]:
    """Return the steps about what the user adds for a drill: a scrape job, and a receiver with its route."""
    return [
        Step.of("Prometheus has the scrape job of the drill", _job(prometheus, listen)),
        Step.of("Alertmanager has the web hook of the drill", _hook(alertmanager, hook)),
        Step.of("No alert of an earlier drill fires", _earlier(prometheus)),
    ]


def _job(prometheus: Prometheus, listen: str) -> Iterator[Fault]:
    jobs = prometheus.jobs(DRILL)
    if not jobs:
        own: Config = next(iter(prometheus.jobs(prometheus.expected.job)), {})
        copied: Config = {key: own[key] for key in _COPIED if key in own}
        added: Config = {"job_name": DRILL, "honor_labels": True, **copied, "static_configs": [{"targets": [listen]}]}
        text = _yaml([added])
        yield Fault(f"no scrape job has the name {DRILL}", f"add this to scrape_configs, and reload:\n{text}")
    for job in jobs:
        yield from labels_of(job, prometheus)


def _hook(alertmanager: Alertmanager, hook: str) -> Iterator[Fault]:
    if alertmanager.hook_route is not None:
        return
    route: Config = {"matchers": [f'provider="{DRILL}"'], "receiver": DRILL, "continue": True}
    if (own := alertmanager.route) is not None:
        keys = ("group_by", "group_wait", "group_interval", "repeat_interval")
        route |= {key: own.config[key] for key in keys if key in own.config}
    receiver = {"name": DRILL, "webhook_configs": [{"url": f"http://{hook}/", "send_resolved": True}]}
    yield Fault(
        f"no route of provider={DRILL} reaches a receiver {DRILL}",
        "add the receiver to receivers and the route before the others, and reload (`continue: true` also pages "
        f"{alertmanager.receiver or 'people'}; a rehearsal without people has `continue: false`):\n"
        f"{_yaml({'receivers': [receiver], 'routes': [route]})}",
    )


def _earlier(prometheus: Prometheus) -> Iterator[Fault]:
    own = [each["labels"]["alertname"] for each in prometheus.alerts if each["labels"].get("provider") == DRILL]
    if own:
        keeps = max(prometheus.expected.keeps(name) for name in own)
        yield Fault(f"these fire: {some(own)}", f"wait until they have ended, at most {duration(keeps)}")


def _yaml(content: Any) -> str:
    text: str = yaml.safe_dump(content, sort_keys=False, default_flow_style=None)
    return text
