"""The simulator as a command: its addresses, its certificate, its scenario, until it is stopped."""

import asyncio
import ssl
from pathlib import Path
from typing import Final

from aiprobe_simulator.scenario import load_scenario
from aiprobe_simulator.server import Simulator

DEFAULT_LISTEN: Final = "127.0.0.1:10530"


async def run(
    listen: str = DEFAULT_LISTEN,
    scenario: Path | None = None,
    *,
    tls_listen: str | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
) -> None:
    """Run a simulator until cancelled. Raises `ValueError` for a bad address or scenario, `OSError` for a taken port.

    `tls_listen` needs a certificate and its key as PEM files; an expired or self-signed one is as welcome as any.
    """
    host, port = address_of(listen)
    tls, tls_port = None, 0
    if tls_listen is not None:
        if tls_cert is None or tls_key is None:
            raise ValueError("a TLS address needs a certificate and a key")
        tls_host, tls_port = address_of(tls_listen)
        if tls_host != host:
            raise ValueError("the TLS address must be on the same host")
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(tls_cert, tls_key)
    played = load_scenario(scenario) if scenario is not None else None
    async with Simulator(host=host, port=port, scenario=played, tls=tls, tls_port=tls_port):
        await asyncio.Event().wait()


def address_of(listen: str) -> tuple[str, int]:
    """Return host and port of `host:port`, `:port` or `[v6]:port`. Raises `ValueError`; a missing host is loopback."""
    host, colon, port = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isdecimal() or int(port) > 65_535 or (":" in host and not bracketed):
        raise ValueError(f"{listen!r} is not an address; write host:port")
    return host.strip("[]") or "127.0.0.1", int(port)
