"""The mcp probe: connects to an MCP server as a client does, with the revision that it supports, and lists its tools.

One probe is a short conversation: `server/discover` or the older handshake, then the list of tools. It calls no tool.
Each step gets the rest of the probe's time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

from aiprobe.core.kind import ProbeKind
from aiprobe.core.model import Result, Target, Timeouts
from aiprobe.core.outcomes import Outcome, Verdict, availability_verdict
from aiprobe.probes.base import Tools, only_in
from aiprobe.probes.call import ANSWER_KEPT, FREE, failure_detail, one_line, result_of
from aiprobe.probes.caller import Caller
from aiprobe.probes.media import media_types
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Failure, ReplyHead, Request
from aiprobe.protocols.jsonvalues import a_name, any_object
from aiprobe.protocols.judging.errors import malformed
from aiprobe.protocols.mcp import Era, ReplyReader, call, failure_in, farewell, initialize, server_name
from aiprobe.transport.hops import joined
from aiprobe.transport.transport import EVENTS_SLICE_BYTES, Exchange, Signal

_ERROR_BODY_BYTES: Final = 65_536
_IN_BOTH_ERAS: Final = frozenset({Outcome.AUTH, Outcome.CHALLENGED, Outcome.QUOTA_EXHAUSTED, Outcome.RATE_LIMITED})
"""Refusals that do not depend on the revision. Any other reply may be how a server answers the first request of another
revision: a 4xx, a 500 or 501, a 202, or text."""


class _Sink:
    """Takes one reply: reads the answer from a 2xx, and keeps the body of any other status."""

    def __init__(self, number: int) -> None:
        self.slice_bytes = EVENTS_SLICE_BYTES
        self.head: ReplyHead | None = None
        self.reader: ReplyReader | None = None
        self.body = bytearray()
        self._number = number

    def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:  # noqa: ARG002 - the interface's
        """Take status and headers."""
        self.head = ReplyHead(status=status, headers=headers)
        types = media_types(headers.get("content-type", ""))
        if 200 <= status < 300 and types & {"application/json", "text/event-stream"}:
            self.reader = ReplyReader(number=self._number, stream="text/event-stream" in types)

    def on_body(self, data: bytes, at: float) -> Signal:  # noqa: ARG002 - the interface's
        """Take body bytes."""
        if self.reader is not None:
            return Signal.DONE if self.reader.feed(data) else Signal.CONTENT
        self.body += data[: _ERROR_BODY_BYTES - len(self.body)]
        return Signal.DONE if len(self.body) >= _ERROR_BODY_BYTES else Signal.CONTENT


@dataclass(slots=True, kw_only=True)
class _Talk:
    """The state of one conversation."""

    started_at: float
    hops: list[Exchange] = field(default_factory=list)
    failure: Failure | None = None
    detail: str = ""
    head: ReplyHead | None = None
    server: str = ""
    tools: list[str] = field(default_factory=list)


class McpProbe:
    """An mcp probe of one server; it stores the revision, so only the first conversation has to find it."""

    kind: ClassVar = ProbeKind(name="mcp", protocol_problem=only_in("mcp"))

    def __init__(self, target: Target, tools: Tools) -> None:
        self._target = target
        self._clock = tools.clock
        self._provider = target.provider
        self._protocol = PROTOCOLS["mcp"]
        self._caller = Caller(target, tools, url=target.provider.base_url, headers=(("accept-encoding", "identity"),))
        self._era = Era.STATELESS

    async def run(self) -> Result:
        """Hold one conversation."""
        talk = _Talk(started_at=self._clock.monotonic())
        if not await self._try(self._era, talk):
            other = Era.HANDSHAKE if self._era is Era.STATELESS else Era.STATELESS
            first, talk.failure, talk.detail = (talk.failure, talk.detail), None, ""
            if await self._try(other, talk) and talk.failure is None:
                self._era = other
            elif _is_excluded(talk.failure) and not _is_excluded(first[0]):
                talk.failure, talk.detail = first  # a server that is down supports no other revision
        return self._result(talk)

    async def _try(self, era: Era, talk: _Talk) -> bool:
        """Use one revision; return False if the server seems to support only the other."""
        over = await (self._discover(talk) if era is Era.STATELESS else self._handshake(talk))
        talk.detail = failure_detail(talk.failure, talk.hops[-1]) if talk.failure else ""
        return over

    async def _discover(self, talk: _Talk) -> bool:
        era = Era.STATELESS
        result = await self._ask(call(self._provider, "server/discover", number=1, era=era), 1, talk)
        if result is None:
            return not self._is_other_era(talk)
        versions = result.get("supportedVersions")
        if not isinstance(versions, list) or era.value not in versions:
            talk.failure = malformed("the server supports no version that aiprobe supports")
            return False
        talk.server = server_name(result)
        if _has_tools(result):
            listed = await self._ask(call(self._provider, "tools/list", number=2, era=era), 2, talk)
            self._take_tools(listed, talk)
        return True

    async def _handshake(self, talk: _Talk) -> bool:
        result = await self._ask(initialize(self._provider, number=1), 1, talk)
        if result is None:
            return not self._is_other_era(talk)
        version = a_name(result.get("protocolVersion"))
        if not version:
            talk.failure = malformed("the server chose no version")
            return True
        session = (talk.head.headers.get("mcp-session-id", "") if talk.head else "")[:1024]
        talk.server = server_name(result)
        known: dict[str, Any] = {"era": Era.HANDSHAKE, "version": version, "session": session}
        await self._notify(call(self._provider, "notifications/initialized", number=None, **known), talk)
        if talk.failure is None:
            method = "tools/list" if _has_tools(result) else "ping"
            answered = await self._ask(call(self._provider, method, number=2, **known), 2, talk)
            if method == "tools/list":
                self._take_tools(answered, talk)
        if session:
            await self._leave(farewell(self._provider, version=version, session=session), talk)
        return True

    def _is_other_era(self, talk: _Talk) -> bool:
        """Return whether a first request may have been refused for its revision: by any complete reply."""
        last = talk.hops[-1]
        if last.status is None or last.outcome is not None or talk.failure is None:
            return False
        return talk.failure.outcome not in _IN_BOTH_ERAS

    def _take_tools(self, listed: dict[str, Any] | None, talk: _Talk) -> None:
        if listed is None:
            return
        tools = listed.get("tools")
        if not isinstance(tools, list):
            talk.failure = malformed("no list of tools in the reply")
        elif not tools:
            talk.failure = Failure(outcome=Outcome.EMPTY, message="the server announces tools but lists none")
        else:
            talk.tools = [a_name(any_object(tool).get("name")) for tool in tools]

    async def _ask(self, request: Request, number: int, talk: _Talk) -> dict[str, Any] | None:
        """Make one call; return its result, or None with the reason in `talk.failure`."""
        sink = _Sink(number)
        exchange = await self._send(request, sink, talk)
        if exchange is None:
            return None
        talk.head = sink.head
        message = self._message(sink, exchange, talk)
        if message is None:
            return None
        talk.failure = failure_in(message)
        if talk.failure is None and not isinstance(message["result"], dict):
            talk.failure = malformed("a result that is no object")
        return None if talk.failure else message["result"]

    def _message(self, sink: _Sink, exchange: Exchange, talk: _Talk) -> dict[str, Any] | None:
        head, reader = sink.head, sink.reader
        if head is not None and (not 200 <= head.status < 300 or head.headers.get("cf-mitigated")):
            refusal = head if head.status >= 300 else replace(head, status=403)
            talk.failure = self._protocol.failure(refusal, bytes(sink.body))
        elif reader is None:
            got = head.headers.get("content-type", "") if head else ""
            broken = Failure(outcome=exchange.outcome, message=exchange.detail) if exchange.outcome else None
            talk.failure = broken or malformed(f"content type is {got!r}, neither JSON nor an event stream")
        else:
            if exchange.outcome is None:
                reader.close()
            if reader.message is not None:
                return reader.message
            wire = Failure(outcome=exchange.outcome, message=exchange.detail) if exchange.outcome else None
            missing = Failure(outcome=Outcome.TRUNCATED, message="the reply ended without an answer")
            talk.failure = wire or reader.failure or missing
        return None

    async def _notify(self, request: Request, talk: _Talk) -> None:
        """Send a notification; any 2xx is accepted."""
        sink = _Sink(-1)
        exchange = await self._send(request, sink, talk)
        if exchange is None:
            return
        if exchange.outcome is not None and exchange.status is None:
            talk.failure = Failure(outcome=exchange.outcome, message=exchange.detail)
        elif sink.head is not None and sink.head.status >= 300:
            talk.failure = self._protocol.failure(sink.head, bytes(sink.body))

    async def _leave(self, request: Request, talk: _Talk) -> None:
        """End the session. Servers may refuse this (405), so the reply is neither checked nor timed."""
        timeouts = self._remaining(talk)
        if timeouts is not None:
            await self._exchange(request, _Sink(-1), timeouts)

    async def _send(self, request: Request, sink: _Sink, talk: _Talk) -> Exchange | None:
        timeouts = self._remaining(talk)
        if timeouts is None:
            talk.failure = Failure(outcome=Outcome.TIMEOUT_TOTAL, message="the earlier steps used up the time")
            return None
        exchange = await self._exchange(request, sink, timeouts)
        talk.hops.append(exchange)
        return exchange

    async def _exchange(self, request: Request, sink: _Sink, timeouts: Timeouts) -> Exchange:
        return await self._caller.exchange(
            method=request.method,
            path=request.path,
            headers=request.headers,
            body=request.body,
            sink=sink,
            first_token_limit=False,
            timeouts=timeouts,
        )

    def _remaining(self, talk: _Talk) -> Timeouts | None:
        if not talk.hops:
            return self._target.timeouts
        left = self._target.timeouts.total - (self._clock.monotonic() - talk.started_at)
        return replace(self._target.timeouts, total=left) if left > 0 else None

    def _result(self, talk: _Talk) -> Result:
        whole, phases = joined(talk.hops)
        failure = talk.failure
        return result_of(
            whole,
            outcome=failure.outcome if failure else Outcome.OK,
            detail=talk.detail,
            clock=self._clock,
            head=self._protocol.head(self._provider, talk.head) if talk.head else None,
            phases=phases,
            error_type=(one_line(failure.error_type) or None) if failure else None,
            response_model=one_line(talk.server) or None,
            answer=", ".join(talk.tools)[:ANSWER_KEPT] or None,
            **FREE,
        )


def _is_excluded(failure: Failure | None) -> bool:
    return failure is not None and availability_verdict(failure.outcome) is Verdict.EXCLUDED


def _has_tools(result: dict[str, Any]) -> bool:
    return "tools" in any_object(result.get("capabilities"))
