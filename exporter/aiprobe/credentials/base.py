"""What every source of credentials offers: one blocking call that returns a lease."""

import re
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from typing import Protocol as Interface

from aiprobe.core.secret import Secret

T = TypeVar("T")

_SENDABLE: Final = re.compile(r"[\x21-\x7e]{1,65536}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease(Generic[T]):
    """A credential and how long it is valid."""

    value: T
    lifetime_seconds: float
    """Counted from the fetch; the keeper renews the lease well before it ends."""
    secrets: tuple[Secret, ...] = ()
    """Strings that the redactor must remove from every text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token, or a key that rotates."""

    secret: Secret
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that are sent with the token and are not secret."""


class SourceError(Exception):
    """A source returned no credential. The text states the reason for the operator and quotes no secret."""


class Source(Interface[T]):
    """A source of leases. It blocks, so the keeper calls it in a separate thread, one call at a time."""

    def fetch(self) -> Lease[T]:
        """Return a fresh lease. Raises `SourceError`."""


def sendable(token: str) -> Secret:
    """Return a token that is valid in a header. Raises `SourceError`, which does not quote the token."""
    if not _SENDABLE.match(token):
        raise SourceError("the token is empty, or is not one word of printable characters")
    return Secret(token)
