"""What a person reads: the templates, rendered by amtool from alerts as the rules make them."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import pytest

from tests.alerts.conftest import Stack
from tests.alerts.rulefiles import ALERTS, ROOT, TESTS
from tests.alerts.scenarios import texts

pytestmark = pytest.mark.e2e

SINCE = "2026-11-22T03:07:00Z"
LATER = "2026-11-22T03:52:00Z"


def an_alert(scope: str, summary: str, *, status: str = "firing", severity: str = "critical", **labels: str) -> Any:
    return {
        "status": status,
        "labels": {"alertname": "AIAlert", "scope": scope, "severity": severity, "provider": "openai"} | labels,
        "annotations": {
            "summary": summary,
            "description": "First fail over.",
            "dashboard_url": f"https://grafana.example/d/{scope}",
            "runbook_url": "https://aiprobe.example/runbooks/AIAlert.md",
            "status_page": "all is well",
            "incidents_command": "aiprobe incidents",
        }
        | ({"probe_command": f"aiprobe probe {labels['target']}"} if "target" in labels else {}),
        "startsAt": SINCE,
        "endsAt": LATER,
    }


MODEL = an_alert("model", "An AI model is down", target="gpt")
PROVIDER = an_alert("provider", "An AI provider is down")
ENDED = an_alert("provider", "An AI provider is down", status="resolved")


def rendered(stack: Stack, folder: Path, name: str, *alerts: Any, group: str = "openai") -> str:
    """Return a template of the shipped file, filled with a group of alerts."""
    firing = any(each["status"] == "firing" for each in alerts)
    data = {
        "receiver": "pager",
        "status": "firing" if firing else "resolved",
        "alerts": alerts,
        "groupLabels": {"provider": group} if group else {},
        "commonLabels": {"provider": group} if group else {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
    }
    (folder / "data.json").write_text(json.dumps(data))
    done = subprocess.run(
        [stack.amtool, "template", "render", f"--template.glob={ALERTS}/templates/*.tmpl",
         f'--template.text={{{{ template "{name}" . }}}}', f"--template.data={folder}/data.json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip("\n")


def test_a_title_names_the_provider_and_the_widest_trouble(stack: Stack, tmp_path: Path) -> None:
    assert rendered(stack, tmp_path, "aiprobe.title", MODEL) == "openai: An AI model is down: gpt"
    title = rendered(stack, tmp_path, "aiprobe.title", MODEL, PROVIDER, MODEL)
    assert title == "openai: An AI provider is down (3 alerts)"


def test_the_title_and_the_text_begin_with_the_same_alert(stack: Stack, tmp_path: Path) -> None:
    alerts = [an_alert("model", "An AI model is down", target=f"gpt-{number}") for number in range(4)]
    assert rendered(stack, tmp_path, "aiprobe.title", *alerts) == "openai: An AI model is down: gpt-0 (4 alerts)"
    assert rendered(stack, tmp_path, "aiprobe.text", *alerts).startswith("An AI model is down: gpt-0\n")


def test_the_end_says_over(stack: Stack, tmp_path: Path) -> None:
    assert rendered(stack, tmp_path, "aiprobe.title", ENDED) == "Over: openai: An AI provider is down"
    text = rendered(stack, tmp_path, "aiprobe.text", ENDED)
    assert text.splitlines()[0] == "Over: An AI provider is down: openai, Sun 03:07 to 03:52 UTC"


def test_what_has_no_provider_is_about_aiprobe_itself(stack: Stack, tmp_path: Path) -> None:
    egress = an_alert("global", "The probers have no way out to the Internet")
    title = rendered(stack, tmp_path, "aiprobe.title", egress, group="")
    assert title == "aiprobe itself: The probers have no way out to the Internet"


def test_the_text_says_what_since_when_what_the_page_says_and_where_to_look(stack: Stack, tmp_path: Path) -> None:
    assert rendered(stack, tmp_path, "aiprobe.text", MODEL).splitlines() == [
        "An AI model is down: gpt",
        "Since Sun 03:07 UTC",
        "Status page: all is well",
        "First fail over.",
        "Probe it: aiprobe probe gpt",
        "Request ids: aiprobe incidents",
        "Dashboard: https://grafana.example/d/model",
        "Runbook: https://aiprobe.example/runbooks/AIAlert.md",
        "Silence: http://127.0.0.1:9093/#/silences/new?filter=%7Bprovider%3D%22openai%22%2Ctarget%3D%22gpt%22%7D",
        "Provider's page: https://status.openai.com",
    ]


def test_a_silence_of_a_surface_with_blanks_in_its_name_is_one_that_a_browser_reads(
    stack: Stack, tmp_path: Path
) -> None:
    surface = an_alert("surface", "Outage of a surface", surface='Claude "API" & co+')
    (link,) = [line for line in rendered(stack, tmp_path, "aiprobe.text", surface).splitlines() if "Silence" in line]
    filters = unquote(link.partition("filter=")[2])
    assert filters == '{provider="openai",surface="Claude "API" & co+"}'


@pytest.mark.parametrize("stack", ["installed"], indirect=True)
def test_the_page_in_the_documentation_is_what_its_scenario_sends(stack: Stack, tmp_path: Path) -> None:
    (down,) = [
        each
        for each in texts(stack.promtool, TESTS / "pages_test.yml", tmp_path)
        if each.labels["alertname"] == "AIModelDown" and each.at == 15 * 60
    ]
    alert = {"status": "firing", "labels": down.labels, "annotations": down.annotations,
             "startsAt": "1970-01-01T00:11:00Z", "endsAt": "1970-01-01T01:00:00Z"}  # fmt: skip
    text = rendered(stack, tmp_path, "aiprobe.text", alert, group="anthropic")
    shown = (ROOT / "docs" / "alerting.md").read_text().partition("```text\nOutage of")[2].partition("```")[0]
    assert " ".join(f"Outage of{shown}".split()) == " ".join(text.split())


LONG: Final = {"target": "t" * 120, "surface": "s" * 120, "provider": "openai", "instance": "i" * 120}
GROUP: Final = [
    *(an_alert("model", "Budget spent too fast", severity="warning", target=f"slow-{n}") for n in range(11)),
    *(an_alert("model", "Outage of an AI model", target=f"model-{n}") for n in range(10)),
    *(an_alert("surface", "Outage of a surface", surface=f"surface-{n}") for n in range(2)),
    an_alert("provider", "Outage of an AI provider"),
]


def long(alert: Any) -> Any:
    words = {"summary": "S" * 200, "description": "D é" * 900, "status_page": "P" * 300, "probe_command": "C" * 400}
    links = {"dashboard_url": "https://" + "g" * 900, "runbook_url": "https://" + "r" * 400}
    return alert | {"annotations": alert["annotations"] | words | links, "labels": alert["labels"] | LONG}


HALF_OVER: Final = [long(each) | {"status": status} for each in GROUP for status in ("firing", "resolved")]


@pytest.mark.parametrize(
    "alerts",
    [GROUP, [long(each) for each in GROUP], HALF_OVER, HALF_OVER[1::2]],
    ids=["24 alerts", "with long texts", "half of them over", "all of them over"],
)
def test_a_message_about_24_alerts_stays_within_the_limits_of_slack_and_pagerduty(
    stack: Stack, tmp_path: Path, alerts: list[Any]
) -> None:
    """A text of a block of Slack has at most 3,000 characters, a summary of PagerDuty's events 1,024."""
    title, text = (rendered(stack, tmp_path, f"aiprobe.{part}", *alerts) for part in ("title", "text"))
    assert len((title + text).encode()) < 3000
    assert len(title) < 1024


def test_the_worst_of_24_alerts_comes_first_and_the_number_is_said(stack: Stack, tmp_path: Path) -> None:
    lines = rendered(stack, tmp_path, "aiprobe.text", *GROUP).splitlines()
    assert lines[0] == "Outage of an AI provider: openai"
    also = [line for line in lines if line.startswith("Also: ")]
    assert also[:3] == [
        "Also: Outage of a surface: surface-0, since 03:07 UTC",
        "Also: Outage of a surface: surface-1, since 03:07 UTC",
        "Also: Outage of an AI model: model-0, since 03:07 UTC",
    ]
    assert len(also) == 4
    assert "24 alerts in all; the worst 5 are here." in lines
    assert rendered(stack, tmp_path, "aiprobe.title", *GROUP) == "openai: Outage of an AI provider (24 alerts)"
    assert rendered(stack, tmp_path, "aiprobe.dashboard", *GROUP) == "https://grafana.example/d/provider"


def test_a_text_message_is_one_line_that_fits(stack: Stack, tmp_path: Path) -> None:
    text = rendered(stack, tmp_path, "aiprobe.sms", PROVIDER)
    assert text == "openai: An AI provider is down. Status page: all is well. Since 03:07 UTC"
    assert len(text) <= 160


@pytest.mark.parametrize(("name", "wanted"), [("aiprobe.who", "openai"), ("aiprobe.colour", "danger"),
                                              ("aiprobe.dashboard", "https://grafana.example/d/provider")])  # fmt: skip
def test_the_small_ones(stack: Stack, tmp_path: Path, name: str, wanted: str) -> None:
    assert rendered(stack, tmp_path, name, PROVIDER) == wanted
