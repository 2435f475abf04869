"""Whose fault is it? In a network namespace whose packets vanish: our own outage is excluded, the provider's is bad."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.running import environment, yaml_of

pytestmark = pytest.mark.e2e

VANISHING = "192.0.2.66"
"""An address of TEST-NET-1 (RFC 5737) whose link-layer address belongs to nobody: every packet to it is dropped."""
_PROBE = "from aiprobe.cli import main; main()"
_SITE = """
import http.server, sys
class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(204); self.end_headers()
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def namespace(tool: Callable[[str], str]) -> Iterator[list[str]]:
    """Make a namespace with loopback and a default route into nothing; yields the words that run a command in it."""
    ip = tool("ip")
    name = f"aiprobe-{uuid.uuid4().hex[:8]}"
    subprocess.run([ip, "netns", "add", name], check=True)
    inside = [ip, "netns", "exec", name]
    try:
        for command in (
            "link set lo up",
            "link add hole type veth peer name drain",
            "address add 192.0.2.1/24 dev hole",
            "link set hole up",
            "link set drain up",
            "neigh add 192.0.2.66 lladdr 02:00:00:00:00:66 dev hole nud permanent",
        ):
            subprocess.run([*inside, ip, *command.split()], check=True)
        yield inside
    finally:
        subprocess.run([ip, "netns", "delete", name], check=True)


@pytest.fixture
def site(namespace: list[str]) -> Iterator[str]:
    """Serve a connectivity check on the namespace's loopback."""
    with subprocess.Popen([*namespace, sys.executable, "-c", _SITE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        process.terminate()


def probe(
    namespace: list[str], directory: Path, *, egress: str, base_url: str = f"http://{VANISHING}/v1"
) -> dict[str, object]:
    config = directory / "aiprobe.yml"
    config.write_text(
        yaml_of({
            "defaults": {"interval": "30s", "timeouts": {"connect": "500ms", "total": "3s"}},
            "egress": [egress],
            "journal": {"directory": str(directory / "data")},
            "providers": {"far": {"protocol": "openai-chat", "base_url": base_url, "api_key": "${KEY}"}},
            "targets": [{"name": "far", "provider": "far", "model": "m", "probe": "chat"}],
        })
    )  # fmt: skip
    command = [*namespace, sys.executable, "-c", _PROBE, "probe", "far", "--config.file", str(config), "--json"]
    done = subprocess.run(
        command, env=environment({"KEY": "a-test-key-000111"}), capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


def test_a_blackholed_network_is_our_fault_and_excluded(namespace: list[str], tmp_path: Path) -> None:
    told = probe(namespace, tmp_path, egress=f"http://{VANISHING}:81/")
    assert (told["outcome"], told["verdict"]) == ("timeout_connect", "excluded")


def test_an_unreachable_provider_with_working_egress_is_bad(namespace: list[str], site: str, tmp_path: Path) -> None:
    told = probe(namespace, tmp_path, egress=site)
    assert (told["outcome"], told["verdict"]) == ("timeout_connect", "bad")


def test_no_route_at_all_is_a_connect_failure_of_ours(namespace: list[str], tmp_path: Path) -> None:
    told = probe(namespace, tmp_path, egress="http://198.51.100.9/", base_url="http://198.51.100.8/v1")
    assert (told["outcome"], told["verdict"]) == ("connect", "excluded")


def test_a_name_without_any_resolver_is_a_dns_failure_of_ours(namespace: list[str], tmp_path: Path) -> None:
    told = probe(namespace, tmp_path, egress="http://nowhere.invalid/", base_url="http://service.invalid/v1")
    assert (told["outcome"], told["verdict"]) == ("dns", "excluded")
