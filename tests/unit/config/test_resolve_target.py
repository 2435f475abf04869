"""From a target's section, its provider and the defaults to the domain's `Target`."""

from dataclasses import astuple
from pathlib import Path

import pytest

from aiprobe.core.kind import HttpExpectation
from aiprobe.core.model import LatencyObjective, Objectives, Target, Timeouts
from aiprobe.core.money import expected_usd_per_day
from aiprobe.core.suspicion import Tuning
from tests.unit.config.builders import problems, settings

PROVIDERS = """\
providers:
  anthropic: {api_key: "${ANTHROPIC_API_KEY}"}
  openai: {api_key: "${ANTHROPIC_API_KEY}", slo: {availability: 99.9, correctness: 98}}
  ollama: {}
"""


def a_target(directory: Path, keys: str, defaults: str = "{}") -> Target:
    text = f"defaults: {defaults}\n{PROVIDERS}targets:\n  - {{name: t, {keys}}}\n"
    return settings(directory, text).targets[0]


CHAT = "provider: anthropic, probe: chat, model: claude-haiku-4-5"


def test_a_target_is_asked_every_minute_on_a_fresh_connection_by_default(tmp_path: Path) -> None:
    target = a_target(tmp_path, CHAT)

    assert (target.interval_seconds, target.connection, target.stream, target.follow_ups) == (
        60,
        "fresh",
        True,
        "adaptive",
    )
    assert target.timeouts == Timeouts(connect=5, first_token=20, stall=15, total=40)
    assert target.objectives == Objectives(availability=0.995, period_seconds=30 * 86400)
    assert (target.surface, target.display_name, target.count_rate_limits) == ("Claude API", "t", False)


def test_a_targets_word_wins_over_the_defaults(tmp_path: Path) -> None:
    flags = "stream: false, connection: reuse, follow_ups: never, count_rate_limits: true"
    defaults = f"{{interval: 2m, {flags}, labels: {{a: x, b: y}}}}"

    inherited = a_target(tmp_path, CHAT, defaults)
    own = a_target(
        tmp_path, CHAT + ", interval: 90s, stream: true, connection: fresh, follow_ups: once, labels: {b: z}", defaults
    )

    assert (inherited.interval_seconds, inherited.stream, inherited.connection) == (120, False, "reuse")
    assert (inherited.follow_ups, inherited.count_rate_limits, inherited.labels) == (
        "never",
        True,
        {"a": "x", "b": "y"},
    )
    assert (own.interval_seconds, own.stream, own.connection, own.follow_ups) == (90, True, "fresh", "once")
    assert own.labels == {"a": "x", "b": "z"}


@pytest.mark.parametrize(
    ("keys", "defaults", "expected"),
    [
        ("interval: 20s", "{}", Timeouts(connect=5, first_token=15, stall=15, total=15)),
        ("interval: 1s", "{}", Timeouts(connect=0.75, first_token=0.75, stall=0.75, total=0.75)),
        ("timeouts: {total: 10s}", "{}", Timeouts(connect=5, first_token=10, stall=10, total=10)),
        ("timeouts: {total: 10s}", "{timeouts: {stall: 30s}}", Timeouts(connect=5, first_token=10, stall=10, total=10)),
        ("timeouts: {connect: 1s}", "{timeouts: {connect: 2s, total: 30s}}", Timeouts(connect=1, total=30)),
        ("interval: 10m, timeouts: {total: 5m, first_token: 4m}", "{}", Timeouts(first_token=240, total=300)),
        ("interval: 60s, timeouts: {total: 45s}", "{}", Timeouts(total=45)),
    ],
)
def test_a_limit_that_nobody_chose_gives_way_to_the_total_and_the_total_to_the_interval(
    keys: str, defaults: str, expected: Timeouts, tmp_path: Path
) -> None:
    assert a_target(tmp_path, f"{CHAT}, {keys}", defaults).timeouts == expected


@pytest.mark.parametrize(
    ("keys", "defaults", "expected"),
    [
        ("slo: {availability: 99.9}", "{slo: {availability: 99}}", Objectives(availability=0.999)),
        ("slo: {correctness: 99}", "{slo: {availability: 99}}", Objectives(availability=0.99, correctness=0.99)),
        ("slo: {availability: null}", "{slo: {availability: 99}}", Objectives(availability=None)),
        ("slo: {period: 28d}", "{}", Objectives(period_seconds=28 * 86400)),
        (
            "slo: {time_to_first_token: {below: 1500ms, objective: 95}, duration: {below: 5s, objective: 99}}",
            "{slo: {throughput: {above: 20, objective: 95}}}",
            Objectives(
                time_to_first_token=LatencyObjective(below_seconds=1.5, objective=0.95),
                duration=LatencyObjective(below_seconds=5, objective=0.99),
            ),
        ),
    ],
)
def test_objectives_are_ratios_and_the_most_particular_word_holds(
    keys: str, defaults: str, expected: Objectives, tmp_path: Path
) -> None:
    assert a_target(tmp_path, f"{CHAT}, {keys}", defaults).objectives == expected


def test_a_providers_objectives_stand_between_its_targets_and_the_defaults(tmp_path: Path) -> None:
    keys = "provider: openai, probe: models, slo: {correctness: 99}"

    found = a_target(tmp_path, keys, "{slo: {availability: 95, period: 7d}}").objectives

    assert found == Objectives(availability=0.999, correctness=0.99, period_seconds=7 * 86400)


@pytest.mark.parametrize(
    ("keys", "cap", "reasoning"),
    [
        ("provider: anthropic, model: claude-haiku-4-5", 64, None),
        ("provider: anthropic, model: claude-haiku-5-5", 64, "disabled"),
        ("provider: anthropic, model: claude-opus-5-5", 1024, "low"),
        ("provider: openai, model: gpt-4.1-nano", 64, None),
        ("provider: openai, model: gpt-5.4-nano", 64, "none"),
        ("provider: openai, model: o3", 1024, "low"),
        ("provider: openai, model: gpt-6-luna, protocol: openai-responses", 64, "none"),
        ("provider: ollama, model: llama3.2", 64, None),
        ("provider: openai, model: o3, reasoning: high, max_output_tokens: 5000", 5000, "high"),
        ("provider: openai, model: o3, reasoning: null", 1024, None),
        ("provider: anthropic, model: claude-haiku-4-5, reasoning: 2048", 64, "2048"),
        ("provider: openai, model: gpt-6-luna, output_tokens: 400", 664, "none"),
        ("provider: openai, model: o3, output_tokens: 400", 1624, "low"),
    ],
)
def test_a_ping_stays_a_ping_whatever_the_model_family(
    keys: str, cap: int, reasoning: str | None, tmp_path: Path
) -> None:
    target = a_target(tmp_path, f"probe: chat, {keys}, price: {{input_usd: 1, output_usd: 1}}")

    assert (target.max_output_tokens, target.reasoning) == (cap, reasoning)


def test_a_familys_own_switch_goes_into_the_body_and_the_users_word_wins(tmp_path: Path) -> None:
    keys = "provider: anthropic, probe: chat, model: claude-sonnet-5-5"

    assert a_target(tmp_path, keys).extra_body == {"thinking": {"type": "between_tools"}}
    assert a_target(tmp_path, keys + ", extra_body: {thinking: {type: adaptive}, x: 1}").extra_body == {
        "thinking": {"type": "adaptive"},
        "x": 1,
    }


@pytest.mark.parametrize("protocol", ["", ", protocol: openai-responses", ", protocol: openai-embeddings"])
def test_an_embeddings_probe_finds_its_protocol(protocol: str, tmp_path: Path) -> None:
    target = a_target(tmp_path, f"provider: openai, probe: embeddings, model: text-embedding-3-small{protocol}")

    assert target.provider.protocol == "openai-embeddings"
    assert target.max_output_tokens is None


def test_one_account_serves_several_protocols(tmp_path: Path) -> None:
    text = PROVIDERS + (
        "targets:\n"
        "  - {name: chat, provider: openai, probe: chat, model: gpt-6-luna}\n"
        "  - {name: responses, provider: openai, probe: chat, model: gpt-6-luna, protocol: openai-responses}\n"
    )

    found = settings(tmp_path, text)

    assert [target.provider.protocol for target in found.targets] == ["openai-chat", "openai-responses"]
    assert {target.provider.key for target in found.targets} == {"openai"}
    assert found.providers["openai"].protocol == "openai-chat"


def test_a_page_of_a_provider_is_not_taken_for_its_api(tmp_path: Path) -> None:
    page = a_target(tmp_path, "provider: anthropic, probe: http, url: 'https://claude.ai/'")
    named = a_target(tmp_path, "provider: anthropic, probe: http, url: 'https://claude.ai/', surface: claude.ai")

    assert (page.surface, named.surface) == ("", "claude.ai")


def test_what_an_http_probe_expects_is_handed_on(tmp_path: Path) -> None:
    expect = "{status: [200, 204], text: ok, json: {path: status.indicator, equals: none}, redirects: 5}"

    target = a_target(tmp_path, f"provider: anthropic, probe: http, url: 'https://x.example/', expect: {expect}")

    assert target.expect == HttpExpectation(
        statuses=(200, 204), text="ok", json_path="status.indicator", json_equals="none", max_redirects=5
    )


@pytest.mark.parametrize(("equals", "expected"), [("3", 3), ("1.5", 1.5), ("true", True), ("'3'", "3"), ("null", None)])
def test_what_json_must_equal_keeps_its_type(equals: str, expected: object, tmp_path: Path) -> None:
    expect = f"{{status: 200, json: {{path: a, equals: {equals}}}}}"
    keys = f"provider: anthropic, probe: http, url: 'https://x.example/', expect: {expect}"

    found = a_target(tmp_path, keys).expect

    assert (found.json_equals, type(found.json_equals), found.statuses) == (expected, type(expected), (200,))


def test_an_interval_at_which_the_fast_page_cannot_fire_is_a_warning(tmp_path: Path) -> None:
    text = PROVIDERS + "targets: [{name: t, provider: anthropic, probe: models, interval: 30m}]\n"

    warnings = settings(tmp_path, text).warnings

    assert [warning.path for warning in warnings] == ["targets[0].interval"]
    assert "3 bad probes within 1h" in warnings[0].message


def test_an_interval_of_twenty_minutes_is_still_silent(tmp_path: Path) -> None:
    assert (
        settings(
            tmp_path, PROVIDERS + "targets: [{name: t, provider: anthropic, probe: models, interval: 20m}]\n"
        ).warnings
        == ()
    )


@pytest.mark.parametrize("keys", ["provider: anthropic, probe: models", CHAT + ", stream: false"])
def test_an_inherited_first_token_objective_is_dropped_where_there_is_no_first_token(keys: str, tmp_path: Path) -> None:
    defaults = "{slo: {availability: 99, time_to_first_token: {below: 2s, objective: 95}}}"

    assert a_target(tmp_path, keys, defaults).objectives == Objectives(availability=0.99)


@pytest.mark.parametrize("keys", ["provider: anthropic, probe: models", CHAT + ", stream: false"])
def test_a_first_token_objective_of_ones_own_is_an_error_there(keys: str, tmp_path: Path) -> None:
    slo = "slo: {time_to_first_token: {below: 2s, objective: 95}}"

    found = problems(tmp_path, f"{PROVIDERS}targets:\n  - {{name: t, {keys}, {slo}}}\n")

    assert len(found) == 1
    assert found[0].startswith(
        "aiprobe.yml:6: targets[0].slo.time_to_first_token: only a streamed chat has a first token; use `probe: chat`"
    )


@pytest.mark.parametrize(("former", "follow_ups"), [("true", "once"), ("false", "never")])
def test_the_former_name_of_follow_ups_is_accepted_with_a_warning(tmp_path: Path, former: str, follow_ups: str) -> None:
    text = f"{PROVIDERS}targets:\n  - {{name: t, {CHAT}, confirm: {former}}}\n"
    found = settings(tmp_path, text)
    assert found.targets[0].follow_ups == follow_ups
    assert len([one for one in found.warnings if "`confirm` is the former name" in str(one)]) == 1


@pytest.mark.parametrize(
    ("keys", "tuning"),
    [
        ("", Tuning()),
        (", slo: {availability: 98}", Tuning(background=0.02)),
        (", suspicion: {background: 1, impairment: 30}", Tuning(background=0.01, impairment=0.3)),
        (", suspicion: {certainty: 12, persistence: 2m}", Tuning(certain_nats=12, persistence_seconds=120)),
    ],
)
def test_when_a_doubt_becomes_certain_can_be_set(tmp_path: Path, keys: str, tuning: Tuning) -> None:
    found = a_target(tmp_path, CHAT + keys).tuning
    assert astuple(found) == pytest.approx(astuple(tuning))


@pytest.mark.parametrize(
    "model", ["claude-haiku-4-5", "anthropic/claude-haiku-4-5", "bedrock/eu.anthropic.claude-haiku-4-5"]
)
def test_a_model_behind_a_gateway_has_the_cap_and_the_price_of_its_own_family(model: str, tmp_path: Path) -> None:
    text = f"""
budget: {{usd_per_day: 5}}
providers:
  eu: {{preset: litellm, api_key: "${{ANTHROPIC_API_KEY}}"}}
  anthropic: {{api_key: "${{ANTHROPIC_API_KEY}}"}}
targets:
  - {{name: behind, provider: eu, probe: chat, model: "{model}"}}
  - {{name: direct, provider: anthropic, probe: chat, model: claude-haiku-4-5}}
"""
    behind, direct = settings(tmp_path, text).targets

    assert behind.max_output_tokens == direct.max_output_tokens == 64
    assert expected_usd_per_day(behind) == expected_usd_per_day(direct)
    assert "claude-haiku-4*" in behind.family
    assert direct.family == ""
