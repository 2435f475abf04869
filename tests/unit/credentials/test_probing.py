"""Probes with a credential that changes: renewed while they run, never on their clock, and signed as botocore would."""

import asyncio
import hashlib
import hmac
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web

from aiprobe.core.clock import Clock
from aiprobe.core.credential import Asked, CredentialSource
from aiprobe.core.model import Auth, Result, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Redactor
from aiprobe.credentials.vault import Vault
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport
from aiprobe_simulator import Pace, Simulator
from tests.builders import a_provider, a_target
from tests.clock import ManualClock
from tests.unit.credentials.builders import until

FAST = Pace(first_token_seconds=0.0, jitter_seconds=0.0, gap_seconds=0.0)


@dataclass
class Gate:
    """A service that lists its models to whoever has a good token."""

    is_good: Callable[[str], bool] = bool
    seen: list[str] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.seen.append(sent)
        if not self.is_good(sent):
            return web.json_response({"error": {"message": f"{sent} is expired", "code": "invalid_token"}}, status=401)
        return web.json_response({"data": [{"id": "m"}]})


@asynccontextmanager
async def a_gate() -> AsyncIterator[Gate]:
    gate = Gate()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", gate.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    gate.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield gate
    finally:
        await runner.cleanup()


@asynccontextmanager
async def tools(clock: Clock | None = None) -> AsyncIterator[Tools]:
    clock = clock or Clock()
    vault = Vault(clock=clock, redactor=Redactor())
    transport = Transport(clock=Clock())
    try:
        yield Tools(transport=transport, clock=Clock(), credentials=vault)
    finally:
        await vault.close()
        await transport.close()


def a_models_target(url: str, source: CredentialSource, **provider: Any) -> Target:
    account = a_provider(base_url=url, api_key=None, credential=source, **provider)
    return a_target(provider=account, probe="models")


def vault_of(lent: Tools) -> Vault:
    assert isinstance(lent.credentials, Vault)
    return lent.credentials


async def test_a_token_that_expires_mid_run_costs_no_failed_probe(tmp_path: Path) -> None:
    """Every token is good for 90 seconds, and the identity service hands out a new one whenever it is asked."""
    source, manual = tmp_path / "token", ManualClock()
    async with a_gate() as gate, tools(manual.clock) as lent:
        gate.is_good = lambda token: manual.now < float(token.partition("-")[2])

        def hand_out(moment: float) -> None:
            token = {"access_token": f"until-{moment + 90}", "expires_on": manual.epoch + moment + 90}
            source.write_text(json.dumps(token))

        hand_out(0)
        code = f"print(open({str(source)!r}).read())"
        command = CredentialSource(kind="command", command=(sys.executable, "-c", code))
        probe = PROBES["models"](a_models_target(gate.url, command), lent)
        outcomes = [(await probe.run()).outcome]
        for moment in range(10, 610, 10):
            hand_out(moment)
            await manual.advance(10)
            await settled(lent)
            outcomes.append((await probe.run()).outcome)
        assert not gate.is_good(gate.seen[0])
    assert outcomes == [Outcome.OK] * 61
    assert len(set(gate.seen)) == 11  # one at the start, and one each minute


async def settled(lent: Tools) -> None:
    """Wait until no credential is being fetched."""
    (keeper,) = vault_of(lent)._keepers.values()
    await until(keeper._settled.is_set)


async def test_a_refused_token_is_fetched_anew_for_the_next_probe(tmp_path: Path) -> None:
    manual = ManualClock()
    token = tmp_path / "token"
    token.write_text("old-token")
    async with a_gate() as gate, tools(manual.clock) as lent:
        gate.is_good = "old-token".__eq__
        source = CredentialSource(kind="file", file=str(token), lifetime_seconds=3600)
        probe = PROBES["models"](a_models_target(gate.url, source), lent)
        assert (await probe.run()).outcome is Outcome.OK
        await manual.advance(60)
        gate.is_good = "new".__eq__
        token.write_text("new")
        refused = await probe.run()
        await manual.advance(0)
        await settled(lent)
        again = await probe.run()
    assert (refused.outcome, again.outcome) == (Outcome.AUTH, Outcome.OK)
    assert "old-token" in refused.detail
    assert "old-token" not in vault_of(lent)._redactor(refused.detail)


async def test_what_a_token_takes_to_come_is_not_on_the_probes_clock(tmp_path: Path) -> None:
    """The command waits for a file that appears only after the probe was asked to run."""
    go = tmp_path / "go"
    waits = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nprint('t')"
    async with a_gate() as gate, tools() as lent:
        gate.is_good = "t".__eq__
        source = CredentialSource(kind="command", command=(sys.executable, "-c", waits))
        probe = PROBES["models"](a_models_target(gate.url, source), lent)
        asked_at = lent.clock.monotonic()
        running = await started(probe)
        assert gate.seen == []
        go.write_text("")
        result: Result = await running
        came_at = lent.clock.monotonic()
    assert result.outcome is Outcome.OK
    assert result.duration_seconds < came_at - asked_at
    assert sum(result.phases.values()) <= result.duration_seconds


async def started(probe: Any) -> Any:
    task = asyncio.ensure_future(probe.run())
    for _ in range(5):
        await asyncio.sleep(0)
    return task


async def test_without_a_credential_nothing_is_sent_and_the_outcome_is_ours_to_mend() -> None:
    async with a_gate() as gate, tools() as lent:
        source = CredentialSource(kind="command", command=("/no/such/program",))
        target = a_models_target(gate.url, source)
        results = [await PROBES[kind](replaced(target, kind), lent).run() for kind in ("models", "chat", "embeddings")]
        assert gate.seen == []
    assert {result.outcome for result in results} == {Outcome.AUTH}
    assert all(result.detail == "no credential: program cannot be run: no such file or directory" for result in results)
    assert all(result.http_status is None and not result.phases for result in results)


def replaced(target: Target, kind: str) -> Target:
    protocol = "openai-embeddings" if kind == "embeddings" else "openai-chat"
    return replace(target, kind=PROBES[kind].kind, provider=replace(target.provider, protocol=protocol))


async def test_equal_sources_share_one_credential_and_a_reload_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    source = CredentialSource(kind="file", file=str(tmp_path / "token"))
    async with tools() as lent:
        vault = vault_of(lent)
        one = a_provider(key="one", api_key=None, credential=source)
        two = a_provider(key="two", api_key=None, credential=source, auth=Auth(header="api-key", prefix=""))
        vault.of(one)
        vault.of(two)
        (keeper,) = vault._keepers.values()
        await vault.keep_only([two])
        assert list(vault._keepers.values()) == [keeper]
        await vault.keep_only([a_provider()])
        assert vault._keepers == {}


async def test_a_probe_of_such_a_provider_needs_a_vault() -> None:
    transport = Transport(clock=Clock())
    target = a_models_target("http://127.0.0.1:9", CredentialSource(kind="aws", region="r", service="s"))
    with pytest.raises(ValueError, match="no credential keeper for"):
        PROBES["models"](target, Tools(transport=transport, clock=Clock()))
    await transport.close()


async def test_a_provider_whose_key_stays_has_no_source() -> None:
    with pytest.raises(ValueError, match="has a fixed key"):
        Vault(clock=Clock(), redactor=Redactor()).of(a_provider())


async def test_a_signed_chat_is_answered_and_its_session_token_is_taken_out_of_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "ACCESS_KEY_ID": "AKIDPROBE",
        "SECRET_ACCESS_KEY": "s3cr3t-key",
        "SESSION_TOKEN": "s3ss10n",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    source = CredentialSource(kind="aws", region="us-east-1", service="bedrock")
    async with Simulator(pace=FAST) as simulator, tools() as lent:
        provider = a_provider(
            protocol="bedrock-converse", base_url=f"{simulator.url}/bedrock", api_key=None, credential=source
        )
        target = a_target(provider=provider, model="eu.amazon.nova-micro-v1:0")
        results = [await PROBES["chat"](target, lent).run() for _ in range(2)]
        listed = await PROBES["models"](target, lent).run()
        redacted = vault_of(lent)._redactor("s3ss10n and s3cr3t-key")
    assert [result.outcome for result in (*results, listed)] == [Outcome.OK] * 3
    assert results[0].output_tokens is not None
    assert results[0].server_seconds is not None
    assert redacted == "*** and ***"


@pytest.mark.parametrize("kind", ["chat", "models"])
async def test_the_signature_that_arrives_is_of_the_request_that_arrives(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """What was sent is signed once more, by botocore, from what the server saw."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDPROBE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t-key")
    seen: list[tuple[str, str, Mapping[str, str], bytes]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.method, str(request.rel_url.raw_path_qs), _lower(request), await request.read()))
        return web.json_response({"modelSummaries": [{}]})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with tools() as lent:
            source = CredentialSource(kind="aws", region="us-east-1", service="bedrock")
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            provider = a_provider(protocol="bedrock-converse", base_url=url, api_key=None, credential=source)
            await PROBES[kind](a_target(provider=provider, model="a.b-v1:0", probe=kind), lent).run()
    finally:
        await runner.cleanup()
    ((method, path, headers, body),) = seen
    assert signature_of(method, path, headers, body) == headers["authorization"].rpartition("Signature=")[2]


def _lower(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def signature_of(method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    """Sign by hand, as RFC-like text in AWS' reference has it: no library of theirs or ours."""
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    canonical_headers = "".join(f"{name}:{headers[name].strip()}\n" for name in names.split(";"))
    canonical = "\n".join(
        [method, quote(path, safe="/~"), "", canonical_headers, names, hashlib.sha256(body).hexdigest()]
    )
    moment = headers["x-amz-date"]
    scope = f"{moment[:8]}/us-east-1/bedrock/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4s3cr3t-key"
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


async def test_sources_that_a_reload_took_away_are_forgotten_but_for_the_last_eight(tmp_path: Path) -> None:
    redactor = Redactor()
    vault = Vault(clock=Clock(), redactor=redactor)
    for number in range(12):
        (tmp_path / f"{number}").write_text(f"token-number-{number:04}-{number:04}")
        provider = a_provider(api_key=None, credential=CredentialSource(kind="file", file=str(tmp_path / f"{number}")))
        await vault.of(provider).headers(Asked(method="GET", url="http://x/", content_type="", body=b""))
        await vault.keep_only(())
    await vault.close()
    shown = [redactor(f"{number:04}-{number:04}!") for number in range(12)]
    assert shown == [f"{number:04}-{number:04}!" for number in range(4)] + ["***!"] * 8
