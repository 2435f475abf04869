"""Every fault of the table, on the wire of every protocol: the bytes that come are those of the outcome it promises."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from aiprobe_simulator import FAULTS, KINDS, Simulator
from aiprobe_simulator.breaks import BREAKS
from aiprobe_simulator.changes import CHANGES
from aiprobe_simulator.faults import statuses
from aiprobe_simulator.pages import CANNED
from aiprobe_simulator.takes import TAKES
from tests.unit.simulator.builders import CHATS, LINE, a_call, a_simulator, ask, ask_until
from tests.unit.simulator.truthful import outcome_of

pytestmark = pytest.mark.slow

OUTCOMES = {
    *(
        "ok",
        "overloaded",
        "server_error",
        "error_in_body",
        "truncated",
        "disconnected",
        "stalled",
        "malformed",
        "empty",
    ),
    *("wrong_answer", "timeout_first_token", "timeout_total", "rate_limited", "auth", "quota_exhausted", "challenged"),
    *("not_found", "bad_request", "content_filtered", "starved"),
}
ENDLESS = frozenset({"hang_before_headers", "stall_before_first_token", "stall", "keepalives_only", "endless"})
SMALL = {"bytes": 1 << 20}
AT_ONCE = {"delay_seconds": 0.0}


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with a_simulator() as simulator:
        yield simulator


def cells() -> list[tuple[str, str, bool]]:
    """Every (fault, asked, stream) in which a reply comes to an end."""
    return [
        (name, asked, stream)
        for name, fault in FAULTS.items()
        for asked, kind in KINDS.items()
        for stream in ((True, False) if kind == "chat" else (False,))
        if asked != "realtime"  # a socket that stays open is no reply that ends: test_cloud_sdks.py
        and name not in ENDLESS
        and fault.expected(asked, stream=stream) is not None
    ]


def test_every_fault_has_a_sentence_and_an_outcome_of_the_closed_set() -> None:
    for name, fault in FAULTS.items():
        assert fault.name == name
        assert fault.about.endswith("."), name
        assert {fault.outcome, fault.whole or "ok", *fault.outcomes.values()} <= OUTCOMES, name
        assert set(fault.outcomes) <= set(KINDS), name


def test_every_fault_has_an_actor_of_its_stage() -> None:
    by_stage = {
        stage: {name for name, fault in FAULTS.items() if fault.stage == stage}
        for stage in ("break", "answer", "stream")
    }
    assert by_stage == {"break": set(BREAKS), "answer": set(CHANGES), "stream": set(TAKES)}
    pages = {name for name, fault in FAULTS.items() if fault.stage == "page"}
    assert pages == {*CANNED, "redirect_loop", "redirect_elsewhere", "error_200"}
    assert all(FAULTS[name].trouble is not None for name in statuses())


def test_a_fault_that_cannot_happen_is_expected_nowhere() -> None:
    assert FAULTS["slow_stream"].expected("models") is None
    assert FAULTS["oversize_event"].expected("gemini", stream=False) is None
    assert FAULTS["truncated"].expected("gemini", stream=True) == "truncated"
    assert FAULTS["truncated"].expected("gemini", stream=False) == "malformed"
    assert FAULTS["unauthorized_401"].expected("web") == "server_error"


@pytest.mark.parametrize(("name", "asked", "stream"), cells())
async def test_the_wire_shows_the_outcome_that_the_table_promises(
    sim: Simulator, name: str, asked: str, *, stream: bool
) -> None:
    fault = FAULTS[name]
    small = {key: value for key, value in (SMALL | AT_ONCE | {"gap_seconds": 0.0}).items() if key in fault.params}
    sim.set(fault=name, params=small)
    request = a_call(asked, stream=stream)
    reply = await ask(sim.url, request)
    if name == "redirect_elsewhere":  # what it leads to is another request's story
        assert reply.headers["location"].startswith("http://localhost:")
        return
    expected = fault.expected(asked, stream=stream)
    got = outcome_of(asked, reply, stream=stream)
    if asked in {"web", "egress"} and fault.stage == "status" and fault.outcome in {"quota_exhausted", "overloaded"}:
        # A page without a protocol says it in OpenAI's words; for those a prober of pages looks at the status alone.
        assert reply.status == statuses()[name]
        return
    assert got == expected


@pytest.mark.parametrize(("name", "status"), sorted(statuses().items()))
async def test_a_status_fault_answers_with_its_status_and_the_protocols_own_error(
    sim: Simulator, name: str, status: int
) -> None:
    sim.set(fault=name)
    for asked in CHATS:
        reply = await ask(sim.url, a_call(asked))
        wanted = 400 if (name, asked) == ("bad_key", "gemini") else status
        assert reply.status == wanted
        assert reply.json["error"]["message"]
        retry_after = FAULTS[name].params.get("retry_after_seconds")
        assert reply.headers.get("retry-after") == (None if retry_after is None else str(retry_after))


@pytest.mark.parametrize("asked", CHATS)
async def test_a_stall_sends_half_the_tokens_and_then_nothing_until_the_end(asked: str) -> None:
    sim = a_simulator()
    await sim.start()
    sim.set(fault="stall")
    before, after = await ask_until(sim.url, a_call(asked), b"fan ", then=sim.close)
    assert b"bada" in before
    assert b"END1" not in after
    assert b"0\r\n\r\n" not in after


@pytest.mark.parametrize(
    ("asked", "opening"), [("anthropic-messages", b"ping"), ("openai-chat", b"assistant"), ("gemini", b"\r\n\r\n")]
)
async def test_a_stall_before_the_first_token_sends_the_opening_only(asked: str, opening: bytes) -> None:
    sim = a_simulator()
    await sim.start()
    sim.set(fault="stall_before_first_token")
    before, after = await ask_until(sim.url, a_call(asked), opening, then=sim.close)
    assert before.startswith(b"HTTP/1.1 200 OK")
    assert b"bada" not in before + after
    assert not sim.first_token_sent


async def test_a_hang_sends_nothing_at_all() -> None:
    sim = a_simulator()
    await sim.start()
    sim.set(fault="hang_before_headers", count=1)

    async def served_another_then_closed() -> None:
        assert (await ask(sim.url, a_call("anthropic-messages"))).status == 200
        await sim.close()

    # The hanging request is first: it is on its connection before the other one is even opened.
    assert await ask_until(sim.url, a_call("gemini"), b"", then=served_another_then_closed) == (b"", b"")


@pytest.mark.parametrize(("name", "mark"), [("endless", b"fan "), ("keepalives_only", b": keep-alive\n\n")])
async def test_an_endless_stream_goes_on_until_the_client_leaves(sim: Simulator, name: str, mark: bytes) -> None:
    sim.set(fault=name, params={"gap_seconds": 0.0})
    reply = await ask(sim.url, a_call("openai-chat"), most_bytes=50_000)
    assert reply.body.count(mark) > 50
    assert not reply.complete


@pytest.mark.parametrize("asked", [*CHATS, "openai-embeddings"])
async def test_an_endless_whole_reply_is_never_whole(sim: Simulator, asked: str) -> None:
    sim.set(fault="endless", params={"gap_seconds": 0.0})
    reply = await ask(sim.url, a_call(asked, stream=False), most_bytes=5_000)
    assert reply.body.count(b"0") > 500
    assert not reply.complete


async def test_cut_and_reset_end_the_connection_in_different_ways(sim: Simulator) -> None:
    sim.set(fault="cut", count=1)
    cut = await ask(sim.url, a_call("anthropic-messages"))
    sim.set(fault="reset", count=1)
    broken = await ask(sim.url, a_call("anthropic-messages"))
    assert (cut.reset, cut.complete, broken.reset, broken.complete) == (False, False, True, False)
    assert b"fan " in cut.body


async def test_closed_and_reset_before_the_reply_leave_no_byte(sim: Simulator) -> None:
    sim.set(fault="close_before_reply", count=1)
    closed = await ask(sim.url, a_call("gemini"))
    sim.set(fault="reset_before_reply", count=1)
    broken = await ask(sim.url, a_call("gemini"))
    assert (closed.raw, closed.reset, broken.raw, broken.reset) == (b"", False, b"", True)


@pytest.mark.parametrize("asked", CHATS)
async def test_a_fabricated_finish_is_clean_in_everything_but_its_text(sim: Simulator, asked: str) -> None:
    right = await ask(sim.url, a_call(asked))
    sim.set(fault="fabricated_finish")
    cut = await ask(sim.url, a_call(asked))
    assert cut.complete
    assert cut.events[-1][0] == right.events[-1][0]
    assert b"END1" not in cut.body


async def test_a_cached_answer_is_the_one_to_the_question_before(sim: Simulator) -> None:
    await ask(sim.url, a_call("openai-chat", stream=False, prompt="Repeat:\nzulu END1"))
    sim.set(fault="cached_answer")
    reply = await ask(sim.url, a_call("openai-chat", stream=False, prompt="Repeat:\nyankee END2"))
    assert reply.json["choices"][0]["message"]["content"] == "zulu END1"


async def test_reasoning_comes_before_the_text_and_is_billed(sim: Simulator) -> None:
    sim.set(fault="reasoning")
    reply = await ask(sim.url, a_call("openai-chat"))
    assert reply.body.index(b"reasoning_content") < reply.body.index(b'"content":"bada"')
    assert b'"reasoning_tokens":12' in reply.body


@pytest.mark.parametrize("asked", CHATS)
async def test_hidden_reasoning_that_starves_the_answer_is_billed_to_the_cap_and_not_shown(
    sim: Simulator, asked: str
) -> None:
    sim.set(fault="starved")
    reply = await ask(sim.url, a_call(asked, cap=20))
    assert b"Let " not in reply.body
    assert b":20" in reply.body


async def test_a_wrong_answer_keeps_its_last_word(sim: Simulator) -> None:
    sim.set(fault="wrong_answer")
    reply = await ask(sim.url, a_call("openai-chat", stream=False))
    said = reply.json["choices"][0]["message"]["content"]
    assert said.split()[-1] == LINE.split()[-1]
    assert said.split()[0] != LINE.split()[0]


async def test_a_wrong_answer_can_be_put_into_words(sim: Simulator) -> None:
    sim.set(fault="wrong_answer", params={"text": "No."})
    reply = await ask(sim.url, a_call("anthropic-messages", stream=False))
    assert reply.json["content"][0]["text"] == "No."


async def test_a_rate_limit_says_that_nothing_remains(sim: Simulator) -> None:
    sim.set(fault="rate_limited_429")
    anthropic, openai = await asyncio.gather(
        *(ask(sim.url, a_call(asked)) for asked in ("anthropic-messages", "openai-chat"))
    )
    assert anthropic.headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert openai.headers["x-ratelimit-remaining-requests"] == "0"


async def test_a_retry_after_comes_with_a_right_reply(sim: Simulator) -> None:
    sim.set(fault="retry_after_200")
    reply = await ask(sim.url, a_call("anthropic-messages"))
    assert (reply.status, reply.headers["retry-after"]) == (200, "36")
