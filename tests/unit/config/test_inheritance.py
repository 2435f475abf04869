"""What a target inherits, of whom, and in which order; YAML anchors; headers of one target."""

from pathlib import Path

import pytest
import yaml

from aiprobe.core.model import Target
from tests.unit.config.builders import KEY, a_file, problems, problems_of, settings

PROVIDER = 'providers: {anthropic: {api_key: "${ANTHROPIC_API_KEY}"%s}}\n'
HAIKU = "name: %s, provider: anthropic, model: claude-haiku-4-5, probe: chat"


def targets_of(directory: Path, text: str) -> dict[str, Target]:
    return {target.name: target for target in settings(directory, text).targets}


@pytest.mark.parametrize(
    ("levels", "seconds"),
    [
        ("main", 100),
        ("main file", 200),
        ("main file provider", 300),
        ("main file provider class", 350),
        ("main file provider class target", 400),
        ("file", 200),
        ("provider main", 300),
        ("", 60),
    ],
)
def test_the_most_specific_level_that_gives_a_key_wins(levels: str, seconds: float, tmp_path: Path) -> None:
    given = dict.fromkeys(("main", "file", "provider", "class", "target"), "") | {
        level: f"interval: {amount}"
        for level, amount in (("main", 100), ("file", 200), ("provider", 300), ("class", 350), ("target", 400))
        if level in levels.split()
    }
    included = f"defaults: {{{given['file']}}}\ntargets: [{{{HAIKU % 'a'}, class: c, {given['target']}}}]\n"
    a_file(tmp_path, included, name="b.yml")
    defaults = f", defaults: {{{given['provider']}}}"
    main = (
        f"include: b.yml\ndefaults: {{{given['main']}}}\nclasses: {{c: {{{given['class']}}}}}\n" + PROVIDER % defaults
    )

    assert targets_of(tmp_path, main)["a"].interval_seconds == seconds


def test_the_defaults_of_a_file_are_for_its_own_targets_and_those_of_the_main_file_for_all(tmp_path: Path) -> None:
    a_file(tmp_path, f"defaults: {{labels: {{team: b}}}}\ntargets: [{{{HAIKU % 'b'}}}]\n", name="b.yml")
    a_file(tmp_path, f"targets: [{{{HAIKU % 'c'}}}]\n", name="c.yml")
    main = "include: [b.yml, c.yml]\ndefaults: {labels: {team: all, tier: '1'}, interval: 90}\n" + PROVIDER % ""

    found = targets_of(tmp_path, main + f"targets: [{{{HAIKU % 'a'}}}]\n")

    assert {name: dict(target.labels) for name, target in found.items()} == {
        "a": {"team": "all", "tier": "1"},
        "b": {"team": "b", "tier": "1"},
        "c": {"team": "all", "tier": "1"},
    }
    assert {target.interval_seconds for target in found.values()} == {90}


def test_sections_are_inherited_key_by_key_and_an_explicit_null_ends_the_search(tmp_path: Path) -> None:
    levels = (
        ", slo: {availability: 99.9, correctness: 99}"
        ", defaults: {timeouts: {connect: 2}, slo: {correctness: null}, suspicion: {certainty: 9}}"
    )
    text = "defaults: {timeouts: {connect: 1, stall: 7}, slo: {availability: 98}, suspicion: {background: 1}}\n"

    found = targets_of(tmp_path, text + PROVIDER % levels + f"targets: [{{{HAIKU % 'a'}}}]\n")["a"]

    assert (found.timeouts.connect, found.timeouts.stall) == (2, 7)
    assert (found.objectives.availability, found.objectives.correctness) == (0.999, None)
    assert (found.tuning.background, found.tuning.certain_nats) == (0.01, 9)


def test_a_class_of_any_file_serves_the_targets_of_all_files_and_is_shown(tmp_path: Path) -> None:
    a_file(tmp_path, f"classes: {{b: {{interval: 120}}}}\ntargets: [{{{HAIKU % 'b'}, class: a}}]\n", name="b.yml")
    main = "include: b.yml\nclasses: {a: {labels: {tier: gold}}}\n" + PROVIDER % ""

    text = main + f"targets: [{{{HAIKU % 'a'}, class: b}}]\n"

    found = targets_of(tmp_path, text)
    assert (found["a"].interval_seconds, dict(found["b"].labels)) == (120, {"tier": "gold"})
    assert yaml.safe_load(settings(tmp_path, text).shown)["classes"] == {
        "a": {"labels": {"tier": "gold"}},
        "b": {"interval": 120},
    }


def test_defaults_that_contradict_one_another_are_found_where_they_stand(tmp_path: Path) -> None:
    a_file(tmp_path, "defaults:\n  timeouts: {connect: 3, total: 2}\n", name="b.yml")
    levels = ", defaults: {timeouts: {stall: 3, total: 2}}"

    found = problems_of(a_file(tmp_path, "include: b.yml\n" + PROVIDER % levels + f"targets: [{{{HAIKU % 'a'}}}]\n"))

    assert [text.partition(": ")[0] for text in found] == ["aiprobe.yml:2", "b.yml:2"]
    assert "providers.anthropic.defaults.timeouts.stall: 3s is longer than the total of 2s" in found[0]


def test_a_wrong_key_of_a_provider_s_defaults_is_one_problem_with_its_place(tmp_path: Path) -> None:
    text = PROVIDER % ", defaults: {intervall: 5}" + f"targets: [{{{HAIKU % 'a'}}}]\n"

    assert problems(tmp_path, text) == [
        'aiprobe.yml:1: providers.anthropic.defaults.intervall: is not a known key; did you mean "interval"?'
    ]


ANCHORED = """\
x-limits: &limits {connect: 2, total: 9}
x-base: &base
  provider: anthropic
  probe: chat
  timeouts: *limits
x-key: {api_key: planted-literal-key}
providers: {anthropic: {api_key: "${ANTHROPIC_API_KEY}"}}
targets:
  - {<<: *base, name: a, model: claude-haiku-4-5}
  - {<<: *base, name: b, model: claude-haiku-4-5, timeouts: {<<: *limits, total: 12}}
"""


def test_keys_that_begin_with_x_hold_anchors_and_are_neither_read_nor_shown(tmp_path: Path) -> None:
    found = settings(tmp_path, ANCHORED)

    assert [(target.timeouts.connect, target.timeouts.total) for target in found.targets] == [(2, 9), (2, 12)]
    assert "planted" not in found.shown
    assert not [key for key in yaml.safe_load(found.shown) if key.startswith("x-")]


def test_an_x_key_below_the_top_level_is_unknown_as_any_other(tmp_path: Path) -> None:
    text = PROVIDER % ", x-mine: 1" + f"targets: [{{{HAIKU % 'a'}}}]\n"

    (found,) = problems(tmp_path, text)
    assert found.startswith("aiprobe.yml:1: providers.anthropic.x-mine: is not a known key")


HEADERS = """\
include: more/b.yml
providers:
  anthropic: {api_key: "${ANTHROPIC_API_KEY}", headers: {x-team: ours, x-plain: theirs}}
targets:
  - {name: a, provider: anthropic, model: claude-haiku-4-5, probe: chat, headers: {X-Team: planted-own}}
"""


def test_a_target_has_headers_of_its_own_which_are_secret_and_read_beside_its_file(tmp_path: Path) -> None:
    a_file(tmp_path, "planted-from-a-file\n", name="more/token")
    included = f"targets: [{{{HAIKU % 'b'}, headers: {{x-token: {{file: token}}}}}}]\n"
    a_file(tmp_path, included, name="more/b.yml")

    found = settings(tmp_path, HEADERS)

    own = {target.name: dict(target.headers) for target in found.targets}
    assert own == {"a": {"x-team": "planted-own"}, "b": {"x-token": "planted-from-a-file"}}
    sent = {target.name: dict(target.provider.headers) for target in found.targets}
    provider = {"x-team": "ours", "x-plain": "theirs"}
    assert sent == {name: provider | headers for name, headers in own.items()}
    secrets = {secret.reveal() for secret in found.secrets}
    assert {"planted-own", "planted-from-a-file", KEY} <= secrets
    assert "planted" not in found.shown
    assert "planted" not in repr(found.targets)


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ("{'bad name': x}", 'targets[0].headers."bad name": is not a header name; letters, digits and dashes'),
        ("{Host: x}", "targets[0].headers.Host: is a header that aiprobe sets itself; leave it out"),
        ("{x-a: ''}", "targets[0].headers.x-a: is empty; give a value, or leave the key out"),
        ("{x-a: {file: nowhere}}", "targets[0].headers.x-a: the secret file nowhere cannot be read: no such"),
    ],
)
def test_a_header_that_cannot_be_sent_is_a_problem(headers: str, problem: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path, PROVIDER % "" + f"targets: [{{{HAIKU % 'a'}, headers: {headers}}}]\n")

    assert found.startswith(f"aiprobe.yml:2: {problem}")


def test_a_default_that_came_from_an_included_file_is_shown_under_the_file_s_name(tmp_path: Path) -> None:
    file = a_file(tmp_path, f"defaults: {{interval: 90}}\ntargets: [{{{HAIKU % 'b'}}}]\n", name="b.yml")

    shown = yaml.safe_load(settings(tmp_path, "include: b.yml\n" + PROVIDER % "").shown)

    assert shown[f"defaults of {file}"] == {"interval": 90}
