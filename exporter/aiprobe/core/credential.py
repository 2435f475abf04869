"""A credential that changes while we run: where it comes from, and what a probe asks of whoever keeps it fresh.

Data and interfaces only. Fetching, renewing and signing belong in `credentials/`; a key that stays as it is, is a
`Secret` of its provider and needs none of this.
"""

from dataclasses import dataclass
from typing import Literal
from typing import Protocol as Interface

SourceKind = Literal["file", "command", "google", "azure", "aws"]
Headers = tuple[tuple[str, str], ...]
"""Lower-case names, values as they go on the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSource:
    """Where a provider's credential comes from. Equal sources share one credential."""

    kind: SourceKind
    file: str | None = None
    """file: holds the token; google: a service account or another account file, in place of the default one."""
    command: tuple[str, ...] = ()
    """command: what to run, without a shell; it prints the token."""
    scope: str | None = None
    """google, azure: what the token is for; None is the provider's usual one."""
    profile: str | None = None
    """aws: of the shared configuration files."""
    region: str = ""
    """aws: what a signature is made for."""
    service: str = ""
    """aws: the same."""
    lifetime_seconds: float | None = None
    """file, command: how long a token without an expiry of its own is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that is about to be sent, as a signature needs to know it."""

    method: str
    url: str
    content_type: str
    body: bytes


class NoCredentialError(Exception):
    """There is no credential to send; the message states the reason for the operator."""


class Credential(Interface):
    """Proves who asks, for one provider."""

    async def headers(self, asked: Asked) -> Headers:
        """Return the headers that prove it. Raises `NoCredentialError` when there are none in reasonable time."""

    def refused(self) -> None:
        """Take the news that the service did not accept the last one."""
