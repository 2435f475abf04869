"""Sources of discovery: what their answers become, what is left out, and which mistakes of a source are found."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from aiprobe.config.answers import FILE_NAME, answers_text, read_answers
from aiprobe.config.load import load
from aiprobe.config.settings import Settings
from aiprobe.core.discovered import Answers, Entry
from aiprobe.core.money import expected_usd_per_day
from tests.unit.config.builders import KNOWN, TODAY, a_file, problems, settings

GATEWAY = """\
journal: {directory: data}
providers: {gw: {preset: litellm, base_url: "http://127.0.0.1:9/v1", api_key: "planted-key-0123"}}
classes: {cheap: {interval: 5m}}
"""
PRICED = {"__input_usd": "1", "__output_usd": "2", "probe": "chat"}


def a_model(name: str, **labels: str) -> Entry:
    return Entry(id=name, labels={"model": name, **PRICED, **labels})


def found(directory: Path, text: str, answers: Answers) -> Settings:
    return load(a_file(directory, GATEWAY + text), environ={}, known=KNOWN, today=TODAY, answers=answers)


def names(directory: Path, source: str, *models: Entry, more: str = "") -> list[str]:
    made = found(directory, f"discover: {{gw: {{litellm: gw{source}}}}}\n{more}", {"gw": models})
    return [target.name for target in made.targets]


def test_a_model_of_a_gateway_is_a_target_with_its_labels_its_class_and_its_price(tmp_path: Path) -> None:
    model = a_model("m-1", owner="openai", mode="chat", tags="a,b", region="eu", job="x", __meta="y")
    made = found(tmp_path, "discover: {gw: {litellm: gw, template: {class: cheap, labels: {team: '{owner}-team'}}}}\n",
                 {"gw": (model,)})  # fmt: skip

    (target,) = made.targets
    assert (target.name, target.model, target.probe, target.provider.key) == ("m-1", "m-1", "chat", "gw")
    labels = {"owner": "openai", "mode": "chat", "tags": "a,b", "region": "eu", "team": "openai-team"}
    assert dict(target.labels) == labels
    assert target.interval_seconds == 300
    assert target.price is not None
    assert (target.price.input_usd, target.price.output_usd) == (1, 2)
    assert made.discovery.counts == {("gw", "probed"): 1, ("gw", "left_out"): 0}


def test_a_price_of_0_that_the_source_states_is_a_price(tmp_path: Path) -> None:
    free = a_model("team/llama:8b", __input_usd="0", __output_usd="0")
    made = found(tmp_path, "budget: {usd_per_day: 1}\ndiscover: {gw: {litellm: gw}}\n", {"gw": (free,)})

    assert [target.name for target in made.targets] == ["team/llama:8b"]
    assert expected_usd_per_day(made.targets[0]) == 0


def test_the_address_of_a_group_fills_the_placeholders_of_a_template(tmp_path: Path) -> None:
    a_file(tmp_path, "[]", name="sd.json")
    template = "{provider: gw, probe: http, name: '{team} {address}', url: 'https://{address}/{path}{none}'}"
    entry = Entry(id="h:1", labels={"address": "h:1", "team": "a", "path": "x"})
    made = found(tmp_path, f"discover: {{sd: {{file: sd.json, template: {template}}}}}\n", {"sd": (entry,)})

    assert [(target.name, target.url) for target in made.targets] == [("a h:1", "https://h:1/x")]
    assert made.discovery.sources["sd"].place == str(tmp_path / "sd.json")


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("", ["a-1", "a-2", "b-1"]),
        (", include: 'a-*'", ["a-1", "a-2"]),
        (", include: ['a-1', 'b-?']", ["a-1", "b-1"]),
        (", exclude: ['*-1']", ["a-2"]),
        (", include: 'a-*', exclude: a-2", ["a-1"]),
        (", limit: 2", ["a-1", "a-2"]),
        (", exclude: a-1, limit: 1", ["a-2"]),
    ],
)
def test_patterns_and_a_limit_choose_in_the_order_of_the_answer(source: str, kept: list[str], tmp_path: Path) -> None:
    assert names(tmp_path, source, *map(a_model, ("a-1", "a-2", "b-1"))) == kept


@pytest.mark.parametrize(
    ("entry", "more", "reason"),
    [
        (a_model("new"), "budget: {usd_per_day: 0.0001}\n", "USD a day would exceed the budget"),
        (Entry(id="zz-9", labels={"model": "zz-9", "probe": "chat"}), "", "has no price"),
        (a_model("new", probe="images"), "", "is not a known kind of probe"),
        (a_model("a\u200bb"), "", "holds a control or an invisible character"),
        (a_model("old"), "targets: [{name: old, provider: gw, probe: models}]\n", "the name is already taken"),
        (a_model("x:models"), "", 'its name ends in ":models"'),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_probed_is_left_out_alone_and_said_so(
    entry: Entry, more: str, reason: str, tmp_path: Path
) -> None:
    free = Entry(id="z-free", labels={"model": "z-free", "probe": "models"})
    made = found(tmp_path, f"{more}discover: {{gw: {{litellm: gw}}}}\n", {"gw": (entry, free)})

    assert "z-free" in {target.name for target in made.targets}
    assert made.discovery.counts == {("gw", "probed"): 1, ("gw", "left_out"): 1}
    (warning,) = [warning for warning in made.warnings if "left out" in warning.message]
    assert reason in warning.message


def test_the_budget_is_shared_with_the_written_targets_and_older_entries_come_first(tmp_path: Path) -> None:
    one = found(tmp_path, "discover: {gw: {litellm: gw}}\n", {"gw": (a_model("a"),)})
    assert one.targets[0].price is not None
    more = "budget: {usd_per_day: 0.7}\n"

    kept = names(tmp_path, "", *(a_model(name) for name in ("z", "a", "b", "c", "d", "e", "f", "g", "h")), more=more)

    assert kept[0] == "z"
    assert 0 < len(kept) < 9


def test_what_is_left_out_is_one_warning_for_each_mend_and_listed_in_full(tmp_path: Path) -> None:
    unpriced = [Entry(id=f"zz-{name}", labels={"model": f"zz-{name}", "probe": "chat"}) for name in "abcde"]
    dear = [a_model(f"dear-{name}", __output_usd="9000000") for name in "ab"]
    odd = a_model("odd", probe="images")
    models = (*unpriced, *dear, odd, *(a_model(f"m-{name}", probe="models") for name in "abcdefgh"))
    made = found(tmp_path, "budget: {usd_per_day: 1}\ndiscover: {gw: {litellm: gw, limit: 2}}\n", {"gw": models})

    said = [(one.message, one.hint) for one in made.warnings if "left out" in one.message]
    no_price = "has no price, so the budget cannot be kept"
    lists = "; `aiprobe check --discover` lists all"
    assert said[0] == (
        f"5 targets are left out: zz-a: zz-a {no_price}; zz-b: zz-b {no_price}; zz-c: zz-c {no_price} and 2 more",
        "price them in LiteLLM, in `prices.models` or by `price` of the template, or exclude them" + lists,
    )
    assert said[1][0].startswith("2 targets are left out: dear-a: its ")
    assert said[1][1] == "raise `budget`, set a longer `interval` in the template, or exclude some" + lists
    assert said[2] == (
        "1 target is left out: odd: is not a known kind of probe",
        "correct the template, or exclude them" + lists,
    )
    assert said[3:] == [
        (
            "6 targets are left out: m-c: the limit is 2; m-d: the limit is 2; m-e: the limit is 2 and 3 more",
            "raise `limit`, or exclude some" + lists,
        )
    ]
    assert len(made.discovery.left_out) == 14
    assert made.discovery.left_out["gw", "zz-e"] == f"zz-e {no_price}"
    assert made.discovery.entries == {"m-a": ("gw", "m-a"), "m-b": ("gw", "m-b")}


TEMPLATE = ", template: {price: {input_usd: 3, output_usd: 3}}"
TABLE = 'prices: {models: {"zz-*": {input_usd: 5, output_usd: 5}}}\n'


@pytest.mark.parametrize(
    ("stated", "template", "table", "usd"),
    [
        ("1", TEMPLATE, TABLE, 1),
        ("0", TEMPLATE, TABLE, 0),
        ("", TEMPLATE, TABLE, 3),
        ("", "", TABLE, 5),
        ("", "", "", None),
    ],
)
def test_the_source_s_price_has_precedence_over_the_template_s_and_that_over_prices(
    stated: str, template: str, table: str, usd: float | None, tmp_path: Path
) -> None:
    model = a_model("zz-1", __input_usd=stated, __output_usd=stated)
    made = found(tmp_path, f"{table}discover: {{gw: {{litellm: gw{template}}}}}\n", {"gw": (model,)})

    assert [target.price.input_usd for target in made.targets if target.price] == ([] if usd is None else [usd])


def test_the_last_answers_beside_the_journal_are_read_with_the_configuration(tmp_path: Path) -> None:
    answers = {"gw": (a_model("m-1"), Entry(id="m-2", labels={"model": "m-2", **PRICED}, gone_timestamp_seconds=5.0))}
    a_file(tmp_path, answers_text(answers), name=f"data/{FILE_NAME}")

    made = settings(tmp_path, GATEWAY + "discover: {gw: {litellm: gw}}\n", {})

    assert [target.name for target in made.targets] == ["m-1", "m-2"]
    assert read_answers(tmp_path / "data") == answers


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sources": {"gw": [1]}}', "\0", "[" * 100_000])
def test_answers_that_cannot_be_read_are_a_warning_and_no_targets(text: str, tmp_path: Path) -> None:
    a_file(tmp_path, text, name=f"data/{FILE_NAME}")

    made = settings(tmp_path, GATEWAY + "discover: {gw: {litellm: gw}}\n", {})

    assert made.targets == ()
    assert "the last answers of the sources cannot be read" in " ".join(map(str, made.warnings))


def test_no_secret_of_a_source_is_shown(tmp_path: Path) -> None:
    source = (
        "{http: 'https://h/x', headers: {x-a: planted-1}, proxy: 'http://u:planted-2@h:1',"
        " template: {provider: gw, probe: models, name: '{address}', headers: {x-b: planted-3}}}"
    )
    made = found(tmp_path, f"discover: {{sd: {source}}}\n", {})

    assert "planted" not in made.shown
    assert "planted" not in repr(made.discovery)
    assert yaml.safe_load(made.shown)["discover"]["sd"]["http"] == "https://h/x"


GOOD = {"litellm": "gw"}
BAD: list[tuple[Mapping[str, object], str]] = [
    ({}, "discover.s: needs exactly one of models, litellm, file and http; give one of the keys"),
    ({"litellm": "gw", "file": "x"}, "discover.s: needs exactly one of models, litellm, file and http; give one of"),
    ({"models": "gv"}, "discover.s.models: is not one of the configuration's providers; known: claude, gw"),
    ({"models": "claude"}, "discover.s.models: is not an OpenAI-compatible API, so `models` cannot read it; list"),
    ({"http": "ftp://x"}, "discover.s.http: is not an http or https URL; write it as https://host/path"),
    ({"http": "http://u:p@x"}, "discover.s.http: holds a user or a password; use api_key or headers, which are kept"),
    (GOOD | {"interval": "0s"}, "discover.s.interval: must be longer than nothing"),
    (GOOD | {"grace": "soon"}, "discover.s.grace: is not a duration"),
    (GOOD | {"limit": 0}, "discover.s.limit: must be at least 1"),
    (GOOD | {"limit": 1001}, "discover.s.limit: must be at most 1000"),
    (GOOD | {"limits": 1}, 'discover.s.limits: is not a known key; did you mean "limit"?'),
    (GOOD | {"headers": {"x": "y"}}, "discover.s.headers: means nothing to `litellm`; it belongs to `http`"),
    (GOOD | {"ca_file": "x"}, "discover.s.ca_file: means nothing to `litellm`; it belongs to `http`"),
    (GOOD | {"template": {"intervall": "5m"}}, "discover.s.template.intervall: is not a known key; did you mean"),
    (GOOD | {"template": {"interval": "5x"}}, "discover.s.template.interval: is not a duration; write it as 500ms"),
    (GOOD | {"template": {"name": "one"}}, "discover.s.template.name: has no placeholder, so all targets would have"),
    (GOOD | {"template": {"provider": "gv"}}, "discover.s.template.provider: is not one of the configuration's prov"),
    (GOOD | {"template": {"class": "chep"}}, "discover.s.template.class: is not one of the configuration's classes"),
    ({"file": "x", "template": {"provider": "gw"}}, "discover.s.template: has no probe; give `probe:` in the template"),
    ({"http": "http://x", "ca_file": "none.pem", "template": {"provider": "gw", "probe": "models"}},
     "discover.s.ca_file: none.pem cannot be read; name a file of PEM certificates"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "problem"), BAD, ids=[problem[:60] for _, problem in BAD])
def test_a_mistake_of_a_source_is_found_with_its_line(
    source: Mapping[str, object], problem: str, tmp_path: Path
) -> None:
    claude = yaml.safe_load(GATEWAY) | {"discover": {"s": dict(source)}}
    claude["providers"]["claude"] = {"preset": "anthropic", "api_key": "planted-key-0123"}

    (found_problem,) = problems(tmp_path, yaml.safe_dump(claude, sort_keys=False, width=1000), {})

    assert found_problem.partition(": ")[2].startswith(problem)
    assert "planted" not in found_problem
