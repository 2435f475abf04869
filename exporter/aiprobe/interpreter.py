"""How Python is set while the exporter serves: neither its garbage collector nor a thread may hold the event loop.

For the whole process, so it is the command line that calls it, and never a library.
"""

import gc
import sys
from typing import Final

COLLECT_AFTER: Final = (500, 1, 30_000)
"""Thresholds of the garbage collector (`gc.set_threshold`). With the defaults it looks through everything that is alive
every few seconds, which holds the event loop for tenths of a second with a thousand targets; what a probe leaves behind
is freed by its reference counts, and cycles are rare here."""
SWITCH_SECONDS: Final = 0.0005
"""How long the journal's thread may keep the interpreter from an event loop that wants it; Python's default is 5 ms."""


def settle() -> None:
    """Call it once everything is started: what is alive now counts as permanent, and collections leave it out."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECT_AFTER)
    gc.collect()
    gc.freeze()
