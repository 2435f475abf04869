"""The Alertmanager configuration under amtool and a running Alertmanager: who gets what, and who silences whom."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.alerts.alertmanagers import an_alertmanager, an_inbox, inhibited, post, scaled
from tests.alerts.conftest import Stack
from tests.alerts.rulefiles import ALERTS

pytestmark = pytest.mark.e2e

CONFIG = str(ALERTS / "alertmanager.yml")
TEAMS = str(ALERTS / "examples" / "teams.yml")
CONFIGURATIONS = [
    "alertmanager.yml",
    *(f"examples/{path.name}" for path in sorted((ALERTS / "examples").glob("*.yml"))),
]


def amtool(stack: Stack, *arguments: str) -> tuple[int, str]:
    done = subprocess.run([stack.amtool, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("config", CONFIGURATIONS)
def test_amtool_accepts_the_configuration_and_its_examples(stack: Stack, config: str) -> None:
    status, said = amtool(stack, "check-config", str(ALERTS / config))
    assert status == 0, said


@pytest.mark.parametrize(
    ("receivers", "labels"),
    [
        ("deadman", "alertname=AIWatchdog severity=none scope=meta"),
        ("feed", "alertname=AIProviderIncidentDeclared severity=info scope=surface provider=openai"),
        ("pager,chat", "alertname=AIModelDown severity=critical scope=model provider=openai target=gpt"),
        ("pager,sms,chat", "alertname=AIProviderDown severity=critical scope=provider provider=openai"),
        ("pager,sms,chat", "alertname=AISurfaceDown severity=critical scope=surface provider=openai surface=ChatGPT"),
        ("pager,sms,chat", "alertname=AIProbeEgressFailure severity=critical scope=global"),
        ("pager,chat", "alertname=AIExporterDown severity=critical scope=meta"),
        ("chat", "alertname=AIModelThrottled severity=warning scope=model provider=openai"),
        ("mail,chat", "alertname=AISLABreachLikely severity=warning scope=provider contract=acme"),
        ("chat", "alertname=Another"),
    ],
)
def test_an_alert_reaches_its_receivers(stack: Stack, receivers: str, labels: str) -> None:
    route = ("config", "routes", "test", f"--config.file={CONFIG}")
    status, said = amtool(stack, *route, f"--verify.receivers={receivers}", *labels.split())
    assert status == 0, said


@pytest.mark.parametrize(
    ("receivers", "labels"),
    [
        ("deadman", "alertname=AIWatchdog severity=none scope=meta"),
        ("nobody", "alertname=AIProviderIncidentDeclared severity=info scope=surface provider=openai team=search"),
        ("search", "alertname=AIModelDown severity=critical scope=model provider=openai target=gpt team=search"),
        ("support", "alertname=AIProviderDown severity=critical scope=provider provider=openai team=support"),
        ("support", "alertname=AIModelThrottled severity=warning scope=model provider=openai team=support"),
        ("platform", "alertname=AIProviderDown severity=critical scope=provider provider=openai"),
        ("platform", "alertname=AIModelDown severity=critical scope=model provider=openai team=unheard-of"),
        ("platform", "alertname=AIExporterDown severity=critical scope=meta instance=a"),
    ],
)
def test_an_alert_reaches_the_team_of_its_target(stack: Stack, receivers: str, labels: str) -> None:
    route = ("config", "routes", "test", f"--config.file={TEAMS}")
    status, said = amtool(stack, *route, f"--verify.receivers={receivers}", *labels.split())
    assert status == 0, said


def alert(name: str, severity: str, scope: str, **labels: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, "scope": scope} | labels


EGRESS = alert("AIProbeEgressFailure", "critical", "global")
PROVIDER = alert("AIProviderDown", "critical", "provider", provider="openai")
SURFACE = alert("AISurfaceDown", "critical", "surface", provider="openai", surface="API")
MODEL = alert("AIModelDown", "critical", "model", provider="openai", surface="API", target="gpt")
OTHER_SURFACE = alert("AIModelDown", "critical", "model", provider="openai", surface="ChatGPT", target="web")
BROWN_OUT = alert(
    "AIModelBrownOut", "critical", "model", provider="openai", surface="API", target="gpt", slo="availability"
)
BURN = alert("AIServiceErrorBudgetBurn", "critical", "model", provider="openai", surface="API", target="gpt", long="1h")
SLOW = alert("AITTFTHigh", "warning", "model", provider="openai", surface="API", target="gpt")
SLOW_MINI = alert("AITTFTHigh", "warning", "model", provider="openai", surface="API", target="mini")
ELSEWHERE = alert("AIModelDown", "critical", "model", provider="anthropic", surface="API", target="haiku")
NAMELESS = alert("AIModelDown", "critical", "model")
NAMELESS_PROVIDER = alert("AIProviderDown", "critical", "provider")
EXCLUDED = alert("AIAllAttemptsExcluded", "critical", "provider", provider="openai")
REFUSED = alert("AIAllAttemptsExcluded", "warning", "model", provider="openai", surface="API", target="gpt")
THROTTLED = alert("AIModelThrottled", "warning", "model", provider="openai", surface="API", target="mini")
DECLARED = alert("AIProviderIncidentDeclared", "info", "surface", provider="openai", surface="API")
EXPORTER = alert("AIExporterDown", "critical", "meta", instance="a")
VANISHED = alert("AITargetVanished", "critical", "meta")
META = alert("AIBudgetExhausted", "warning", "meta", instance="a")


@pytest.mark.parametrize(
    ("firing", "silent"),
    [
        ([EGRESS, PROVIDER, SURFACE, MODEL, SLOW], ["AIModelDown", "AIProviderDown", "AISurfaceDown", "AITTFTHigh"]),
        ([EGRESS, META, EXPORTER], []),
        ([PROVIDER, SURFACE, MODEL, SLOW, ELSEWHERE], ["AIModelDown", "AISurfaceDown", "AITTFTHigh"]),
        ([SURFACE, MODEL, SLOW, OTHER_SURFACE], ["AIModelDown", "AITTFTHigh"]),
        ([MODEL, SLOW, SLOW_MINI], ["AITTFTHigh"]),
        ([MODEL, BROWN_OUT, BURN], ["AIModelBrownOut", "AIServiceErrorBudgetBurn"]),
        ([BROWN_OUT, BURN], ["AIServiceErrorBudgetBurn"]),
        ([DECLARED, MODEL, SLOW], ["AITTFTHigh"]),
        ([NAMELESS_PROVIDER, NAMELESS, MODEL], []),
        ([EXPORTER, VANISHED, MODEL], ["AITargetVanished"]),
        ([EXCLUDED, REFUSED, THROTTLED, SURFACE, OTHER_SURFACE], ["AIAllAttemptsExcluded", "AIModelThrottled"]),
    ],
    ids=[
        "no egress over all services", "no egress silences no exporter", "a provider over its own",
        "a surface over its own", "a model over its own warnings", "down over flaky over burnt", "flaky over burnt",
        "a status page silences nobody", "missing labels match nothing", "a dead exporter over what it took along",
        "a refusal of everything over its own warnings and over no outage",
    ],
)  # fmt: skip
@pytest.mark.parametrize("config", CONFIGURATIONS)
async def test_inhibition(
    stack: Stack, tmp_path: Path, config: str, firing: list[Mapping[str, str]], silent: list[str]
) -> None:
    text = (ALERTS / config).read_text()
    async with an_inbox() as inbox, an_alertmanager(stack.alertmanager, tmp_path, inbox, text=text) as url:
        await post(url, *firing)
        assert await inhibited(url, len(firing), silent) == silent


@pytest.mark.parametrize("config", CONFIGURATIONS)
def test_the_inhibitions_of_an_example_are_those_of_the_main_configuration(config: str) -> None:
    rules = [yaml.safe_load((ALERTS / name).read_text())["inhibit_rules"] for name in ("alertmanager.yml", config)]
    assert rules[0] == rules[1]


async def test_an_escalation_updates_the_page_that_is_out_and_nothing_stays_open(stack: Stack, tmp_path: Path) -> None:
    async with an_inbox() as inbox, an_alertmanager(stack.alertmanager, tmp_path, inbox, factor=1 / 60) as url:
        await post(url, SLOW, MODEL)
        await inbox.until(lambda m: m.receiver == "pager" and m.firing == ("AIModelDown",))
        await post(url, PROVIDER)
        await inbox.until(lambda m: m.receiver == "pager" and m.firing == ("AIProviderDown",))
        await post(url, SLOW, MODEL, ended=True)
        await inhibited(url, 1)
        await post(url, PROVIDER, ended=True)
        await inbox.until(lambda m: m.receiver == "pager" and m.status == "resolved")
        await inbox.until(lambda m: m.receiver == "chat" and m.status == "resolved")
        pages = [
            ("pager", "openai", "firing", ("AIModelDown",)),
            ("pager", "openai", "firing", ("AIProviderDown",)),
            ("pager", "openai", "resolved", ()),
        ]
        assert inbox.of("pager") == pages


async def test_the_end_of_an_outage_is_delivered_before_a_separate_outage_begins(stack: Stack, tmp_path: Path) -> None:
    """Three outages of one provider: PagerDuty gets trigger, resolve, trigger, resolve, with one key for the provider.

    An outage that begins before the end of the last one is delivered joins it: `keep_firing_for` and one
    `group_interval` after its recovery.
    """
    async with an_inbox() as inbox, an_alertmanager(stack.alertmanager, tmp_path, inbox, factor=1 / 60) as url:
        for number, outage in enumerate((PROVIDER, MODEL, PROVIDER), 1):
            await post(url, outage)
            await inbox.until_pages("openai", "firing", number)
            await post(url, outage, ended=True)
            await inbox.until_pages("openai", "resolved", number)
        assert [each[2] for each in inbox.of("pager")] == ["firing", "resolved"] * 3


async def test_an_outage_that_begins_before_the_end_is_delivered_joins_the_page(stack: Stack, tmp_path: Path) -> None:
    async with an_inbox() as inbox, an_alertmanager(stack.alertmanager, tmp_path, inbox, factor=1 / 60) as url:
        await post(url, MODEL)
        await inbox.until_pages("openai", "firing", 1)
        await post(url, OTHER_SURFACE)
        await post(url, MODEL, ended=True)
        await inbox.until(lambda m: m.receiver == "pager" and m.resolved == ("AIModelDown",) and m.status == "firing")
        await post(url, OTHER_SURFACE, ended=True)
        await inbox.until_pages("openai", "resolved", 1)
        assert {each[2] for each in inbox.of("pager")[:-1]} == {"firing"}


async def test_a_warning_that_was_told_and_then_inhibited_is_told_to_be_over(stack: Stack, tmp_path: Path) -> None:
    async with an_inbox() as inbox, an_alertmanager(stack.alertmanager, tmp_path, inbox, factor=1 / 60) as url:
        await post(url, SLOW)
        await inbox.until(lambda m: m.receiver == "chat" and m.firing == ("AITTFTHigh",))
        await post(url, MODEL)
        await inbox.until(lambda m: m.receiver == "chat" and m.firing == ("AIModelDown",))
        await post(url, SLOW, ended=True)
        await inhibited(url, 1)
        await post(url, MODEL, ended=True)
        await inbox.until(lambda m: m.receiver == "chat" and m.status == "resolved")
        assert [each[2] for each in inbox.of("chat")] == ["firing", "firing", "resolved"]


def test_scaling_changes_durations_and_nothing_else() -> None:
    before = "for: 90s\nexpr: increase(a:increase5m[30d:1h] offset 1h) > 100 # 3 of 15\nlong: 1h"
    after = (
        "for: 1500ms\nexpr: increase(a:increase5m[43200000ms:60000ms] offset 60000ms) > 100 # 3 of 15\nlong: 60000ms"
    )
    assert scaled(before, 1 / 60) == after
