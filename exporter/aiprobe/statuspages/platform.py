"""Recognises the software of a status page by the shape of what it sent. Pure; reading it belongs in the readers.

Sources of the shapes: the readers of this room; for Instatus `summary.json` and `components.json`
(https://instatus.com/help/api), for Flashduty the documents of status.deepseek.com as recorded on 2026-07-27 in
bentleypark/aiwatch (issue 1171), for cState its `index.json` (https://github.com/cstate/cstate/wiki/API). The others
are recognised in the HTML of their pages by the host names that these load from.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from aiprobe.core.statuspage import Reading
from aiprobe.statuspages import atlassian, aws, betterstack, cloudflare, datadog, feed, google, incidentio, market
from aiprobe.statuspages.base import PageError, Read
from aiprobe.statuspages.values import check_body, document, fields, objects

BY_PLATFORM: Final[Mapping[str, Read]] = {
    "atlassian": atlassian.read,
    "incidentio": incidentio.read,
    "google": google.read,
    "betterstack": betterstack.read,
    "aws": aws.read,
    "datadog": datadog.read,
    "cloudflare": cloudflare.read,
    "market": market.read,
    "rss": feed.read,
    "atom": feed.read,
}
"""The reader of each platform that has one."""
UNREADABLE: Final = frozenset({"instatus", "onlineornot", "statuscast", "flashduty", "rootly", "checkly", "cstate"})
"""Platforms that are recognised and have no reader: their public feed is read where `feed_url` names one."""
_ULID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_INSTATUS_WORDS: Final = frozenset({"UP", "HASISSUES", "UNDERMAINTENANCE", "OPERATIONAL"})
_LONGEST_HTML: Final = 65_536
_HTML_MARKS: Final = (
    ("rootly", b"rootly"),
    ("flashduty", b"flashcat.cloud"),
    ("flashduty", b"flashduty"),
    ("onlineornot", b"onlineornot"),
    ("statuscast", b"statuscast"),
    ("checkly", b"checkly"),
    ("cstate", b"cstate"),
    ("instatus", b"instatus"),
    ("datadog", b"statuspage.datadoghq"),
    ("betterstack", b"betteruptime"),
    ("betterstack", b"betterstack"),
    ("cloudflare", b"cloudflarestatus.com"),
    ("incidentio", b"incident.io"),
    ("atlassian", b"statuspage.io"),
)
_CHALLENGE: Final = re.compile(
    rb"just a moment\.\.\.|challenge-platform|cf-chl|attention required!|_incapsula_|awswafcookie|px-captcha"
    rb"|enable javascript and cookies to continue",
    re.IGNORECASE,
)


def read(body: bytes, *, options: Mapping[str, str]) -> Reading:
    """Return what a page of any platform that has a reader declares.

    Raises:
        PageError: for a page that is not recognised, or whose platform has no reader.
    """
    check_body(body)
    name = platform_of(body)
    if name in BY_PLATFORM:
        return BY_PLATFORM[name](body, options=options)
    raise PageError(f"a page of {name}, for which there is no reader" if name else "no known kind of status page")


def platform_of(body: bytes) -> str:
    """Return the platform whose shape a document of data has, empty for none."""
    start = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<"):
        return "atom" if b"<feed" in start else "rss" if b"<rss" in start or b"<rdf" in start else ""
    if body.startswith((b"\xfe\xff", b"\xff\xfe")):
        return "aws"  # the only one in UTF-16; its list is empty while all is well
    try:
        found = document(body)
    except PageError:
        return ""
    if isinstance(found, list):
        keys = {key for item in objects(found)[:1] for key in item}
        return "google" if "affected_products" in keys else "aws" if keys & {"arn", "impacted_services"} else ""
    return next((name for name, fits in _SHAPES if fits(found)), "") if isinstance(found, dict) else ""


def platform_of_html(body: bytes) -> str:
    """Return the platform that the HTML of a page names, empty for none."""
    start = body[:_LONGEST_HTML].lower()
    return next((name for name, mark in _HTML_MARKS if mark in start), "")


def is_challenge(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a reply is a bot challenge in front of the page, by its headers or its HTML."""
    asked = f"{headers.get('cf-mitigated', '')} {headers.get('x-amzn-waf-action', '')}".lower()
    return "challenge" in asked or "captcha" in asked or _CHALLENGE.search(body[:_LONGEST_HTML]) is not None


def _is_instatus(page: dict[str, Any]) -> bool:
    words = [
        fields(page.get("page")).get("status"),
        *(one.get("status") for one in objects(page.get("components"))[:5]),
    ]
    return any(isinstance(word, str) and word in _INSTATUS_WORDS for word in words)


def _is_incidentio(page: dict[str, Any]) -> bool:
    page_id = fields(page.get("page")).get("id")
    native = bool(fields(page.get("summary")).keys() & {"components", "structure"}) or "ongoing_incidents" in page
    return native or (isinstance(page_id, str) and _ULID.fullmatch(page_id) is not None)


_SHAPES: Final = (
    ("betterstack", lambda page: fields(page.get("data")).get("type") == "status_page"),
    ("market", lambda page: isinstance(fields(page.get("data")).get("endpoints"), list)),
    ("cloudflare", lambda page: "success" in page and "active_incidents" in fields(page.get("result"))),
    ("datadog", lambda page: "components" in page and bool(page.keys() & {"domainPrefix", "pageUrl"})),
    ("cstate", lambda page: "cStateVersion" in page),
    ("flashduty", lambda page: "active_changes" in page or "active_changes" in fields(page.get("data"))),
    ("instatus", _is_instatus),
    ("incidentio", _is_incidentio),
    ("atlassian", lambda page: "page" in page and bool(page.keys() & {"components", "incidents"})),
)
"""What only one platform writes, the most particular first: several write Statuspage's shape with changes."""
