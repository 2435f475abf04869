"""Runs aiprobe, or an idle loop, and measures a hundred times a second how late the event loop wakes a sleeper.

`python -m benchmarks.load.watched FILE serve ...` runs `aiprobe serve ...`; `... FILE idle` runs an idle loop. When
the process ends, FILE has a line for each measurement: when the sleeper woke (Unix time) and how late, in seconds.
"""

import asyncio
import atexit
import signal
import sys
import time
from array import array
from pathlib import Path
from typing import Final

import uvloop

from aiprobe import cli

EVERY_SECONDS: Final = 0.01


class Watch:
    """Sleeps on the loop, and records how late it wakes."""

    def __init__(self) -> None:
        self.woken = array("d")
        self.late = array("d")
        self._due = 0.0

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start to record."""
        self._due = time.monotonic() + EVERY_SECONDS
        loop.call_later(EVERY_SECONDS, self._woken, loop)

    def _woken(self, loop: asyncio.AbstractEventLoop) -> None:
        self.late.append(time.monotonic() - self._due)
        self.woken.append(time.time())
        self.begin(loop)

    def write(self, file: Path) -> None:
        """Write the records to `file`."""
        lines = (f"{at!r} {late!r}" for at, late in zip(self.woken, self.late, strict=True))
        file.write_text("\n".join(lines))


def main() -> None:
    """Attach the watch to the loop that the command creates."""
    file, (command, *_) = Path(sys.argv[1]), sys.argv[2:]
    watch, make = Watch(), uvloop.new_event_loop
    atexit.register(watch.write, file)

    def watched() -> asyncio.AbstractEventLoop:
        loop = make()
        loop.call_soon(watch.begin, loop)
        return loop

    if command == "idle":
        loop = watched()
        loop.add_signal_handler(signal.SIGTERM, loop.stop)
        loop.run_forever()
        return
    uvloop.new_event_loop = watched  # type: ignore[assignment]  # wraps the original
    sys.argv[1:] = sys.argv[2:]
    cli.main()


if __name__ == "__main__":
    main()
