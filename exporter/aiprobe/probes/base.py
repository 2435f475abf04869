"""The interface of every kind of probe, and what a probe needs.

A probe returns data. It updates no metric, and it makes exactly one attempt.
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
        """Return the credential of a provider that has a source, and start renewing it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the composition root passes to every probe."""

    transport: Transport
    clock: Clock
    credentials: Credentials | None = None
    """Needed only for providers whose credential has a source."""


class PreparedProbe(Interface):
    """A probe of one target. Everything that is the same in every run is built in advance."""

    async def run(self) -> Result:
        """Make one attempt. Never raises for what a peer did; a bug is an exception."""


class Prepare(Interface):
    """One kind of probe, usually a class: it describes itself, and builds requests once."""

    @property
    def kind(self) -> ProbeKind:
        """Return the traits that the configuration, the budget and incidents use."""

    def __call__(self, target: Target, tools: Tools) -> PreparedProbe:
        """Return a probe of `target`. Raises `ValueError` if this kind cannot probe it."""


def only_in(*protocols: str) -> Callable[[str, str], tuple[str, str] | None]:
    """Return a check that a target's protocol is one of `protocols`."""

    def problem(kind: str, protocol: str) -> tuple[str, str] | None:
        if protocol in protocols:
            return None
        return (
            f"`probe: {kind}` does not support the protocol {protocol}",
            f"its provider must use {' or '.join(sorted(protocols))}",
        )

    return problem
