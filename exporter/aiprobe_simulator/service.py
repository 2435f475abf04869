"""Answers the requests that reach the simulator: asks the world what goes wrong, and has the reply played."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from aiohttp import web

from aiprobe_simulator.breaks import BREAKS
from aiprobe_simulator.changes import answer_for, right_answer
from aiprobe_simulator.ledger import Ledger, Seen
from aiprobe_simulator.pages import Page, canned, egress_page, web_page
from aiprobe_simulator.paths import Place, place_of
from aiprobe_simulator.playback import Pace, play, sleep_until
from aiprobe_simulator.reading import key_of, page_size, read_call
from aiprobe_simulator.realtime import talk
from aiprobe_simulator.takes import Script, steps
from aiprobe_simulator.wire import WIRES
from aiprobe_simulator.wire.base import Answer, BadCall, Call, Stamp, Trouble, Wire, compact, halves
from aiprobe_simulator.wire.flavours import flavour_of
from aiprobe_simulator.wire.framing import SSE, Framing, framing_of
from aiprobe_simulator.world import Decision, World

BAD_KEY: Final = "sim-bad-key"
_REMEMBERED: Final = 1_000
_LONGEST_REMEMBERED: Final = 4_096
MODELS: Final[Mapping[str, tuple[str, ...]]] = {
    "anthropic-messages": ("claude-opus-4-8", "claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5"),
    "openai-chat": ("gpt-4.1-nano", "gpt-5.4-nano", "text-embedding-3-small", "simulated-small", "simulated-large"),
    "gemini": ("gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"),
    "ollama-chat": ("llama3.2:latest", "qwen3:4b"),
    "bedrock-converse": ("amazon.nova-micro-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"),
}
"""What the lists of models name; every other name is answered as well, but `no-such-model`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request on its way through."""

    request: web.Request
    place: Place
    stamp: Stamp
    call: Call | BadCall
    decision: Decision

    @property
    def streamed(self) -> bool:
        """Return whether a stream was requested."""
        return isinstance(self.call, Call) and self.call.stream

    @property
    def framing(self) -> Framing | None:
        """Return the framing of the reply's events, or None without a stream."""
        return framing_of(self.place.wire or "") if self.streamed else None


class Service:
    """The handler of every path but the control's."""

    def __init__(self, *, world: World, ledger: Ledger, pace: Pace) -> None:
        self._world = world
        self._ledger = ledger
        self._pace = pace
        self._numbers = count()
        self._previous: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, rightly or as the world has it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        place = place_of(request.method, request.path, headers, has_key_parameter="key" in request.query)
        if place is None:
            return web.json_response({"error": {"message": "the simulator serves nothing here"}}, status=404)
        call = await read_call(request, place, headers)
        exchange = self._exchange(request, place, call, headers)
        await sleep_until(time.monotonic() + exchange.decision.headers_seconds)
        try:
            return await self._reply(exchange)
        except ConnectionError:  # the peer left, as probers do; aiohttp would log it as a bug
            return web.Response()

    def _exchange(
        self, request: web.Request, place: Place, call: Call | BadCall, headers: Mapping[str, str]
    ) -> Exchange:
        number = next(self._numbers)
        model = call.model if isinstance(call, Call) else ""
        streamed = isinstance(call, Call) and call.stream
        form = call.form if isinstance(call, Call) else "text"
        decision = self._world.decide(
            provider=place.provider, model=model, kind=place.kind, streamed=streamed, form=form
        )
        identity = f"{int(self._world.fraction('id', number) * 2**48):012x}{number:012x}"
        key = key_of(headers, request.query)
        stamp = Stamp(
            provider=place.provider,
            request_id=f"req_{identity}",
            created_timestamp_seconds=int(time.time()),
            number=number,
            processing_ms=round(1000 * decision.headers_seconds) + 1,
            key=key,
        )
        self._ledger.record(
            Seen(
                provider=place.provider,
                kind=place.kind,
                model=model,
                method=request.method,
                path=request.path,
                request_id=stamp.request_id,
                stream=streamed,
                fault=decision.fault.name if decision.fault else None,
                credentials=bool(key) or "cookie" in headers,
            )
        )
        return Exchange(request=request, place=place, stamp=stamp, call=call, decision=decision)

    async def _reply(self, exchange: Exchange) -> web.StreamResponse:
        """Reply in the order in which a real service finds out: the network, the gateway, the key, the request."""
        fault, place, stamp = exchange.decision.fault, exchange.place, exchange.stamp
        wire = WIRES[place.wire] if place.wire else None
        if fault is not None and fault.stage == "break":
            return await BREAKS[fault.name](
                exchange.request, exchange.decision.params, streamed=exchange.streamed, framing=exchange.framing or SSE
            )
        if fault is not None and fault.stage == "status":
            assert fault.trouble is not None  # the table's own test holds it
            retry_after = exchange.decision.params.get("retry_after_seconds")
            return self._error(wire, fault.trouble, stamp, retry_after=retry_after)
        if fault is not None and fault.stage == "page":
            return self._page(exchange, wire)
        if wire is None:
            page = egress_page(place.rest) if place.kind == "egress" else web_page(place.provider, place.rest)
            return _page_response(page)
        open_to_all = place.kind == "mcp" or not flavour_of(place.provider).needs_key
        if stamp.key == BAD_KEY or not (stamp.key or open_to_all):
            return self._error(wire, Trouble.BAD_KEY, stamp)
        if isinstance(exchange.call, BadCall):
            return self._error(wire, exchange.call.trouble, stamp, message=str(exchange.call))
        if place.kind in {"models", "mcp"}:
            return await self._play(exchange, wire, exchange.call, Answer())
        if place.kind == "realtime":
            return await talk(exchange.request, stamp, headers=wire.headers(stamp))
        return await self._play(exchange, wire, exchange.call, self._answer(exchange, exchange.call))

    def _answer(self, exchange: Exchange, call: Call) -> Answer:
        """Return the answer of the model, and store the right answer for a later `cached_answer`."""
        fault = exchange.decision.fault
        place = (exchange.place.provider, call.model)
        change = fault.name if fault is not None and fault.stage == "answer" else None
        answer = answer_for(call, change, previous=self._previous.get(place, ""), params=exchange.decision.params)
        right = right_answer(call).words
        if len(right) <= _LONGEST_REMEMBERED:
            self._previous[place] = right
            self._previous.move_to_end(place)
        if len(self._previous) > _REMEMBERED:
            self._previous.popitem(last=False)
        return answer

    async def _play(self, exchange: Exchange, wire: Wire, call: Call, answer: Answer) -> web.StreamResponse:
        """Send the reply; one that is neither streamed nor broken in the middle goes out in one piece."""
        decision, fault = exchange.decision, exchange.decision.fault
        if fault is not None and fault.name == "swapped_model":
            call = replace(call, model=fault.name.replace("_", "-"))
        if fault is not None and fault.name == "hidden_prompt":
            call = replace(call, input_tokens=call.input_tokens + int(decision.params["tokens"]))
        pace = self._pace_of(exchange)
        whole_seconds = pace.first_token_seconds + pace.gap_seconds * answer.output_tokens
        if not call.stream:
            pace = replace(pace, first_token_seconds=whole_seconds)
            stamp = replace(exchange.stamp, processing_ms=exchange.stamp.processing_ms + round(1000 * whole_seconds))
            exchange = replace(exchange, stamp=stamp)
        headers = self._headers(exchange, wire)
        body = {} if call.stream else self._whole(exchange, wire, call, answer)
        if not (body or call.stream):  # a notification has no reply
            return web.Response(status=202, headers=wire.headers(exchange.stamp))
        if not call.stream and (fault is None or fault.stage != "stream"):
            await sleep_until(time.monotonic() + whole_seconds)
            self._ledger.sent_first_token(exchange.stamp.request_id, time.monotonic())
            return web.Response(body=compact(body).encode(), headers=headers)
        trouble = fault.trouble if fault is not None and fault.trouble is not None else Trouble.SERVER_ERROR
        stamp = exchange.stamp

        def error(sent: int) -> bytes:
            if call.stream:
                return wire.stream_error(trouble, stamp, sent=sent)
            return compact(wire.error(trouble, stamp)[1]).encode()

        tokens = len(answer.text) + (len(answer.reasoning) if answer.shown else 0)
        script = Script(
            parts=wire.parts(call, answer, stamp) if call.stream else halves(body),
            half=max(1, tokens // 2) if call.stream else 1,
            streamed=call.stream,
            error=error,
            params=decision.params,
            framing=exchange.framing or SSE,
        )
        response = web.StreamResponse(headers=headers)
        on_first = _noting(self._ledger, stamp.request_id)
        await play(
            exchange.request, response, steps(script, fault.name if fault else None), pace=pace, on_first_token=on_first
        )
        return response

    def _whole(self, exchange: Exchange, wire: Wire, call: Call, answer: Answer) -> dict[str, Any]:
        """Return the body of a reply that is not streamed."""
        if exchange.place.kind != "models":
            return wire.whole(call, answer, exchange.stamp)
        fault = exchange.decision.fault
        names = () if fault is not None and fault.name == "empty_list" else MODELS[wire.name]
        if exchange.place.rest:
            listed = wire.models((exchange.place.rest,), exchange.stamp, limit=1)
            entry: dict[str, Any] = next(entries for entries in listed.values() if isinstance(entries, list))[0]
            return entry
        return wire.models(names, exchange.stamp, limit=page_size(exchange.request))

    def _headers(self, exchange: Exchange, wire: Wire) -> dict[str, str]:
        headers = {"content-type": "application/json", **wire.headers(exchange.stamp)}
        if exchange.framing is not None:
            headers |= {"content-type": exchange.framing.content_type, "cache-control": "no-cache"}
        fault = exchange.decision.fault
        if fault is not None and fault.name == "wrong_content_type":
            headers["content-type"] = "text/plain; charset=utf-8"
        if fault is not None and fault.name == "retry_after_200":
            headers["retry-after"] = f"{exchange.decision.params['retry_after_seconds']:g}"
        return headers

    def _pace_of(self, exchange: Exchange) -> Pace:
        """Return how fast this reply is; an injected delay is exact and has no jitter."""
        first, gap = exchange.decision.first_token_seconds, exchange.decision.gap_seconds
        if first is None:
            place = exchange.place
            drawn = self._world.fraction("pace", place.provider, exchange.stamp.number)
            first = (
                0.0
                if place.kind in {"models", "mcp"}
                else self._pace.first_token_seconds + drawn * self._pace.jitter_seconds
            )
        return Pace(first_token_seconds=first, gap_seconds=self._pace.gap_seconds if gap is None else gap)

    def _page(self, exchange: Exchange, wire: Wire | None) -> web.Response:
        fault = exchange.decision.fault
        assert fault is not None
        if fault.trouble is not None and wire is not None:
            body = compact(wire.error(fault.trouble, exchange.stamp)[1]).encode()
            return web.Response(body=body, headers={"content-type": "application/json", **wire.headers(exchange.stamp)})
        request, params = exchange.request, exchange.decision.params
        sockname = request.transport.get_extra_info("sockname") if request.transport else None
        if fault.name == "redirect_elsewhere" and request.host.startswith("localhost") and not params["location"]:
            return _page_response(web_page(exchange.place.provider, exchange.place.rest))
        elsewhere = f"{request.scheme}://localhost:{sockname[1] if sockname else 80}"
        return _page_response(canned(fault.name, path=request.path_qs, elsewhere=elsewhere, params=params))

    def _error(
        self,
        wire: Wire | None,
        trouble: Trouble,
        stamp: Stamp,
        *,
        message: str | None = None,
        retry_after: float | str | None = None,
    ) -> web.Response:
        speaking = wire or WIRES["openai-chat"]
        status, body = speaking.error(trouble, stamp, message=message)
        headers = {
            "content-type": "application/json",
            **speaking.headers(stamp, exhausted=trouble is Trouble.RATE_LIMITED),
        }
        if retry_after is not None:
            headers["retry-after"] = f"{retry_after:g}"
        if "__type" in body:  # Amazon names the exception in a header
            headers["x-amzn-errortype"] = f"{body.pop('__type')}:http://internal.amazon.test/coral/"
        return web.Response(status=status, body=compact(body).encode(), headers=headers)


def _page_response(page: Page) -> web.Response:
    headers = dict(page.headers)
    if page.body:
        headers["content-type"] = page.content_type
    return web.Response(status=page.status, body=page.body.encode(), headers=headers)


def _noting(ledger: Ledger, request_id: str) -> Callable[[float], None]:
    return lambda at: ledger.sent_first_token(request_id, at)
