"""A reply cut anywhere, and bytes of any sort: the parser alone, without sockets, under hypothesis."""

import gzip
import itertools
import zlib
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import Exchange, WireError
from aiprobe.transport.framing import Reply
from aiprobe.transport.head import MAX_HEAD_BYTES
from aiprobe.transport.inflate import PIECE_BYTES, InflateError, Inflater, inflater
from aiprobe.transport.transport import Signal
from tests.unit.probes.asking import Recorder
from tests.unit.transport.peers import chunk


def read(
    *pieces: bytes, method: str = "GET", sink: Recorder | None = None, max_body_bytes: int = 1 << 20, ended: bool = True
) -> tuple[Recorder, Exchange, Reply]:
    """Feed the pieces, and then the end of the connection unless the reply came to its own end."""
    sink = Recorder() if sink is None else sink
    exchange = Exchange(started=0.0)
    reply = Reply(sink, exchange, method=method, max_body_bytes=max_body_bytes)
    for number, piece in enumerate(pieces):
        exchange.bytes_received += len(piece)
        reply.feed(piece, float(number))
        while reply.pending:
            reply.go_on()
        if reply.complete or reply.done:
            return sink, exchange, reply
    if ended:
        reply.end()
    return sink, exchange, reply


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut `data` at the places, modulo its length."""
    marks = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(marks)]


CUTS = st.lists(st.integers(0, 10_000), max_size=12)
BODIES = st.binary(max_size=300)


def framed(body: bytes, framing: str, sizes: list[int]) -> bytes:
    """Return a reply with `body` in one of the three framings."""
    if framing == "sized":
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX: y\r\n\r\n" % len(body) + body
    if framing == "closed":
        return b"HTTP/1.0 200 OK\r\nX: y\r\n\r\n" + body
    chunks = b"".join(chunk(part) for part in cut(body, sizes) if part)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n" + chunks + chunk(b"")


@given(body=BODIES, framing=st.sampled_from(["sized", "closed", "chunked"]), sizes=CUTS, cuts=CUTS)
def test_any_cut_of_a_valid_reply_gives_the_same_body(
    body: bytes, framing: str, sizes: list[int], cuts: list[int]
) -> None:
    sink, _, reply = read(*cut(framed(body, framing, sizes), cuts))
    assert sink.body == body
    assert (sink.status, sink.heads, sink.headers["x"]) == (200, 1, "y")
    assert reply.complete
    assert reply.reusable == (framing != "closed")


@given(body=BODIES, coding=st.sampled_from(["gzip", "zlib", "bare"]), sizes=CUTS, cuts=CUTS)
def test_any_cut_of_a_compressed_reply_gives_the_same_body(
    body: bytes, coding: str, sizes: list[int], cuts: list[int]
) -> None:
    window = {"gzip": 31, "zlib": 15, "bare": -15}[coding]
    packer = zlib.compressobj(wbits=window)
    packed = packer.compress(body) + packer.flush()
    head = b"Content-Encoding: %b\r\nX: y\r\n" % (b"gzip" if coding == "gzip" else b"deflate")
    data = framed(packed, "chunked", sizes).replace(b"X: y\r\n", head, 1)
    sink, _, reply = read(*cut(data, cuts))
    assert sink.body == body
    assert reply.complete


@given(body=st.binary(min_size=1, max_size=300), framing=st.sampled_from(["sized", "chunked"]), data=st.data())
def test_a_reply_that_lacks_its_end_is_never_complete(body: bytes, framing: str, data: st.DataObject) -> None:
    whole = framed(body, framing, [100])
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(WireError) as caught:
        read(part)
    assert caught.value.outcome is Outcome.DISCONNECTED


@settings(max_examples=300)
@given(
    noise=st.binary(max_size=400),
    cuts=CUTS,
    prefix=st.sampled_from(
        [
            b"",
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            framed(b"", "chunked", [])[:-5],
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
        ]
    ),
)
def test_noise_ends_in_an_outcome_and_never_in_another_exception(noise: bytes, cuts: list[int], prefix: bytes) -> None:
    outcome: Outcome | None = None
    try:
        _, _, reply = read(*cut(prefix + noise, cuts))
    except WireError as error:
        outcome = error.outcome
    assert outcome in {Outcome.MALFORMED, Outcome.DISCONNECTED} or reply.complete


@given(body=BODIES, extra=BODIES, cuts=CUTS)
def test_nothing_that_follows_a_whole_reply_reaches_the_sink(body: bytes, extra: bytes, cuts: list[int]) -> None:
    sink, _, reply = read(*cut(framed(body, "sized", []) + extra, cuts))
    assert sink.body == body
    assert sink.heads == 1
    assert reply.complete


def test_each_piece_of_body_carries_the_time_at_which_it_came() -> None:
    sink, _, _ = read(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", b"a", b"b")
    assert sink.times == [0.0, 1.0, 2.0]


def test_the_first_content_and_the_last_event_are_remembered() -> None:
    signals = {b"m": Signal.MORE, b"p": Signal.PROGRESS, b"c": Signal.CONTENT}
    sink = Recorder(lambda body: signals[body[-1:]])
    _, _, reply = read(b"HTTP/1.1 200 OK\r\n\r\n", b"m", b"p", b"c", b"m", b"c", b"p", b"m", sink=sink, ended=False)
    assert (reply.content_at, reply.progress_at) == (3.0, 6.0)


def test_a_body_just_within_its_limit_is_taken() -> None:
    sink, _, _ = read(framed(b"x" * 100, "sized", []), max_body_bytes=100)
    assert len(sink.body) == 100
    with pytest.raises(WireError, match="limit of 100 bytes"):
        read(framed(b"x" * 101, "sized", []), max_body_bytes=100)


def test_the_limit_holds_for_what_was_decompressed_as_well() -> None:
    packed = gzip.compress(b"x" * 101)
    data = framed(packed, "sized", []).replace(b"X: y", b"Content-Encoding: x-gzip")
    assert len(packed) < 100
    with pytest.raises(WireError, match="limit of 100 bytes"):
        read(data, max_body_bytes=100)


@pytest.mark.parametrize("coding", [b"identity", b"", b"  ", b"br", b"none", b"UTF-8", b"gzip;q=1", b"\xff", b",,"])
def test_an_encoding_that_says_nothing_changes_nothing(coding: bytes) -> None:
    sink, _, _ = read(framed(b"plain", "sized", []).replace(b"X: y", b"Content-Encoding: " + coding))
    assert sink.body == b"plain"


@pytest.mark.parametrize("framing", ["HEAD", "204"])
def test_a_reply_without_a_body_may_claim_any_encoding(framing: str) -> None:
    status = b"204 No Content" if framing == "204" else b"200 OK"
    head = b"HTTP/1.1 " + status + b"\r\ncontent-encoding: br\r\n\r\n"
    _, _, reply = read(head, method="HEAD" if framing == "HEAD" else "GET")
    assert reply.complete


def test_a_body_after_head_makes_the_connection_unfit() -> None:
    _, _, reply = read(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", method="HEAD")
    assert (reply.complete, reply.reusable) == (True, False)


@pytest.mark.parametrize("coding", [b"identity", b"gzip, chunked", b"chunked, chunked", b"chunked;q=1", b""])
def test_a_transfer_coding_other_than_one_chunked_is_malformed(coding: bytes) -> None:
    with pytest.raises(WireError, match="transfer coding"):
        read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: " + coding + b"\r\n\r\n0\r\n\r\n")


def test_headers_up_to_the_limit_are_taken() -> None:
    line = b"a: " + b"v" * 1000 + b"\r\n"
    fit = (MAX_HEAD_BYTES - 200) // len(line)
    sink, _, _ = read(b"HTTP/1.1 200 OK\r\n" + line * fit + b"content-length: 0\r\n\r\n")
    assert sink.status == 200
    with pytest.raises(WireError, match="over the limit"):
        read(b"HTTP/1.1 200 OK\r\n" + line * (fit + 2) + b"content-length: 0\r\n\r\n")


def test_what_a_sink_raises_comes_out_as_it_is() -> None:
    def broken(body: bytes) -> Signal:
        raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        read(framed(b"x", "sized", []), sink=Recorder(broken))


def test_what_a_sink_raises_at_the_head_comes_out_as_it_is() -> None:
    class Broken(Recorder):
        def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:
            raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        read(framed(b"x", "sized", []), sink=Broken())


def test_a_piece_that_fills_its_buffer_exactly_loses_nothing() -> None:
    for size in (PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES):
        inflater = Inflater("gzip")
        pieces = list(inflater.feed(gzip.compress(b"x" * size)))
        assert b"".join(pieces) == b"x" * size
        assert max(map(len, pieces)) <= PIECE_BYTES
        assert inflater.finished


@pytest.mark.parametrize(
    ("codings", "data"),
    [
        ("gzip", gzip.compress(b"") * 2000),
        ("gzip, gzip", gzip.compress(gzip.compress(b"") * 400_000)),
        ("gzip, gzip", gzip.compress(b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"name" * 8_000_000)),
        ("deflate, gzip", gzip.compress(zlib.compress(b"") + b"0" * 32_000_000)),
        ("gzip, gzip, gzip", gzip.compress(gzip.compress(gzip.compress(b"0" * 32_000_000)))),
    ],
)
def test_what_inflates_without_end_gives_the_loop_back_at_each_step_and_ends(codings: str, data: bytes) -> None:
    layers = inflater(codings)
    assert layers is not None
    steps: list[int] = []
    with pytest.raises(InflateError, match="far more"):
        steps.extend(len(piece) for piece in layers.feed(data))
    assert len(steps) >= 250
    assert max(steps) <= PIECE_BYTES


def test_gzip_may_come_in_several_members() -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"two")
    for split in range(len(data)):
        inflater = Inflater("gzip")
        assert b"".join([*inflater.feed(data[:split]), *inflater.feed(data[split:])]) == b"one two"
        assert inflater.finished


def test_one_byte_of_a_compressed_body_is_not_its_end() -> None:
    inflater = Inflater("deflate")
    assert inflater.finished
    assert list(inflater.feed(zlib.compress(b"x")[:1])) == []
    assert not inflater.finished


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_broken_compression_is_an_error_of_its_own(coding: str) -> None:
    with pytest.raises(InflateError):
        list(Inflater(coding).feed(b"nope, none"))


@pytest.mark.parametrize("rest", [b"more", b"\0" * 40, b"\x1f", b"\x1fno"])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_follows_the_compressed_data_is_left_out(coding: str, rest: bytes) -> None:
    packed = gzip.compress(b"x") if coding == "gzip" else zlib.compress(b"x")
    for split in range(len(packed), len(packed) + len(rest) + 1):
        made = Inflater(coding)
        data = packed + rest
        assert b"".join([*made.feed(data[:split]), *made.feed(data[split:])]) == b"x"


def test_layers_are_undone_from_the_outside_in() -> None:
    made = inflater("deflate, none, gzip")
    assert made is not None
    assert b"".join(made.feed(gzip.compress(zlib.compress(b"twice")))) == b"twice"
    assert made.finished
