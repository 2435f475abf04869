"""TLS to what is probed: shared contexts, the handshake, the expiry of the certificate.

A route states which certificates to trust; this room applies it.
"""

import asyncio
import calendar
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from aiprobe.core.outcomes import Outcome
from aiprobe.core.trust import client_context, system_context
from aiprobe.transport.connection import Connection
from aiprobe.transport.exchange import WireError

_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
_HANDSHAKE_SECONDS: Final = 3600.0
"""The event loop's own limit, so long that the caller's deadline always comes first."""


class Contexts:
    """Makes and keeps one context for each CA file and mode: loading the certificates takes tens of milliseconds."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[tuple[str | None, bool], ssl.SSLContext] = {}

    def get(self, *, ca_file: str | None, verify: bool) -> ssl.SSLContext:
        """Return the context for `ca_file` (None: the system's trust store).

        Raises:
            ValueError: `ca_file` cannot be read or holds no certificate.
        """
        key = (ca_file if verify else None, verify)
        context = self._made.get(key)
        if context is None:
            context = self._made[key] = _context(key[0], verify=verify)
        return context

    def renewed(self, ca_files: Iterable[str]) -> Callable[[], None]:
        """Read these files again, because a mounted CA is renewed in place; return the function that applies them.

        Raises:
            ValueError: one cannot be read or holds no certificate.
        """
        renewed: dict[tuple[str | None, bool], ssl.SSLContext] = {
            (ca_file, True): _context(ca_file, verify=True) for ca_file in ca_files
        }
        return partial(self._take, renewed)

    def _take(self, renewed: Mapping[tuple[str | None, bool], ssl.SSLContext]) -> None:
        """Use these contexts, and drop those of files that are no longer in the configuration."""
        self._made = {key: context for key, context in self._made.items() if key[0] is None} | dict(renewed)


def _context(ca_file: str | None, *, verify: bool) -> ssl.SSLContext:
    if ca_file is None and verify:
        return system_context()
    try:
        context = client_context(ca_file)
    except (OSError, ssl.SSLError) as error:
        problem = "holds no usable certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ValueError(f"ca_file {Path(ca_file or '')}: {problem}") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def secure(connection: Connection, context: ssl.SSLContext, name: str, failure: Outcome = Outcome.TLS) -> None:
    """Run the TLS handshake on `connection`; the peer's certificate must be for `name`.

    Raises:
        WireError: `failure`, with the reason as text.
    """
    transport = connection.transport
    if transport is None or connection.ended:
        raise WireError(failure, "closed before the handshake")
    if connection.early:
        raise WireError(failure, "the peer sent bytes before the handshake: not TLS")
    try:
        secured = await asyncio.get_running_loop().start_tls(
            transport, connection, context, server_hostname=name.rstrip("."), ssl_handshake_timeout=_HANDSHAKE_SECONDS
        )
    except OSError as error:
        raise WireError(failure, _reason(error)) from error
    if secured is None or secured.is_closing():
        raise WireError(failure, "closed during the handshake")
    # The flow control of TLS pauses at this number of bytes, not above it.
    connection.use(secured, write_high=1)
    connection.not_after = not_after(secured.get_extra_info("ssl_object"))


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "unknown reason").replace("_", " ").lower()
        return f"handshake: {reason}" + (" (the peer does not use TLS)" if "wrong version" in reason else "")
    return f"closed during the handshake: {error.strerror or 'end of stream'}"


def not_after(peer: ssl.SSLObject | None) -> float | None:
    """Return when the peer's certificate expires, as Unix time; from Python 3.13, the earliest of a verified chain."""
    if peer is None:
        return None
    chain: Sequence[bytes | None] = (peer.getpeercert(binary_form=True),)
    if peer.context.verify_mode != ssl.CERT_NONE and hasattr(peer, "get_verified_chain"):
        chain = peer.get_verified_chain()
    known = [when for der in chain if der and (when := der_not_after(der)) is not None]
    return min(known) if known else None


@lru_cache(maxsize=1024)
def der_not_after(der: bytes) -> float | None:
    """Return `notAfter` of an X.509 certificate in DER (RFC 5280 section 4.1) as Unix time, None if it is not one.

    The standard library returns it only for a verified certificate, but an unverified one also expires.
    """
    try:
        _, start, _ = _element(der, 0)
        _, at, _ = _element(der, start)
        tag, _, end = _element(der, at)
        if tag == _VERSION:
            at = end
        for _ in range(3):  # serial number, signature algorithm, issuer
            _, _, at = _element(der, at)
        tag, start, _ = _element(der, at)
        if tag != _SEQUENCE:
            return None
        _, _, at = _element(der, start)  # notBefore
        tag, start, end = _element(der, at)
        return _time(tag, der[start:end].decode("ascii"))
    except (IndexError, ValueError):
        return None


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, start and end of the content of the element at `at`."""
    tag, length, start = der[at], der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(der[start : start + size])
        start += size
    if start + length > len(der):
        raise ValueError("cut short")
    return tag, start, start + length


def _time(tag: int, text: str) -> float | None:
    """Parse a `Time`: a year of two digits is between 1950 and 2049 (RFC 5280 section 4.1.2.5.1)."""
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        return None
    if len(text) != len("YYYYMMDDHHMMSSZ") or not text.endswith("Z") or not text[:-1].isdigit():
        return None
    year, rest = int(text[:4]), text[4:-1]
    month, day, hour, minute, second = (int(rest[i : i + 2]) for i in range(0, 10, 2))
    return float(calendar.timegm((year, month, day, hour, minute, second)))
