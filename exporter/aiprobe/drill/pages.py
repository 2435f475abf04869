"""What Alertmanager reports of itself, and the checks of it: routes, pages, inhibitions, silences."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import yaml

from aiprobe.drill.asking import Api
from aiprobe.drill.looks import Prometheus, reload_failed
from aiprobe.drill.routing import Route, inhibits, routes, silences
from aiprobe.drill.samples import DRILL, WATCHDOG, model_down, provider_down
from aiprobe.drill.step import Config, Fault, Labels, Step, duration, some

MOST_WAIT_SECONDS: Final = 60.0
"""Of `group_wait`: a page about an outage of minutes is late after it."""
MOST_INTERVAL_SECONDS: Final = 300.0
"""Of `group_interval`, Alertmanager's default: an escalation and an end wait for it."""
_OTHER: Final = f"{DRILL}-other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    """What an Alertmanager reports of itself, and the receiver that pages people."""

    config: Config
    alerts: Sequence[Config]
    silences: Sequence[Config]
    reloaded: bool
    receiver: str
    """The one that the user named, or else the first one of a page."""

    def integrations(self, name: str) -> Sequence[Config]:
        """Return the configurations of what a receiver sends to."""
        found: Config = next((each for each in self.config["receivers"] if each["name"] == name), {})
        return [one for key, every in found.items() if key.endswith("_configs") for one in every]

    def pages(self, alert: Labels) -> Sequence[Route]:
        """Return the routes of an alert as if the drill had none."""
        return pages(self.config, alert)

    @property
    def route(self) -> Route | None:
        """Return the route on which an outage of a model reaches the receiver."""
        return next((one for one in self.pages(model_down()) if one.receiver == self.receiver), None)

    @property
    def hook_route(self) -> Route | None:
        """Return the route to the web hook of the drill."""
        return next((one for one in routes(self.config, model_down()) if one.receiver == DRILL), None)


def pages(config: Config, alert: Labels) -> Sequence[Route]:
    """Return the routes of an alert in a configuration as if the drill had none."""
    others = [route for route in config["route"].get("routes") or () if route.get("receiver") != DRILL]
    return routes({"route": {**config["route"], "routes": others}}, alert)


async def read_alertmanager(api: Api, receiver: str) -> Alertmanager:
    """Read everything that the checks need. Raises NotAnsweredError."""
    status, alerts, found = await asyncio.gather(
        *(api.json(f"/api/v2/{name}") for name in ("status", "alerts", "silences"))
    )
    config = yaml.safe_load(status["config"]["original"])
    reached = [route.receiver for route in pages(config, model_down())]
    return Alertmanager(
        config=config,
        alerts=alerts,
        silences=found,
        reloaded=not await reload_failed(api, "alertmanager_config_last_reload_successful"),
        receiver=receiver or next(iter(reached), ""),
    )


def look_at_alertmanager(seen: Alertmanager, *, keeps_seconds: float) -> Sequence[Step]:
    """Return the steps that need Alertmanager only. `keeps_seconds`: how long the shortest outage is open."""
    return [
        Step.of("Alertmanager uses its configuration file", _reload(seen)),
        Step.of(f"A page reaches the receiver {seen.receiver}", _receiver(seen)),
        Step.of("One outage is one page", _grouping(seen, keeps_seconds)),
        Step.of("Nothing mutes a page", _muted(seen)),
        Step.of("Inhibitions hold, and not too much", _inhibitions(seen)),
        Step.of("AIWatchdog reaches a dead man's switch", _watchdog(seen)),
    ]


def arrival(prometheus: Prometheus, alertmanager: Alertmanager) -> Step:
    """Return the step that AIWatchdog, which always fires, gets from this Prometheus to this Alertmanager."""
    return Step.of("Alerts of this Prometheus arrive in this Alertmanager", _arrival(prometheus, alertmanager))


def _arrival(prometheus: Prometheus, alertmanager: Alertmanager) -> Iterator[Fault]:
    name = WATCHDOG["alertname"]
    firing = [each["labels"] for each in prometheus.alerts if each["state"] == "firing"]
    fired = next((labels for labels in firing if labels["alertname"] == name), None)
    if fired is None:
        yield Fault(f"{name} does not fire in Prometheus, although it always should", "load meta.rules.yml")
        return
    sent = prometheus.sent(fired)
    if sent is not None and not any(sent.items() <= each["labels"].items() for each in alertmanager.alerts):
        yield Fault(
            f"{name} fires in Prometheus, and is not in this Alertmanager",
            "compare --alertmanager with alerting: in prometheus.yml; its log has the errors of sending",
        )


def _reload(seen: Alertmanager) -> Iterator[Fault]:
    if not seen.reloaded:
        yield Fault(
            "Alertmanager could not read its configuration again, and runs on with an older one",
            "run `amtool check-config FILE`, correct what it names (often a receiver that no list has), and reload",
        )


def _receiver(seen: Alertmanager) -> Iterator[Fault]:
    known = [str(each["name"]) for each in seen.config["receivers"]]
    if seen.receiver not in known:
        yield Fault(f"there is no receiver {seen.receiver}", f"name one of these with --receiver: {some(known, 20)}")
        return
    for alert in (model_down(), provider_down()):
        reached = [route.receiver for route in seen.pages(alert)]
        what = f"{alert['alertname']} (severity critical)"
        if seen.receiver not in reached:
            yield Fault(
                f"{what} reaches {some(reached)}, not {seen.receiver}",
                f'add a route with matchers: [severity="critical"] and receiver: {seen.receiver}',
            )
        if twice := {one for one in reached if reached.count(one) > 1}:
            yield Fault(
                f"{what} reaches {some(twice)} by two routes: two pages", "remove `continue: true` of the first one"
            )
    integrations = seen.integrations(seen.receiver)
    if not integrations:
        yield Fault(
            f"the receiver {seen.receiver} has no integration, so nothing is sent",
            "add slack_configs, pagerduty_configs or webhook_configs to it",
        )
    elif not any(one.get("send_resolved") for one in integrations):
        yield Fault(f"{seen.receiver} sends no end of a page", "set send_resolved: true in its integration")


def _grouping(seen: Alertmanager, keeps: float) -> Iterator[Fault]:
    route = seen.route
    if route is None:
        return
    by = f"group_by: [{', '.join(route.group_by)}] of the route to {seen.receiver}"
    mend = "set group_by: [provider]"
    one_outage = [route.group(alert) for alert in (model_down(1), model_down(2), provider_down())]
    if any(first != second for first, second in pairwise(one_outage)):
        yield Fault(f"{by} makes several pages of one outage of a provider", mend)
    if route.group(provider_down()) == route.group(provider_down(_OTHER)):
        yield Fault(f"{by} makes one page of outages of two providers: the second one pages nobody", mend)
    for key, most in (("group_wait", MOST_WAIT_SECONDS), ("group_interval", MOST_INTERVAL_SECONDS)):
        if route.time(key) > most:
            problem = f"{key} of the route to {seen.receiver} is {duration(route.time(key))}: pages are late"
            yield Fault(problem, f"set {key}: {'15s' if key == 'group_wait' else '1m'}")
    if route.time("repeat_interval") < keeps:
        yield Fault(
            f"repeat_interval is {duration(route.time('repeat_interval'))}: the shortest outage, which is open for "
            f"{duration(keeps)}, pages again",
            "set repeat_interval: 4h",
        )


def _muted(seen: Alertmanager) -> Iterator[Fault]:
    if seen.route is not None and seen.route.muted_by:
        yield Fault(
            f"the route to {seen.receiver} is muted by the time interval {some(seen.route.muted_by)}",
            'remove mute_time_intervals and active_time_intervals from the route of severity="critical"',
        )
    for silence in seen.silences:
        if silences(silence, model_down()):
            yield Fault(
                f"the silence {silence['id']} of {silence['createdBy']} ({silence['comment']}) mutes pages until "
                f"{silence['endsAt']}",
                f"run `amtool silence expire {silence['id']}`, or give it matchers of what it is for",
            )


def _inhibitions(seen: Alertmanager) -> Iterator[Fault]:
    shipped = "copy inhibit_rules from the alertmanager.yml that `aiprobe export rules` writes"
    if not inhibits(seen.config, provider_down(), model_down()):
        yield Fault("AIProviderDown does not inhibit AIModelDown of its provider: the page has both", shipped)
    if inhibits(seen.config, provider_down(), model_down(1, _OTHER)):
        yield Fault(
            "AIProviderDown inhibits AIModelDown of another provider", "add equal: [provider] to the inhibition"
        )
    if inhibits(seen.config, model_down(), provider_down()):
        yield Fault("AIModelDown inhibits AIProviderDown, the greater outage", shipped)
    if inhibits(seen.config, provider_down(), WATCHDOG) or inhibits(seen.config, model_down(), WATCHDOG):
        yield Fault(
            "an outage inhibits AIWatchdog: the dead man's switch calls without reason",
            'add scope=~"surface|model" to target_matchers of the inhibition',
        )


def _watchdog(seen: Alertmanager) -> Iterator[Fault]:
    reached = [route.receiver for route in seen.pages(WATCHDOG)]
    if not any(seen.integrations(name) for name in reached):
        yield Fault(
            f"AIWatchdog reaches {some(reached)}, which sends nothing: nobody notices when the alerting is dead",
            "route it to an external service that calls you when it stops",
        )
    if seen.receiver in reached:
        yield Fault(
            f"AIWatchdog, which always fires, pages {seen.receiver}",
            'add a route with matchers: [alertname="AIWatchdog"] before the others',
        )
    for alert in seen.alerts:
        status = alert["status"]
        if alert["labels"]["alertname"] == "AIWatchdog" and (status["inhibitedBy"] or status["silencedBy"]):
            by = "a silence" if status["silencedBy"] else "an inhibition"
            yield Fault(
                f"{by} suppresses AIWatchdog now", "give the matchers of the silence or inhibition an alertname"
            )
