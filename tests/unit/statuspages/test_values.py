"""Times, ids, words and links of strangers."""

import pytest

from aiprobe.statuspages.values import a_line, a_time, an_epoch, an_id, plain_text
from tests.unit.statuspages.builders import unix


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("2026-03-02T11:49:00Z", "2026-03-02T11:49:00+00:00"),
        ("2026-03-02T11:49:00.250+01:00", "2026-03-02T10:49:00.250+00:00"),
        ("2026-03-02T11:49:00", "2026-03-02T11:49:00+00:00"),
        ("2026-03-02 11:49:00", "2026-03-02T11:49:00+00:00"),
        ("Mon, 02 Mar 2026 11:49:00 GMT", "2026-03-02T11:49:00+00:00"),
        ("Mon, 02 Mar 2026 11:49:00 +0100", "2026-03-02T10:49:00+00:00"),
    ],
)
def test_dates_are_read_in_both_ways_of_writing(text: str, same_as: str) -> None:
    assert a_time(text) == unix(same_as)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2026-13-40T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "Mon, 99 Mar 2026 11:49:00 GMT",
        7,
        None,
    ],
)
def test_what_is_no_date_of_this_century_is_none(value: object) -> None:
    assert a_time(value) is None


@pytest.mark.parametrize(
    ("value", "seconds"), [(1772452200, 1772452200.0), ("1772452200", 1772452200.0), (1772452200500, 1772452200.5)]
)
def test_epochs_are_seconds_or_milliseconds(value: object, seconds: float) -> None:
    assert an_epoch(value) == seconds


@pytest.mark.parametrize("value", [True, None, "", "nan", "inf", float("nan"), 10**400, -5, "1" * 30, []])
def test_what_is_no_epoch_is_none(value: object) -> None:
    assert an_epoch(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a b\n\x00c", "abc"), (7, "7"), (True, ""), (None, ""), (-1, ""), ("é", ""), ("x" * 500, "x" * 100)],
)
def test_ids_are_printable_ascii_and_short(value: object, expected: str) -> None:
    assert an_id(value) == expected


def test_a_line_is_one_line_whatever_was_in_it() -> None:
    assert a_line("a\r\n b\t\u202ec\ud800") == "a b c"
    assert a_line("x" * 200, 10) == "x" * 9 + "…"
    assert a_line(7) == ""


def test_markup_and_references_become_text() -> None:
    assert plain_text("a<br>b<p class='x'>c</p>d &lt;i&gt; &amp; <") == "a bc d <i> & <"
    assert plain_text(None) == ""
