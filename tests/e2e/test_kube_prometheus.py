"""Beside kube-prometheus-stack: its general rules and default inhibitions with ours, in one Prometheus.

Written from the documentation of kube-prometheus (general rules: TargetDown, Watchdog, InfoInhibitor) and of the Helm
chart (`alertmanager.config` in its values), as of November 2026. InfoInhibitor fires while an alert of severity info
does and none of severity warning or critical; its default inhibition mutes info alerts of the same namespace.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import aiohttp
import pytest
import yaml
from aiohttp import web

from tests.alerts.alertmanagers import SHIPPED, an_alertmanager, an_inbox, inhibited, post
from tests.alerts.conftest import Stack, stack
from tests.alerts.rulefiles import ROOT, RULE_FILES
from tests.e2e.test_alerts import a_prometheus, prometheus_config

__all__ = ["stack"]
pytestmark = pytest.mark.e2e

DEADLINE_SECONDS: Final = 60.0
GENERAL_RULES: Final = """\
groups:
  - name: general.rules
    rules:
      - alert: TargetDown
        expr: >-
          100 * (
          count by (cluster, job, namespace, service) (up == 0) / count by (cluster, job, namespace, service) (up)
          ) > 10
        for: 10m
        labels: {severity: warning}
      - alert: Watchdog
        expr: vector(1)
        labels: {severity: none}
      - alert: InfoInhibitor
        expr: >-
          ALERTS{severity="info"} == 1
          unless on (namespace)
          ALERTS{alertname!="InfoInhibitor",severity=~"warning|critical",alertstate="firing"} == 1
        labels: {severity: none}
"""
STACK_INHIBITS: Final = """\
- source_matchers: ['severity = critical']
  target_matchers: ['severity =~ warning|info']
  equal: [namespace, alertname]
- source_matchers: ['severity = warning']
  target_matchers: ['severity = info']
  equal: [namespace, alertname]
- source_matchers: ['alertname = InfoInhibitor']
  target_matchers: ['severity = info']
  equal: [namespace]
- target_matchers: ['alertname = InfoInhibitor']
"""
HOW_TO: Final = (ROOT / "docs" / "howto" / "kubernetes.md").read_text()
DECLARED: Final = 'aiprobe_status_component_state{page="p",component="c",provider="openai",surface="API"} 2\n'


def merged(*, ours_left_alone: bool = False) -> str:
    """Return our configuration with the stack's default inhibitions before ours."""
    config = yaml.safe_load(SHIPPED)
    theirs = yaml.safe_load(STACK_INHIBITS)
    if ours_left_alone:
        (changed,) = (block for block in HOW_TO.split("```yaml\n")[1:] if block.startswith("inhibit_rules:"))
        theirs[:2] = yaml.safe_load(changed.split("```")[0])["inhibit_rules"]
    config["inhibit_rules"] = [*theirs, *config["inhibit_rules"]]
    return yaml.safe_dump(config)


@asynccontextmanager
async def an_exporter_that_shows(text: str) -> AsyncIterator[str]:
    """Serve `text` as metrics; yields host and port."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=text)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def states(url: str, wanted: Mapping[str, bool]) -> dict[str, bool]:
    """Return alert -> is it inhibited, once they are as `wanted`; at the deadline, as they are."""
    found: dict[str, bool] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(DEADLINE_SECONDS), aiohttp.ClientSession() as session:
            while found != wanted:
                await asyncio.sleep(0.1)
                async with session.get(f"{url}/api/v2/alerts") as reply:
                    known = {each["labels"]["alertname"]: each["status"] for each in await reply.json()}
                found = {name: bool(known[name]["inhibitedBy"]) for name in wanted if name in known}
    return found


@pytest.mark.parametrize(
    ("severity", "muted"), [("none", False), ("info", True)], ids=["as shipped", "if its severity were info"]
)
async def test_the_stacks_info_inhibitor_leaves_the_dead_mans_switch_alone(
    tmp_path: Path, stack: Stack, severity: str, muted: bool
) -> None:
    rules = {path.name: re.sub(r"\n    interval: \w+", "", path.read_text()) for path in RULE_FILES}
    rules["general.rules.yml"] = GENERAL_RULES
    assert rules["meta.rules.yml"].count("severity: none") == 1
    rules["meta.rules.yml"] = rules["meta.rules.yml"].replace("severity: none", f"severity: {severity}")
    async with (
        an_inbox() as inbox,
        an_exporter_that_shows(DECLARED) as exporter,
        an_alertmanager(stack.alertmanager, tmp_path / "alertmanager", inbox, text=merged()) as alertmanager,
        a_prometheus(
            stack.prometheus,
            tmp_path / "prometheus",
            prometheus_config(exporter, alertmanager.removeprefix("http://"), "1s"),
            rules,
            "--rules.alert.resend-delay=1s",
        ),
    ):
        wanted = {"AIWatchdog": muted, "Watchdog": False, "InfoInhibitor": True, "AIProviderIncidentDeclared": True}
        assert await states(alertmanager, wanted) == wanted


def burn(provider: str, severity: str) -> dict[str, str]:
    own = {"provider": provider, "surface": "API", "target": f"{provider}-chat", "long": "1h"}
    return {"alertname": "AIServiceErrorBudgetBurn", "severity": severity, "scope": "model"} | own


@pytest.mark.parametrize(
    ("ours_left_alone", "muted"),
    [(False, ["AIServiceErrorBudgetBurn"]), (True, [])],
    ids=["with the defaults of the stack", "with the line of the how-to"],
)
async def test_a_page_about_one_provider_mutes_the_warning_about_another_unless_ours_are_left_alone(
    tmp_path: Path, stack: Stack, ours_left_alone: bool, muted: list[str]
) -> None:
    text = merged(ours_left_alone=ours_left_alone)
    async with an_inbox() as inbox, an_alertmanager(stack.alertmanager, tmp_path, inbox, text=text) as url:
        await post(url, burn("openai", "critical"), burn("anthropic", "warning"))
        assert await inhibited(url, 2, muted) == muted


async def test_no_inhibition_of_the_stack_mutes_a_page(tmp_path: Path, stack: Stack) -> None:
    names = ("AIModelDown", "AIProviderDown", "AISurfaceDown", "AIExporterDown", "AIModelBrownOut")
    pages = [{"alertname": name, "severity": "critical", "scope": "meta", "provider": f"p-{name}"} for name in names]
    theirs = [
        {"alertname": "InfoInhibitor", "severity": "none"}, {"alertname": "AIModelDown", "severity": "warning"},
        {"alertname": "TargetDown", "severity": "warning", "job": "aiprobe"},
    ]  # fmt: skip
    async with an_inbox() as inbox, an_alertmanager(stack.alertmanager, tmp_path, inbox, text=merged()) as url:
        await post(url, *pages, *theirs)
        assert set(await inhibited(url, len(pages) + len(theirs))) & set(names) <= {"AIModelDown"}
        async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v2/alerts") as reply:
            alerts = await reply.json()
        muted = [each["labels"] for each in alerts if each["status"]["inhibitedBy"]]
        assert [labels["alertname"] for labels in muted if labels["severity"] == "critical"] == []
