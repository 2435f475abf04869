"""The exporter as its operators meet it, in front of strangers: reloads, budgets, proxies, logs, echoed secrets."""

import asyncio
import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from aiprobe.core.clock import Clock
from aiprobe.core.money import Budget, utc_day
from aiprobe.core.redacted import redacted
from aiprobe.core.secret import Redactor, Secret
from aiprobe.journal.spend import FILE_NAME, SpendKeeper
from aiprobe.known import read_settings
from tests.contract.running import AT_NOON, noon, run, running, yaml_of
from tests.contract.strangers import Asked, Play, Visit, a_stranger, says, told_by
from tests.contract.strangers_say import CHAT, CHAT_USAGE, DONE, chat_chunk, events, head, reply

pytestmark = pytest.mark.slow

GOOD: Play = says(head(), lambda asked: events(CHAT, asked.answer))
LIST = {"object": "list", "data": [{"id": "m-1"}]}
PATIENCE_SECONDS = 10.0


def a_chat(name: str, **more: Any) -> dict[str, Any]:
    price = {"input_usd": 1, "output_usd": 2}
    return {"name": name, "provider": "openai", "model": "m-1", "probe": "chat", "price": price} | more


def write(directory: Path, url: str, *targets: dict[str, Any], **more: Any) -> Path:
    """Write a configuration of chat targets at `url`, with top-level keys in `more`."""
    config = {
        "vantage": "t",
        "defaults": {"interval": "1s", "timeouts": {"connect": 0.4, "first_token": 0.5, "stall": 0.4, "total": 0.7}},
        "egress": [],
        "journal": {"directory": str(directory / "data")},
        "providers": {"openai": {"base_url": f"{url}/v1", "api_key": "${TEST_KEY:-a-test-key-123}"}},
        "targets": list(targets) or [a_chat("gpt")],
    }
    path = directory / "aiprobe.yml"
    path.write_text(yaml_of(config | more), encoding="utf-8")
    return path


def values(page: str, name: str, **labels: str) -> list[float]:
    """Return every sample of a name that has these labels."""
    samples = [sample for family in parse_text(page) for sample in family.samples]
    return [sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items()]


# Reload.


def test_a_line_added_above_a_target_changes_nothing_about_it(tmp_path: Path) -> None:
    """A changed target starts anew: its failures in a row, its state and its patience would be gone mid-outage."""
    before = read_settings(write(tmp_path, "http://127.0.0.1:9", a_chat("old")), {}).targets
    after = read_settings(write(tmp_path, "http://127.0.0.1:9", a_chat("new"), a_chat("old")), {}).targets
    assert after[1] == before[0]


async def test_a_reload_keeps_what_the_stand_in_of_a_target_has_counted(tmp_path: Path) -> None:
    async with a_stranger(says(reply(200, LIST))) as stranger:
        config = write(tmp_path, stranger.url, budget={"usd_per_day": 50})
        (tmp_path / "data").mkdir()
        spent = {"day": utc_day(noon()), "ceiling_usd": 50.0}
        (tmp_path / "data" / FILE_NAME).write_text(json.dumps(spent))
        async with running(config, environ=AT_NOON) as process:
            page = await process.until(r'^aiprobe_results_total\{target="gpt:models".*outcome="ok".* [1-9]')
            async with process.session.post(f"{process.url}/-/reload") as answer:
                assert answer.status == 200
            reloaded = await process.metrics()
    labels = {"target": "gpt:models", "outcome": "ok"}
    old, new = (values(text, "aiprobe_results_total", **labels) for text in (page, reloaded))
    assert new >= old > [0]


@pytest.mark.slow
@pytest.mark.parametrize("rest", [b"", b"no database\n" * 100], ids=["emptied", "overwritten"])
async def test_a_journal_that_cannot_be_read_stops_neither_a_start_nor_a_reload(rest: bytes, tmp_path: Path) -> None:
    """What a full disk or a power cut leaves; an exporter that then will not start sees nothing at all."""
    async with a_stranger(GOOD) as stranger:
        config = write(tmp_path, stranger.url)
        async with running(config) as process:
            await process.until(r'^aiprobe_results_total\{.*outcome="ok".* [1-9]')
        spoiled = [path for path in (tmp_path / "data").iterdir() if path.suffix == ".sqlite"]
        for path in spoiled:
            path.write_bytes(rest)
        async with running(config) as process:
            await process.until(r'^aiprobe_results_total\{.*outcome="ok".* [1-9]')
            write(tmp_path, stranger.url, a_chat("gpt"), a_chat("new"))
            async with process.session.post(f"{process.url}/-/reload") as answer:
                assert (answer.status, await answer.text()) == (200, "The configuration was reloaded.\n")


# Money.


async def test_one_absurd_bill_does_not_blind_the_exporter_for_the_rest_of_the_day(tmp_path: Path) -> None:
    """A gateway that once counts a billion tokens for a question of thirty is broken; the service is not."""
    asked_often = asyncio.Event()
    chats = 0

    async def play(visit: Visit) -> None:
        nonlocal chats
        asked = await visit.asked()
        if asked.head.startswith("GET"):
            await visit.say(reply(200, LIST))
            return
        chats += 1
        usage = CHAT_USAGE | {"prompt_tokens": 999_999_999} if chats == 2 else CHAT_USAGE
        await visit.say(head(), chat_chunk({"content": asked.answer}), chat_chunk({}, "stop", usage=usage), DONE)
        if chats == 4:
            asked_often.set()

    async with (
        a_stranger(play) as stranger,
        running(write(tmp_path, stranger.url, budget={"usd_per_day": 50})) as process,
    ):
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asked_often.wait()
        except TimeoutError:
            spent = values(await process.metrics(), "aiprobe_budget_spent_usd")
            pytest.fail(f"only {chats} chat probes ran, and {spent} USD count as spent")


async def test_a_reservation_that_is_cancelled_gives_its_money_back(tmp_path: Path) -> None:
    """A reload stops a target anywhere, also while its reservation is being written down."""
    budget = Budget(usd_per_day=100.0)
    keeper = SpendKeeper(budget, tmp_path, clock=Clock())
    await keeper.open()
    for _ in range(3):
        reservation = asyncio.create_task(keeper.reserve(2.0))
        while not budget.reserved_usd and not reservation.done():
            await asyncio.sleep(0)
        reservation.cancel()
        try:
            await reservation
        except asyncio.CancelledError:
            pass
        else:
            keeper.settle(2.0, 0.0)
    assert budget.reserved_usd == 0


# Whose fault is it?


async def test_a_provider_that_hangs_behind_a_proxy_is_not_excused_by_checks_that_go_around_it(tmp_path: Path) -> None:
    """Where a proxy is the only way out, a direct check always fails, and would excuse every outage for ever."""

    async def proxy(visit: Visit) -> None:
        line = (await visit.reader.readuntil(b"\r\n\r\n")).decode()
        if "egress" in line.partition("\r\n")[0]:
            await visit.say(reply(204, ""))
        else:
            await visit.hang()

    async with a_stranger(proxy) as way_out:
        provider = {"base_url": "http://provider.test/v1", "api_key": "a-test-key-123", "proxy": way_out.url}
        config = write(tmp_path, "", providers={"openai": provider}, egress=["http://egress.invalid/check"])
        status, out, _ = await run("probe", "gpt", "--json", "--config.file", str(config), cwd=tmp_path)
    told = json.loads(out)
    assert (status, told["outcome"], told["verdict"]) == (1, "timeout_first_token", "bad")


# What is told.

KEY = "Zq7Hn4Xw9Lm2Vt5Rc8Bk3Yp6"
ECHOES = {
    "whole": KEY,
    "as a header": f"authorization: Bearer {KEY}",
    "in a URL": f"https://gateway.test/v1?key={KEY}&x=1",
    "in base64": base64.b64encode(KEY.encode()).decode(),
    "in lower case": KEY.lower(),
    "with its middle starred": f"Incorrect API key provided: {KEY[:8]}{'*' * 12}{KEY[-4:]}.",
    "its first half": f"no such key: {KEY[:12]}...",
    **{f"cut by our own limit of {limit}": f"{'x' * (limit - 15)} {KEY}" for limit in (100, 200, 500)},
}


@pytest.mark.parametrize("echo", ECHOES)
async def test_a_key_that_a_server_echoes_is_shown_in_no_spelling(echo: str) -> None:
    """Providers echo fragments (wire reference, section 0, rule 9); half a key is half of the work of guessing it."""
    said = ECHOES[echo]
    refusal = {"error": {"message": said, "type": said, "code": said}}
    answer = [chat_chunk({"content": said}, model=said, id=said), chat_chunk({}, "stop"), DONE]
    key = Secret(KEY)
    for play in (says(reply(401, refusal, None, f"x-request-id: {said}")), says(head(), *answer)):
        result, _ = await told_by(play, provider={"api_key": key})
        shown = repr(redacted(result, Redactor([key])))
        fragments = {KEY[at : at + 8] for at in range(len(KEY) - 7)} | {base64.b64encode(KEY.encode()).decode()[:16]}
        assert [fragment for fragment in fragments if fragment.lower() in shown.lower()] == []


async def test_every_line_of_a_json_log_is_json(tmp_path: Path) -> None:
    nasty = {"error": {"message": 'one\ntwo "three" \\ \u2028 \x1b[31m é 😀', "type": "a\nb"}}
    arguments = ("--log.format", "json", "--log.level", "debug")
    async with (
        a_stranger(says(reply(500, nasty))) as stranger,
        running(write(tmp_path, stranger.url), *arguments) as process,
    ):
        await process.until('outcome="server_error"')
        (tmp_path / "aiprobe.yml").write_text("nonsense: [")
        async with process.session.post(f"{process.url}/-/reload") as answer:
            assert answer.status == 500
    assert process.log
    assert [line for line in process.log if not line.startswith("{")] == []
    assert all(json.loads(line)["msg"] for line in process.log)


async def test_names_of_any_sort_survive_the_way_to_prometheus(tmp_path: Path) -> None:
    target = a_chat(
        'we"ird\\na/b?#{} é😀 =,', model='mo"d\\el', surface='S "q" \\', display_name='d"\\', labels={"a": '"\\'}
    )
    async with a_stranger(GOOD) as stranger:
        config = write(tmp_path, stranger.url, target, a_chat("plain"), vantage='v"\\é')
        config.write_text(json.dumps(json.loads(config.read_text()), ensure_ascii=False), encoding="utf-8")
        async with running(config) as process:
            await process.until(r"^aiprobe_success\{target=\"we.* 1$")
            page = await process.metrics()
            strict = await process.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
            shown = await process.get("/probe?target=we%22ird%5Cna%2Fb%3F%23%7B%7D%20%C3%A9%F0%9F%98%80%20%3D%2C")
    assert values(page, "aiprobe_success", target=target["name"], vantage='v"\\é', surface=target["surface"]) == [1]
    assert list(parse_openmetrics(strict))  # type: ignore[no-untyped-call]  # the library has no types here
    assert values(shown, "aiprobe_success", target=target["name"]) == [1]


async def test_init_without_a_usable_key_does_not_send_its_user_in_a_circle(tmp_path: Path) -> None:
    """`serve` refuses such a file and says that `init` writes one: so `init` must say what is missing."""
    _, out, err = await run("init", cwd=tmp_path)
    assert "Next: aiprobe serve" not in out + err
    assert re.search(r"key", out + err, re.IGNORECASE)


@pytest.mark.slow
async def test_a_storm_of_reloads_doubles_no_series_and_loses_no_count(tmp_path: Path) -> None:
    def slowly(asked: Asked) -> list[bytes]:
        return events(CHAT, *asked.answer)

    kept, changing = [a_chat(f"kept{n}") for n in range(5)], 0
    async with a_stranger(says(head(), slowly)) as stranger, running(write(tmp_path, stranger.url, *kept)) as process:
        before = await process.until(r'^aiprobe_results_total\{target="kept0".*outcome="ok".* [1-9]')
        for changing in range(15):
            others = [a_chat(f"other{n}", max_output_tokens=64 + changing) for n in range(changing % 4)]
            write(tmp_path, stranger.url, *others, *kept)
            scrape = asyncio.create_task(process.metrics())
            async with process.session.post(f"{process.url}/-/reload") as answer:
                assert answer.status == 200, "".join(process.log)
            names = [line.rpartition(" ")[0] for line in (await scrape).splitlines() if not line.startswith("#")]
            assert len(names) == len(set(names))
        write(tmp_path, stranger.url, *kept)
        async with process.session.post(f"{process.url}/-/reload") as answer:
            assert answer.status == 200
        after = await process.metrics()
    labels = {"target": "kept0", "outcome": "ok", "attempt": "scheduled"}
    assert values(after, "aiprobe_results_total", **labels) >= values(before, "aiprobe_results_total", **labels)
    assert 'target="other' not in after
    assert values(after, "aiprobe_results_total", outcome="cancelled", target="kept0") == []
