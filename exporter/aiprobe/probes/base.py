"""What every kind of probe offers, and what it needs: one coroutine behind one table.

A probe returns data. It never sees a metric, and it makes exactly one attempt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol as Interface

from aiprobe.core.clock import Clock
from aiprobe.core.credential import Credential
from aiprobe.core.kind import ProbeKind
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


class Prepare(Interface):
    """One kind of probe, usually a class: says what it is, and builds requests once."""

    @property
    def kind(self) -> ProbeKind:
        """Return what a configuration, the money and incidents need to know of it."""

    def __call__(self, target: Target, tools: Tools) -> PreparedProbe:
        """Return a probe of `target`. Raises `ValueError` where this kind cannot probe it."""


def only_in(*protocols: str) -> Callable[[str, str], tuple[str, str] | None]:
    """Return a check that a kind is asked in one of these protocols."""

    def problem(kind: str, protocol: str) -> tuple[str, str] | None:
        if protocol in protocols:
            return None
        return (
            f"`probe: {kind}` is not asked in the protocol {protocol}",
            f"its provider must speak {' or '.join(sorted(protocols))}",
        )

    return problem
