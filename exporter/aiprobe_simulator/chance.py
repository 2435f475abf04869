"""Numbers that look drawn and are the same in every process: what makes a simulation repeatable."""

import hashlib
from typing import Final

_LOWER: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def fraction(*parts: object) -> float:
    """Return a number from 0 up to 1 that depends on `parts` alone, the same in every process."""
    return _digest(parts) / 2**64


def letters(size: int, *parts: object, alphabet: str = _LOWER) -> str:
    """Return a text of `size` characters of `alphabet` that depends on `parts` alone."""
    return "".join(alphabet[_digest((at, parts)) % len(alphabet)] for at in range(size))


def _digest(parts: object) -> int:
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest())
