"""Settles the interpreter of an exporter that serves, and returns free memory to the system."""

import ctypes
import gc
import sys
from typing import Final

COLLECT_AFTER: Final = (500, 1, 30_000)
"""Thresholds of the garbage collector (`gc.set_threshold`). A collection blocks the event loop for several
microseconds per young object: 25,000 objects took 40 ms. With these thresholds a collection scans a thousand objects at
most, but runs more often. A full collection runs after 30 million objects: reference counts free what a probe leaves
behind, and cycles are rare here."""
SWITCH_SECONDS: Final = 0.0005
"""How long the journal's thread may hold the interpreter while the event loop waits; Python's default is 5 ms."""
LONGEST_NUMBER: Final = 640
"""Digits of an integer that is converted, Python's least: of its default, 4300, a body of 2 MiB takes 40 ms."""
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 128 * 1024
"""mallopt(3). By default glibc raises this limit to the size of what was freed, and then keeps the 256 KB that uvloop
takes for each TLS connection in its heap, between other things: 5 MB more with five hundred of them."""
_M_ARENA_MAX: Final = -8
_LIBC: Final = ctypes.CDLL(None)
_HAS_GLIBC: Final = hasattr(_LIBC, "mallopt")
"""Others have neither `mallopt` nor `malloc_trim`."""


def prepare_heap() -> None:
    """Have one heap for all threads, and large blocks outside of it. Call it before the first thread starts.

    Each heap of glibc keeps its own holes: six threads kept 1.5 MB more, which grew with every reload.
    """
    if _HAS_GLIBC:
        _LIBC.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        _LIBC.mallopt(_M_ARENA_MAX, 1)


def settle() -> None:
    """Keep collections, threads and long numbers from blocking the event loop; return free memory to the system.

    Call it after everything has started: later collections skip the objects that exist now. The settings apply to the
    whole process.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    sys.set_int_max_str_digits(LONGEST_NUMBER)
    gc.set_threshold(*COLLECT_AFTER)
    gc.collect()
    gc.freeze()
    return_memory()


def return_memory() -> None:
    """Return free memory to the system, also the pages between objects that stay: after a start, after a reload.

    Blocks for three milliseconds where 25 MB are in use.
    """
    if _HAS_GLIBC:
        _LIBC.malloc_trim(0)
