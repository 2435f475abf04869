"""How Python is set while the exporter serves: neither its garbage collector nor a thread may hold the event loop, and
memory that is free goes back to the system.

For the whole process, so it is the command line that calls it, and never a library.
"""

import ctypes
import gc
import sys
from typing import Final

COLLECT_AFTER: Final = (500, 1, 30_000)
"""Thresholds of the garbage collector (`gc.set_threshold`). A collection holds the event loop, several microseconds for
each young object that it looks through: 25,000 were 40 ms. With these it looks through a thousand at most, more often.
All that is alive is looked through after 30 million objects: what a probe leaves behind is freed by its reference
counts, and cycles are rare here."""
SWITCH_SECONDS: Final = 0.0005
"""How long the journal's thread may keep the interpreter from an event loop that wants it; Python's default is 5 ms."""
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 128 * 1024
"""mallopt(3). By default glibc raises this limit to the size of what was freed, and then keeps the 256 KB that uvloop
takes for each TLS connection in its heap, between other things: 5 MB more with five hundred of them."""


def settle() -> None:
    """Call it once everything is started: what is alive now counts as permanent, and collections leave it out."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECT_AFTER)
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # only glibc has it, and `malloc_trim`
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.malloc_trim(0)  # what importing took and freed
