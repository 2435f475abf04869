"""What comes in place of a provider's reply (error pages, a CDN's challenge), and the pages of `web` targets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Final
from urllib.parse import quote

from aiprobe_simulator.faults import Value

_HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One reply without a protocol of a provider."""

    status: int
    body: str = ""
    content_type: str = _HTML
    headers: Mapping[str, str] = field(default_factory=dict)


def _error(status: int, title: str, server: str, **headers: str) -> Page:
    body = f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1><hr>{server}</body></html>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Page(status=status, body=body, headers={"server": server, **named})


CANNED: Final[Mapping[str, Page]] = {
    "bad_gateway_502": _error(502, "Bad Gateway", "simulated-gateway"),
    "unavailable_503_html": _error(503, "Service Temporarily Unavailable", "simulated-gateway"),
    "cdn_520": _error(520, "Web server is returning an unknown error", "cloudflare", cf_ray="0000000000000520-SIM"),
    "challenge_403": Page(
        status=403,
        body=(
            "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
            "<body><noscript>Enable JavaScript and cookies to continue</noscript></body></html>"
        ),
        headers={"cf-mitigated": "challenge", "cf-ray": "0000000000000403-SIM", "server": "cloudflare"},
    ),
    "challenge_405": _error(405, "Not Allowed", "cloudflare", cf_ray="0000000000000405-SIM"),
    "html_200": Page(status=200, body="<html><head><title>Welcome</title></head><body>It works.</body></html>"),
    "maintenance_page": Page(status=200, body="<html><body><h1>We will be back soon</h1></body></html>"),
    "blank_page": Page(status=200),
}
"""The pages that are the same for everybody."""


def canned(fault: str, *, path: str, elsewhere: str, params: Mapping[str, Value]) -> Page:
    """Return the page of a fault; `path` is where it was asked for, `elsewhere` another origin of the same."""
    if fault == "redirect_loop":
        return Page(status=302, headers={"location": path})
    if fault == "redirect_elsewhere":
        location = str(params.get("location", "")) or f"{elsewhere}{path}"
        return Page(status=302, headers={"location": location})
    return CANNED[fault]


def web_page(name: str, rest: str) -> Page:
    """Return a page of the product `name`: its front page, `login`, `go` (a redirect to the front), `health.json`."""
    if rest == "health.json":
        return Page(
            status=200, body='{"status":"ok","checks":[{"name":"login","ok":true}]}', content_type="application/json"
        )
    if rest == "go":
        return Page(status=302, headers={"location": f"/web/{quote(name)}"})
    if rest not in {"", "login"}:
        return _error(404, "Not Found", "simulator")
    form = '<form><input name="email" type="email"><button>Continue</button></form>'
    talk = '<main><textarea placeholder="How can I help you today?"></textarea></main>'
    inner = form if rest == "login" or "console" in name else talk
    title = escape(name)
    body = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1>{inner}</body></html>"
    return Page(status=200, body=body)


def egress_page(number: str) -> Page:
    """Return what a connectivity check gets: 204 for odd numbers and words, 200 with a line of text for even ones."""
    if number.isdecimal() and int(number) % 2 == 0:
        return Page(status=200, body="egress=ok\n", content_type="text/plain")
    return Page(status=204)
