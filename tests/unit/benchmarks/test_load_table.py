"""The load benchmark's own arithmetic: quantiles, first-token errors, bars, and what its exporter is told."""

import pytest
import yaml

from benchmarks.load.endpoint import events_of
from benchmarks.load.exporter import Load, config, count_results, name_of
from benchmarks.load.table import Row, first_token_errors, line, quantile


def a_row(**changes: object) -> Row:
    facts: dict[str, object] = {"what": "a cost", "ours": 0.4, "unit": "ms", "beside": {"peer": 1.0}}
    return Row(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 51), (0.99, 100), (0.999, 100), (1.0, 100)])
def test_a_quantile_is_a_value_that_was_seen(share: float, expected: int) -> None:
    assert quantile(range(100, 0, -1), share) == expected


def test_no_values_have_no_quantile() -> None:
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_an_error_is_how_much_later_than_written_a_token_was_seen() -> None:
    record, seen = {"a": 10.0, "b": 20.0, "unseen": 1.0}, {"a": 10.5, "b": 20.25, "unknown": 3.0}
    assert first_token_errors(record, seen) == [0.5, 0.25]


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (a_row(), None),
        (a_row(bar=0.4), True),
        (a_row(bar=0.39), False),
        (a_row(bar=0.5, ratio=0.6), False),
        (a_row(bar=1.5, ratio=1.6, at_least=True), True),
        (a_row(bar=1.5, ratio=1.4, at_least=True), False),
    ],
)
def test_a_bar_is_held_against_the_ratio_where_there_is_one(row: Row, met: bool | None) -> None:
    assert row.met is met
    assert row.as_json()["met"] is met


def test_a_missed_bar_is_loud() -> None:
    told = line(a_row(bar=0.3, ratio=0.4))
    assert told == "| a cost | 0.4 ms | peer 1 ms | 0.4 | at most 0.3x | **missed** |"


def test_outcomes_are_summed_over_targets_and_attempts() -> None:
    text = """# TYPE aiprobe_results_total counter
aiprobe_results_total{target="a",outcome="ok",attempt="scheduled"} 3
aiprobe_results_total{target="b",outcome="ok",attempt="confirm"} 2
aiprobe_results_total{target="b",outcome="timeout_total",attempt="scheduled"} 1
"""
    assert count_results(text) == {"ok": 5, "timeout_total": 1}


def test_a_stream_holds_the_answer_and_ends_as_the_protocol_ends() -> None:
    events = events_of(("badokufin", "END12345"), 10)
    assert len(events) == 10
    body = b"".join(event.split(b"\r\n", 1)[1] for event in events)
    assert body.count(b'"content"') == 8
    assert b"[DONE]" in events[-1]
    assert events[-1].endswith(b"\r\n0\r\n\r\n")


def test_the_exporter_is_given_what_the_load_says(tmp_path: object) -> None:
    load = Load(targets=3, interval_seconds=2, first_ms=5, warm=True)
    document = yaml.safe_load(config(load, {"plain": 80}, directory=tmp_path, ca_file=None))  # type: ignore[arg-type]
    assert [target["name"] for target in document["targets"]] == [name_of(0), name_of(1), name_of(2)]
    assert {target["connection"] for target in document["targets"]} == {"reuse"}
    assert document["defaults"]["timeouts"] == {"total": "1500ms"}
    assert document["providers"]["bench"]["base_url"] == "http://127.0.0.1:80/5/10/3"
