"""YAML as it is read: lines, variables, and what a hostile file can do."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiprobe.config.document import MAX_DEPTH, Document, parse
from aiprobe.config.problems import Path

NO_VARIABLES: Mapping[str, str] = {}


def read(text: str, environ: Mapping[str, str] = NO_VARIABLES) -> Document:
    return parse("a.yml", text.encode(), environ)


def said(document: Document) -> list[str]:
    return [str(problem) for problem in document.problems]


def test_every_key_and_item_knows_its_line() -> None:
    document = read("a: 1\nb:\n  - x\n  - c: 2\n")

    assert document.value == {"a": 1, "b": ["x", {"c": 2}]}
    lines: dict[Path, int] = {("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "c"): 4}
    assert {path: document.line(path) for path in lines} == lines


def test_a_place_that_does_not_exist_has_the_line_of_the_nearest_one_above_it() -> None:
    document = read("a: 1\nb:\n  c: 2\n")

    assert document.line(("b", "c", "d", 3)) == 3
    assert document.line(("z",)) == 1


def test_dates_stay_text_so_that_a_price_can_say_when_it_was_read() -> None:
    assert read("read_on: 2026-11-22\n").value == {"read_on": "2026-11-22"}


def test_a_byte_order_mark_is_no_character_of_the_file() -> None:
    assert parse("a.yml", b"\xef\xbb\xbfa: 1\n", {}).value == {"a": 1}


def test_bytes_that_are_not_utf8_are_reported_with_their_line() -> None:
    document = parse("a.yml", b"a: 1\nb: \xff\n", {})

    assert said(document) == ["a.yml:2: (file): is not UTF-8 text; save it as UTF-8"]


def test_utf16_is_not_utf8() -> None:
    assert said(parse("a.yml", "a: 1\n".encode("utf-16"), {})) == [
        "a.yml:1: (file): is not UTF-8 text; save it as UTF-8"
    ]


def test_aliases_and_merges_work_and_the_own_key_wins() -> None:
    document = read("base: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\n")

    assert document.value["use"] == {"a": 1, "b": 3}
    assert document.line(("use", "b")) == 4
    assert said(document) == []


def test_several_mappings_can_be_merged_and_the_first_wins() -> None:
    document = read("a: &a {x: 1}\nb: &b {x: 2, y: 3}\nc: {<<: [*a, *b]}\n")

    assert document.value["c"] == {"x": 1, "y": 3}


def test_merging_what_is_no_mapping_is_a_mistake() -> None:
    document = read("a: &a [1]\nb: {<<: *a}\n")

    assert said(document) == ["a.yml:2: b: merges (<<) something that is not a mapping; merge an alias of a mapping"]


def test_an_alias_bomb_is_refused_and_not_expanded() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    document = read("\n".join(levels))

    assert said(document) == ["a.yml:1: (file): its aliases expand without end; write the values out"]


def test_a_merge_bomb_is_refused_and_not_expanded() -> None:
    levels = ["a0: &a0 {k: v}"]
    levels += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12)]

    assert "its aliases expand without end" in " ".join(said(read("\n".join(levels))))


def test_an_alias_of_itself_is_refused() -> None:
    assert "its aliases expand without end" in " ".join(said(read("a: &a [*a]\n")))


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_brackets_within_brackets_are_refused_before_they_are_followed(brackets: str) -> None:
    document = read("a: " + brackets[0] * 100_000)

    assert said(document) == [f"a.yml:1: (file): is nested deeper than {MAX_DEPTH} levels; a configuration needs six"]


@pytest.mark.parametrize("value", ['!!int ""', "!!int", "!!int _", '!!float ""', "!!bool x", '!!bool ""', "9" * 5000])
def test_a_value_that_its_tag_does_not_fit_is_a_mistake(value: str) -> None:
    document = parse("f", f"a: {value}\n".encode(), {})
    assert [str(problem) for problem in document.problems] == [
        "f:1: a: is not a number that can be read; quote it if it is text"
    ]


def test_a_duplicate_key_is_found_at_every_depth() -> None:
    document = read("a:\n  - b: 1\n    c: 2\n    b: 3\n")

    assert said(document) == ["a.yml:4: a[0].b: stands here twice; the first is in line 2"]
    assert document.value == {"a": [{"b": 1, "c": 2}]}


def test_a_variable_is_put_in_whole_and_never_read_as_yaml() -> None:
    value = "a: [b], {c}: #d 'e\" \n f"

    document = read('x: ${V}\ny: "<${V}>"\n', {"V": value})

    assert document.value == {"x": value, "y": f"<{value}>"}
    assert document.variables == {("x",): ("V",), ("y",): ("V",)}


def test_a_variable_that_holds_a_number_stays_text() -> None:
    assert read("x: ${V}\n", {"V": "5"}).value == {"x": "5"}


def test_variables_are_not_put_into_keys() -> None:
    assert read('"${V}": 1\n', {"V": "k"}).value == {"${V}": 1}


@pytest.mark.parametrize("name", ["API_KEY", "HF_TOKEN", "db_password", "CLIENT_SECRET", "PROXY_AUTH"])
def test_the_value_of_a_variable_that_sounds_like_a_secret_is_remembered_wherever_it_stands(name: str) -> None:
    assert read(f"anything: ${{{name}}}\n", {name: "planted"}).secrets == ["planted"]


def test_the_value_of_another_variable_is_no_secret() -> None:
    assert read("region: ${REGION}\n", {"REGION": "eu-west-1"}).secrets == []


def test_a_quoted_variable_in_a_flow_mapping_is_right() -> None:
    assert read('a: {b: "${V}"}\n', {"V": "x"}).value == {"a": {"b": "x"}}


def test_a_variable_beside_another_mistake_is_not_blamed_for_it() -> None:
    assert said(read("a: ${V}\n b: 1\n", {"V": "x"}))[0].startswith("a.yml:2: (file): is not valid YAML")


@pytest.mark.parametrize("text", ["{a: ${V}}", "[1, ${V:-x}]", "{\n  a: ${V}\n}", '{a: "${V}", b: ${V}}', "{a: x${V}}"])
def test_an_unquoted_variable_within_brackets_is_told_to_be_quoted(text: str) -> None:
    problem = said(read(f"top: {text}\n", {"V": "x"}))

    assert len(problem) == 1
    assert problem[0].endswith('holds an unquoted ${...} inside { } or [ ]; put it in quotes: "${NAME}"')


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    document = parse("a.yml", data, {"V": "x"})

    assert all(problem.line >= 1 for problem in document.problems)


@settings(max_examples=200)
@given(st.text(alphabet="ab:{}[]&*<>-?!|'\"#,\n ${}~0.", max_size=60))
def test_no_yaml_makes_the_reader_raise(text: str) -> None:
    assert all(problem.line >= 1 for problem in read(text).problems)
