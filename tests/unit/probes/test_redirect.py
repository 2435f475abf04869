"""A question that is redirected within its origin is asked again, once; everywhere else it stays unanswered."""

import pytest

from aiprobe.core.model import Result
from aiprobe.probes.redirect import within_origin
from tests.contract.strangers import KEY, Asked, Stranger, Visit, a_stranger, a_target_at, probe
from tests.contract.strangers_say import CHAT, events, head, reply


async def asked_through(location: str, *, status: int = 307, times: int = 1) -> tuple[Result, Stranger]:
    """Answer the first `times` requests with a redirect to `location` (`{}` is the origin), and the next one well."""

    async def play(visit: Visit) -> None:
        asked = await visit.asked()
        if len(visit.stranger.requests) <= times:
            where = location.format(visit.stranger.url)
            await visit.say(reply(status, "moved", "text/plain", f"Location: {where}"))
        else:
            await visit.say(head(200), *events(CHAT, asked.answer))

    async with a_stranger(play) as stranger:
        return await probe(a_target_at(stranger.url)), stranger


def keys(request: Asked) -> int:
    return request.head.count(KEY)


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("location", ["/v1/chat/completions/", "{}/v2/chat?a=b", "?again=1", "completions/"])
async def test_a_redirect_within_the_origin_is_followed_once_and_timed(location: str, status: int) -> None:
    result, stranger = await asked_through(location, status=status)
    first, then = stranger.requests
    assert result.outcome.value == "ok", result.detail
    assert (first.body, keys(first)) == (then.body, keys(then))
    assert stranger.connections == 2
    assert result.connections_tried == 1, "no address was tried again"
    assert result.phases.keys() >= {"connect", "send", "first_byte"}
    assert sum(result.phases.values()) == pytest.approx(result.duration_seconds, abs=1e-6)
    assert result.time_to_first_token_seconds is not None
    assert result.time_to_first_token_seconds > result.phases["connect"]


async def test_a_second_redirect_is_the_answer() -> None:
    result, stranger = await asked_through("/again", times=2)
    assert len(stranger.requests) == 2
    assert result.outcome.value != "ok"
    assert "redirects to /again" in result.detail


@pytest.mark.parametrize(
    "location", ["http://127.0.0.2:{port}/", "http://localhost:{port}/v1", "https://127.0.0.1:{port}/"]
)
async def test_another_origin_gets_neither_the_question_nor_the_key(location: str) -> None:
    async with a_stranger(_count) as elsewhere:
        result, stranger = await asked_through(location.replace("{port}", str(elsewhere.port)))
        assert (elsewhere.connections, len(stranger.requests)) == (0, 1)
    assert result.outcome.value != "ok"


async def _count(visit: Visit) -> None:
    await visit.hang()


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_redirect_that_would_turn_the_question_into_a_get_is_not_followed(status: int) -> None:
    result, stranger = await asked_through("/there", status=status)
    assert len(stranger.requests) == 1
    assert result.outcome.value != "ok"


ELSEWHERE = ["", "//evil.test/", "https://api.test/x", "http://api.test:81/", "http://u:p@api.test/", "/a b",
             "http://api.test.evil/", "javascript:alert(1)", "http://[",
             "/\u00e9", "/\r\nx", "http://api.test:99999/"]  # fmt: skip


@pytest.mark.parametrize("location", ELSEWHERE)
def test_what_is_no_place_of_the_origin_is_not_followed(location: str) -> None:
    assert within_origin("http://api.test/v1/chat", location) is None


def test_the_default_port_is_the_same_origin() -> None:
    assert within_origin("http://api.test/v1", "http://API.test:80/v2?k=1#part") == "/v2?k=1"
