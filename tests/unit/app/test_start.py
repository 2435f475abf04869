"""A start that has much to read answers scrapes meanwhile, and says nothing that it does not know yet."""

import asyncio
import json
from http.client import HTTPConnection
from pathlib import Path

import trustme

from aiprobe.app import App, Options
from aiprobe.core.clock import Clock
from aiprobe.core.secret import Redactor
from aiprobe.known import read_settings
from tests.unit.app.wire import written_config


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


async def test_a_scrape_is_answered_while_the_journal_is_still_read(tmp_path: Path) -> None:
    file = written_config(tmp_path, targets=2)
    options = Options(config_file=file, listen_addresses=("127.0.0.1:0",))
    app = App(read_settings(file, {}), options, redactor=Redactor(), clock=Clock())
    reading, open_it = asyncio.Event(), app.journal.open

    async def slow_open() -> None:
        await reading.wait()
        await open_it()

    app.journal.open = slow_open  # type: ignore[method-assign]
    starting = asyncio.create_task(app.__aenter__())
    while app.running is None:
        await asyncio.sleep(0.01)
    port = app.running.addresses[0].port
    _, early = await asyncio.to_thread(get, port, "/metrics")
    not_ready, _ = await asyncio.to_thread(get, port, "/-/ready")
    reading.set()
    await starting
    ready, _ = await asyncio.to_thread(get, port, "/-/ready")
    _, late = await asyncio.to_thread(get, port, "/metrics")
    await app.__aexit__(None, None, None)
    assert early.count("\naiprobe_interval_seconds{") == 2
    assert (not_ready, ready) == (503, 200)
    assert "\naiprobe_journal_up" not in early, "nothing is known of the disk yet"
    assert "\naiprobe_journal_up" in late


async def test_a_reload_reads_a_renewed_authority_and_refuses_a_broken_one(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_bytes(trustme.CA().cert_pem.bytes())
    file = written_config(tmp_path, targets=1)
    config = json.loads(file.read_text())
    config["providers"]["p"] |= {"base_url": "https://192.0.2.1/v1", "ca_file": str(authority)}
    file.write_text(json.dumps(config))
    options = Options(config_file=file, listen_addresses=("127.0.0.1:0",))
    async with App(read_settings(file, {}), options, redactor=Redactor(), clock=Clock()) as app:
        contexts = app.transport._contexts
        before = contexts.get(ca_file=str(authority), verify=True)
        authority.write_bytes(trustme.CA().cert_pem.bytes())
        assert await app.reload() is None
        renewed = contexts.get(ca_file=str(authority), verify=True)
        assert renewed.get_ca_certs() != before.get_ca_certs()
        authority.write_text("nothing")
        assert "holds no PEM certificate" in str(await app.reload())
        assert contexts.get(ca_file=str(authority), verify=True) is renewed
