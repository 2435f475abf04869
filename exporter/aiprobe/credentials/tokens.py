"""Sources that contain or print a token: a file that another program renews, a command such as `gcloud auth ...`."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiprobe.credentials.base import Lease, SourceError, Token, sendable

MAX_BYTES: Final = 262_144
COMMAND_SECONDS: Final = 60.0
FILE_LIFETIME_SECONDS: Final = 30.0
"""The assumed lifetime of a file's token, so the file is read often: its writer renews the token before it ends."""
COMMAND_LIFETIME_SECONDS: Final = 300.0
"""The assumed lifetime of a token without an expiry: command-line tools may print a cached token that is old."""
_TOKEN_KEYS: Final = ("access_token", "accessToken", "token", "id_token")
_SECONDS_KEYS: Final = ("expires_in", "expiresIn")
_MOMENT_KEYS: Final = ("expires_on", "expires_at", "expiry", "expiration", "expirationTimestamp", "Expiration")
"""Unix seconds, or ISO 8601 with a zone. Azure's `expiresOn` is local time; its `expires_on` is Unix time."""


class TokenFile:
    """A file that holds a token, alone or in JSON."""

    def __init__(self, path: str, *, lifetime_seconds: float | None, wall: Callable[[], float]) -> None:
        self._path = Path(path)
        self._lifetime_seconds = lifetime_seconds or FILE_LIFETIME_SECONDS
        self._wall = wall

    def fetch(self) -> Lease[Token]:
        """Read the file."""
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise SourceError(f"{self._path} cannot be read: {(error.strerror or '').lower()}") from error
        return lease_of(data, usual_lifetime_seconds=self._lifetime_seconds, now=self._wall(), always=True)


class TokenCommand:
    """A command that prints a token, alone or in JSON. It runs without a shell and without input."""

    def __init__(self, command: tuple[str, ...], *, lifetime_seconds: float | None, wall: Callable[[], float]) -> None:
        self._command = command
        self._lifetime_seconds = lifetime_seconds or COMMAND_LIFETIME_SECONDS
        self._wall = wall

    def fetch(self) -> Lease[Token]:
        """Run the command."""
        name = Path(self._command[0]).name
        try:
            ran = subprocess.run(  # noqa: S603 - the operator's own command, without a shell
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # its error text may quote a secret that the redactor does not have
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SourceError(f"{name} did not end within {COMMAND_SECONDS:g} s") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a command"
            raise SourceError(f"{name} cannot be run: {reason.lower()}") from error
        if ran.returncode != 0:
            raise SourceError(f"{name} exited with {ran.returncode}; run it by hand to see why")
        return lease_of(ran.stdout, usual_lifetime_seconds=self._lifetime_seconds, now=self._wall())


def lease_of(data: bytes, *, usual_lifetime_seconds: float, now: float, always: bool = False) -> Lease[Token]:
    """Read a token, alone or in the JSON of gcloud, az, kubectl and OAuth; `now` is Unix time.

    With `always`, the usual lifetime caps the lifetime in the token, because the source is read again and again.

    Raises:
        SourceError: there is no token in it.
    """
    if len(data) > MAX_BYTES:
        raise SourceError(f"more than {MAX_BYTES} bytes where a token belongs")
    text = data.decode("utf-8", "replace").strip()
    stated: float | None = None
    if text.startswith("{"):
        text, stated = _from_json(text, now)
    lifetime = usual_lifetime_seconds if stated is None else stated
    if always:
        lifetime = min(lifetime, usual_lifetime_seconds)
    secret = sendable(text)
    return Lease(value=Token(secret=secret), lifetime_seconds=lifetime, secrets=(secret,))


def _from_json(text: str, now: float) -> tuple[str, float | None]:
    try:
        document: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise SourceError("it begins like JSON but is not valid JSON") from None
    inner = document.get("status")  # kubectl's ExecCredential
    document = inner if isinstance(inner, dict) else document
    token = next((document[key] for key in _TOKEN_KEYS if isinstance(document.get(key), str)), "")
    if not token:
        raise SourceError(f"its JSON has none of {', '.join(_TOKEN_KEYS)}")
    for key in _SECONDS_KEYS:
        if (seconds := _number(document.get(key))) is not None:
            return token, seconds
    for key in _MOMENT_KEYS:
        if (moment := _moment(document.get(key))) is not None:
            return token, moment - now
    return token, None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e11 else None


def _moment(value: object) -> float | None:
    number = _number(value)
    if number is not None or not isinstance(value, str):
        return number
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read.replace(tzinfo=read.tzinfo or UTC).timestamp()
