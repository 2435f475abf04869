"""How many connections this process can hold: what we lack ourselves is no fault of a provider.

Some file descriptors are held back from probes, so that scrapes are answered and results written however many hang.
"""

import errno
import os
import resource
import socket
from pathlib import Path
from typing import Final

OURS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})
"""What the system says when it is this machine or this process that has run out."""
HELD_BACK: Final = 64
"""Descriptors for the listener, the journal, status pages and egress checks."""
_WANTED: Final = 65_536
_FEWEST: Final = 8


def raise_limit() -> None:
    """Raise the soft limit of open files to the hard one, as far as it is of use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def room_for_connections(*, hard: bool = False) -> int:
    """Return how many connections may be open at once; `hard`: after `raise_limit`."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = most if hard else soft
    if limit == resource.RLIM_INFINITY or limit > _WANTED:
        limit = _WANTED
    return max(_FEWEST, limit - min(HELD_BACK, limit // 4) - _open_now())


def lacking() -> str:
    """Return what this process lacks for one more connection, or an empty text."""
    try:
        socket.socket().close()
    except OSError as error:
        return os.strerror(error.errno) if error.errno in OURS else ""
    return ""


def _open_now() -> int:
    try:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        return 16  # no /proc: what a start has open, about
