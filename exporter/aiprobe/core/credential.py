"""A credential that changes while aiprobe runs: its source, and the interface through which a probe gets it.

Data and interfaces only. Fetching, renewing and signing belong in `credentials/`. A key that does not change is a
`Secret` of its provider.
"""

from dataclasses import dataclass
from typing import Literal
from typing import Protocol as Interface

SourceKind = Literal["file", "command", "google", "azure", "aws"]
Headers = tuple[tuple[str, str], ...]
"""Lower-case names, values as they go on the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSource:
    """The source of a provider's credential. Equal sources share one credential."""

    kind: SourceKind
    file: str | None = None
    """file: contains the token; google: a service account or another account file, instead of the default one."""
    command: tuple[str, ...] = ()
    """command: the program and its arguments, run without a shell; it prints the token."""
    scope: str | None = None
    """google, azure: the scope of the token; None is the provider's usual one."""
    profile: str | None = None
    """aws: of the shared configuration files."""
    region: str = ""
    """aws: the region of the signature."""
    service: str = ""
    """aws: the service of the signature."""
    lifetime_seconds: float | None = None
    """file, command: how long a token without an expiry of its own is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parts of one request that a signature needs."""

    method: str
    url: str
    content_type: str
    body: bytes


class NoCredentialError(Exception):
    """There is no credential to send; the message states the reason for the operator."""


class Credential(Interface):
    """Authenticates requests to one provider."""

    async def headers(self, asked: Asked) -> Headers:
        """Return the headers of a request. Raises `NoCredentialError` if there are none within a few seconds."""

    def refused(self) -> None:
        """Record that the service rejected the last credential."""
