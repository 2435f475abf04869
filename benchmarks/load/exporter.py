"""aiprobe under measurement: `aiprobe serve` with a generated configuration, scheduler and journal as in production."""

import json
import re
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.load.processes import Process, get, running, wait_until_answered

OPENMETRICS: Final = {
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.2",
    "Accept-Encoding": "gzip",
}
"""The headers of a scrape by Prometheus."""
AIPROBE: Final = Path(sys.executable).with_name("aiprobe")
_RESULTS: Final = re.compile(r'^aiprobe_results_total\{.*?outcome="(\w+)".*?\} (\S+)', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The load of the exporter."""

    targets: int
    interval_seconds: int
    first_ms: int
    """Milliseconds from the request to the first event."""
    events: int = 10
    gap_ms: int = 3
    tls: bool = False
    warm: bool = False

    @property
    def path(self) -> str:
        """Return the beginning of the endpoint's path, which states the timing of its streams."""
        return f"/{self.first_ms}/{self.events}/{self.gap_ms}"


@dataclass(frozen=True, slots=True)
class Exporter:
    """A running exporter."""

    process: Process
    port: int

    def results(self) -> dict[str, int]:
        """Return the number of probes so far by outcome, from the metrics."""
        return count_results(get(self.port, "/metrics").decode())

    def recent(self, target: str) -> Sequence[dict[str, Any]]:
        """Return the last results of a target."""
        found = json.loads(get(self.port, f"/api/v1/results?limit=60&target={target}"))
        return list(found["results"])


def count_results(exposition: str) -> dict[str, int]:
    """Sum `aiprobe_results_total` by outcome."""
    counted: dict[str, int] = {}
    for outcome, value in _RESULTS.findall(exposition):
        counted[outcome] = counted.get(outcome, 0) + int(float(value))
    return counted


def config(load: Load, ports: dict[str, int], *, directory: Path, ca_file: Path | None) -> str:
    """Return the configuration of a load: chat targets of one private provider, with the default SLOs."""
    scheme, port = ("https", ports["tls"]) if load.tls else ("http", ports["plain"])
    provider = {
        "protocol": "openai-chat",
        "base_url": f"{scheme}://127.0.0.1:{port}{load.path}",
        "api_key": {"file": str(directory / "key")},
        "egress": False,
    }
    if load.tls:
        provider["ca_file"] = str(ca_file)
    total = load.interval_seconds * 0.75
    named = [name_of(number) for number in range(load.targets)]
    document = {
        "vantage": "bench",
        "egress": [],
        "journal": {"directory": str(directory / "journal")},
        "defaults": {
            "interval": f"{load.interval_seconds}s",
            "timeouts": {"total": f"{total * 1000:.0f}ms"},
            "slo": {"availability": 99.5, "time_to_first_token": {"below": "2s", "objective": 95}},
        },
        "providers": {"bench": provider},
        "targets": [
            {
                "name": name,
                "provider": "bench",
                "surface": "Bench API",
                "model": "bench-1",
                "probe": "chat",
                "connection": "reuse" if load.warm else "fresh",
                "price": {"input_usd": 1, "output_usd": 5},
            }
            for name in named
        ],
    }
    return json.dumps(document, indent=1)  # JSON is YAML


def name_of(number: int) -> str:
    """Return the name of a target."""
    return f"bench-{number:04}"


def free_port() -> int:
    """Return a free port of the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@contextmanager
def exporter(
    load: Load,
    ports: dict[str, int],
    *,
    directory: Path,
    ca_file: Path | None = None,
    command: Sequence[str | Path] = (AIPROBE,),
) -> Iterator[Exporter]:
    """Run `aiprobe serve`, or `command` with its arguments; yields when it is ready."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "key").write_text("sk-of-nobody-0123456789\n")
    file, port = directory / "aiprobe.yml", free_port()
    file.write_text(config(load, ports, directory=directory, ca_file=ca_file))
    options: list[str | Path] = [
        "--config.file",
        file,
        "--web.listen-address",
        f"127.0.0.1:{port}",
        "--log.level",
        "warn",
    ]
    with running([*command, "serve", *options], log=directory / "log") as process:
        wait_until_answered(process, port, "/-/ready")
        yield Exporter(process, port)
