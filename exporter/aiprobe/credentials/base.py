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
    """Something to prove who asks with, and for how long."""

    value: T
    lifetime_seconds: float
    """From now on; it is renewed well before."""
    secrets: tuple[Secret, ...] = ()
    """What must be taken out of every text from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token, or a key that rotates."""

    secret: Secret
    headers: tuple[tuple[str, str], ...] = ()
    """What is sent with it and is no secret."""


class SourceError(Exception):
    """A source gave nothing; the text says why, for people, and quotes no secret."""


class Source(Interface[T]):
    """Where leases come from. Blocks: it is called in a thread of its own, one call at a time."""

    def fetch(self) -> Lease[T]:
        """Return a fresh lease. Raises `SourceError`."""


def sendable(token: str) -> Secret:
    """Return a token that fits into a header. Raises `SourceError`, without quoting it."""
    if not _SENDABLE.match(token):
        raise SourceError("what should be the token is empty, or is not one word of printable characters")
    return Secret(token)
