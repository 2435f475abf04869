"""Configures logging: one event per line on stderr, as logfmt or JSON, with every secret masked.

Importing this does nothing; `cli` sets it up once.
"""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

LogFormat = Literal["logfmt", "json"]
LEVELS: Final = ("debug", "info", "warn", "error")

_OWN_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LINE_LIMIT: Final = 8192
_LIBRARIES: Final = ("aiohttp.access", "asyncio", "azure", "botocore", "google", "msal", "requests", "urllib3")
"""Only warnings and errors of these libraries are logged: some of them log requests with their signatures."""


class LineFormatter(logging.Formatter):
    """Formats a record with its `extra` fields as one line."""

    def __init__(self, log_format: LogFormat, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._json = log_format == "json"
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one redacted line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, object] = {
            "ts": moment.replace("+00:00", "Z"),
            "level": "warn" if record.levelno == logging.WARNING else record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        clean = {name: self._clean(value) for name, value in fields.items()}
        if self._json:
            return json.dumps(clean, ensure_ascii=False)
        return " ".join(f"{name}={_quoted(value)}" for name, value in clean.items())

    def _clean(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._redact(str(value)[: 2 * _LINE_LIMIT])[:_LINE_LIMIT]


def set_up(*, level: str, log_format: LogFormat, redact: Callable[[str], str]) -> None:
    """Send every record of `level` and above to stderr, through `redact`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(log_format, redact))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel("WARNING" if level == "warn" else level.upper())
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def _quoted(value: object) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    plain = text and all(char.isprintable() and char not in ' ="\\' for char in text)
    return text if plain else json.dumps(text, ensure_ascii=False)
