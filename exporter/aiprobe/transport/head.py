"""Parses the head of one HTTP/1.1 reply with the rules of the official SDKs' client.

The SDKs of OpenAI, Anthropic and Google read HTTP with h11 0.16 (under httpx). This module accepts and rejects the same
heads as h11; a test passes the same bytes to both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import WireError

MAX_HEAD_BYTES: Final = 100 * 1024
"""Limit of status line and headers together, and of trailers: httpcore's MAX_INCOMPLETE_EVENT_SIZE."""
_MOST_HEADERS: Final = 1000
"""Each header takes some microseconds of the event loop."""
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_FOLD: Final = re.compile(r"\n[ \t]+")
_STATUS_LINE: Final = re.compile(r"HTTP/([0-9]\.[0-9]) ([0-9]{3})(?: (?:[ \t]|[^\x00\s])*)?", re.ASCII)
_VALUE: Final = r"(?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?"
_HEADER: Final = re.compile(r"^([-!#$%&'*+.^_`|~0-9a-zA-Z]+):[ \t]*(" + _VALUE + r")[ \t]*$", re.ASCII | re.MULTILINE)
"""A value may contain control characters, but no NUL, bare CR, vertical tab or form feed."""
_LENGTH: Final = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers, and the framing of the body and the reuse of the connection that follow from them."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names. The values of a repeated header are joined by `, `; repeated equal lengths count once."""
    framing: Literal["chunked", "sized", "closed"]
    length: int
    """The length of a `sized` body."""
    keep_alive: bool


def split_head(data: bytes, searched: int = 0) -> tuple[str, bytes] | None:
    """Return the text before the first blank line, with LF as line ends, and the rest; None without a blank line.

    A bare LF also ends a line (RFC 9112 section 2.2). `searched` is how much of `data` an earlier call searched.
    """
    if data.startswith((b"\n", b"\r\n")):
        return "", data[data.index(b"\n") + 1 :]
    found = _BLANK_LINE.search(data, max(0, searched - 2))
    if found is None:
        return None
    lines = data[: found.start() + 1].decode("latin-1").replace("\r\n", "\n")
    return lines[:-1], data[found.end() :]


def read_head(text: str) -> Head:
    """Parse the lines of a head.

    Raises:
        WireError: `malformed`, with the reason.
    """
    start, _, lines = text.partition("\n")
    found = _STATUS_LINE.fullmatch(start)
    if found is None:
        raise broken("no status line")
    version, status = found[1], int(found[2])
    if status < 100:
        raise broken(f"not an HTTP status: {status}")
    headers = read_headers(lines)
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection and (version >= "1.1" or "keep-alive" in connection)
    if "transfer-encoding" in headers:
        return Head(status, headers, "chunked", 0, keep_alive)
    if "content-length" in headers:
        return Head(status, headers, "sized", int(headers["content-length"]), keep_alive)
    return Head(status, headers, "closed", 0, keep_alive=False)


def read_headers(lines: str) -> dict[str, str]:
    """Parse header or trailer lines; a line that begins with a blank continues the value before it.

    Raises:
        WireError: `malformed`: a line is not a header, or headers contradict one another about the body.
    """
    headers: dict[str, str] = {}
    if not lines:
        return headers
    if "\n " in lines or "\n\t" in lines:
        lines = _FOLD.sub(" ", lines)
    count = lines.count("\n") + 1
    if count > _MOST_HEADERS:
        raise broken(f"more than {_MOST_HEADERS} headers")
    found = _HEADER.findall(lines)
    if len(found) != count:
        raise broken("a line of the head is not a header")
    for written, value in found:
        name = written.lower()
        known = headers.get(name)
        if name == "content-length":
            headers[name] = _length(value, known)
        elif name == "transfer-encoding" and (known is not None or value.lower() != "chunked"):
            raise broken("a transfer coding other than a single chunked")
        else:
            headers[name] = value if known is None else f"{known}, {value}"
    return headers


def _length(value: str, known: str | None) -> str:
    """Return a body's length; equal ones may be repeated (RFC 9110 section 8.6)."""
    lengths = {length.strip() for length in value.split(",")} | ({known} if known is not None else set())
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise broken("no length, or several, in content-length")
    return length


def broken(detail: str) -> WireError:
    """Return the error of bytes that are not HTTP/1.1."""
    return WireError(Outcome.MALFORMED, f"not HTTP/1.1: {detail}")
