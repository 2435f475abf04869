"""Chromium without a window, over its DevTools protocol: opens a page, waits for it, asks it, photographs it."""

import base64
import itertools
import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

DEADLINE_SECONDS: Final = 90
_FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
)  # fmt: skip


@contextmanager
def a_browser(chromium: str, profile: Path) -> Iterator["Page"]:
    """Run Chromium with a fresh profile; yields its one page."""
    process = subprocess.Popen(
        [chromium, *_FLAGS, f"--user-data-dir={profile}", "about:blank"], stderr=subprocess.PIPE, text=True
    )
    try:
        with connect(_page_of(_address(process)), max_size=None, open_timeout=DEADLINE_SECONDS) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE_SECONDS)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"DevTools listening on ws://([^/]+)", line):
            return found[1]
    raise AssertionError("Chromium did not start")


def _page_of(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/json/list", timeout=DEADLINE_SECONDS) as reply:
        return str(next(one for one in json.load(reply) if one["type"] == "page")["webSocketDebuggerUrl"])


@dataclass(slots=True)
class Page:
    """A tab of the browser."""

    socket: ClientConnection
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol. Raises AssertionError with the browser's words if it refuses."""
        number = next(self._ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            reply = json.loads(self.socket.recv(timeout=DEADLINE_SECONDS))
            if reply.get("id") == number:
                assert "error" not in reply, f"{method}: {reply['error']}"
                return dict(reply["result"])

    def open(self, url: str, *, width: int, height: int) -> None:
        """Go to a page in a window of this size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Page.navigate", url=url)

    def ask(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, expression: str, *, seconds: float = DEADLINE_SECONDS) -> Any:
        """Wait until an expression is true. Raises TimeoutError with it if it never is."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if value := self.ask(expression):
                return value
            time.sleep(0.2)
        raise TimeoutError(expression)

    def picture(self) -> bytes:
        """Return what the window shows, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
