"""`aiprobe statuspages verify`, and what `check` says of old entries."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiprobe.cli import main
from aiprobe.cli.check import old_pages
from aiprobe.config.load import load_text
from aiprobe.known import KNOWN
from aiprobe.statuspages.specs import CATALOGUE, OLD_AFTER_DAYS
from tests.unit.statuspages.builders import a_component, a_summary, unix

CONFIG = """\
providers:
  anthropic: {{api_key: "sk-ant-none"}}
targets:
  - {{name: a, provider: anthropic, probe: models}}
status_pages:
  pages:
    claude: {{enabled: false}}
    good: {{url: "{url}/good", provider: acme, components: {{API: {{name: Claude API}}}}}}
    bad: {{url: "{url}/html", provider: acme, components: {{API: {{name: Claude API}}}}}}
"""


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        good = self.path == "/good"
        body = json.dumps(a_summary(components=[a_component()])).encode() if good else b"<html>Instatus</html>"
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if good else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def verified(tmp_path: Path, text: str) -> tuple[int, dict[str, str]]:
    """Return the exit code, and what the table has of each page."""
    path = tmp_path / "aiprobe.yml"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(main, ["statuspages", "verify", "--config.file", str(path)], catch_exceptions=False)
    return done.exit_code, {line.split()[0]: line for line in done.output.splitlines()}


def test_verify_prints_what_is_wrong_with_each_page_and_exits_with_1(tmp_path: Path, url: str) -> None:
    code, lines = verified(tmp_path, CONFIG.format(url=url))
    assert code == 1
    assert "1 of 1" in lines["good"]
    assert "HTML comes where data was promised" in lines["bad"]
    assert "a page of instatus" in lines["bad"]


def test_verify_needs_a_page(tmp_path: Path) -> None:
    path = tmp_path / "aiprobe.yml"
    path.write_text(CONFIG.partition("status_pages")[0].format() + "status_pages: {enabled: false}\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["statuspages", "verify", "--config.file", str(path)])
    assert (done.exit_code, "no status page" in done.output) == (1, True)


def test_check_names_old_entries_and_those_that_nobody_verified_in_one_line() -> None:
    providers = "\n".join(f"  {name}: {{}}" for name in ("anthropic", "openrouter", "mistral"))
    targets = "\n".join(
        f"  - {{name: {name}, provider: {name}, probe: models}}" for name in ("anthropic", "openrouter", "mistral")
    )
    text = f"providers:\n{providers}\ntargets:\n{targets}\n"
    names = ("ANTHROPIC_API_KEY", "OPENROUTER_API_KEY", "MISTRAL_API_KEY")
    settings = load_text(text, environ=dict.fromkeys(names, "key-of-nobody"), known=KNOWN)
    now = unix(CATALOGUE["openrouter"].verified_on) + (OLD_AFTER_DAYS + 1) * 86400
    (line,) = old_pages(settings, now)
    assert "never verified: claude;" in line
    assert "openrouter (91 days)" in line
    (line,) = old_pages(settings, now - 20 * 86400)
    assert "openrouter" not in line
