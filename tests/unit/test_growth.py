"""Whatever reads a stranger's text takes a time that grows with the text and not with its square.

Each reader is given each text at a size and at twice the size. The time is the CPU's, of this thread alone, so that a
busy machine changes nothing; a pair that looks worse is measured again, and fails only if it looks worse each time.
"""

import base64
import gc
import html
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import product

import pytest

from aiprobe.contracts.prometheus import parse_answer
from aiprobe.contracts.report_markdown import incident_line
from aiprobe.core.secret import Redactor, Secret
from aiprobe.metrics.openmetrics import model_value, request_id_value
from aiprobe.protocols.base import ReplyHead
from aiprobe.protocols.headers import rate_limits, retry_after_seconds, server_seconds
from aiprobe.protocols.judging import errors
from aiprobe.protocols.sse import FrameParser
from aiprobe.statuspages import PageError, feed, values
from aiprobe.web.routes import accepts_gzip
from aiprobe.web.security import _is_local_name
from aiprobe.web.signin import _credentials

CHARACTERS = 8_192
MOST = 2.5
NOTICEABLE_SECONDS = 0.002
"""Below this at the double size a ratio is noise, and nobody waits."""
CONFIRMED_BY = 10

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
REDACT = Redactor([Secret(KEY), Secret("a" * 40), Secret("ab" * 20), Secret("short"), Secret("<li>" * 5)])


def an_item(inside: str) -> bytes:
    return (
        "<rss version='2.0'><channel><item><title>t</title><guid>g</guid>"
        f"<pubDate>Mon, 01 Jan 2026 00:00:00 GMT</pubDate>{inside}</item></channel></rss>"
    ).encode()


def a_feed(tag: str, before: str = "") -> Callable[[str], object]:
    def read(text: str) -> object:
        with suppress(PageError):
            return feed.read(an_item(f"<{tag}>{html.escape(before + text)}</{tag}>"), options={})
        return None

    return read


def a_prolog(text: str) -> object:
    with suppress(PageError):
        return feed.read(b"<!--" + text.replace("--", "").encode() + b"-->" + an_item(""), options={})
    return None


def a_header(name: str, read: Callable[[dict[str, str]], object]) -> Callable[[str], object]:
    return lambda text: read({name: text[:32_768]})  # the head of a reply is 32 KiB at the most


def an_error(begins: str, content_type: str = "text/html") -> Callable[[str], object]:
    def read(text: str) -> object:
        head = ReplyHead(status=503, headers={"content-type": content_type})
        return errors.in_reply(head, (begins + text).encode("utf-8", "replace")[:65_536])  # an error is read up to here

    return read


def frames(text: str) -> object:
    with suppress(ValueError):
        return list(FrameParser().feed(text.encode("utf-8", "replace")))
    return None


def an_answer_of_prometheus(text: str) -> object:
    with suppress(Exception):  # it is no answer: what is measured is the refusal
        return parse_answer(text.encode("utf-8", "replace"))
    return None


READERS: dict[str, Callable[[str], object]] = {
    "the redactor": REDACT,
    "the redactor without secrets": Redactor(),
    "a feed's text": a_feed("description"),
    "a feed's components": a_feed("description", "Affected components "),
    "a feed's title": a_feed("title"),
    "a feed's author": a_feed("author"),
    "a feed's editor": a_feed("dc:creator"),
    "a feed's date": a_feed("pubDate"),
    "a feed's guid": a_feed("guid"),
    "a feed's link": a_feed("link"),
    "a feed's category": a_feed("category"),
    "before a feed": a_prolog,
    "a line": values.a_line,
    "plain text": values.plain_text,
    "an id": values.an_id,
    "a link": values.a_link,
    "a date": values.a_time,
    "a page of an error": an_error("<"),
    "half of an error in JSON": an_error('{"error": {"message": "', "application/json"),
    "an error in words": an_error("", "text/plain"),
    "server-timing": a_header("server-timing", server_seconds),
    "retry-after": a_header("retry-after", retry_after_seconds),
    "rate limits": a_header("x-ratelimit-remaining-requests", rate_limits),
    "server-sent events": frames,
    "a request id": request_id_value,
    "a model": model_value,
    "an answer of Prometheus": an_answer_of_prometheus,
    "an incident in Markdown": lambda text: incident_line({"id": text, "summary": text, "title": text}),
    "Accept-Encoding": accepts_gzip,
    "Authorization": lambda text: _credentials("Basic " + base64.b64encode(text.encode("utf-8", "replace")).decode()),
    "Host": _is_local_name,
}
UNITS = [
    " ", "\n", "a", "A ", "1", "*", "-", "_", ".", ":", "/", "<", ">", "&", "&amp;", '"', "'", "`", "\\", "{", "[", "(",
    "?key=", "://a", "a@", "@", ",", ";", "; dur=", "%", "é", "\u212a", "\0", "sk-", "sk-a", "sk-proj-", "key_a-",
    "eyJ-", "eyJaaaaaaaa-", "AIza-", "ya29.", "bearer ", "bearer   ", KEY[:8], KEY[:7] + "*", "sk-p**", "...",
    "…", "<b>",
    "<b> ", "<b>ab ", "<li>", "<li> ", "<li>a", "</li>", "<title", "<title>", "<title>a", "<script",
    "<script>", "status:",
    "status: <b>", "<status: ", "resolved: ", "resolved:<b> ", "[resolved", "[ ", "http://", "gzip,", '"code": ',
    '"message":"', '\\"', "data:", "data: x\n", "event:", "too many requests ", "rate limit ",
]  # fmt: skip
"""What is repeated: each character and word that some pattern begins with, goes on with, or ends with."""
STARTS = [
    KEY,
    "<li>",
    "<li>a",
    "<title",
    "<b>ab",
    "status:",
    "resolved:",
    "x=",
    '"message":"',
    "bearer",
    "://",
    "; dur",
]
GOES_ON = [" ", "a", "*", "<b>", "<b> "]


def text_of(start: str, unit: str, size: int) -> str:
    return start + unit * (size // len(unit)) + "!"


def texts() -> Iterator[tuple[str, Callable[[int], str]]]:
    for start, unit in [*(("", unit) for unit in UNITS), *product(STARTS, GOES_ON)]:
        yield f"{start!r}, then {unit!r}", partial(text_of, start, unit)


@contextmanager
def no_collections() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def seconds(read: Callable[[str], object], text: str) -> float:
    began = time.thread_time()
    read(text)
    return time.thread_time() - began


def growth(read: Callable[[str], object], make: Callable[[int], str], size: int = CHARACTERS) -> float:
    """Return how much longer the double takes; 0 where that is as it should be or not worth a word.

    One pair decides where it is good; else the fastest of several runs of each size are compared, which a busy machine
    disturbs least.
    """
    single, double = make(size), make(2 * size)
    singles, doubles = [seconds(read, single)], [seconds(read, double)]
    if doubles[0] < NOTICEABLE_SECONDS or doubles[0] <= MOST * singles[0]:
        return 0.0
    for _ in range(CONFIRMED_BY):
        singles.append(seconds(read, single))
        doubles.append(seconds(read, double))
    ratio = min(doubles) / max(min(singles), 1e-6)
    return ratio if ratio > MOST else 0.0


@pytest.mark.parametrize("name", READERS)
def test_what_reads_a_strangers_text_takes_a_time_that_grows_with_it(name: str) -> None:
    with no_collections():
        found = {said: growth(READERS[name], make) for said, make in texts()}
    assert {said: round(ratio, 1) for said, ratio in found.items() if ratio} == {}


def test_a_reader_whose_time_grows_with_the_square_is_found() -> None:
    def square(text: str) -> int:
        return sum(1 for at in range(0, len(text), 64) if text.find("!", at) < 0)

    with no_collections():
        assert growth(square, lambda size: "a" * size, size=262_144) > MOST
