"""An AI service for benchmarks: it writes streams on time, and records the times.

It is one process with one thread: an epoll loop on bare sockets. It therefore records the moment before the system call
that sends, and takes little CPU from the measured program. It supports as much HTTP/1.1 and OpenAI Chat Completions as
its clients need, and shares no code with aiprobe.

The path states the timing of a stream: `/FIRST_MS/EVENTS/GAP_MS/chat/completions` sends the head at once, the first
event FIRST_MS after the request, and the others GAP_MS apart. `GET /record` returns a line for each finished stream
(its id, and the Unix time of its first event) and begins a new record. `python -m benchmarks.load.endpoint` prints the
ports, plain and TLS, as one line of JSON.
"""

import argparse
import heapq
import json
import re
import select
import socket
import ssl
import sys
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Final

_PATH: Final = re.compile(rb"POST /(\d+)/(\d+)/(\d+)/")
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_WORDS: Final = re.compile(rb"stop:\\n(\w+) (END\d+)")
_CLOSES: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_HEAD: Final = (
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req-%d\r\ntransfer-encoding: chunked\r\n\r\n"
)
_CHUNK: Final = (
    '{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1790000000,"model":"bench-1","choices":'
    '[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}'
)
_LAST: Final = (
    '{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1790000000,"model":"bench-1","choices":'
    '[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":8,"total_tokens":32}}'
)
_READ_BYTES: Final = 65_536


def events_of(words: tuple[str, str], number: int) -> list[bytes]:
    """Return the chunked bytes of `number` (at least 4) events whose text is the answer; the last one is `[DONE]`."""
    pieces = number - 2
    code, marker = words
    texts = [code[:4], code[4:] + " ", marker]
    texts = texts[:2] + [" "] * (pieces - 3) + texts[2:]
    lines = [*(_CHUNK % text for text in texts), _LAST, "[DONE]"]
    framed = [f"data: {line}\n\n".encode() for line in lines]
    chunks = [b"%x\r\n%b\r\n" % (len(each), each) for each in framed]
    return [*chunks[:-1], chunks[-1] + b"0\r\n\r\n"]


@dataclass(slots=True)
class Peer:
    """One connection, and the stream that it waits for, if any."""

    sock: socket.socket
    secured: bool = True
    """Whether TLS is established; true without TLS."""
    asked: bytes = b""
    number: int = 0
    events: list[bytes] = field(default_factory=list)
    at: int = 0
    gap: float = 0.0
    closes: bool = False
    first_written: float = 0.0


class Endpoint:
    """Accepts, reads, and writes due events; `serve` never returns."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._poll = select.epoll()
        self._listeners: dict[int, tuple[socket.socket, bool]] = {}
        self._peers: dict[int, Peer] = {}
        self._due: list[tuple[float, int, Peer]] = []
        self._order = count(1)
        self._record: list[str] = []

    def listen(self, *, tls: bool) -> int:
        """Listen on a free port of the loopback; return it."""
        sock = socket.create_server(("127.0.0.1", 0), backlog=4096)
        sock.setblocking(False)
        self._listeners[sock.fileno()] = (sock, tls)
        self._poll.register(sock.fileno(), select.EPOLLIN)
        return int(sock.getsockname()[1])

    def serve(self) -> None:
        """Run until the process is ended."""
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            for fd, _ in self._poll.poll(wait):
                if fd in self._listeners:
                    self._accept(*self._listeners[fd])
                elif fd in self._peers:
                    self._readable(self._peers[fd])
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                due, _, peer = heapq.heappop(self._due)
                self._write_next(peer, due)

    def _accept(self, listener: socket.socket, tls: bool) -> None:  # noqa: FBT001 - as the table of listeners holds it
        while True:
            try:
                sock, _ = listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                assert self._context is not None
                sock = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            self._peers[sock.fileno()] = Peer(sock, secured=not tls)
            self._poll.register(sock.fileno(), select.EPOLLIN)

    def _readable(self, peer: Peer) -> None:
        try:
            if not peer.secured:
                assert isinstance(peer.sock, ssl.SSLSocket)
                peer.sock.do_handshake()
                peer.secured = True
            data = peer.sock.recv(_READ_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return
        except OSError:
            data = b""
        if not data:
            self._drop(peer)
            return
        peer.asked += data
        head, found, body = peer.asked.partition(b"\r\n\r\n")
        if not found:
            return
        told = _LENGTH.search(head)
        if len(body) >= (int(told[1]) if told else 0):
            peer.asked = b""
            self._answer(peer, head, body)

    def _answer(self, peer: Peer, head: bytes, body: bytes) -> None:
        path = _PATH.match(head)
        if path is None:
            self._give_record(peer)
            return
        first, events, gap = (int(each) for each in path.groups())
        words = _WORDS.search(body)
        told = (words[1].decode(), words[2].decode()) if words else ("benchword", "END12345")
        peer.number, peer.events, peer.at = next(self._order), events_of(told, events), 0
        peer.gap, peer.closes, peer.first_written = gap / 1000, bool(_CLOSES.search(head)), 0.0
        if self._send(peer, (_HEAD % peer.number).encode()):
            heapq.heappush(self._due, (time.monotonic() + first / 1000, next(self._order), peer))

    def _write_next(self, peer: Peer, due: float) -> None:
        if peer.sock.fileno() < 0:
            return
        event = peer.events[peer.at]
        if peer.at == 0:
            peer.first_written = time.time()
        peer.at += 1
        if not self._send(peer, event):
            return
        if peer.at < len(peer.events):
            heapq.heappush(self._due, (due + peer.gap, next(self._order), peer))
            return
        self._record.append(f"req-{peer.number} {peer.first_written!r}")
        if peer.closes:
            self._drop(peer)

    def _give_record(self, peer: Peer) -> None:
        body = "\n".join(self._record).encode()
        self._record.clear()
        peer.sock.setblocking(True)
        self._send(peer, b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        self._drop(peer)

    def _send(self, peer: Peer, data: bytes) -> bool:
        """Send all of it; False if the peer does not accept a few hundred bytes at once (no measured peer)."""
        try:
            peer.sock.sendall(data)
        except OSError:
            self._drop(peer)
            return False
        return True

    def _drop(self, peer: Peer) -> None:
        fd = peer.sock.fileno()
        if fd >= 0:
            self._peers.pop(fd, None)
            self._poll.unregister(fd)
            peer.sock.close()


def main() -> None:
    """Listen, print the ports, serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificate", help="PEM file with key and chain; without it there is no TLS port")
    asked = parser.parse_args()
    context = None
    if asked.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(asked.certificate)
    endpoint = Endpoint(context)
    ports = {"plain": endpoint.listen(tls=False), "tls": endpoint.listen(tls=True) if context else None}
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    endpoint.serve()


if __name__ == "__main__":
    main()
