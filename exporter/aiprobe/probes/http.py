"""The http probe: any URL of a target, as a browser's first request sees it: status, expectation, certificate.

Redirects are followed within bounds; credentials go to the provider's own origin only, and never from https to http.
"""

import json
import re
from dataclasses import replace
from typing import Any, ClassVar, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from aiprobe.core.kind import AnsweredBy, HttpExpectation, ProbeKind
from aiprobe.core.model import Result, Target, Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.body import BodySink
from aiprobe.probes.call import DETAIL_KEPT, FREE, USER_AGENT, credentials, origin, result_of, route
from aiprobe.protocols.base import ReplyHead
from aiprobe.protocols.headers import retry_after_seconds
from aiprobe.protocols.jsonvalues import MOST_LISTED, UnreadableError, an_id, load
from aiprobe.protocols.judging.errors import in_reply, is_challenge
from aiprobe.transport.hops import joined
from aiprobe.transport.transport import Exchange

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CHARSET: Final = re.compile(r"charset=\"?([\w.:-]{1,40})")
_BODY_LIMIT_BYTES: Final = 2 << 20
_BY_STATUS: Final = frozenset({Outcome.CHALLENGED, Outcome.RATE_LIMITED, Outcome.OVERLOADED})
"""Outcomes of an unexpected status besides `server_error`; a page has no bad key and no missing model."""


class HttpProbe:
    """An http probe of one URL."""

    kind: ClassVar = ProbeKind(
        name="http",
        needs_url=True,
        keys=frozenset({"url", "expect"}),
        expects=frozenset({"status", "text", "json", "redirects"}),
        answered_by=AnsweredBy.WEB_PAGE,
    )

    def __init__(self, target: Target, tools: Tools) -> None:
        if target.url is None:
            raise ValueError("an http probe needs a url")
        self._target = target
        self._tools = tools
        self._url = target.url
        self._home = origin(urlsplit(target.provider.base_url)) if target.provider.base_url else None
        tools.transport.prepare(route(target, self._url))

    async def run(self) -> Result:
        """Request the page once and follow its redirects."""
        url = self._url
        hops: list[Exchange] = []
        timeouts = self._target.timeouts
        while True:
            sink = BodySink(_BODY_LIMIT_BYTES)
            exchange = await self._get(url, timeouts, sink)
            hops.append(exchange)
            location = exchange.headers.get("location", "")
            expected = exchange.status in self._target.expect.statuses
            if exchange.outcome is not None or exchange.status not in _REDIRECTS or expected or not location:
                outcome, detail = judge(sink, exchange, self._target.expect)
                break
            url, refused = self._next_url(url, location)
            if len(hops) > self._target.expect.max_redirects:
                refused = refused or f"more than {self._target.expect.max_redirects} redirects"
            if refused:
                outcome, detail = Outcome.SERVER_ERROR, f"HTTP {exchange.status}: {refused}"
                break
            remaining = self._target.timeouts.total - (exchange.ended - hops[0].started)
            if remaining <= 0:
                outcome, detail = Outcome.TIMEOUT_TOTAL, "redirects used up the time"
                break
            timeouts = replace(timeouts, total=remaining)
        return self._result(hops, outcome, detail)

    def _next_url(self, url: str, location: str) -> tuple[str, str]:
        """Return the address of a redirect and, if it must not be followed, the reason."""
        following, refused = _next_url(url, location)
        if refused:
            return url, refused
        try:
            self._tools.transport.prepare(route(self._target, following))
        except ValueError:
            return url, "a redirect to something that is not an http(s) URL"
        return following, ""

    async def _get(self, url: str, timeouts: Timeouts, sink: BodySink) -> Exchange:
        parts = urlsplit(url)
        headers: tuple[tuple[str, str], ...] = (
            ("user-agent", USER_AGENT),
            ("accept", "text/html,application/json;q=0.9,*/*;q=0.8"),
            ("accept-encoding", "gzip"),
        )
        if origin(parts) == self._home:
            headers += credentials(self._target.provider)
        elif origin(parts) == origin(urlsplit(self._url)):
            headers += tuple(self._target.headers.items())
        return await self._tools.transport.exchange(
            route(self._target, url),
            method="GET",
            path=_path(parts),
            headers=headers,
            body=b"",
            timeouts=timeouts,
            sink=sink,
            first_token_limit=False,
        )

    def _result(self, hops: list[Exchange], outcome: Outcome, detail: str) -> Result:
        last = hops[-1]
        whole, phases = joined(hops)
        return result_of(
            whole,
            outcome=outcome,
            detail=detail,
            clock=self._tools.clock,
            phases=phases,
            request_id=an_id(last.headers.get("x-request-id") or last.headers.get("cf-ray")),
            retry_after_seconds=retry_after_seconds(last.headers),
            **FREE,
        )


def judge(sink: BodySink, exchange: Exchange, expect: HttpExpectation) -> tuple[Outcome, str]:
    """Return the outcome of the last reply of an http probe."""
    head = sink.head
    body = bytes(sink.body)
    wanted = head is not None and (head.status in expect.statuses if expect.statuses else 200 <= head.status < 300)
    if head is not None and (not wanted or is_challenge(head.headers)):
        return _unexpected(head, body)
    if exchange.outcome is not None:
        return exchange.outcome, exchange.detail
    content_type = "" if head is None else head.headers.get("content-type", "").lower()
    is_page = head is not None and head.status < 300 and content_type.startswith("text/html")
    if not body and (expect.text or is_page):
        return Outcome.EMPTY, "the page is empty"
    if expect.text is not None and not _holds(body, expect.text, content_type):
        return Outcome.WRONG_ANSWER, "the expected text is missing"
    if expect.json_path is not None:
        return _judge_json(body, expect)
    return Outcome.OK, ""


def _holds(body: bytes, text: str, content_type: str) -> bool:
    """Return whether a body holds a text, in UTF-8 or in the character set that it declares."""
    if text.encode() in body:
        return True
    declared = _CHARSET.search(content_type)
    try:
        return declared is not None and text.encode(declared[1]) in body
    except (LookupError, ValueError):
        return False


def _unexpected(head: ReplyHead, body: bytes) -> tuple[Outcome, str]:
    judged = in_reply(head, body).outcome
    turned_away = head.status == 429 and judged is Outcome.QUOTA_EXHAUSTED
    outcome = judged if judged in _BY_STATUS or turned_away else Outcome.SERVER_ERROR
    what = "a bot challenge" if outcome is Outcome.CHALLENGED else "an unexpected status"
    return outcome, f"HTTP {head.status}: {what}"


def _judge_json(body: bytes, expect: HttpExpectation) -> tuple[Outcome, str]:
    assert expect.json_path is not None
    try:
        value: Any = load(body, most_values=MOST_LISTED)
    except UnreadableError as problem:
        return Outcome.MALFORMED, f"the body: {problem}"
    for key in expect.json_path.split("."):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return Outcome.WRONG_ANSWER, f"no {expect.json_path} in the JSON"
    if expect.json_equals is not None and (
        value != expect.json_equals or isinstance(value, bool) is not isinstance(expect.json_equals, bool)
    ):
        return Outcome.WRONG_ANSWER, f"{expect.json_path} is {_named(value)}"
    return Outcome.OK, ""


def _named(value: object) -> str:
    """Return a value as a detail shows it."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return json.dumps(value)[:DETAIL_KEPT]


def _path(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _next_url(url: str, location: str) -> tuple[str, str]:
    """Return the address of a redirect and, if it must not be followed, the reason."""
    try:
        # Bytes beyond ASCII are percent-encoded, as browsers and curl do.
        ascii_only = "".join(char if char.isascii() else f"%{ord(char):02X}" for char in location.strip())
        target = urljoin(url, ascii_only)
        parts = urlsplit(target)
        scheme, _, _ = origin(parts)
    except ValueError:
        return url, "a redirect to something that is not an http(s) URL"
    if not _path(parts).isascii() or any(char.isspace() for char in _path(parts)):
        return url, "a redirect to a malformed URL"
    if parts.username or parts.password:
        return url, "a redirect to a URL with credentials"
    if scheme == "http" and urlsplit(url).scheme == "https":
        return url, "a redirect from https to http"
    return parts._replace(fragment="").geturl(), ""
