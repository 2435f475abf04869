"""Ids in the manner of each kind of page; the same story gets the same id every time it is looked at."""

from collections.abc import Callable, Mapping
from typing import Final

from aiprobe_simulator.chance import letters
from aiprobe_simulator.statuspages.catalogue import PageKind

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MIXED: Final = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_ULID_TIME_CHARACTERS: Final = 10
_ULID_RANDOM_CHARACTERS: Final = 16


def ulid(at: float, *parts: object) -> str:
    """Return a ULID: ten characters of creation time in milliseconds, then what depends on `parts`."""
    milliseconds = max(0, int(at * 1000))
    time = ""
    for _ in range(_ULID_TIME_CHARACTERS):
        milliseconds, digit = divmod(milliseconds, 32)
        time = _CROCKFORD[digit] + time
    return time + letters(_ULID_RANDOM_CHARACTERS, *parts, alphabet=_CROCKFORD)


def number(*parts: object) -> int:
    """Return a number of six digits."""
    return 100_000 + int(letters(5, *parts, alphabet="0123456789"))


_MINTS: Final[Mapping[PageKind, Callable[..., str]]] = {
    "statuspage": lambda _, *parts: letters(12, *parts),
    "incidentio": ulid,
    "google": lambda _, *parts: letters(20, *parts, alphabet=_MIXED),
    "betterstack": lambda _, *parts: str(number(*parts)),
    "aws": lambda _, *parts: letters(24, *parts, alphabet="0123456789abcdef"),
    "azure": lambda _, *parts: letters(4, *parts).upper() + "-" + letters(3, "tail", *parts).upper(),
    "datadog": lambda _, *parts: "-".join(letters(n, n, *parts, alphabet="0123456789abcdef") for n in (8, 4, 4, 4, 12)),
    "cloudflare": lambda _, *parts: letters(12, *parts),
    "xai": lambda _, *parts: letters(8, *parts),
}


def mint(kind: PageKind, at: float, *parts: object) -> str:
    """Return the id of something created at the Unix time `at` on a page of this kind."""
    return _MINTS[kind](at, *parts)
