"""Every scenario of the `*_test.yml` files under promtool: what fires, and whether its texts are true.

Every text of every alert is read, also after the end of the trouble, and compared with what was fed in.

A text begins with its time. What it claims of that time is looked up in the input series: vantages, targets, since
when, outcome, HTTP status, what the status page declared. A summary claims nothing that could be over.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.alerts.conftest import Stack
from tests.alerts.promql import seconds
from tests.alerts.rulefiles import TEST_FILES, Rule, alerts
from tests.alerts.scenarios import Inputs, Text, inputs, missed, texts

WEEK: Final = 7 * 86400.0
STAMP: Final = r"At (\w{3} \d\d:\d\d) UTC:"
WORDS: Final[dict[str, set[float]]] = {
    "degraded": {1.0}, "partial outage": {2.0}, "major outage": {3.0}, "all is well": {0.0}, "not known": set(),
}  # fmt: skip
CONDITIONS: Final = {
    "AIModelDown": ("aiprobe_state", 3.0), "AIModelBrownOut": ("aiprobe_outage_suspicion", 0.001),
    "AISurfaceDown": ("aiprobe_surface_state", 3.0), "AIProviderDown": ("aiprobe_consecutive_failures", 1.0),
}  # fmt: skip
"""What a vantage that an alert names has seen: series, and its value at least."""


def stamped(text: Text) -> float:
    """Return the time that a text states, as seconds of its scenario: the latest such minute that is not after it."""
    found = re.match(STAMP, text.annotations["description"])
    assert found, text
    at = datetime.fromtimestamp(text.at, UTC)
    for minutes in range(int(WEEK / 60)):
        if (at - timedelta(minutes=minutes)).strftime("%a %H:%M") == found[1]:
            return text.at - text.at % 60 - minutes * 60
    raise AssertionError(text)


def clock(text: str, before: float) -> float:
    """Return the latest time of day `text` that is not after `before`."""
    hours, minutes = map(int, text.split(":"))
    day = before - before % 86400
    found = day + hours * 3600 + minutes * 60
    return found if found <= before else found - 86400


def untrue(text: Text, fed: Inputs, rule: Rule) -> list[str]:
    """Return the claims of a text that the scenario contradicts in the whole minute that it names."""
    when = stamped(text)
    moments = [when + more for more in range(0, 60, 5) if when + more <= text.at]
    checks = (vantages, targets, since, outcome, page)
    wrong = min(([claim for check in checks for claim in check(text, fed, moment)] for moment in moments), key=len)
    late = text.at - when > seconds(rule.keeps or "0s") + 5 * 60
    return [*wrong, "it was sent longer after its time than the alert is kept"] if late else wrong


def own(text: Text) -> dict[str, str]:
    """Return the labels by which an alert's claims are looked up."""
    return {name: text.labels[name] for name in ("target", "provider", "surface") if name in text.labels}


def vantages(text: Text, fed: Inputs, when: float) -> Iterator[str]:
    found = re.search(r"Seen from (\d+) of (\d+) vantage\(s\) \(([^)]*)\)", text.annotations["description"])
    if found:
        series, least = CONDITIONS[text.labels["alertname"]]
        values = fed.at(series, when, **own(text))
        seen = {labels.get("vantage", "") for labels, value in values if value >= least}
        names = {"" if name == "without a name" else name for name in found[3].split(", ")}
        if not names <= seen or len(names) != int(found[1]):
            yield f"{found[0]}: seen from {seen}"
        if int(found[2]) > len({labels.get("vantage", "") for labels, _ in values}):
            yield f"{found[0]}: there are not so many"


def targets(text: Text, fed: Inputs, when: float) -> Iterator[str]:
    found = re.search(r"Failing: (\d+) of (\d+) target\(s\), among them ([^.]*)\.", text.annotations["description"])
    if found:
        values = fed.at("aiprobe_consecutive_failures", when, **own(text))
        failing = {labels["target"] for labels, value in values if value >= 1}
        if not set(found[3].split(", ")) <= failing or int(found[1]) > len(failing):
            yield f"{found[0]}: {failing}"
        if int(found[2]) > len({labels["target"] for labels, _ in values}):
            yield f"{found[0]}: there are not so many"


def since(text: Text, fed: Inputs, when: float) -> Iterator[str]:
    if found := re.search(r"Failing since (\d\d:\d\d) UTC", text.annotations["description"]):
        starts = [value for _, value in fed.at("aiprobe_failing_since_timestamp_seconds", when, **own(text))]
        if not starts or clock(found[1], when) != min(starts) // 60 * 60:
            yield f"{found[0]}: {starts}"


def outcome(text: Text, fed: Inputs, when: float) -> Iterator[str]:
    if found := re.search(r"Most failures: (\w+)(?:; most last errors: HTTP (\d+))?", text.annotations["description"]):
        grew = fed.grew("aiprobe_results_total", when, 15 * 60, **own(text))
        if grew.get(found[1], 0) < max((n for name, n in grew.items() if name != "ok"), default=1.0):
            yield f"{found[0]}: {grew}"
        statuses = {value for _, value in fed.at("aiprobe_last_failure_http_status", when, **own(text))}
        if found[2] and float(found[2]) not in statuses:
            yield f"{found[0]}: {statuses}"


def page(text: Text, fed: Inputs, when: float) -> Iterator[str]:
    if "status_page" in text.annotations:
        states = fed.at("aiprobe_status_component_state", when, provider=text.labels["provider"])
        word = re.split(r" at \w{3} \d\d:\d\d UTC", text.annotations["status_page"])[0].strip()
        if WORDS[word] != ({max(value for _, value in states)} if states else set()):
            yield f"status page: {word}, declared {states}"


@pytest.mark.e2e
@pytest.mark.parametrize("file", TEST_FILES, ids=lambda path: path.stem)
def test_every_scenario_ends_as_written_and_no_text_claims_what_was_not_so(
    stack: Stack, tmp_path: Path, file: Path
) -> None:
    fed = {scenario["name"]: inputs(scenario) for scenario in yaml.safe_load(file.read_text())["tests"]}
    rules = {(rule.name, rule.labels["severity"], rule.labels.get("long", "")): rule for rule in alerts()}
    said = list(texts(stack.promtool, file, tmp_path))
    assert said
    assert missed(file, said) == []
    wrong = {
        (text.scenario, text.at, text.annotations["description"]): found
        for text in said
        if (found := untrue(text, fed[text.scenario],
                            rules[text.labels["alertname"], text.labels["severity"], text.labels.get("long", "")]))
    }  # fmt: skip
    assert wrong == {}


@pytest.mark.e2e
@pytest.mark.parametrize("stack", ["installed"], indirect=True)
def test_wrong_expectations_are_seen(stack: Stack, tmp_path: Path) -> None:
    pages = TEST_FILES[0].with_name("pages_test.yml")
    said = list(texts(stack.promtool, pages, tmp_path))
    wrong = tmp_path / "wrong_test.yml"
    for written, instead in (('severity: "critical"', 'severity: "info"'), ("10m, alertname", "15m, alertname")):
        wrong.write_text(pages.read_text().replace(written, instead, 1))
        assert len(missed(wrong, said)) == 1
    query = {"expr": "vector(1)", "eval_time": "1m", "exp_samples": [{"labels": "{}", "value": 2}]}
    whole = yaml.safe_load(pages.read_text())
    whole["rule_files"] = [str(pages.parent / name) for name in whole["rule_files"]]
    whole["tests"][0]["promql_expr_test"] = [query]
    wrong.write_text(yaml.safe_dump(whole))
    with pytest.raises(AssertionError, match=re.escape("vector(1)")):
        list(texts(stack.promtool, wrong, tmp_path))


@pytest.mark.e2e
@pytest.mark.parametrize("stack", ["installed"], indirect=True)
def test_the_facts_of_a_page_are_there_to_be_compared(stack: Stack, tmp_path: Path) -> None:
    said = list(texts(stack.promtool, TEST_FILES[0].with_name("pages_test.yml"), tmp_path))
    (down,) = [each for each in said if each.labels["alertname"] == "AIModelDown" and each.at == 15 * 60]
    description = " ".join(down.annotations["description"].split())
    assert description.startswith(
        "At Thu 00:15 UTC: haiku (anthropic, Claude API, model claude-haiku-4-5) is in a major outage: three failures "
        "in a row that span 40 s or more, and no two good answers since. Seen from 2 of 3 vantage(s) (eu, us). Failing "
        "since 00:10 UTC. Most failures: overloaded; most last errors: HTTP 529. First "
    )
    (kept,) = [each for each in said if each.labels["alertname"] == "AIModelDown" and each.at == 27 * 60]
    assert stamped(kept) == 19 * 60
    assert down.annotations["status_page"] == "partial outage at Thu 00:15 UTC"
    assert down.annotations["probe_command"] == "aiprobe probe haiku --config.file /etc/aiprobe/aiprobe.yml"
    assert down.annotations["dashboard_url"] == (
        "https://grafana.example/d/aiprobe-provider?from=-2700000&to=now&var-provider=anthropic&var-account=team-a"
        "&var-surface=Claude+API&var-model=claude-haiku-4-5&var-target=haiku"
    )


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: f"{rule.name}-{rule.labels['severity']}")
def test_a_summary_claims_nothing_that_could_be_over_when_it_is_read(rule: Rule) -> None:
    said = set(re.findall(r"\w+", rule.annotations["summary"].lower()))
    assert said & {"is", "are", "still", "now", "currently", "fails", "burns", "has", "have", "cannot", "does"} == set()
    assert re.match(r"At \{\{ .*UTC|At \{\{ \(query", rule.annotations["description"])
    assert not re.search(r"\b(still|now|currently)\b", rule.annotations["description"].partition("First ")[0])


def test_a_claim_that_is_not_so_is_noticed() -> None:
    """The checks themselves: each kind of claim, once true and once not."""
    labels = '{target="a",provider="p",vantage="eu"}'
    fed = inputs({
        "interval": "1m",
        "input_series": [
            {"series": f"aiprobe_state{labels}", "values": "0x9 3x9 0x30"},
            {"series": f"aiprobe_consecutive_failures{labels}", "values": "0x9 3x9 0x30"},
            {"series": f"aiprobe_failing_since_timestamp_seconds{labels}", "values": "_x10 600x9 stale"},
            {"series": f"aiprobe_last_failure_http_status{labels}", "values": "_x10 529x9 stale"},
            {"series": 'aiprobe_results_total{target="a",provider="p",vantage="eu",outcome="overloaded"}',
             "values": "0x9 1+1x9"},
            {"series": 'aiprobe_status_component_state{provider="p"}', "values": "2x50"},
        ],
    })  # fmt: skip
    (rule,) = [rule for rule in alerts() if rule.name == "AIModelDown"]
    model = {"alertname": "AIModelDown", "target": "a", "provider": "p"}

    def claim(description: str, page: str = "partial outage", at: float = 1000.0) -> list[str]:
        stamp = f"{page} at Thu 00:15 UTC"
        return untrue(Text("", at, model, {"description": description, "status_page": stamp}), fed, rule)

    true = "At Thu 00:15 UTC: Seen from 1 of 1 vantage(s) (eu). Failing: 1 of 1 target(s), among them a. "
    assert claim(true + "Failing since 00:10 UTC. Most failures: overloaded; most last errors: HTTP 529.") == []
    for lie in (
        "At Thu 00:05 UTC: Seen from 1 of 1 vantage(s) (eu).", "At Thu 00:15 UTC: Seen from 1 of 2 vantage(s) (eu).",
        "At Thu 00:15 UTC: Seen from 1 of 1 vantage(s) (us).",
        "At Thu 00:25 UTC: Failing: 1 of 1 target(s), among them a.",
        "At Thu 00:15 UTC: Failing since 00:09 UTC.", "At Thu 00:25 UTC: Failing since 00:10 UTC.",
        "At Thu 00:15 UTC: Most failures: timeout_total.",
        "At Thu 00:15 UTC: Most failures: overloaded; most last errors: HTTP 503.",
    ):  # fmt: skip
        assert claim(lie, at=1800.0) != [], lie
    assert claim("At Thu 00:15 UTC: down.", page="all is well") != []
    assert claim("At Thu 00:15 UTC: down.", at=15 * 60 + 24 * 60) != []
