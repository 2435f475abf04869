import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.model import Attempt
from aiprobe.core.outcomes import Outcome
from aiprobe.core.rows import ComponentRow, PageRow
from aiprobe.core.tracked import Tracked, concluded
from aiprobe.web.healthkeeper import HealthKeeper
from tests.builders import a_provider, a_result, a_target
from tests.clock import ManualClock
from tests.unit.web.builders import FakePages, Shown, World, a_server
from tests.unit.web.test_security import HASH, a_web_config

DOWN = [Outcome.OVERLOADED] * 4
FLAKY = [Outcome.OK, Outcome.OVERLOADED, Outcome.OK, Outcome.OVERLOADED, Outcome.OK]
UP = [Outcome.OK] * 3
PAGE = PageRow(
    key="openai",
    display_name="OpenAI",
    up=True,
    components=[ComponentRow(surface="OpenAI API", word="under_maintenance", state=0)],
)


def a_record(clock: Clock, outcomes: Sequence[Outcome], **changes: Any) -> Tracked:
    """Return the record of a target after one probe a minute, the last of which ended now."""
    record = Tracked(a_target(**changes))
    epoch = clock.wall() - clock.monotonic()
    for number, outcome in enumerate(outcomes):
        started = clock.monotonic() - 60.0 * (len(outcomes) - 1 - number)
        result = a_result(outcome, started_timestamp_seconds=epoch + started, duration_seconds=0.0)
        alone = concluded(record.target, result, attempt=Attempt.SCHEDULED, egress_down=False)
        record.note(record.judged(alone, started=started, epoch=epoch), started)
    return record


def some_health(clock: Clock, *records: Tracked, **groups: Sequence[str]) -> HealthKeeper:
    keeper = HealthKeeper({one.target.name: one for one in records}, FakePages([PAGE]), clock=clock)
    keeper.prepare(groups)()
    return keeper


def a_world(clock: Clock) -> Shown:
    """Return two targets of one surface, the second of which fails, one of another provider, and one never asked."""
    other = a_provider(key="team-b", name="anthropic")
    records = (
        a_record(clock, UP, name="up"),
        a_record(clock, DOWN, name="down"),
        a_record(clock, FLAKY, name="flaky", provider=other, surface="Claude API"),
        a_record(clock, [], name="new", provider=a_provider(key="lab", name="lab"), surface="A/B api"),
    )
    groups = {"any": ["down", "flaky", "up", "new"], "dark": ["new"], "lost": ["down"], "half": ["down", "new"]}
    return Shown(health=some_health(clock, *records, **groups))


async def ask(path: str) -> tuple[int, dict[str, Any]]:
    clock = ManualClock(1000.0).clock
    async with a_server(shown=a_world(clock), clock=clock) as world:
        reply = await world.get(path)
        assert reply.headers["Content-Type"] == "application/health+json"
    return reply.status, json.loads(reply.text)


@pytest.mark.parametrize(
    ("path", "status", "said", "state"),
    [
        ("target/up", 200, "pass", "operational"),
        ("target/flaky", 200, "warn", "degraded"),
        ("target/flaky?at_least=degraded", 200, "warn", "degraded"),
        ("target/flaky?at_least=operational", 503, "fail", "degraded"),
        ("target/down", 503, "fail", "major_outage"),
        ("target/down?at_least=partial_outage", 503, "fail", "major_outage"),
        ("target/down?unknown=pass", 503, "fail", "major_outage"),
        ("target/new", 503, "fail", "not_probed"),
        ("target/new?unknown=fail", 503, "fail", "not_probed"),
        ("target/new?unknown=pass", 200, "pass", "not_probed"),
        ("provider/openai", 503, "fail", "partial_outage"),
        ("provider/openai?at_least=partial_outage", 200, "warn", "partial_outage"),
        ("provider/anthropic", 200, "warn", "degraded"),
        ("provider/team-b", 200, "warn", "degraded"),
        ("surface/openai/OpenAI%20API", 503, "fail", "partial_outage"),
        ("surface/lab/A%2FB%20api?unknown=pass", 200, "pass", "not_probed"),
        ("group/any", 200, "pass", "operational"),
        ("group/lost", 503, "fail", "major_outage"),
        ("group/dark", 503, "fail", "not_probed"),
        ("group/dark?unknown=pass", 200, "pass", "not_probed"),
        ("group/half?unknown=pass", 200, "pass", "major_outage"),
        ("group/half", 503, "fail", "major_outage"),
    ],
)
async def test_the_status_is_that_of_the_state_and_of_what_the_query_counts(
    path: str, status: int, said: str, state: str
) -> None:
    found, document = await ask(f"/health/{path}")
    assert (found, document["status"], document["state"]) == (status, said, state)
    assert document["serviceId"] == path.partition("?")[0].replace("%20", " ").replace("%2F", "/")


async def test_a_group_lists_the_members_that_can_be_used_best_first() -> None:
    assert (await ask("/health/group/any"))[1]["usable"] == ["up", "flaky"]
    assert (await ask("/health/group/any?unknown=pass"))[1]["usable"] == ["up", "flaky", "new"]
    assert (await ask("/health/group/any?at_least=operational"))[1]["usable"] == ["up"]
    assert (await ask("/health/group/lost"))[1]["usable"] == []


async def test_a_document_has_since_when_the_outcome_the_page_and_the_next_check() -> None:
    clock = ManualClock(1000.0).clock
    async with a_server(shown=a_world(clock), clock=clock) as world:
        down = json.loads((await world.get("/health/target/down")).text)
        up = json.loads((await world.get("/health/target/up")).text)
        new = json.loads((await world.get("/health/target/new")).text)
    assert (down["outcome"], down["declared"]) == ("overloaded", "under_maintenance")
    assert down["since_timestamp_seconds"] == clock.wall() - 180
    assert up["since_timestamp_seconds"] == clock.wall() - 120
    assert all(0 <= one["next_check_timestamp_seconds"] - clock.wall() <= 60 for one in (down, up, new))
    assert (new["outcome"], new["since_timestamp_seconds"], new["declared"]) == (None, None, None)


async def test_the_members_of_several_are_checks_of_their_own() -> None:
    checks = (await ask("/health/surface/openai/OpenAI%20API"))[1]["checks"]
    assert {name: one["status"] for name, (one,) in checks.items()} == {"up": "pass", "down": "fail"}


async def test_a_target_that_is_silent_is_unknown_whatever_it_was() -> None:
    manual = ManualClock(1000.0)
    shown = a_world(manual.clock)
    await manual.advance(181)
    async with a_server(shown=shown, clock=manual.clock) as world:
        for name in ("up", "down"):
            assert json.loads((await world.get(f"/health/target/{name}")).text)["state"] == "not_probed"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("target/nobody", 404), ("group/nobody", 404), ("provider/nobody", 404), ("surface/openai/nobody", 404),
        ("surface/nobody/OpenAI%20API", 404), ("planet/up", 404), ("target", 404), ("target/", 404), ("", 404),
        ("target/up/more", 404), ("target/http:%2F%2Fevil.example%2F", 404),
        ("target/up?unknown=maybe", 400), ("target/up?unknown=", 400), ("target/up?unknown=warn", 400),
        ("target/up?at_least=major_outage", 400), ("target/up?at_least=DEGRADED", 400),
        ("target/up?atleast=degraded", 400),
        ("target/up?unknown=pass&unknown=fail", 400),
    ],
)  # fmt: skip
async def test_what_cannot_be_answered_is_neither_pass_nor_fail(path: str, status: int) -> None:
    clock = ManualClock(1000.0).clock
    async with a_server(shown=a_world(clock), clock=clock) as world:
        reply = await world.get(f"/health/{path}")
    assert (reply.status, reply.headers["Content-Type"]) == (status, "text/plain; charset=utf-8")


async def raw(world: World, text: str) -> bytes:
    """Return what the server sends for the bytes of a request, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(text.encode())
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_the_status_line_has_the_words_of_an_haproxy_agent() -> None:
    clock = ManualClock(1000.0).clock
    async with a_server(shown=a_world(clock), clock=clock) as world:
        up = await raw(world, "GET /health/target/up HTTP/1.0\r\n\r\n")
        down = await raw(world, "GET /health/target/down HTTP/1.0\r\n\r\n")
        missing = await raw(world, "GET /health/target/nobody HTTP/1.0\r\n\r\n")
    assert up.startswith(b"HTTP/1.0 200 up\r\n")
    assert down.startswith(b"HTTP/1.0 503 down\r\n")
    assert not {b"up", b"down"} & set(missing.splitlines()[0].lower().split())


async def test_head_has_the_status_and_headers_of_get_and_no_body() -> None:
    clock = ManualClock(1000.0).clock
    async with a_server(shown=a_world(clock), clock=clock) as world:
        for name in ("up", "down"):
            get = await world.get(f"/health/target/{name}")
            head = await world.ask("HEAD", f"/health/target/{name}")
            assert (head.status, head.headers["Etag"], head.body) == (get.status, get.headers["Etag"], b"")


async def test_an_unchanged_document_that_passes_is_not_sent_again() -> None:
    clock = ManualClock(1000.0).clock
    async with a_server(shown=a_world(clock), clock=clock) as world:
        first = await world.get("/health/target/up")
        again = await world.get("/health/target/up", headers={"If-None-Match": f'W/{first.headers["Etag"]}, "other"'})
        other = await world.get("/health/target/up", headers={"If-None-Match": '"other"'})
        failing = await world.get("/health/target/down", headers={"If-None-Match": "*"})
    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status, again.body, again.headers["Etag"]) == (304, b"", first.headers["Etag"])
    assert (other.status, failing.status) == (200, 503)


async def test_health_documents_need_no_sign_in_and_nothing_else_is_open(tmp_path: Path) -> None:
    clock = ManualClock(1000.0).clock
    file = a_web_config(tmp_path, f"basic_auth_users:\n  alice: {HASH}\n")
    async with a_server(shown=a_world(clock), clock=clock, config_file=file) as world:
        assert (await world.get("/health/target/up")).status == 200
        assert (await world.get("/health/target/down")).status == 503
        for path in ("/", "/health", "/metrics", "/api/v1/targets", "/Health/target/up"):
            assert (await world.get(path)).status == 401
        for path in (
            "/health/../metrics",
            "/health/target/../../metrics",
            "/health/%2e%2e/metrics",
            "//health/target/up",
        ):
            head = (await raw(world, f"GET {path} HTTP/1.0\r\n\r\n")).splitlines()[0]
            assert head.split()[1] in {b"401", b"404"}, path
        assert (await world.get("/health/target/up", headers={"Host": "evil.example"})).status == 403
        assert (await world.ask("POST", "/health/target/up")).status in {401, 405}
