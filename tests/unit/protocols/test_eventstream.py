"""Amazon's binary event stream: frames cut anywhere, both checksums, lies about lengths; botocore reads them too."""

import struct
from binascii import crc32
from collections.abc import Iterable
from itertools import pairwise

import pytest
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]  # it has no types
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.protocols.eventstream import EventFrame, EventStreamParser
from tests.unit.protocols.builders import recorded

RECORDED = "recorded/bedrock_runtime.us_east_1.amazonaws.com_converse_stream.bin"


def a_frame(payload: bytes = b"{}", *, headers: bytes = b"") -> bytes:
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    body = prelude + struct.pack("!I", crc32(prelude)) + headers + payload
    return body + struct.pack("!I", crc32(body))


def a_header(name: bytes, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name + bytes([kind]) + value


def a_string(name: bytes, value: bytes) -> bytes:
    return a_header(name, 7, struct.pack("!H", len(value)) + value)


def parsed(pieces: Iterable[bytes]) -> tuple[list[EventFrame], str]:
    parser = EventStreamParser()
    frames = [frame for piece in pieces for frame in parser.feed(piece)]
    return frames, parser.broken


@given(st.lists(st.integers(1, 1500), max_size=30))
def test_a_recorded_stream_reads_alike_wherever_it_is_cut(cuts: list[int]) -> None:
    data = recorded(RECORDED)
    ends = sorted({0, *cuts, len(data)})
    whole, _ = parsed([data])
    cut, broken = parsed(data[start:end] for start, end in pairwise(ends))
    assert (cut, broken) == (whole, "")


def test_botocore_reads_the_same_frames_from_the_recorded_stream() -> None:
    data = recorded(RECORDED)
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    theirs = [(message.headers, message.payload) for message in buffer]
    ours, broken = parsed([data])
    assert broken == ""
    assert [(dict(frame.headers), frame.payload) for frame in ours] == theirs


@given(st.integers(0, 1560), st.integers(1, 255))
def test_any_changed_byte_of_a_recorded_stream_is_found(at: int, change: int) -> None:
    data = bytearray(recorded(RECORDED))
    data[at] ^= change
    frames, broken = parsed([bytes(data)])
    whole, _ = parsed([recorded(RECORDED)])
    assert broken
    assert frames == whole[: len(frames)]
    assert len(frames) < len(whole)


def test_headers_of_every_type_are_passed_over_and_strings_are_kept() -> None:
    fixed = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
    others = b"".join(a_header(b"h%d" % kind, kind, bytes(size)) for kind, size in fixed.items())
    headers = (
        others + a_header(b"raw", 6, struct.pack("!H", 3) + b"\xff\x00\xfe") + a_string(b":event-type", "é".encode())
    )
    frames, broken = parsed([a_frame(b"x", headers=headers)])
    assert (frames, broken) == ([EventFrame({":event-type": "é"}, b"x")], "")


def test_a_frame_without_headers_and_payload_is_a_frame() -> None:
    assert parsed([a_frame(b"")]) == ([EventFrame({}, b"")], "")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"HTTP text, not a stream", "prelude"),
        (struct.pack("!III", 15, 0, crc32(struct.pack("!II", 15, 0))), "contradict"),
        (struct.pack("!III", 40, 25, crc32(struct.pack("!II", 40, 25))), "contradict"),
        (struct.pack("!III", 1 << 31, 0, crc32(struct.pack("!II", 1 << 31, 0))), "more than"),
        (struct.pack("!III", 1 << 19, 1 << 18, crc32(struct.pack("!II", 1 << 19, 1 << 18))), "contradict"),
        (a_frame()[:-1] + b"\x00", "checksum"),
        (a_frame(headers=b"\x04abcd\x0a"), "unknown type"),
        (a_frame(headers=b"\x04ab"), "cut short"),
        (a_frame(headers=b"\x02ab\x07\x00"), "cut short"),
        (a_frame(headers=b"\x02ab\x07\x00\x09x"), "cut short"),
        (a_frame(headers=b"\x02ab\x09" + bytes(3)), "cut short"),
        (a_frame(headers=a_string(b"ab", b"\xff")), "UTF-8"),
    ],
)
def test_what_is_no_frame_breaks_the_stream_with_a_reason(data: bytes, problem: str) -> None:
    frames, broken = parsed([a_frame(b"first"), data, a_frame(b"never read")])
    assert frames == [EventFrame({}, b"first")]
    assert problem in broken


def test_a_length_that_lies_is_found_with_the_prelude_and_not_waited_for() -> None:
    prelude = bytearray(a_frame(b"y" * 100)[:12])
    prelude[3] ^= 0x40
    assert parsed([bytes(prelude)])[1]


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_raise(data: bytes) -> None:
    parsed([data])
    parsed([a_frame(headers=data[:200])])
