"""Ways in which one server can keep a prober busy: each is a head and an endless sequence of bytes."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SSE: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
_CLOSED: Final = _SSE + b"\r\n"
_CHUNKED: Final = _SSE + b"transfer-encoding: chunked\r\n\r\n"
_PIECE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Way:
    """What a hostile server sends: `first` once, `then` without end."""

    first: bytes
    then: bytes


def _many(piece: bytes) -> bytes:
    return piece * (_PIECE_BYTES // len(piece))


def _delta(text: str) -> bytes:
    return b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]}\n\n' % text.encode()  # fmt: skip # noqa: E501 - one line on the wire


def _packed(data: bytes) -> bytes:
    body = gzip.compress(data)
    return _SSE + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def _layered(data: bytes) -> bytes:
    body = gzip.compress(data)
    return _SSE + b"content-encoding: gzip, gzip\r\ncontent-length: %d\r\n\r\n" % len(body) + body


WAYS: Final[Mapping[str, Way]] = {
    "one-byte chunks": Way(_CHUNKED, _many(b"1\r\n:\r\n")),
    "empty comments": Way(_CLOSED, _many(b":\n")),
    "long comments": Way(_CLOSED, b":" + _many(b"x") + b"\n"),
    "blank lines": Way(_CLOSED, _many(b"\n")),
    "carriage returns": Way(_CLOSED, _many(b"\r")),
    "unknown fields": Way(_CLOSED, _many(b"a:\n")),
    "empty events": Way(_CLOSED, _many(b"data:\n\n")),
    "events of nothing": Way(_CLOSED, _many(b"data: {}\n\n")),
    "pings": Way(_CLOSED, _many(b"event: ping\ndata: {}\n\n")),
    "content": Way(_CLOSED, _many(_delta("la "))),
    "one endless event": Way(_CLOSED + b"data: ", _many(b"x")),
    "many data lines": Way(_CLOSED, _many(b"data: x\n")),
    "deep JSON": Way(_CLOSED, b"data: " + b"[" * 100_000 + b"\n\n"),
    "deep objects": Way(_CLOSED, b"data: " + b'{"a":' * 50_000 + b"\n\n"),
    "lists in lists": Way(_CLOSED, b"data: [" + (b"[" * 60 + b"]" * 60 + b",") * 500 + b"0]\n\n"),
    "calls of nothing": Way(_CLOSED, b'data: {"choices":[{"delta":{"tool_calls":[' + b"{}," * 4_000 + b"{}]}}]}\n\n"),
    "a long list": Way(_CLOSED, b"data: [" + b"0," * 200_000 + b"0]\n\n"),
    "bare lines": Way(_CLOSED, _many(b"}\n")),
    "packed blank lines": Way(_packed(b"\n" * (8 << 20)), b""),
    "packed events": Way(_packed(b"data: {}\n\n" * 800_000), b""),
    "layers of compression": Way(_layered(gzip.compress(b"") * 400_000), b""),
    "layers of headers": Way(_layered(b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"name" * 8_000_000), b""),
    "interim replies": Way(b"", _many(b"HTTP/1.1 102 Processing\r\n\r\n")),
    "headers": Way(b"HTTP/1.1 200 OK\r\n", _many(b"a: b\r\n")),
    "trailers": Way(_CHUNKED + b"0\r\n", _many(b"a: b\r\n")),
    "noise": Way(b"", _many(bytes(range(256)))),
}
