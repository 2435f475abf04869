"""Settings of Python for `aiprobe serve`: the garbage collector and threads must not block the event loop for long,
and free memory is returned to the system.

The settings apply to the whole process, so only the command line sets them.
"""

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
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 128 * 1024
"""mallopt(3). By default glibc raises this limit to the size of what was freed, and then keeps the 256 KB that uvloop
takes for each TLS connection in its heap, between other things: 5 MB more with five hundred of them."""


def settle() -> None:
    """Call it after everything has started: later collections skip the objects that exist now."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECT_AFTER)
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # only glibc has it, and `malloc_trim`
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.malloc_trim(0)  # return the memory that imports used and freed
