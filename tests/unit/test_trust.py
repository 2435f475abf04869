"""Who is believed does not depend on the Python: 3.13 by itself refuses authorities that every other client takes."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from aiprobe.core.clock import Clock
from aiprobe.core.trust import system_context
from aiprobe.egress import Egress
from aiprobe.statuspages.fetch import PageFetcher
from tests.unit.probes.asking import a_route, a_transport, ask
from tests.unit.statuspages.servers import a_server
from tests.unit.transport.peers import DAY, NOW, OK, a_peer, a_server_context, answers


def an_authority_without_key_usage() -> tuple[bytes, bytes]:
    """Return an authority as `openssl req -x509` has made them for decades, and its key; both in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return made.public_bytes(Encoding.PEM), private


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """The context of a server that such an authority vouches for, which is all that the system trusts."""
    certificate, key = an_authority_without_key_usage()
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    system_context.cache_clear()
    yield a_server_context("127.0.0.1", ca=trustme.CA.from_pem(certificate, key))
    system_context.cache_clear()


async def hello(_: web.Request) -> web.StreamResponse:
    return web.json_response({})


async def test_a_probe_believes_it(server: ssl.SSLContext) -> None:
    async with a_peer(answers(OK), tls=server) as peer, a_transport() as transport:
        exchange = await ask(transport, a_route(peer.port, scheme="https"))
    assert exchange.outcome is None, exchange.detail


async def test_an_egress_check_believes_it(server: ssl.SSLContext) -> None:
    async with a_server(hello, tls=server) as url:
        egress = Egress([url], clock=Clock(), on_result=lambda _: None)
        assert await egress.is_down() is False
        await egress.close()


@pytest.mark.parametrize(
    ("ca_files", "down"),
    [
        (("mine.pem",), False),
        (("other.pem", "mine.pem"), False),
        (("other.pem",), True),
        ((), True),
        (("gone.pem",), True),
    ],
)
async def test_an_egress_check_believes_the_authority_of_an_inspecting_proxy(
    ca_files: tuple[str, ...], *, down: bool, tmp_path: Path
) -> None:
    authorities = {name: trustme.CA() for name in ("mine.pem", "other.pem")}
    for name, authority in authorities.items():
        authority.cert_pem.write_to_path(tmp_path / name)
    async with a_server(hello, tls=a_server_context("127.0.0.1", ca=authorities["mine.pem"])) as url:
        files = [str(tmp_path / name) for name in ca_files]
        egress = Egress([url], clock=Clock(), on_result=lambda _: None, ca_files=files)
        assert await egress.is_down() is down
        await egress.close()


async def test_a_status_page_is_believed(server: ssl.SSLContext) -> None:
    async with a_server(hello, tls=server) as url:
        fetcher = PageFetcher()
        assert (await fetcher.fetch(url, media="json")).body == b"{}"
        await fetcher.close()
