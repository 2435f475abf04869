"""Runs a command's coroutine on uvloop until it ends or a signal stops it."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import TypeVar

import uvloop

from aiprobe.cli.options import NOT_OK, fail

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
