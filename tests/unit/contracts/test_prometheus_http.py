"""The fetch over urllib, against a server on loopback."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from aiprobe.contracts import prometheus_http
from aiprobe.contracts.prometheus import PrometheusError
from aiprobe.contracts.prometheus_http import http_fetch

Serve = Callable[..., str]


class _Handler(BaseHTTPRequestHandler):
    status: int
    body: bytes
    headers_out: dict[str, str]
    seen: list[tuple[str, str, bytes, str | None]]

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.command, self.path, form, self.headers.get("X-Scope-OrgID")))
        self._answer()

    def do_GET(self) -> None:
        self.seen.append((self.command, self.path, b"", None))
        self._answer()

    def _answer(self) -> None:
        self.send_response(self.status)
        for name, value in self.headers_out.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def seen() -> list[tuple[str, str, bytes, str | None]]:
    return []


@pytest.fixture
def serve(seen: list[tuple[str, str, bytes, str | None]]) -> Iterator[Serve]:
    servers = []

    def start(status: int = 200, body: bytes = b"{}", **headers: str) -> str:
        fields = {"status": status, "body": body, "headers_out": headers, "seen": seen}
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), fields))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/api/v1/query_range"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def fetch(url: str, **headers: str) -> bytes:
    return http_fetch(timeout_seconds=5.0, headers=headers)(url, b"query=up")


def test_a_query_is_posted_with_the_operators_headers(
    serve: Serve, seen: list[tuple[str, str, bytes, str | None]]
) -> None:
    assert fetch(serve(body=b'{"status":"success"}'), **{"X-Scope-OrgID": "team"}) == b'{"status":"success"}'
    assert seen == [("POST", "/api/v1/query_range", b"query=up", "team")]


def test_a_redirect_is_not_followed(serve: Serve, seen: list[tuple[str, str, bytes, str | None]]) -> None:
    elsewhere = serve()
    with pytest.raises(PrometheusError, match="answered HTTP 302"):
        fetch(serve(302, b"", Location=elsewhere))
    assert len(seen) == 1


def test_an_error_that_prometheus_explains_is_handed_to_the_parser(serve: Serve) -> None:
    assert fetch(serve(422, b'{"status":"error","error":"too many samples"}')).endswith(b'samples"}')


def test_an_error_of_somebody_else_names_the_host_and_the_status(serve: Serve) -> None:
    with pytest.raises(PrometheusError, match=r"^http://127\.0\.0\.1:\d+ answered HTTP 502$"):
        fetch(serve(502, b"<html>bad gateway"))


def test_an_answer_that_is_too_large_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus_http, "MOST_BYTES", 10)
    assert fetch(serve(body=b"x" * 10)) == b"x" * 10
    with pytest.raises(PrometheusError, match="answered with more than 0 MiB"):
        fetch(serve(body=b"x" * 11))


def test_a_host_that_does_not_answer_is_named_without_its_credentials(serve: Serve) -> None:
    url = serve()
    port = url.split(":")[2].split("/")[0]
    with pytest.raises(PrometheusError, match=r"^https://127\.0\.0\.1:\d+ could not be asked: ") as refused:
        fetch(f"https://user:secret@127.0.0.1:{port}/api")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://prom/x", "prom:9090", "http:///x", ""])
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(PrometheusError, match="is not an http or https URL"):
        fetch(url)
