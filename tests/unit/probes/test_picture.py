"""A picture is a PNG of one line of digits, which whoever decodes it reads."""

import struct
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.probes.picture import HEIGHT, WIDTH, png
from aiprobe.probes.prompt import PICTURE, fresh_words
from aiprobe_simulator.sight import seen
from aiprobe_simulator.wire.base import BadCall


def read(data: bytes) -> tuple[str, int]:
    return seen("ollama-chat", {"messages": [{"role": "user", "images": [b64encode(data).decode()]}]})


@given(st.text("0123456789", min_size=5, max_size=5))
def test_a_picture_shows_its_digits(digits: str) -> None:
    assert read(png(digits))[0] == digits


def test_a_picture_has_64_to_128_pixels_on_each_side_as_its_head_says() -> None:
    assert struct.unpack_from(">II", png("48213"), 16) == (WIDTH, HEIGHT)
    assert 64 <= HEIGHT <= WIDTH <= 128


def test_a_request_has_the_picture_of_its_own_words_and_the_text_has_no_digit_of_it() -> None:
    words = fresh_words()
    assert words.into_bytes(f"<{PICTURE}>".encode()) == b"<" + b64encode(png(words.digits)) + b">"
    assert words.digits in words.marker
    assert len(words.digits) == 5


@pytest.mark.parametrize("at", range(0, len(png("48213")), 7))
def test_a_damaged_picture_is_refused(at: int) -> None:
    whole = png("48213")
    with pytest.raises(BadCall):
        read(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(BadCall):
        read(whole[:at])
