"""Routes, inhibitions and silences are read as Alertmanager reads them."""

from typing import Any

import pytest
import yaml

from aiprobe.drill.routing import inhibits, routes, silences
from aiprobe.drill.samples import WATCHDOG, model_down, provider_down
from tests.alerts.alertmanagers import SHIPPED

CONFIG: dict[str, Any] = yaml.safe_load(SHIPPED)
WARNING = {**model_down(), "alertname": "AIModelThrottled", "severity": "warning"}


@pytest.mark.parametrize(
    ("alert", "receivers"),
    [
        (model_down(), ["pager", "chat"]),
        (provider_down(), ["pager", "sms", "chat"]),
        (WARNING, ["chat"]),
        (WATCHDOG, ["deadman"]),
        ({"alertname": "Another"}, ["chat"]),
    ],
)
def test_an_alert_takes_the_routes_of_the_shipped_configuration(alert: dict[str, str], receivers: list[str]) -> None:
    assert [route.receiver for route in routes(CONFIG, alert)] == receivers


def test_a_route_inherits_its_times_and_labels() -> None:
    route = routes(CONFIG, model_down())[0]

    assert (route.group_by, route.time("group_wait"), route.time("repeat_interval")) == (["provider"], 15.0, 14400.0)
    assert route.group(model_down(1)) == route.group(provider_down())


@pytest.mark.parametrize(
    ("matcher", "fits"),
    [
        ('severity="critical"', True),
        ("severity=critical", True),
        ('severity!="critical"', False),
        ('severity=~"crit"', False),
        ('severity=~"crit.*"', True),
        ('severity!~"warn.*"', True),
        ('team=""', True),
        ('"severity" = "critical"', True),
        ('surface="a \\"drill\\""', False),
    ],
)
def test_a_matcher_is_anchored_and_a_label_that_is_missing_is_empty(matcher: str, fits: bool) -> None:
    config = {"route": {"receiver": "rest", "routes": [{"receiver": "one", "matchers": [matcher]}]}}

    assert [route.receiver for route in routes(config, model_down())] == ["one" if fits else "rest"]


def test_the_old_keys_of_a_route_are_read() -> None:
    old = {"receiver": "one", "match": {"severity": "critical"}, "match_re": {"scope": "model|provider"}}

    assert routes({"route": {"receiver": "rest", "routes": [old]}}, model_down())[0].receiver == "one"


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (provider_down(), model_down(), True),
        (provider_down(), model_down(1, "another"), False),
        (model_down(), provider_down(), False),
        (provider_down(), WATCHDOG, False),
    ],
)
def test_the_shipped_inhibitions_hold(source: dict[str, str], target: dict[str, str], expected: bool) -> None:
    assert inhibits(CONFIG, source, target) == expected


@pytest.mark.parametrize(
    ("value", "is_regex", "is_equal", "state", "expected"),
    [
        ("aiprobe-drill", False, True, "active", True),
        ("aiprobe-.+", True, True, "active", True),
        ("aiprobe", True, True, "active", False),
        ("aiprobe-drill", False, False, "active", False),
        ("openai.*", True, False, "active", True),
        ("aiprobe-drill", False, True, "expired", False),
    ],
)
def test_an_active_silence_mutes_what_its_matchers_fit(
    value: str, is_regex: bool, is_equal: bool, state: str, expected: bool
) -> None:
    matcher = {"name": "provider", "value": value, "isRegex": is_regex, "isEqual": is_equal}

    assert silences({"status": {"state": state}, "matchers": [matcher]}, model_down()) == expected
