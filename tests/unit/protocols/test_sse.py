from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.protocols.sse import Frame, FrameParser


def frames(*pieces: bytes, max_event_bytes: int = 1000) -> list[Frame]:
    parser = FrameParser(max_event_bytes=max_event_bytes)
    return [frame for piece in pieces for frame in parser.feed(piece)] + parser.close()


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_end_of_the_standard_is_understood(end: bytes) -> None:
    stream = end.join([b"event: a", b"data: 1", b"", b"data: 2", b"", b""])
    assert frames(stream) == [Frame(b"a", b"1"), Frame(b"", b"2")]


def test_line_ends_may_be_mixed() -> None:
    assert frames(b"data: 1\r\n\ndata: 2\r\rdata: 3\n\r\n") == [Frame(b"", b"1"), Frame(b"", b"2"), Frame(b"", b"3")]


def test_a_crlf_cut_in_two_is_one_line_end() -> None:
    assert frames(b"data: 1\r", b"\ndata: 2\r", b"\n\r", b"\n") == [Frame(b"", b"1\n2")]


def test_a_cr_dispatches_at_once_without_waiting_for_what_may_follow() -> None:
    parser = FrameParser()
    assert parser.feed(b"data: 1\r\r") == [Frame(b"", b"1")]


def test_several_data_lines_are_joined_by_newlines() -> None:
    assert frames(b"data: a\ndata:b\ndata\n\ndata:  c \n\n") == [Frame(b"", b"a\nb\n"), Frame(b"", b" c ")]


def test_comments_ids_retries_unknown_fields_and_empty_events_make_no_frame() -> None:
    stream = b": PROCESSING\n\nid: 7\nretry: 100\nfoo: bar\nfoo\n\nevent: ping\n\ndata:\n\ndata:   \n\n"
    assert frames(stream) == []


def test_the_name_of_an_event_does_not_leak_into_the_next() -> None:
    assert frames(b"event: a\n\ndata: 1\n\n") == [Frame(b"", b"1")]


@pytest.mark.parametrize("cut", range(4))
def test_a_byte_order_mark_at_the_start_is_dropped_wherever_it_is_cut(cut: int) -> None:
    stream = b"\xef\xbb\xbfdata: 1\n\n"
    assert frames(stream[:cut], stream[cut:]) == [Frame(b"", b"1")]


def test_a_byte_order_mark_later_is_content() -> None:
    assert frames(b"data: 1\n\ndata: \xef\xbb\xbf2\n\n")[1] == Frame(b"", b"\xef\xbb\xbf2")


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r"])
def test_a_last_event_without_its_blank_line_comes_at_the_end(tail: bytes) -> None:
    parser = FrameParser()
    assert parser.feed(b"event: x\ndata: 1" + tail) == []
    assert parser.close() == [Frame(b"x", b"1")]


@pytest.mark.parametrize("tail", [b"d", b"dat", b"ev", b"retr", b"i"])
def test_a_stream_cut_inside_a_field_name_leaves_nothing_behind(tail: bytes) -> None:
    assert frames(b"data: 1\n\n" + tail) == [Frame(b"", b"1")]


def test_lines_that_were_not_meant_as_events_are_told_apart() -> None:
    assert frames(b'{"error":\n  "x"}\n<html>\nInternal Server Error\n') == [
        Frame(b"", b'{"error":', bare=True),
        Frame(b"", b'  "x"}', bare=True),
        Frame(b"", b"<html>", bare=True),
        Frame(b"", b"Internal Server Error", bare=True),
    ]


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: " + b"x" * 2000],
        [b"data: " + b"x" * 2000 + b"\n\n"],
        [b"data: " + b"x" * 500] + [b"x" * 100] * 6,
        [b"data: " + b"x" * 300 + b"\n"] * 5,
        [b"<" * 2000 + b"\n"],
    ],
    ids=["unterminated", "whole", "in pieces", "in lines", "bare"],
)
def test_an_event_over_the_limit_stops_the_parser(pieces: list[bytes]) -> None:
    parser = FrameParser(max_event_bytes=1000)
    assert [frame for piece in pieces for frame in parser.feed(piece)] == []
    assert parser.oversized
    assert parser.feed(b"data: 1\n\n") == []
    assert parser.close() == []


def test_many_small_events_are_not_one_large_one() -> None:
    parser = FrameParser(max_event_bytes=100)
    assert len(parser.feed(b"data: 0123456789\n\n" * 500)) == 500
    assert not parser.oversized


def test_a_large_event_in_single_bytes_is_joined_once() -> None:
    parser = FrameParser()
    body = b"data: " + b"x" * 200_000
    assert not any(parser.feed(body[i : i + 1]) for i in range(len(body)))
    assert len(parser._held) == len(body)  # pieces are kept as they came, not copied again for every byte
    assert parser.feed(b"\n\n") == [Frame(b"", b"x" * 200_000)]


PIECES = [
    b"data: ",
    b"data:",
    b"event: e",
    b": c",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"x",
    b"\xc3\xa9",
    b"{",
    b"\xef\xbb\xbf",
    b"id: 1",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.lists(st.integers(0, 200), max_size=12))
def test_any_split_of_any_stream_gives_the_same_frames(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    edges = [0, *sorted(cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    assert frames(*pieces) == frames(stream)
