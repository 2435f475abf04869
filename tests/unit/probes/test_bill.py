"""What of a stranger's token counts is a bill."""

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.model import Price
from aiprobe.core.money import charged_usd
from aiprobe.probes.base import Tools
from aiprobe.probes.bill import believed, is_capped
from aiprobe.probes.chat import ChatProbe
from aiprobe.probes.record import RecordingSink
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Usage
from aiprobe.transport.transport import Exchange, Sink
from tests.builders import a_target
from tests.unit.protocols.builders import a_provider
from tests.unit.protocols.replies.playing import LINE, chunk, frames

MOST = (80, 64)
Counts = tuple[int | None, int | None, int | None, int | None]


def counts(usage: Usage) -> Counts:
    return usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.cached_input_tokens


def a_usage(told: Counts) -> Usage:
    return Usage(input_tokens=told[0], output_tokens=told[1], reasoning_tokens=told[2], cached_input_tokens=told[3])


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ((20, 6, None, None), (20, 6, None, None)),
        ((0, 0, 0, 0), (None, None, 0, 0)),
        ((0, 0, None, None), (None, None, None, None)),
        ((20, 0, None, None), (20, None, None, None)),
        ((0, 6, None, None), (None, 6, None, None)),
        ((None, None, None, None), (None, None, None, None)),
        ((None, 6, None, None), (None, 6, None, None)),
        ((800, 640, 600, 700), (800, 640, 600, 700)),
        ((801, 6, None, None), (80, 6, None, None)),
        ((20, 641, None, None), (20, 64, None, None)),
        ((20, 19_999_999, 19_999_998, None), (20, 64, 64, None)),
        ((19_999_999, 6, None, 19_999_990), (80, 6, None, 80)),
        ((20, 6, 9, None), (20, 6, 6, None)),
        ((119, 6, None, 992), (None, 6, None, None)),
        ((119, 6, None, 119), (119, 6, None, 119)),
    ],
)
def test_what_is_believed_beside_an_answer(told: Counts, kept: Counts) -> None:
    assert counts(believed(a_usage(told), answered=True, most=MOST)) == kept


@pytest.mark.parametrize("told", [(0, 0, None, None), (20, 0, None, None), (0, 0, 0, 0)])
def test_a_zero_is_a_count_where_there_is_no_answer(told: Counts) -> None:
    assert counts(believed(a_usage(told), answered=False, most=MOST)) == told


@pytest.mark.parametrize(
    ("told", "capped"), [((801, 6), True), ((20, 641), True), ((800, 640), False), ((0, 0), False)]
)
def test_capped_counts_are_told_from_dropped_ones(told: tuple[int, int], capped: bool) -> None:
    usage = Usage(input_tokens=told[0], output_tokens=told[1])
    assert is_capped(usage, believed(usage, answered=True, most=MOST)) is capped


@pytest.mark.parametrize(
    ("usages", "kept"),
    [
        ([{"prompt_tokens": 20, "completion_tokens": 6}, {"prompt_tokens": 0, "completion_tokens": 0}], (20, 6)),
        ([{"prompt_tokens": 20, "completion_tokens": 6}, {"prompt_tokens": 0, "completion_tokens": 7}], (20, 7)),
        ([{"prompt_tokens": 0, "completion_tokens": 0}, {"prompt_tokens": 20, "completion_tokens": 6}], (20, 6)),
        ([{"prompt_tokens": 20, "completion_tokens": 6, "total_tokens": 26}, {"total_tokens": 0}], (20, 6)),
        ([{"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}], (0, 0)),
    ],
)
def test_a_late_zero_overwrites_nothing(usages: list[object], kept: tuple[int, int]) -> None:
    sink = RecordingSink(PROTOCOLS["openai-chat"], a_provider(), stream=True)
    sink.on_head(200, {"content-type": "text/event-stream"}, 0.0)
    sink.on_body(frames(chunk(LINE), *({"choices": [], "usage": usage} for usage in usages), chunk(finish="stop")), 0.0)
    assert counts(sink.record.usage)[:2] == kept


class _Canned:
    """A transport whose peer answers with one completion and a usage."""

    def __init__(self, usage: object) -> None:
        self._body = frames(chunk(LINE), chunk(finish="stop", usage=usage))

    def prepare(self, route: object) -> None:
        """Prepare nothing."""

    async def exchange(self, route: object, *, sink: Sink, **_: object) -> Exchange:
        sink.on_head(200, {"content-type": "text/event-stream"}, 0.0)
        sink.on_body(self._body, 0.0)
        return Exchange(started=0.0, status=200, complete=True)


def a_probe(usage: object) -> ChatProbe:
    tools = Tools(transport=_Canned(usage), clock=Clock())  # type: ignore[arg-type]  # all of it that a probe uses
    return ChatProbe(a_target(price=Price(input_usd=1.0, output_usd=5.0), max_output_tokens=64), tools)


@pytest.mark.parametrize(
    ("usage", "tokens", "cost_usd"),
    [
        ({"prompt_tokens": 20, "completion_tokens": 6, "total_tokens": 26}, (20, 6), 50e-6),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, (None, None), None),
        ({"prompt_tokens": 20, "completion_tokens": 0, "total_tokens": 20}, (20, None), None),
        ({"prompt_tokens": 0, "completion_tokens": 6, "total_tokens": 6}, (None, 6), None),
        (None, (None, None), None),
        ({"prompt_tokens": 20, "completion_tokens": 1_000_000, "total_tokens": 1_000_020}, (20, 64), 340e-6),
    ],
)
async def test_what_is_no_bill_is_booked_as_the_bound(
    usage: object, tokens: tuple[int | None, int | None], cost_usd: float | None
) -> None:
    probe = a_probe(usage)
    result = await probe.run()
    assert (result.input_tokens, result.output_tokens) == tokens
    assert result.cost_usd == (None if cost_usd is None else pytest.approx(cost_usd))
    assert charged_usd(result, 0.5) == (0.5 if cost_usd is None else pytest.approx(cost_usd))


async def test_absurd_counts_are_logged_once_for_as_long_as_they_come(caplog: pytest.LogCaptureFixture) -> None:
    probe = a_probe({"prompt_tokens": 20, "completion_tokens": 1_000_000})
    await probe.run()
    await probe.run()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "absurd token counts" in caplog.text
