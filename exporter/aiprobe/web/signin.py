"""HTTP basic authentication against bcrypt hashes, cheap for a scraper that comes back every few seconds.

A hash takes about 70 ms of CPU by design: it is computed in a thread, one at a time, for unknown users as well,
and a pair that was right once is remembered.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

import bcrypt

MAX_REMEMBERED: Final = 100
MAX_WAITING: Final = 32
"""Sign-ins that may wait for their hash; more are refused at once, so that guessing cannot pile up work."""
_BCRYPT_BYTES: Final = 72
"""bcrypt reads no more of a password, in every implementation; `htpasswd` cuts silently, as we do."""


class TooBusyError(Exception):
    """More sign-ins are waiting than we are willing to compute."""


class SignIn:
    """Checks `Authorization` headers. One per server."""

    __slots__ = ("_key", "_one_at_a_time", "_remembered", "_waiting")

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._remembered: dict[bytes, None] = {}
        self._one_at_a_time = asyncio.Semaphore(1)
        self._waiting = 0

    async def allows(self, authorization: str | None, users: Mapping[str, bytes]) -> bool:
        """Tell whether the header names one of `users` (bcrypt hash by name) with the right password.

        Raises:
            TooBusyError: too many sign-ins are being computed.
        """
        given = _credentials(authorization)
        if given is None or not users:
            return False
        name, password = given
        known = users.get(name)
        hashed = known if known is not None else _stand_in(users)
        # The digest is keyed and covers the hash: a changed password forgets itself, and memory holds no password.
        digest = hmac.digest(self._key, b"\0".join((hashed, name.encode(), password)), hashlib.sha256)
        if digest in self._remembered:
            return True
        right = await self._matches(password, hashed) and known is not None
        if right:
            self._remember(digest)
        return right

    async def _matches(self, password: bytes, hashed: bytes) -> bool:
        if self._waiting >= MAX_WAITING:
            raise TooBusyError
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                return await asyncio.to_thread(_check, password, hashed)
        finally:
            self._waiting -= 1

    def _remember(self, digest: bytes) -> None:
        while len(self._remembered) >= MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[digest] = None


def _check(password: bytes, hashed: bytes) -> bool:
    return bcrypt.checkpw(password[:_BCRYPT_BYTES], hashed)


def _stand_in(users: Mapping[str, bytes]) -> bytes:
    """A hash that no password has, as costly to check as the costliest real one."""
    rounds = max(int(hashed.split(b"$")[2]) for hashed in users.values())
    return bcrypt.gensalt(rounds) + b"." * 31


def _credentials(authorization: str | None) -> tuple[str, bytes] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None
