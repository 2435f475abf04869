"""What a host is, on the wire as in a configuration: an address, or a name that can be looked up."""

import re
import socket
from typing import Final

THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
"""Names and addresses of the machine that aiprobe runs on: nothing on the way answers in its place."""
_HOST: Final = re.compile(r"[0-9A-Za-z._-]+")


def literal(host: str) -> str | None:
    """Return `host` if it is an address and not a name, without the brackets that URLs put around IPv6."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, bare)
        except (OSError, ValueError):
            continue
        return bare
    return None


def host_name(host: str) -> str:
    """Return `host` as it goes on the wire: an address without brackets, or a name in ASCII (IDNA).

    Raises:
        ValueError: it is neither.
    """
    bare = literal(host)
    if bare is not None:
        return bare
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"not a host name: {host!r}") from error
    if not _HOST.fullmatch(name):
        raise ValueError(f"not a host name: {host!r}")
    return name
