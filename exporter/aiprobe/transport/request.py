"""Builds the bytes of one HTTP/1.1 request. A part that is not valid in a request raises: that is a bug of aiprobe.

The content of requests belongs in `protocols/` and the probes.
"""

import re
from functools import lru_cache
from typing import Final

from aiprobe.core.hosts import host_name
from aiprobe.transport.exchange import Route
from aiprobe.transport.proxy import DEFAULT_PORTS, Proxy

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PATH: Final = re.compile(r"/[!-~]*")
_VALUE: Final = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
"""RFC 9110 section 5.5: no control characters, no space at the ends."""
_RESERVED: Final = frozenset({"connection", "content-length", "transfer-encoding", "upgrade"})
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


def authority(route: Route, *, always_port: bool = False) -> str:
    """Return `host[:port]` of the origin, without the scheme's default port unless `always_port`.

    Raises:
        ValueError: the host is invalid, or the port is out of range.
    """
    shown, port = _shown_host(route.host), route.port
    if not 0 < port < 65536:
        raise ValueError(f"not a port: {port}")
    return shown if not always_port and port == DEFAULT_PORTS[route.scheme] else f"{shown}:{port}"


@lru_cache(maxsize=4096)
def _shown_host(host: str) -> str:
    name = host_name(host)
    return f"[{name}]" if ":" in name else name


@lru_cache(maxsize=1024)
def _have_host(names: tuple[str, ...]) -> bool:
    """Return whether `host` is among the headers of a request.

    Raises:
        ValueError: a name is not valid in a request, or aiprobe sets this header itself.
    """
    for name in names:
        if not _TOKEN.fullmatch(name) or name.lower() in _RESERVED:
            raise ValueError(f"not a header to send: {name!r}")
    return "host" in map(str.lower, names)


def request_bytes(
    route: Route,
    proxy: Proxy | None,
    *,
    method: str,
    path: str,
    headers: tuple[tuple[str, str], ...],
    body: bytes,
    upgrade: str | None = None,
) -> bytes:
    """Return head and body, with host (unless given), content-length and connection added.

    Raises:
        ValueError: method, path or a header is not valid in a request, or aiprobe sets the header itself. The message
            contains the header's name and never its value, which can be a credential.
    """
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"not a method: {method!r}")
    if not _PATH.fullmatch(path):
        raise ValueError(f"not a path: {path!r}")
    origin = authority(route)
    forwarded = proxy is not None and route.scheme == "http"
    lines = [f"{method} http://{origin}{path} HTTP/1.1" if forwarded else f"{method} {path} HTTP/1.1"]
    own_host = _have_host(tuple([name for name, _ in headers]))
    for name, value in headers:
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the value of header {name!r} has characters that a header cannot hold")
        lines.append(f"{name}: {value}")
    if not own_host:
        lines.insert(1, f"host: {origin}")
    if body or method not in _BODILESS:
        lines.append(f"content-length: {len(body)}")
    if upgrade is not None:
        lines.append(f"upgrade: {upgrade}")
    lines.append("connection: upgrade" if upgrade else "connection: keep-alive" if route.reuse else "connection: close")
    if forwarded and proxy is not None and proxy.credential:
        lines.append(f"proxy-authorization: {proxy.credential}")
    lines.append("\r\n")
    return "\r\n".join(lines).encode("latin-1") + body
