"""Runs a command's coroutine on uvloop until it ends or a signal stops it."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from typing import TypeVar

import uvloop

from aiprobe.cli.options import NOT_OK, fail
from aiprobe.transport.descriptors import exhausted

Returned = TypeVar("Returned")


def run(coroutine: Coroutine[None, None, Returned], *, code: int = NOT_OK) -> Returned:
    """Run to the end; a known problem is one line and exit `code`."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(coroutine)
    except ValueError as error:
        fail(error, code=code)
    except (OSError, MemoryError, RuntimeError) as error:
        if not (reason := exhausted(error)):
            raise
        fail(reason, code=code)
    except KeyboardInterrupt:
        sys.exit(130)


def hang_ups() -> Sequence[int]:
    """Return a list that gets every SIGHUP from now on, until the event loop handles them: requests to reload."""
    seen: list[int] = []
    signal.signal(signal.SIGHUP, lambda number, _: seen.append(number))
    return seen


def stopped() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set from now on."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
