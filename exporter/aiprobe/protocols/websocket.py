"""The receiving half of a WebSocket client (RFC 6455): what proves the handshake, and frames cut anywhere.

Only the handshake is sent: a probe closes the connection after the event that it waits for.
"""

import hashlib
import os
import struct
from base64 import b64encode
from typing import Final, NamedTuple

from aiprobe.protocols.jsonvalues import UnreadableError

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""The GUID of the handshake (RFC 6455, section 1.3)."""
MAX_MESSAGE_BYTES: Final = 1 << 20
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_NO_STATUS: Final = 1005


class Message(NamedTuple):
    """One whole message of text or bytes."""

    data: bytes
    text: bool


class Closed(NamedTuple):
    """The peer's close frame (RFC 6455, section 5.5.1)."""

    code: int
    reason: str


def fresh_key() -> str:
    """Return a `sec-websocket-key`: sixteen random bytes in base64."""
    return b64encode(os.urandom(16)).decode("ascii")


def accept_of(key: str) -> str:
    """Return what a server must answer to `key` (RFC 6455, section 4.2.2)."""
    return b64encode(hashlib.sha1(f"{key}{_GUID}".encode()).digest()).decode("ascii")  # noqa: S324 - the RFC's choice


class FrameReader:
    """Cuts bytes into messages; pings and pongs make none. After `broken` is set to a reason, it returns no more."""

    __slots__ = ("_held", "_message", "_opcode", "broken")

    def __init__(self) -> None:
        self._held = bytearray()
        self._message = bytearray()
        self._opcode: int | None = None
        """Of the message that is arriving in several frames."""
        self.broken = ""

    def feed(self, data: bytes) -> list[Message | Closed]:
        """Take the next bytes; return the messages that they completed."""
        found: list[Message | Closed] = []
        if self.broken:
            return found
        self._held += data
        try:
            while (frame := self._frame()) is not None:
                made = self._take(*frame)
                if made is not None:
                    found.append(made)
        except UnreadableError as problem:
            self.broken = str(problem)
        return found

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """Return (final, opcode, payload) of the next whole frame, or None while it is not there."""
        if len(self._held) < 2:
            return None
        first, second = self._held[0], self._held[1]
        if first & 0x70:
            raise UnreadableError("a frame with bits that nobody agreed upon")
        if second & 0x80:
            raise UnreadableError("a frame that a server must not mask")
        length, at = second & 0x7F, 2
        if length >= 126:
            form, size = ("!H", 2) if length == 126 else ("!Q", 8)
            at += size
            if len(self._held) < at:
                return None
            (length,) = struct.unpack_from(form, self._held, 2)
        opcode, final = first & 0x0F, bool(first & 0x80)
        if opcode >= _CLOSE and (length > 125 or not final):
            raise UnreadableError("a control frame that is too long or in pieces")
        if length + len(self._message) > MAX_MESSAGE_BYTES:
            raise UnreadableError(f"a message of more than {MAX_MESSAGE_BYTES} bytes")
        if len(self._held) < at + length:
            return None
        payload = bytes(self._held[at : at + length])
        del self._held[: at + length]
        return final, opcode, payload

    def _take(self, final: bool, opcode: int, payload: bytes) -> Message | Closed | None:  # noqa: FBT001 - one caller
        if opcode in {_PING, _PONG}:
            return None
        if opcode == _CLOSE:
            return _closed(payload)
        if opcode in {_TEXT, _BINARY} and self._opcode is None:
            self._opcode = opcode
        elif opcode != _CONTINUATION or self._opcode is None:
            raise UnreadableError("a frame of an unknown sort, or out of order")
        self._message += payload
        if not final:
            return None
        message = Message(bytes(self._message), self._opcode == _TEXT)
        self._opcode = None
        self._message.clear()
        return message


def _closed(payload: bytes) -> Closed:
    if not payload:
        return Closed(_NO_STATUS, "")
    if len(payload) == 1:
        raise UnreadableError("a close frame of one byte")
    (code,) = struct.unpack_from("!H", payload)
    return Closed(int(code), payload[2:].decode("utf-8", "replace"))
