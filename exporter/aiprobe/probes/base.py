"""What every kind of probe offers, and what it needs: one coroutine behind one table.

A probe returns data. It never sees a metric, and it makes exactly one attempt.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol as Interface

from aiprobe.core.clock import Clock
from aiprobe.core.credential import Credential
from aiprobe.core.model import Provider, Result, Target
from aiprobe.transport.transport import Transport


class Credentials(Interface):
    """Keeps the credentials of all providers fresh."""

    def of(self, provider: Provider) -> Credential:
        """Return the credential of a provider that has a source, and begin to keep it fresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the composition root lends every probe."""

    transport: Transport
    clock: Clock
    credentials: Credentials | None = None
    """Needed only for providers whose credential has a source."""


class PreparedProbe(Interface):
    """A probe of one target with everything built that does not change from run to run."""

    async def run(self) -> Result:
        """Make one attempt. Never raises for what a peer did; a bug is an exception."""


Prepare = Callable[[Target, Tools], PreparedProbe]
"""Builds requests once. Raises `ValueError` for a target that this kind cannot probe."""

RunProbe = Callable[[], Awaitable[Result]]
