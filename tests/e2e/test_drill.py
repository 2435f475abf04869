"""`aiprobe drill --dry-run` finds and names what is wrong with a real Prometheus and a real Alertmanager."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import aiohttp
import pytest
import yaml

from aiprobe.drill.asking import Api
from aiprobe.drill.dry import look
from aiprobe.drill.rules import read_rules
from aiprobe.drill.step import Step
from tests.alerts.alertmanagers import SHIPPED, free_port, to_inbox
from tests.alerts.conftest import Stack, stack
from tests.alerts.rulefiles import ALERTS, RULE_FILES
from tests.contract.running import a_config
from tests.e2e.misconfigured import CASES, Case, Setup

__all__ = ["stack"]
pytestmark = pytest.mark.e2e
DEADLINE_SECONDS: Final = 30.0
EXPECTED: Final = read_rules(ALERTS)
STEP: Final = "500ms"
"""Of scrapes and evaluations."""


def asked(url: str, body: Any = None, method: str = "GET") -> Any:
    """Return the JSON that a server answers."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"Content-Type": "application/json"}, method=method), timeout=10) as reply:
        return json.loads(reply.read() or b"null")


@contextmanager
def started(*command: str, url: str) -> Iterator[str]:
    """Run a server until the block ends; yields its address."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + DEADLINE_SECONDS
    try:
        while True:
            try:
                urlopen(f"{url}/-/ready", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, command
                assert time.monotonic() < end, command
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


@contextmanager
def a_guard() -> Iterator[str]:
    """Run what requires a login for everything; yields its address."""

    class Guard(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(401)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the library
            """Keep the output of the tests clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Guard) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass(frozen=True, slots=True)
class Pair:
    """A running Prometheus and Alertmanager, and what they run when nothing is wrong."""

    folder: Path
    prometheus: str
    alertmanager: str
    right: Setup

    def run(self, setup: Setup) -> None:
        """Have both run a configuration; a refused one is what some cases are about."""
        for old in self.folder.glob("*.rules.yml"):
            old.unlink()
        for name, text in setup.rules.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        for name, config, url in (
            ("prometheus", setup.prometheus, self.prometheus),
            ("alertmanager", setup.alertmanager, self.alertmanager),
        ):
            (self.folder / f"{name}.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
            try:
                urlopen(Request(f"{url}/-/reload", b"", method="POST"), timeout=10).close()
            except HTTPError as refused:
                refused.close()


@pytest.fixture(scope="module")
def pair(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("drill")
    ports = iter(free_port() for _ in range(4))
    exporter, prometheus, alertmanager, other = (f"http://127.0.0.1:{port}" for port in ports)
    with ExitStack() as running:
        guard = running.enter_context(a_guard())
        config = to_inbox(SHIPPED, f"{guard}/inbox")
        job = {"job_name": "aiprobe", "honor_labels": True, "static_configs": [{"targets": [exporter[7:]]}]}
        right = Setup(
            prometheus={
                "global": {"scrape_interval": STEP, "scrape_timeout": STEP, "evaluation_interval": STEP},
                "rule_files": [f"{folder}/*.rules.yml"],
                "scrape_configs": [job],
                "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager[7:]]}]}]},
            },
            alertmanager=config,
            rules={path.name: path.read_text("utf-8") for path in RULE_FILES},
            places={"guard": guard, "other": other, "prometheus": prometheus, "alertmanager": alertmanager},
            options={"prometheus": prometheus, "alertmanager": alertmanager},
        )
        for name, content in (("prometheus", right.prometheus), ("alertmanager", right.alertmanager)):
            (folder / f"{name}.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
        serve = ("serve", "--config.file", str(a_config(folder, guard)), "--web.listen-address", exporter[7:])
        running.enter_context(started(sys.executable, "-m", "aiprobe", *serve, url=exporter))
        for number, url in enumerate((alertmanager, other)):
            running.enter_context(started(
                stack.alertmanager, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/am{number}",
                f"--web.listen-address={url[7:]}", "--cluster.listen-address=", url=url,
            ))  # fmt: skip
        running.enter_context(started(
            stack.prometheus, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={prometheus[7:]}", "--web.enable-lifecycle", "--rules.alert.resend-delay=5s",
            url=prometheus,
        ))  # fmt: skip
        yield Pair(folder, prometheus, alertmanager, right)


async def steps_of(setup: Setup) -> Mapping[str, Step]:
    """Look once."""
    async with aiohttp.ClientSession() as session:
        prometheus, alertmanager = (
            Api(name, setup.options[name.lower()], session) for name in ("Prometheus", "Alertmanager")
        )
        looked = await look(prometheus, alertmanager, EXPECTED, setup.options.get("receiver", ""))
    return {step.name: step for step in looked.steps}


def unnamed(found: Mapping[str, Step], named: Mapping[str, tuple[str, str]]) -> Mapping[str, object]:
    """Return what differs between the faults of a look and those that it has to name."""
    others = {name: step.faults for name, step in found.items() if step.faults and name not in named}
    not_named = {
        name: found[name].faults if name in found else "no such step"
        for name, (problem, mend) in named.items()
        if not [each for each in found.get(name, Step(name)).faults if problem in each.problem and mend in each.mend]
    }
    return others | not_named


async def until_named(setup: Setup, named: Mapping[str, tuple[str, str]]) -> Mapping[str, object]:
    """Look until every fault is named, and no other; what is reloaded takes a scrape and an evaluation to show."""
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        wrong = unnamed(await steps_of(setup), named)
        if not wrong or time.monotonic() > end:
            return wrong


@contextmanager
def silenced(setup: Setup) -> Iterator[None]:
    now = datetime.now(UTC)
    times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
    url = f"{setup.options['alertmanager']}/api/v2/silence"
    ids = [asked(f"{url}s", {**each, **times}, "POST")["silenceID"] for each in setup.silences]
    try:
        yield
    finally:
        for each in ids:
            asked(f"{url}/{each}", method="DELETE")


async def test_nothing_is_wrong_with_the_shipped_files(pair: Pair) -> None:
    pair.run(pair.right)

    assert await until_named(pair.right, {}) == {}
    assert len(await steps_of(pair.right)) == 15


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_misconfiguration_is_found_and_named(case: Case, pair: Pair) -> None:
    setup = pair.right.copy()
    case.change(setup)
    if case.refused:
        pair.run(pair.right)
    pair.run(setup)

    with silenced(setup):
        assert await until_named(setup, case.named) == {}
