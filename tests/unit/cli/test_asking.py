"""`healthcheck` and `incidents` ask an exporter that has a certificate of a private authority."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from aiprobe.cli import main


class Healthy(BaseHTTPRequestHandler):
    """Answers 200 to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def a_server(authority: trustme.CA) -> Iterator[str]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("command", ["healthcheck", "incidents"])
def test_a_private_authority_is_trusted_where_it_is_named_and_nowhere_else(command: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with a_server(authority) as url:
        asked = CliRunner().invoke(main, [command, "--url", url, "--ca-file", str(tmp_path / "ca.pem")])
        assert (asked.exit_code, asked.output) == (0, "")
        asked = CliRunner().invoke(main, [command, "--url", url])
        assert asked.exit_code == 1
        assert "CERTIFICATE_VERIFY_FAILED" in asked.output


def test_a_file_that_holds_no_certificate_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for file in ("ca.pem", "missing.pem"):
        asked = CliRunner().invoke(
            main, ["healthcheck", "--url", "https://127.0.0.1:9", "--ca-file", str(tmp_path / file)]
        )
        assert asked.exit_code == 1
        assert f"{file} is not a file of PEM certificates" in asked.output
        assert len(asked.output.splitlines()) == 1
