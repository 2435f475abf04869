"""`aiprobe drill`, as a user meets it where nothing answers, or something else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aiprobe.cli import main

TOKEN = "a-token-that-nobody-prints"
NOWHERE = "http://127.0.0.1:1"


def drill(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["drill", "--dry-run", *map(str, arguments)])


@pytest.fixture
def guarded() -> Iterator[str]:
    """Run a server that answers `{}` to those with the token; yields its address."""

    class Guard(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            self.send_response(200 if allowed else 401)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the library
            """Keep the output of the tests clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Guard) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_servers_that_do_not_answer_are_two_failed_steps() -> None:
    done = drill("--prometheus", NOWHERE, "--alertmanager", NOWHERE)

    assert done.exit_code == 1
    assert [line for line in done.output.splitlines() if line.startswith(("FAIL", "pass"))] == [
        "FAIL  Prometheus answers",
        "FAIL  Alertmanager answers",
    ]
    assert "mend: start Alertmanager, or correct --alertmanager" in done.output


def test_a_login_is_named_and_the_token_of_a_file_is_sent(guarded: str, tmp_path: Path) -> None:
    addresses = ("--prometheus", guarded, "--alertmanager", NOWHERE)
    token_file = tmp_path / "token"
    token_file.write_text(f"{TOKEN}\n")

    assert "requires a login (HTTP 401)" in drill(*addresses).output
    with_token = drill(*addresses, "--token-file", token_file).output
    assert "is no Prometheus" in with_token
    assert TOKEN not in with_token


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    done = drill("--prometheus", NOWHERE, "--alertmanager", NOWHERE, "--rules", tmp_path)

    assert done.exit_code == 1
    assert "has no *.rules.yml" in done.output
