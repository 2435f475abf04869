import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest
import trustme
import uvloop
from cryptography.hazmat.primitives import serialization

from aiprobe.web.webconfig import load
from aiprobe.web.yamlfile import WebError
from tests.clock import ManualClock
from tests.unit.web.builders import Reply, World, a_server

pytestmark = pytest.mark.slow

AUTHORITY = trustme.CA()
CLIENTS = trustme.CA()
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
CLIENT_TLS = TLS + "  client_auth_type: {policy}\n  client_ca_file: clients.crt\n"


def write_certificate(folder: Path, authority: trustme.CA = AUTHORITY) -> None:
    """Put a fresh certificate in place as a renewal does: by renaming."""
    server = authority.issue_cert("127.0.0.1")
    for pem, name in ((server.cert_chain_pems[0], "server.crt"), (server.private_key_pem, "server.key")):
        pem.write_to_path(folder / f"{name}.new")
        (folder / f"{name}.new").replace(folder / name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_certificate(tmp_path)
    CLIENTS.cert_pem.write_to_path(tmp_path / "clients.crt")
    return tmp_path


def a_file(folder: Path, text: str) -> Path:
    path = folder / "web.yml"
    path.write_text(text)
    return path


def trusting(authority: trustme.CA = AUTHORITY, *, client: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if client is not None:
        client.configure_cert(context)
    return context


async def get_as(world: World, context: ssl.SSLContext) -> Reply:
    connector = aiohttp.TCPConnector(ssl=context, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as client, client.get(world.url + "/-/healthy") as response:
        return Reply(response.status, dict(response.headers), await response.read())


async def post_as(world: World, context: ssl.SSLContext) -> int:
    connector = aiohttp.TCPConnector(ssl=context, force_close=True)
    async with (
        aiohttp.ClientSession(connector=connector) as client,
        client.post(world.url + "/-/reload", headers={"Host": "aiprobe.example"}) as response,
    ):
        return response.status


async def test_pages_are_served_over_tls_and_discovery_says_so(folder: Path) -> None:
    async with a_server(config_file=a_file(folder, TLS), trust=trusting()) as world:
        assert world.url.startswith("https://127.0.0.1:")
        assert (await world.get("/")).status == 200
        assert '"__scheme__": "https"' in (await world.get("/sd")).text


async def test_a_client_that_does_not_trust_us_does_not_get_in(folder: Path) -> None:
    async with a_server(config_file=a_file(folder, TLS), trust=trusting(CLIENTS)) as world:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await world.get("/")


async def test_plain_http_on_a_tls_port_is_no_way_in(folder: Path) -> None:
    async with a_server(config_file=a_file(folder, TLS), trust=trusting()) as world:
        async with aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.ClientError):
                await client.get(f"http://127.0.0.1:{world.port}/")
        assert (await world.get("/")).status == 200


async def test_a_required_client_certificate_is_verified(folder: Path) -> None:
    file = a_file(folder, CLIENT_TLS.format(policy="RequireAndVerifyClientCert"))
    async with a_server(config_file=file) as world:
        assert (await get_as(world, trusting(client=CLIENTS.issue_cert("scraper.example")))).status == 200
        for context in (trusting(), trusting(client=trustme.CA().issue_cert("scraper.example"))):
            with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
                await get_as(world, context)


async def test_an_optional_client_certificate_opens_what_changes_things(folder: Path) -> None:
    file = a_file(folder, CLIENT_TLS.format(policy="VerifyClientCertIfGiven"))
    async with a_server(config_file=file) as world:
        assert (await get_as(world, trusting())).status == 200
        assert await post_as(world, trusting()) == 403
        assert await post_as(world, trusting(client=CLIENTS.issue_cert("admin.example"))) == 200
        with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
            await get_as(world, trusting(client=trustme.CA().issue_cert("admin.example")))


@pytest.mark.parametrize("name", ["scraper.example", "10.1.2.3", "::1", "scraper@example.org"])
async def test_only_an_allowed_name_in_the_client_certificate_passes(folder: Path, name: str) -> None:
    text = CLIENT_TLS.format(policy="RequireAndVerifyClientCert") + f'  client_allowed_sans: [first, "{name}"]\n'
    async with a_server(config_file=a_file(folder, text)) as world:
        allowed = await get_as(world, trusting(client=CLIENTS.issue_cert(name)))
        refused = await get_as(world, trusting(client=CLIENTS.issue_cert("other.example")))
    assert allowed.status == 200
    assert (refused.status, refused.headers["Connection"]) == (403, "close")


async def test_a_renewed_certificate_is_used_without_a_restart(folder: Path) -> None:
    clock, renewed = ManualClock(), trustme.CA()
    async with a_server(config_file=a_file(folder, TLS), trust=trusting(), clock=clock.clock) as world:
        assert (await world.get("/")).status == 200
        write_certificate(folder, renewed)
        clock.now += 2
        assert (await get_as(world, trusting(renewed))).status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await world.get("/")


async def test_a_client_certificate_can_become_required_while_running(folder: Path) -> None:
    clock = ManualClock()
    async with a_server(config_file=a_file(folder, TLS), clock=clock.clock) as world:
        assert (await get_as(world, trusting())).status == 200
        a_file(folder, CLIENT_TLS.format(policy="RequireAndVerifyClientCert"))
        clock.now += 2
        with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
            await get_as(world, trusting())


async def test_tls_is_not_switched_off_under_way(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    async with a_server(config_file=a_file(folder, TLS), trust=trusting(), clock=clock.clock) as world:
        a_file(folder, "basic_auth_users: {}\n")
        clock.now += 2
        assert (await world.get("/")).status == 200
    assert "TLS cannot be switched on or off while running" in caplog.text


async def test_a_renewal_seen_half_way_is_finished_at_the_next_look(folder: Path) -> None:
    clock, renewed = ManualClock(), trustme.CA()
    async with a_server(config_file=a_file(folder, TLS), trust=trusting(), clock=clock.clock) as world:
        old_key = (folder / "server.key").read_bytes()
        write_certificate(folder, renewed)
        new_key = (folder / "server.key").read_bytes()
        (folder / "server.key").write_bytes(old_key)
        clock.now += 2
        assert (await world.get("/")).status == 200
        (folder / "server.key").write_bytes(new_key)
        clock.now += 2
        assert (await get_as(world, trusting(renewed))).status == 200


def test_an_encrypted_key_is_an_error_and_asks_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = serialization.load_pem_private_key((folder / "server.key").read_bytes(), password=None)
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    with pytest.raises(WebError, match="not a certificate and its unencrypted key"):
        load(a_file(folder, TLS))


def test_a_key_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "server.key").unlink()
    (folder / "server.key").mkdir()
    with pytest.raises(WebError, match=r"key_file: cannot read .*server\.key: Is a directory"):
        load(a_file(folder, TLS))


def test_tls_and_its_renewal_work_on_uvloop(folder: Path) -> None:
    async def visit() -> list[int]:
        clock, renewed = ManualClock(), trustme.CA()
        async with a_server(config_file=a_file(folder, TLS), clock=clock.clock) as world:
            first = await get_as(world, trusting())
            write_certificate(folder, renewed)
            clock.now += 2
            return [first.status, (await get_as(world, trusting(renewed))).status]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(visit()) == [200, 200]
