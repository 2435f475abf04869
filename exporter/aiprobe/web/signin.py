"""HTTP basic authentication against bcrypt hashes, cheap for a scraper that comes back every few seconds.

A hash takes about 70 ms of CPU by design: it is computed in a thread that gives way to all others, one at a time, as
long for each user and for unknown ones, and a pair that was right once is remembered.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import bcrypt

MAX_REMEMBERED: Final = 100
WAIT_SECONDS: Final = 10.0
"""A sign-in waits this long for its turn; so many as wait are as many as there are connections at most."""
_BCRYPT_BYTES: Final = 72
"""bcrypt reads no more of a password, in every implementation; `htpasswd` cuts silently, as we do."""

Lane = tuple[str, str]
"""The user that is asked for (empty for one that is unknown), and where the request comes from."""


class TooBusyError(Exception):
    """A sign-in did not get its turn in time."""


class SignIn:
    """Checks `Authorization` headers. One per server.

    A sign-in waits in the lane of its user and address, and the lanes take turns. So a guesser delays only those who
    ask for the same user from the same address, and nobody who signed in before.
    """

    __slots__ = ("_busy", "_key", "_lanes", "_remembered", "_thread", "_wait_seconds")

    def __init__(self, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._key = secrets.token_bytes(32)
        self._remembered: dict[bytes, None] = {}
        self._lanes: dict[Lane, deque[asyncio.Future[None]]] = {}
        self._busy = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sign-in", initializer=_give_way)
        self._wait_seconds = wait_seconds

    async def allows(self, authorization: str | None, users: Mapping[str, bytes], *, remote: str = "") -> bool:
        """Return whether the header names one of `users` (bcrypt hash by name) with the right password.

        Raises:
            TooBusyError: too many sign-ins are being computed.
        """
        given = _credentials(authorization)
        if given is None or not users:
            return False
        name, password = given
        known = users.get(name)
        work = _work(known, users)
        # The digest is keyed and covers the hash: a changed password no longer matches, and memory holds no password.
        digest = hmac.digest(self._key, b"\0".join((work[0], name.encode(), password)), hashlib.sha256)
        if digest in self._remembered:
            return True
        right = await self._matches(password, work, lane=("" if known is None else name, remote)) and known is not None
        if right:
            self._remember(digest)
        return right

    async def _matches(self, password: bytes, work: list[bytes], *, lane: Lane) -> bool:
        await self._turn(lane)
        right, seconds = False, 0.0
        try:
            right, seconds = await asyncio.get_running_loop().run_in_executor(self._thread, _compute, password, work)
        finally:
            # After a guess the thread rests as long as it worked: guessing takes at most half of a core.
            self._call_next(rest_seconds=0.0 if right else seconds)
        return right

    async def _turn(self, lane: Lane) -> None:
        """Wait until nobody else computes."""
        turn = asyncio.get_running_loop().create_future()
        self._lanes.setdefault(lane, deque()).append(turn)
        if not self._busy:
            self._call_next()
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            self._give_up(lane, turn)
            if isinstance(error, TimeoutError):
                raise TooBusyError from None
            raise

    def _give_up(self, lane: Lane, turn: "asyncio.Future[None]") -> None:
        if turn.done() and not turn.cancelled():  # it came at the same moment
            self._call_next()
            return
        waiting = self._lanes.get(lane, deque())
        with suppress(ValueError):
            waiting.remove(turn)
        if not waiting:
            self._lanes.pop(lane, None)

    def _call_next(self, *, rest_seconds: float = 0.0) -> None:
        """Give the turn to the lane that has waited the longest, after a rest."""
        if rest_seconds > 0:
            asyncio.get_running_loop().call_later(rest_seconds, self._call_next)
            return
        while self._lanes:
            lane, waiting = next(iter(self._lanes.items()))
            turn = waiting.popleft()
            del self._lanes[lane]
            if waiting:
                self._lanes[lane] = waiting  # behind all others
            if not turn.done():
                self._busy = True
                turn.set_result(None)
                return
        self._busy = False

    def _remember(self, digest: bytes) -> None:
        while len(self._remembered) >= MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[digest] = None


def _give_way() -> None:
    """Let every other thread of the machine go first; only Linux has a priority of threads."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


def _compute(password: bytes, work: list[bytes]) -> tuple[bool, float]:
    """Return whether the first hash matches the password, and the CPU seconds that all hashes took."""
    began = time.thread_time()
    right = [_check(password, hashed) for hashed in work]
    return right[0], time.thread_time() - began


def _check(password: bytes, hashed: bytes) -> bool:
    return bcrypt.checkpw(password[:_BCRYPT_BYTES], hashed)


def _work(hashed: bytes | None, users: Mapping[str, bytes]) -> list[bytes]:
    """Return the hashes to compute: a user's own, or one that no password has, and as many as make all users alike.

    A hash of cost c takes 2^c units. Those of the costs c to m - 1 take 2^m - 2^c together, so that with a hash of the
    cost c every user takes as long as one of the cost m, the highest.
    """
    highest = max(map(_cost, users.values()))
    first = _stand_in(highest) if hashed is None else hashed
    return [first, *map(_stand_in, range(_cost(first), highest))]


def _cost(hashed: bytes) -> int:
    return int(hashed.split(b"$")[2])


def _stand_in(cost: int) -> bytes:
    """A hash that no password has."""
    return bcrypt.gensalt(cost) + b"." * 31


def _credentials(authorization: str | None) -> tuple[str, bytes] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None
