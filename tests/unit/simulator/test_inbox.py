"""The inbox of the demo: what Alertmanager sends to Slack, as a page."""

import json
from typing import Any

import aiohttp
import pytest

from aiprobe_simulator.inbox import MOST_BYTES, MOST_MESSAGES
from aiprobe_simulator.server import Simulator


def a_message(title: str = "openai: Outage", text: str = "Since Sun 03:07", **fields: Any) -> dict[str, Any]:
    return {"channel": "#pager", "attachments": [{"title": title, "text": text, "color": "danger"} | fields]}


async def send(url: str, body: bytes) -> int:
    async with aiohttp.ClientSession() as session, session.post(f"{url}/inbox", data=body) as reply:
        return reply.status


async def shown(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/inbox") as reply:
        assert (reply.status, reply.content_type) == (200, "text/html")
        return await reply.text()


async def test_a_page_is_shown_with_its_title_and_text_the_latest_first() -> None:
    async with Simulator() as simulator:
        for title in ("page one", "page two"):
            assert await send(simulator.url, json.dumps(a_message(title)).encode()) == 200
        page = await shown(simulator.url)
    assert page.index("page two") < page.index("page one")
    assert "2 message(s)" in page
    assert "Since Sun 03:07" in page


async def test_what_was_sent_is_text_and_no_markup() -> None:
    message = a_message("<script>a()</script>", "<img src=x>", color='"><b>')
    async with Simulator() as simulator:
        await send(simulator.url, json.dumps(message).encode())
        page = await shown(simulator.url)
    assert "<script" not in page
    assert "<img" not in page
    assert '"><b>' not in page


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"1", b'{"attachments": []}', b'{"attachments": [{"title": "a"}]}', b"[" * 50_000,
     json.dumps(a_message(text="x" * MOST_BYTES)).encode()],
    ids=["nothing", "half", "a list", "a number", "no attachment", "no text", "deep", "too long"],
)  # fmt: skip
async def test_what_is_no_message_is_refused(body: bytes) -> None:
    async with Simulator() as simulator:
        assert await send(simulator.url, body) == 400
        assert "0 message(s)" in await shown(simulator.url)


async def test_the_inbox_keeps_the_latest_messages() -> None:
    async with Simulator() as simulator:
        for number in range(MOST_MESSAGES + 1):
            await send(simulator.url, json.dumps(a_message(f"number-{number}-")).encode())
        page = await shown(simulator.url)
    assert f"{MOST_MESSAGES} message(s)" in page
    assert "number-0-" not in page
    assert f"number-{MOST_MESSAGES}-" in page
