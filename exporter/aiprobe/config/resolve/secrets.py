"""Where secrets come from: a variable, a file, or (with a warning) the configuration itself.

How they are kept from being printed is `core.secret`'s work.
"""

import re
from pathlib import Path
from typing import Final

MAX_SECRET_BYTES: Final = 65_536
SHORTEST_DEFAULT: Final = 8
"""A key that is only the default of a variable and shorter than this is a stopgap such as `none`, and no secret."""
_SENSITIVE_HEADER: Final = re.compile(r"(?i)auth|key|token|secret|cookie|passw|credential")
_SENDABLE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?\Z")


class SecretError(ValueError):
    """A secret that cannot be used; the arguments are the reason and the remedy. Neither contains the secret."""


def read_secret_file(path: Path) -> str:
    """Return the text of a secret file without the white space around it.

    Raises:
        SecretError: the file cannot be read, is empty or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (getattr(error, "strerror", None) or "not a path").lower()
        raise SecretError(f"the secret file {path} cannot be read: {reason}", "check the path and its owner") from error
    if len(data) > MAX_SECRET_BYTES:
        raise SecretError(f"the secret file {path} is longer than 64 KiB", "name the file of the key alone")
    try:
        text = data.decode().strip()
    except UnicodeDecodeError as error:
        raise SecretError(f"the secret file {path} is not text", "name the file of the key alone") from error
    if not text:
        raise SecretError(f"the secret file {path} is empty", "write the key into it")
    return text


def check_sendable(value: str) -> None:
    """Refuse what no HTTP header may hold (RFC 9110, section 5.5; we send ASCII only).

    Raises:
        SecretError: the value is empty, has white space at an end, or holds another character than printable ASCII.
    """
    if not value:
        raise SecretError("is empty", "give a value, or leave the key out")
    if not _SENDABLE.match(value):
        raise SecretError(
            "holds a character that a header cannot carry",
            "look for a line break, a blank or a quotation mark at its ends",
        )


def is_sensitive_header(name: str) -> bool:
    """Return whether a header of this name is likely to hold a secret."""
    return _SENSITIVE_HEADER.search(name) is not None
