"""Who may ask for what: limits, users, client certificates, cross-site requests, and the headers of every reply.

One gate stands before all routes. `webconfig.py` reads the web config file.
"""

import ipaddress
import logging
import math
import socket
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from aiprobe.core.clock import Clock
from aiprobe.web.signin import SignIn, TooBusyError
from aiprobe.web.webconfig import RateLimit, WebConfig
from aiprobe.web.webfile import WebFile

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_RELAYED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
_FOR_EVERYBODY: Final = ("/-/healthy", "/-/ready")
MCP: Final = "/mcp"
HEALTH: Final = "/health/"
"""What stands below this path needs no sign-in."""
_PRIVATE_NAMES: Final = (".localhost", ".local", ".internal", ".svc", ".lan", ".home.arpa")
"""RFC 6761, RFC 6762, RFC 8375, ICANN's decision on `.internal` of 2024; Kubernetes' `.svc`."""
SIGNED_IN: Final = web.RequestKey("signed_in", bool)
"""Set on a request that came with a user's right password."""
_log = logging.getLogger(__name__)


def plain(text: str, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with one or more plain sentences."""
    return web.Response(text=f"{text}\n", status=status, headers=headers, content_type="text/plain")


def _last(response: web.Response) -> web.Response:
    response.force_close()
    return response


class Gate:
    """Stands before every route. One per server; `middleware` and `add_headers` are hooked into the application."""

    __slots__ = ("_clock", "_file", "_is_public", "_signin", "_tokens", "_tokens_at")

    def __init__(self, file: WebFile, *, clock: Clock, is_public: bool = False) -> None:
        """With `is_public`, nobody signs in, and any name may stand in `Host`: there is nothing to protect."""
        self._file = file
        self._is_public = is_public
        self._clock = clock
        self._signin = SignIn()
        self._tokens = math.inf
        self._tokens_at = clock.monotonic()

    @property
    def middleware(self) -> Middleware:
        """Return the middleware that refuses what may not pass, and turns a bug into a plain 500."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                refusal = await self._refusal(request)
                if refusal is not None and request.body_exists:
                    refusal.force_close()
                return refusal or await handler(request)
            except web.HTTPException as error:
                return _sentence(request, error)
            except ConnectionError:  # the client went away
                raise
            except Exception:  # noqa: BLE001 - without this one handler's bug would show its text to whoever asked
                _log.exception("request failed method=%s path=%r", request.method, request.path)
                return plain("Internal error in aiprobe; its log has the details.", status=500)

        return guard

    async def add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Put the security headers on a reply that is about to be sent."""
        self.decorate(response)

    def decorate(self, response: web.StreamResponse) -> None:
        """Put the security headers on a reply."""
        chosen = {**HEADERS, **self._file.current().headers}
        for name, value in chosen.items():
            if value:
                response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Server"] = "aiprobe"

    def may_change(self, request: web.Request) -> web.Response | None:
        """Return the refusal for a request that would change something, None when it may go on."""
        problem = cross_site(request)
        if problem is None and not _authenticated(request):
            problem = _untrusted(request)
        return None if problem is None else plain(problem, status=403)

    async def _refusal(self, request: web.Request) -> web.Response | None:
        config = self._file.current()
        if config.rate_limit is not None and not self._take_token(config.rate_limit):
            return plain("Too many requests; the web config file sets the limit.", status=429)
        if request.body_exists and not takes_body(request):  # it is neither read nor inflated, whoever sends it
            return _last(plain("This endpoint takes no body.", status=413))
        if not _certificate_allowed(request, config):
            return _last(plain("This client certificate has none of the names in client_allowed_sans.", status=403))
        if self._is_public:
            return None
        # The router compares the same spelling of the path: nothing else is reached by one that begins so.
        is_open = not config.users or request.rel_url.raw_path.startswith(HEALTH)
        if is_open and _peer_certificate(request) is None and (problem := rebound(request)):
            return plain(problem, status=403)
        return None if is_open else await self._sign_in(request, config)

    async def _sign_in(self, request: web.Request, config: WebConfig) -> web.Response | None:
        try:
            authorization = request.headers.get("Authorization")
            if await self._signin.allows(authorization, config.users, remote=request.remote or ""):
                request[SIGNED_IN] = True
                return None
        except TooBusyError:
            return plain("Too many sign-ins at once; try again.", status=429, headers={"Retry-After": "1"})
        challenge = {"WWW-Authenticate": 'Basic realm="aiprobe", charset="UTF-8"'}
        return plain("Sign in with a user of the web config file.", status=401, headers=challenge)

    def _take_token(self, limit: RateLimit) -> bool:
        now = self._clock.monotonic()
        earned = (now - self._tokens_at) / limit.interval_seconds
        self._tokens = min(float(limit.burst), self._tokens + earned)
        self._tokens_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def takes_body(request: web.Request) -> bool:
    """Return whether a body may come with a request: only with one of agents, where they are answered at all."""
    return request.rel_url.raw_path == MCP and request.match_info.http_exception is None


def cross_site(request: web.Request) -> str | None:
    """Return why a request looks like one that another web site made a browser send; None when it does not."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site.strip().lower() != "same-origin":
        return "This request comes from another web site; it is refused."
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    expected = f"{'https' if request.secure else 'http'}://{request.headers.get('Host', '')}"
    if origin.strip().lower() != expected.lower():
        return "This request comes from a page of another origin; it is refused."
    return None


def rebound(request: web.Request) -> str | None:
    """Return why a request may come from a page whose name was made to point at this machine; None when it does not.

    Such a page is of the same origin for its browser, and only the name gives it away. Scrapers use names as well: so
    names are looked at where the request comes from this machine, and wherever it asks for the configuration.
    """
    if request.secure or request.path in _FOR_EVERYBODY:
        return None
    host = request.headers.get("Host", "")
    if not host or _is_local_name(host) or not (_is_loopback(request.remote) or request.path == "/config"):
        return None
    return "The Host header is a name of the public DNS; use an address or localhost, or set users or TLS."


def _authenticated(request: web.Request) -> bool:
    return bool(request.get(SIGNED_IN)) or _peer_certificate(request) is not None


def _untrusted(request: web.Request) -> str | None:
    """Return why a request without credentials may change nothing; None when it is made on this machine."""
    if not _is_loopback(request.remote):
        return "Without users or client certificates in the web config file, only this machine may do that."
    if any(name in request.headers for name in _RELAYED):
        return "A proxy sent this request; set users in the web config file to allow that."
    if not _is_own_name(request.headers.get("Host", "")):
        return "The Host header is neither localhost nor an IP address; it is refused."
    return None


def _is_loopback(remote: str | None) -> bool:
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _is_local_name(host: str) -> bool:
    """Return whether a Host header has an address, a name of this machine, or one that the public DNS cannot have."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    name = name.rstrip(".").lower()
    return _is_own_name(host) or "." not in name or name.endswith(_PRIVATE_NAMES) or name == _own_name()


@cache
def _own_name() -> str:
    return socket.gethostname().lower()


def _is_own_name(host: str) -> bool:
    """Return whether a Host header is one that no foreign DNS name can stand behind."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost":
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _peer_certificate(request: web.Request) -> dict[str, Any] | None:
    """The client's certificate; Python shows one only after it was verified."""
    transport = request.transport
    certificate = None if transport is None else transport.get_extra_info("peercert")
    return certificate or None


def _certificate_allowed(request: web.Request, config: WebConfig) -> bool:
    if config.tls is None or not config.tls.client_allowed_sans:
        return True
    names = (_peer_certificate(request) or {}).get("subjectAltName", ())
    return any(_plain_name(value) in config.tls.client_allowed_sans for _, value in names)


def _plain_name(value: str) -> str:
    """A subject alternative name as people write it; OpenSSL spells IPv6 addresses out."""
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        return value


def _sentence(request: web.Request, error: web.HTTPException) -> web.Response:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allow = ", ".join(sorted(error.allowed_methods))
        return plain(f"{request.method} is not possible here; {allow} is.", status=405, headers={"Allow": allow})
    if error.status == 404:
        return plain("There is nothing at this path; / lists what there is.", status=404)
    return plain(f"{error.status} {error.reason}", status=error.status)
