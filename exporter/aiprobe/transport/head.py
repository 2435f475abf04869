"""The head of one HTTP/1.1 reply, read as the official SDKs' client reads it.

The SDKs of OpenAI, Anthropic and Google read HTTP with h11 0.16 (under httpx). What h11 accepts is accepted here, and
what it refuses is refused; a test plays the same bytes to both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import WireError

MAX_HEAD_BYTES: Final = 100 * 1024
"""Of status line and headers together, and of trailers: httpcore's MAX_INCOMPLETE_EVENT_SIZE."""
_MOST_HEADERS: Final = 1000
"""Each takes some microseconds, and the event loop waits for all of them."""
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_FOLD: Final = re.compile(r"\n[ \t]+")
_STATUS_LINE: Final = re.compile(r"HTTP/([0-9]\.[0-9]) ([0-9]{3})(?: (?:[ \t]|[^\x00\s])*)?", re.ASCII)
_VALUE: Final = r"(?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?"
_HEADER: Final = re.compile(r"^([-!#$%&'*+.^_`|~0-9a-zA-Z]+):[ \t]*(" + _VALUE + r")[ \t]*$", re.ASCII | re.MULTILINE)
"""A bare CR, a vertical tab and a form feed break a value; any other control character but NUL may stand in it."""
_LENGTH: Final = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers, and what they say of the body and the connection."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names; the values of a repeated header are joined by `, `, equal lengths are one."""
    framing: Literal["chunked", "sized", "closed"]
    length: int
    """Of a `sized` body."""
    keep_alive: bool


def split_head(data: bytes, searched: int = 0) -> tuple[str, bytes] | None:
    """Return what stands before the first blank line, with LF as line ends, and what follows; None while there is none.

    A bare LF ends a line as well (RFC 9112 section 2.2). `searched` is how much of `data` was looked at before.
    """
    if data.startswith((b"\n", b"\r\n")):
        return "", data[data.index(b"\n") + 1 :]
    found = _BLANK_LINE.search(data, max(0, searched - 2))
    if found is None:
        return None
    lines = data[: found.start() + 1].decode("latin-1").replace("\r\n", "\n")
    return lines[:-1], data[found.end() :]


def read_head(text: str) -> Head:
    """Read the lines of a head.

    Raises:
        WireError: `malformed`, with what is wrong.
    """
    start, _, lines = text.partition("\n")
    found = _STATUS_LINE.fullmatch(start)
    if found is None:
        raise _broken("no status line")
    version, status = found[1], int(found[2])
    if status < 100:
        raise _broken(f"not an HTTP status: {status}")
    headers = read_headers(lines)
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection and (version >= "1.1" or "keep-alive" in connection)
    if "transfer-encoding" in headers:
        return Head(status, headers, "chunked", 0, keep_alive)
    if "content-length" in headers:
        return Head(status, headers, "sized", int(headers["content-length"]), keep_alive)
    return Head(status, headers, "closed", 0, keep_alive=False)


def read_headers(lines: str) -> dict[str, str]:
    """Read header or trailer lines; a line that begins with a blank goes on with the value before it.

    Raises:
        WireError: `malformed`: a line is no header, or headers contradict one another about the body.
    """
    headers: dict[str, str] = {}
    if not lines:
        return headers
    if "\n " in lines or "\n\t" in lines:
        lines = _FOLD.sub(" ", lines)
    count = lines.count("\n") + 1
    if count > _MOST_HEADERS:
        raise _broken(f"more than {_MOST_HEADERS} headers")
    found = _HEADER.findall(lines)
    if len(found) != count:
        raise _broken("a line of the head is no header")
    for written, value in found:
        name = written.lower()
        known = headers.get(name)
        if name == "content-length":
            headers[name] = _length(value, known)
        elif name == "transfer-encoding" and (known is not None or value.lower() != "chunked"):
            raise _broken("a transfer coding other than one chunked")
        else:
            headers[name] = value if known is None else f"{known}, {value}"
    return headers


def _length(value: str, known: str | None) -> str:
    """Return a body's length; equal ones may be repeated (RFC 9110 section 8.6)."""
    lengths = {length.strip() for length in value.split(",")} | ({known} if known is not None else set())
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise _broken("no length, or several, in content-length")
    return length


def _broken(detail: str) -> WireError:
    return WireError(Outcome.MALFORMED, f"not HTTP/1.1: {detail}")
