"""Users of a product: each asks through HAProxy, and an answer that is not whole is a failure."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import aiohttp

_HEADERS: Final = {"Authorization": "Bearer a-test-key-123"}
_BODY: Final = {"model": "gpt-4.1-nano", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: when it began on the monotonic clock, and whether the answer was whole."""

    began: float
    whole: bool


async def ask_for(session: aiohttp.ClientSession, port: int, *, seconds: float, every: float) -> list[Asked]:
    """Ask again and again, a request each `every` seconds whatever the others do, and return all of them."""
    end, tasks = time.monotonic() + seconds, []
    due = time.monotonic()
    while due < end:
        await asyncio.sleep(due - time.monotonic())
        tasks.append(asyncio.create_task(ask(session, port)))
        due += every
    return list(await asyncio.gather(*tasks))


async def ask(session: aiohttp.ClientSession, port: int) -> Asked:
    """Ask once, as a product does: over a stream, with some patience, without a second try."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            url, headers = (
                f"http://127.0.0.1:{port}/openai/v1/chat/completions",
                {"Authorization": "Bearer a-test-key-123"},
            )
            async with session.post(url, json=_BODY, headers=headers) as reply:
                text = await reply.text()
                whole = (
                    reply.status == 200
                    and "data: [DONE]" in text
                    and '"error"' not in text
                    and '"content":"' in text.replace(" ", "")
                )
    except (aiohttp.ClientError, TimeoutError):
        whole = False
    return Asked(began, whole)
