"""A sink that keeps a whole bounded body, for probes that look at it at the end."""

from collections.abc import Mapping

from aiprobe.protocols.base import ReplyHead
from aiprobe.transport.transport import WHOLE_SLICE_BYTES, Signal


class BodySink:
    """Keeps the head and the first `limit_bytes` of the body, and stops reading there."""

    def __init__(self, limit_bytes: int = 4 << 20) -> None:
        self.head: ReplyHead | None = None
        self.body = bytearray()
        self.slice_bytes = WHOLE_SLICE_BYTES
        self.cut = False
        """The body was longer than the limit."""
        self._limit_bytes = limit_bytes

    def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:  # noqa: ARG002 - the interface's
        """Take status and headers."""
        self.head = ReplyHead(status=status, headers=headers)

    def on_body(self, data: bytes, at: float) -> Signal:  # noqa: ARG002 - the interface's
        """Take body bytes."""
        self.body += data[: self._limit_bytes - len(self.body)]
        if len(self.body) < self._limit_bytes:
            return Signal.CONTENT
        self.cut = True
        return Signal.DONE
