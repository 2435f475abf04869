"""The web config file while we run: read again when it or a certificate changes; a broken new one changes nothing."""

import logging
import os
import ssl
from pathlib import Path
from typing import Any, Final

from aiprobe.core.clock import Clock
from aiprobe.web.webconfig import WebConfig, load
from aiprobe.web.yamlfile import WebError

CHECK_SECONDS: Final = 1.0
"""The files are looked at on use, at most this often."""

_log = logging.getLogger(__name__)


class WebFile:
    """Answers with the settings that hold now. Without a path they are the defaults for good."""

    __slots__ = ("_checked", "_clock", "_config", "_path", "_problem", "_seen")

    def __init__(self, path: Path | None, *, clock: Clock) -> None:
        """Read the file at once. Raises `WebError` with everything that is wrong with it."""
        self._path = None if path is None else path.absolute()
        self._clock = clock
        self._checked = clock.monotonic()
        self._problem: str | None = None
        self._config = WebConfig() if self._path is None else load(self._path)
        self._seen = self._signature()

    def current(self) -> WebConfig:
        """Return the settings, read again first if a file changed since the last look."""
        now = self._clock.monotonic()
        if self._path is not None and now - self._checked >= CHECK_SECONDS:
            self._checked = now
            # While the file is broken it is tried again each time: a certificate that it names may have arrived.
            if self._problem is not None or self._signature() != self._seen:
                self._read_again(self._path)
        return self._config

    def _read_again(self, path: Path) -> None:
        try:
            config = self._loaded(path)
        except WebError as error:
            if str(error) != self._problem:
                _log.error("web config not reloaded, the last good one stays: %s", error)
            self._problem = str(error)
            return
        self._problem = None
        self._config = config
        self._seen = self._signature()
        _log.info("web config reloaded file=%s", path)

    def _loaded(self, path: Path) -> WebConfig:
        if (
            path.exists() and not path.stat().st_size
        ):  # half-written, or a pipe: read as it is, it would let everybody in
            raise WebError(f"{path}: is empty")
        config = load(path)
        if (config.context is None) != (self._config.context is None):
            raise WebError(f"{path}: TLS cannot be switched on or off while running; restart for that")
        return config

    def _signature(self) -> tuple[tuple[int, int, int] | None, ...]:
        if self._path is None:
            return ()
        watched = (self._path, *(self._config.tls.files if self._config.tls is not None else ()))
        return tuple(map(_stamp, watched))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - Path.stat is the same call through two more
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class FreshContext(ssl.SSLContext):
    """A server context that hands each new connection to the context of the moment.

    The event loops bind a listener to one context object for good, and ask it for every handshake through
    `wrap_bio`; certificates, client CAs and versions can therefore change without a restart.
    """

    source: WebFile

    @classmethod
    def of(cls, source: WebFile) -> "FreshContext":
        """Return a context that follows `source`, which has TLS."""
        fresh = cls(ssl.PROTOCOL_TLS_SERVER)
        fresh.source = source
        return fresh

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Begin a handshake under the settings that hold now."""
        context = self.source.current().context
        assert context is not None, "TLS cannot be switched off while running"
        return context.wrap_bio(*args, **kwargs)
