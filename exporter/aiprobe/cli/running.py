"""Runs a command's coroutine on uvloop, and settles the interpreter for one that serves."""

import asyncio
import ctypes
import gc
import signal
import sys
from collections.abc import Coroutine
from typing import Final, TypeVar

import uvloop

from aiprobe.cli.options import NOT_OK, fail

COLLECT_AFTER: Final = (500, 1, 30_000)
"""Thresholds of the garbage collector (`gc.set_threshold`). A collection blocks the event loop for several
microseconds per young object: 25,000 objects took 40 ms. With these thresholds a collection scans a thousand objects at
most, but runs more often. A full collection runs after 30 million objects: reference counts free what a probe leaves
behind, and cycles are rare here."""
SWITCH_SECONDS: Final = 0.0005
"""How long the journal's thread may hold the interpreter while the event loop waits; Python's default is 5 ms."""
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 128 * 1024
"""mallopt(3). By default glibc raises this limit to the size of what was freed, and then keeps the 256 KB that uvloop
takes for each TLS connection in its heap, between other things: 5 MB more with five hundred of them."""

Returned = TypeVar("Returned")


def run(coroutine: Coroutine[None, None, Returned], *, code: int = NOT_OK) -> Returned:
    """Run to the end; a known problem is one line and exit `code`."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(coroutine)
    except ValueError as error:
        fail(error, code=code)
    except KeyboardInterrupt:
        sys.exit(130)


def stopped() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set from now on."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def settle() -> None:
    """Keep collections and threads from blocking the event loop for long, and return free memory to the system.

    Call it after everything has started: later collections skip the objects that exist now. The settings apply to the
    whole process.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECT_AFTER)
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # only glibc has it, and `malloc_trim`
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.malloc_trim(0)  # return the memory that imports used and freed
