"""How one good reply can be written on the wire, and what its user's client makes of it: a table.

A case frames a payload. The outcome is that of each kind of probe for a payload that is right, so that only the wire
can be wrong. `test_as_clients_read.py` holds it to the official SDKs, which read HTTP with h11 0.16 under httpx.
"""

import gzip
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

Frame = Callable[[bytes, str], bytes]
"""Makes the bytes of a reply from a payload and its right media type."""
KINDS: Final = ("stream", "body", "models", "http")
"""A streamed chat, one that is not streamed, a list of models, a page."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way to write a reply, and the outcome of each kind of probe."""

    frame: Frame
    outcomes: Mapping[str, str]


def _head(lines: tuple[str, ...], start: str, eol: str = "\r\n") -> bytes:
    return (eol.join([start, *lines]) + eol + eol).encode("latin-1")


def sized(*more: str, start: str = "HTTP/1.1 200 OK", media: str | None = None, length: str = "{}") -> Frame:
    """Frame by a length. `media` replaces the media type, and an empty one leaves it out."""

    def frame(body: bytes, right: str) -> bytes:
        lines = (*_media(right, media), f"Content-Length: {length.format(len(body))}", *more)
        return _head(lines, start) + body

    return frame


def closed(*more: str, start: str = "HTTP/1.1 200 OK", eol: str = "\r\n", raw: str = "") -> Frame:
    """Frame by the end of the connection; `raw` stands before the status line."""
    return lambda body, right: raw.encode() + _head((f"Content-Type: {right}", *more), start, eol) + body


def chunked(
    *more: str,
    coding: tuple[str, ...] = ("Transfer-Encoding: chunked",),
    size: str = "{:x}",
    line_end: str = "\r\n",
    chunk_end: str = "\r\n",
    last: str = "0\r\n\r\n",
    piece: int = 50,
    start: str = "HTTP/1.1 200 OK",
) -> Frame:
    """Frame in chunks of `piece` bytes."""

    def frame(body: bytes, right: str) -> bytes:
        chunks = b"".join(
            (size.format(len(part)) + line_end).encode("latin-1") + part + chunk_end.encode()
            for part in (body[at : at + piece] for at in range(0, len(body), piece))
        )
        return _head((f"Content-Type: {right}", *coding, *more), start) + chunks + last.encode("latin-1")

    return frame


def packed(coding: str, pack: Callable[[bytes], bytes], rest: bytes = b"") -> Frame:
    """Frame a body that `pack` has compressed."""
    lines = tuple(f"Content-Encoding: {name}" for name in coding.split("|"))
    return lambda body, right: sized(*lines)(pack(body) + rest, right)


def _media(right: str, media: str | None) -> tuple[str, ...]:
    wanted = right if media is None else media.format(right)
    return tuple(f"Content-Type: {one}" for one in wanted.split("|")) if wanted else ()


def _half_bare(body: bytes, right: str) -> bytes:
    return _head((f"Content-Type: {right}",), "HTTP/1.1 200 OK")[:-2] + b"\n" + body


def _twice(data: bytes) -> bytes:
    return gzip.compress(gzip.compress(data))


def _bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def _flushed(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    parts = [packer.compress(data[at : at + 40]) + packer.flush(zlib.Z_SYNC_FLUSH) for at in range(0, len(data), 40)]
    return b"".join(parts) + packer.flush()


def _members(data: bytes) -> bytes:
    return gzip.compress(data[:30]) + gzip.compress(data[30:])


def _all(outcome: str, **other: str) -> dict[str, str]:
    return dict.fromkeys(KINDS, outcome) | other


_OK: Final = _all("ok")
_BROKEN: Final = _all("malformed")
_NO_END: Final = _all("disconnected", stream="ok")
"""The wire has no end, but the stream has said its own."""

_ENCODINGS: Final[Mapping[str, Frame]] = {
    **{
        f"content-encoding {name!r}": sized(f"Content-Encoding: {name}")
        for name in ("none", "None", "UTF-8", "utf8", "identity", "IDENTITY", "identity, identity", "identity,none", "",
                     " ", ",", "null", "binary", "8bit", "br", "zstd", "compress", "aws-chunked", "chunked", "plain",
                     "text/event-stream", "gzip;q=0", "*", "br, zstd", "default", "\xff")
    },
    "content-encoding twice": sized("Content-Encoding: identity", "Content-Encoding: identity"),
    "gzip": packed("gzip", gzip.compress),
    "GZIP": packed("GZIP", gzip.compress),
    "gzip beside a coding that is none": packed("none, gzip", gzip.compress),
    "gzip, then identity": packed("gzip, identity", gzip.compress),
    "gzip in the second of two lines": packed("identity|gzip", gzip.compress),
    "gzip over gzip": packed("gzip, gzip", _twice),
    "gzip over deflate": packed("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
    "deflate": packed("deflate", zlib.compress),
    "deflate without its wrapper": packed("deflate", _bare),
    "gzip, flushed often": packed("gzip", _flushed),
    "gzip, then zeros": packed("gzip", gzip.compress, b"\0" * 64),
    "gzip, then a line": packed("gzip", gzip.compress, b"\r\n"),
    "gzip, then text": packed("gzip", gzip.compress, b"trailing bytes"),
    "gzip, then one byte": packed("gzip", gzip.compress, b"\x1f"),
    "deflate, then text": packed("deflate", zlib.compress, b"more"),
    "gzip in members": packed("gzip", _members),
}  # fmt: skip

_MEDIA: Final[Mapping[str, Frame]] = {
    f"content-type {media!r}": sized(media=media)
    for media in ("{0}|{0}", "{0}, {0}", "{0}|text/plain", "text/plain|{0}", "text/plain, {0}", "{0};charset=utf-8",
                  "{0}; charset=UTF-8;", "{0} ; charset=utf-8", "text/plain", "text/plain; charset=utf-8", "text/html",
                  "text/html; charset=utf-8", "application/json", "text/event-stream", "application/octet-stream",
                  "application/x-ndjson", "text/json", "application/stream+json", "binary/octet-stream", "yes", "*/*",
                  ";", ",", "text", "multipart/form-data", "")
}  # fmt: skip

_LENGTHS: Final[Mapping[str, Frame]] = {
    "length beside chunks": chunked("Content-Length: 7"),
    "length before chunks": chunked(coding=("Content-Length: 100000", "Transfer-Encoding: chunked")),
    "length of nothing beside chunks": chunked("Content-Length: 0"),
    "length in a list": sized(length="{0}, {0}"),
    "length in a list without blanks": sized(length="{0},{0},{0}"),
    "length with zeros": sized(length="000{}"),
    "length with blanks": sized(length="  {}\t"),
    "length twice": lambda body, right: sized(f"Content-Length: {len(body)}")(body, right),
    "length twice, in two cases": lambda body, right: sized(f"CONTENT-LENGTH: {len(body)}")(body, right),
    "length, a list and a line": lambda body, right: sized(f"Content-Length: {len(body)},{len(body)}")(body, right),
    "length, then a line end": lambda body, right: sized()(body, right) + b"\r\n",
    "length, then another reply": lambda body, right: sized()(body, right) + b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "length, then noise": lambda body, right: sized()(body, right) + b"\0\xff" * 50,
    "the end of the connection": closed(),
    "the end of the connection, in HTTP/1.0": closed(start="HTTP/1.0 200 OK"),
}
_BAD_LENGTHS: Final[Mapping[str, Frame]] = {
    f"length {length!r}": sized(length=length)
    for length in (
        "+{}",
        "-{}",
        "0x{}",
        "{}, 1",
        "1, {}",
        "{},",
        "",
        ",",
        "{} bytes",
        "{}.0",
        "many",
        "9" * 21,
        "{0} {0}",
    )
} | {"two lengths": sized("Content-Length: 1"), "a bad length beside chunks": chunked("Content-Length: many")}

_CHUNKS: Final[Mapping[str, Frame]] = {
    "chunks": chunked(),
    "chunks of one byte": chunked(piece=1),
    "one chunk": chunked(piece=100_000),
    "chunks in HTTP/1.0": chunked(start="HTTP/1.0 200 OK"),
    "a coding in capitals": chunked(coding=("TRANSFER-ENCODING: Chunked",)),
    "a coding with blanks": chunked(coding=("Transfer-Encoding: \t chunked \t",)),
    "sizes in capitals": chunked(size="{:X}"),
    "sizes with zeros": chunked(size="{:08x}"),
    "sizes of twenty digits": chunked(size="{:020x}"),
    "a blank after a size": chunked(size="{:x} "),
    "blanks after a size": chunked(size="{:x}      "),
    "a tab after a size": chunked(size="{:x}\t"),
    "an extension": chunked(size="{:x};name=value"),
    "an extension and blanks": chunked(size="{:x};name=value \t"),
    "an extension in quotes": chunked(size='{:x};name="a;b"'),
    "an empty extension": chunked(size="{:x};"),
    "a long extension": chunked(size="{:x};" + "x" * 4000, piece=2000),
    "a last chunk of zeros": chunked(last="00000\r\n\r\n"),
    "a last chunk with an extension": chunked(last="0;end\r\n\r\n"),
    "a last chunk with blanks": chunked(last="0  \r\n\r\n"),
    "a trailer": chunked(last="0\r\nX-Sum: 1\r\n\r\n"),
    "a folded trailer": chunked(last="0\r\nX-Sum: 1\r\n 2\r\n\r\n"),
    "trailers that end in bare line feeds": chunked(last="0\r\nX-Sum: 1\n\n"),
    "a bare line feed at the end": chunked(last="0\r\n\n"),
    "bytes after the last chunk": chunked(last="0\r\n\r\nmore"),
}
_BAD_CHUNKS: Final[Mapping[str, Frame]] = {
    "coding twice": chunked("Transfer-Encoding: chunked"),
    "coding twice, apart": chunked(coding=("Transfer-Encoding: chunked", "X: y", "transfer-encoding: chunked")),
    **{
        f"coding {coding!r}": chunked(coding=(f"Transfer-Encoding: {coding}",))
        for coding in ("chunked, chunked", "identity", "gzip, chunked", "chunked, identity", "chunked;q=1", "", "chunk",
                       "identity, chunked", '"chunked"', "chunked,", "\x0bchunked")
    },
    "a blank before a size": chunked(size=" {:x}"),
    "a blank before an extension": chunked(size="{:x} ;name=value"),
    "a size with 0x": chunked(size="0x{:x}"),
    "a size that is negative": chunked(size="-{:x}"),
    "no size": chunked(size=""),
    "a size of 21 digits": chunked(size="{:021x}"),
    "a size that is no number": chunked(size="size"),
    "bare line feeds after sizes": chunked(line_end="\n"),
    "bare line feeds after chunks": chunked(chunk_end="\n"),
    "nothing after chunks": chunked(chunk_end=""),
}  # fmt: skip

_HEADS: Final[Mapping[str, Frame]] = {
    "a folded header": sized("X-Long: one\r\n two\r\n\tthree"),
    "a folded media type": lambda body, right: sized(media=f"{right};\r\n charset=utf-8")(body, right),
    "a folded length": sized(length="\r\n {}"),
    "a fold of blanks": sized("X-Long: one\r\n  \t "),
    **{
        f"{char!r} in a value": sized(f"X-Odd: a{char}b")
        for char in ("\x01", "\x07", "\x08", "\x0e", "\x1b", "\x1c", "\x1f", "\x7f", "\x80", "\xa0", "\xff", "\t",
                     "\u00e9", '"', "\\")
    },
    "an empty value": sized("X-Empty:"),
    "a value of blanks": sized("X-Empty:  \t "),
    "no blank after the colon": sized("X-Close:value"),
    "blanks around a value": sized("X-Wide: \t value \t "),
    "colons in a value": sized("X-Colons: a:b::c"),
    "a name of marks": sized("X-!#$%&'*+.^_`|~9: yes"),
    "a name with an underscore": sized("x_request_id: 1"),
    "a header many times": sized(*(f"Set-Cookie: a{n}=b; Path=/" for n in range(60))),
    "many headers": sized(*(f"X-{n}: {n}" for n in range(500))),
    "a long header": sized("Content-Security-Policy: " + "x" * 50_000),
    "a long head": sized(*(f"X-{n}: " + "v" * 900 for n in range(90))),
    "no reason": sized(start="HTTP/1.1 200"),
    "an empty reason": sized(start="HTTP/1.1 200 "),
    "a long reason": sized(start="HTTP/1.1 200 All is well, and has been for a long time"),
    "a reason beyond ASCII": sized(start="HTTP/1.1 200 \xd6K \xff"),
    "a reason with a control character": sized(start="HTTP/1.1 200 O\x01K"),
    "status 201": sized(start="HTTP/1.1 201 Created"),
    "status 203": sized(start="HTTP/1.1 203 Non-Authoritative Information"),
    "status 299": sized(start="HTTP/1.1 299 Odd"),
    **{f"version {v}": closed(start=f"HTTP/{v} 200 OK") for v in ("1.0", "1.2", "2.0", "0.9", "3.7")},
    "bare line feeds": closed(eol="\n"),
    "a bare line feed at the end of the head": _half_bare,
    "an interim reply": closed(raw="HTTP/1.1 100 Continue\r\n\r\n"),
    "an interim reply with headers": closed(raw="HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"),
    "many interim replies": closed(raw="HTTP/1.1 102 Processing\r\n\r\n" * 20),
    "an interim reply with a length": closed(raw="HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n"),
    "connection close and keep-alive": sized("Connection: close, keep-alive"),
    "an upgrade offered": sized("Upgrade: h2,h2c", "Connection: Upgrade"),
}  # fmt: skip
_BAD_HEADS: Final[Mapping[str, Frame]] = {
    **{f"{char!r} in a value": sized(f"X-Odd: a{char}b") for char in ("\0", "\x0b", "\x0c", "\r")},
    "a blank before the colon": sized("X-Odd : value"),
    "no colon": sized("X-Odd value"),
    "no name": sized(": value"),
    "a name in brackets": sized("X(odd): value"),
    "a name beyond ASCII": sized("X-\xe9: value"),
    "a fold before any header": sized(start="HTTP/1.1 200 OK\r\n folded: yes"),
    "a status line in small letters": sized(start="http/1.1 200 OK"),
    "two blanks before the status": sized(start="HTTP/1.1  200 OK"),
    "a tab before the status": sized(start="HTTP/1.1\t200 OK"),
    "a status of two digits": sized(start="HTTP/1.1 20 OK"),
    "a status of four digits": sized(start="HTTP/1.1 2000 OK"),
    "a status with a sign": sized(start="HTTP/1.1 +20 OK"),
    "no minor version": sized(start="HTTP/1 200 OK"),
    "a version of many digits": sized(start="HTTP/1.10 200 OK"),
    "another protocol": sized(start="ICY 200 OK"),
    "a reason with a NUL": sized(start="HTTP/1.1 200 O\0K"),
    "an empty line before the status": closed(raw="\r\n"),
    "a blank before the status line": closed(raw=" "),
    "a byte order mark before the status line": closed(raw="\ufeff"),
    "a status of 000": sized(start="HTTP/1.1 000 Nothing"),
    "a status of 099": sized(start="HTTP/1.1 099 Nothing"),
    "an interim reply with a broken header": closed(raw="HTTP/1.1 103 Early Hints\r\nbroken\r\n\r\n"),
    "an interim reply with two codings": closed(
        raw="HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
}

_CUT: Final = {
    "no chunks": Case(lambda body, right: chunked(last="")(b"", right) + body, _all("disconnected")),
    "no last chunk": Case(chunked(last=""), _NO_END),
    "half a last chunk": Case(chunked(last="0\r\n"), _NO_END),
    "a longer length": Case(sized(length="9{}"), _NO_END),
    "gzip that is none": Case(sized("Content-Encoding: gzip"), _BROKEN),
    "deflate that is none": Case(sized("Content-Encoding: deflate"), _BROKEN),
    "gzip named once for two layers": Case(packed("gzip", _twice), _all("malformed", http="wrong_answer")),
    "a broken trailer": Case(chunked(last="0\r\nbroken\r\n\r\n"), _all("malformed", stream="ok")),
    "a footer after the last chunk": Case(chunked(last="0\r\nX: \0\r\n\r\n"), _all("malformed", stream="ok")),
}  # fmt: skip

GOOD: Final = {**_ENCODINGS, **_MEDIA, **_LENGTHS, **_CHUNKS, **_HEADS}
BAD: Final = {**_BAD_LENGTHS, **_BAD_CHUNKS, **_BAD_HEADS}
CASES: Final[Mapping[str, Case]] = (
    {name: Case(frame, _OK) for name, frame in GOOD.items()}
    | {name: Case(frame, _BROKEN) for name, frame in BAD.items()}
    | _CUT
)
