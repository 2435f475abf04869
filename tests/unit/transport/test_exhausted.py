"""What counts as a lack of this machine, and not as a bug."""

import errno

import pytest

from aiprobe.transport.descriptors import exhausted


@pytest.mark.parametrize(
    ("error", "lack"),
    [
        (OSError(errno.EMFILE, ""), "Too many open files"),
        (OSError(errno.ENFILE, ""), "Too many open files in system"),
        (BlockingIOError(errno.EAGAIN, ""), "Resource temporarily unavailable"),
        (MemoryError(), "Cannot allocate memory"),
        (RuntimeError("can't start new thread"), "can't start new thread"),
        (OSError(errno.EADDRNOTAVAIL, ""), ""),
        (FileNotFoundError(errno.ENOENT, ""), ""),
        (RuntimeError("a bug"), ""),
        (KeyError("a bug"), ""),
    ],
)
def test_a_lack_of_this_machine_is_named(error: Exception, lack: str) -> None:
    assert exhausted(error) == (f"aiprobe itself has run out: {lack}" if lack else "")
