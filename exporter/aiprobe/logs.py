"""Configures logging: one event per line on stderr, as logfmt or JSON, with every secret masked.

Importing this does nothing; `cli` sets it up once.
"""

import json
import logging
import os
import select
import sys
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Condition, Thread
from typing import Final, Literal, TextIO

LogFormat = Literal["logfmt", "json"]
LEVELS: Final = ("debug", "info", "warn", "error")

_OWN_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LINE_LIMIT: Final = 8192
_LIBRARIES: Final = ("aiohttp.access", "asyncio", "azure", "botocore", "google", "msal", "requests", "urllib3")
"""Only warnings and errors of these libraries are logged: some of them log requests with their signatures."""
WAITING_LINES: Final = 1000
"""Lines that wait for a reader that stopped reading."""
CLOSE_SECONDS: Final = 2.0
"""How long a stop waits for that reader."""

log = logging.getLogger(__name__)


class LineWriter:
    """Writes lines to a file descriptor in its own thread: a full pipe, whose reader stopped reading, blocks nobody.

    Lines beyond `WAITING_LINES` are lost; their number is logged when the reader reads again.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: deque[str] = deque()
        self._lost = 0
        self._closing = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Return how many lines wait for the reader."""
        return len(self._lines)

    def write(self, text: str) -> None:
        """Queue a text. Never blocks."""
        with self._changed:
            if len(self._lines) < WAITING_LINES:
                self._lines.append(text)
                self._changed.notify()
            else:
                self._lost += 1

    def flush(self) -> None:
        """Do nothing: the thread writes each line at once."""

    def close(self) -> None:
        """Write what waits, for at most two seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closing)
                if not self._lines:
                    return
                line = self._lines.popleft()
            written = self._put(line.encode(errors="replace"))
            with self._changed:
                self._lost += not written
                lost = self._lost if written and len(self._lines) < WAITING_LINES // 2 else 0
                self._lost -= lost
            if lost:
                log.warning("log lines are lost: the reader of the log was too slow", extra={"lines": lost})

    def _put(self, data: bytes) -> bool:
        """Write everything; return False if that is not possible. Waits for a slow reader."""
        try:
            while data:
                select.select((), (self._descriptor,), ())  # the descriptor may be another program's too, and not block
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            return False
        return True


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


def set_up(
    *, level: str, log_format: LogFormat, redact: Callable[[str], str], stream: TextIO | LineWriter | None = None
) -> None:
    """Send every record of `level` and above to `stream`, by default stderr, through `redact`."""
    handler = logging.StreamHandler(stream or sys.stderr)
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
