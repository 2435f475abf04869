"""The receiving half of a WebSocket: the RFC's own examples, frames cut anywhere, and what a server must not send."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from aiprobe.protocols.websocket import Closed, FrameReader, Message, accept_of, fresh_key


def a_frame(payload: bytes, opcode: int = 1, *, final: bool = True) -> bytes:
    """Frame as a server does: without a mask, in the shortest form."""
    first = bytes([(0x80 if final else 0) | opcode])
    size = len(payload)
    if size < 126:
        return first + bytes([size]) + payload
    return first + (b"\x7e" + struct.pack("!H", size) if size < 65536 else b"\x7f" + struct.pack("!Q", size)) + payload


def read(*pieces: bytes) -> tuple[list[Message | Closed], str]:
    reader = FrameReader()
    return [message for piece in pieces for message in reader.feed(piece)], reader.broken


def test_the_answer_to_a_key_is_the_rfcs() -> None:
    assert accept_of("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_every_key_is_another_one_of_sixteen_bytes() -> None:
    keys = {fresh_key() for _ in range(50)}
    assert len(keys) == 50
    assert {len(key) for key in keys} == {24}


@given(st.lists(st.text(max_size=400), max_size=5), st.lists(st.integers(0, 2000), max_size=10))
def test_messages_read_alike_wherever_they_are_cut(texts: list[str], cuts: list[int]) -> None:
    data = b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in texts)
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in zip(ends, ends[1:], strict=False)]  # noqa: RUF007 - may repeat
    assert read(*pieces) == ([Message(text.encode(), text=True) for text in texts], "")


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 1 << 20])
def test_all_three_forms_of_a_length_are_read(size: int) -> None:
    assert read(a_frame(b"x" * size)) == ([Message(b"x" * size, text=True)], "")


def test_a_message_in_pieces_is_joined_and_a_ping_between_them_is_nothing() -> None:
    pieces = [a_frame(b"on", final=False), a_frame(b"ping", 9), a_frame(b"", 0, final=False), a_frame(b"e", 0)]
    assert read(*pieces, a_frame(b"\x00", 2)) == ([Message(b"one", text=True), Message(b"\x00", text=False)], "")


@pytest.mark.parametrize(
    ("payload", "closed"),
    [(b"", Closed(1005, "")), (struct.pack("!H", 1013) + b"try later", Closed(1013, "try later")),
     (struct.pack("!H", 1000) + b"\xff", Closed(1000, "\ufffd"))],
)  # fmt: skip
def test_a_close_tells_code_and_reason(payload: bytes, closed: Closed) -> None:
    assert read(a_frame(payload, 8)) == ([closed], "")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xc1\x00", "nobody agreed"),
        (b"\x81\x81abcdx", "must not mask"),
        (a_frame(b"x", 3), "unknown sort"),
        (a_frame(b"x", 0), "out of order"),
        (a_frame(b"a", final=False) + a_frame(b"b"), "out of order"),
        (a_frame(b"x", 9, final=False), "in pieces"),
        (b"\x89\x7e\x00\x7e" + b"x" * 126, "too long"),
        (b"\x88\x01x", "one byte"),
        (b"\x81\x7f" + struct.pack("!Q", 1 << 40), "more than"),
        (a_frame(b"x" * (1 << 20), final=False) + a_frame(b"y", 0), "more than"),
    ],
)
def test_what_a_server_must_not_send_breaks_the_stream(data: bytes, problem: str) -> None:
    messages, broken = read(a_frame(b"first"), data, a_frame(b"never read"))
    assert messages == [Message(b"first", text=True)]
    assert problem in broken


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    read(data)
