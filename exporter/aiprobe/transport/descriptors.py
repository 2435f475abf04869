"""How many connections this process can open: running out of them here is not a failure of a provider.

Some file descriptors are reserved, so that scrapes and the journal work even while many probes hang.
"""

import errno
import os
import resource
import socket
from pathlib import Path
from typing import Final

EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})
"""Error numbers that mean that this machine or this process has run out of a resource."""
_NO_THREAD: Final = "can't start new thread"
"""The text of Python's own RuntimeError."""
HELD_BACK: Final = 64
"""Descriptors for the listener, the journal, status pages and egress checks."""
_MOST_FILES: Final = 65_536
_FEWEST: Final = 8


def exhausted(error: BaseException) -> str:
    """Return that this machine or this process has run out of something, and of what; empty for another error.

    EADDRNOTAVAIL is another error here: it also means an address to listen on that this machine does not have.
    """
    lack = ""
    if isinstance(error, MemoryError):
        lack = os.strerror(errno.ENOMEM)
    elif isinstance(error, OSError) and error.errno in (EXHAUSTED - {errno.EADDRNOTAVAIL}) | {errno.EAGAIN}:
        lack = os.strerror(error.errno)
    elif isinstance(error, RuntimeError) and str(error) == _NO_THREAD:
        lack = _NO_THREAD
    return f"aiprobe itself has run out: {lack}" if lack else ""


def raise_limit() -> None:
    """Raise the soft limit of open files to the hard one, at most to 65,536."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < target:
        resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))


def room_for_connections(*, hard: bool = False) -> int:
    """Return how many connections may be open at once; `hard`: after `raise_limit`."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = most if hard else soft
    if limit == resource.RLIM_INFINITY or limit > _MOST_FILES:
        limit = _MOST_FILES
    return max(_FEWEST, limit - min(HELD_BACK, limit // 4) - _open_now())


def lacking() -> str:
    """Return the reason why this process cannot open one more connection, or an empty text."""
    try:
        socket.socket().close()
    except OSError as error:
        return os.strerror(error.errno) if error.errno in EXHAUSTED else ""
    return ""


def _open_now() -> int:
    try:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        return 16  # no /proc: roughly what is open after a start
