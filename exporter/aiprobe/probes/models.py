"""The models probe: the zero-cost list endpoint. It proves edge and credential, not inference."""

import json
from collections.abc import Mapping
from typing import Final

from aiprobe.core.model import Result, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.body import BodySink
from aiprobe.probes.call import USER_AGENT, credentials, one_line, result_of, route
from aiprobe.probes.transport import Exchange
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Failure, Protocol, ReplyHead

_LIST_KEYS: Final = ("data", "models")
"""Where the list stands: OpenAI and Anthropic, Gemini and Ollama. Some gateways send a bare list."""


class ModelsProbe:
    """A models probe of one target, its request built once."""

    def __init__(self, target: Target, tools: Tools) -> None:
        self._target = target
        self._tools = tools
        self._protocol = PROTOCOLS[target.provider.protocol]
        self._request = self._protocol.models_request(target.provider)
        self._route = route(target, target.provider.base_url)
        tools.transport.prepare(self._route)
        self._headers = (
            *self._request.headers,
            ("user-agent", USER_AGENT),
            ("accept-encoding", "gzip"),
            *credentials(target.provider),
        )

    async def run(self) -> Result:
        """Ask for the list once."""
        sink = BodySink()
        exchange = await self._tools.transport.exchange(
            self._route,
            method=self._request.method,
            path=self._request.path,
            headers=self._headers,
            body=self._request.body,
            timeouts=self._target.timeouts,
            sink=sink,
            first_token_limit=False,
        )
        head = sink.head
        facts = self._protocol.head(self._target.provider, head) if head else None
        failure = self._failure(sink, exchange)
        return result_of(
            exchange,
            outcome=failure.outcome if failure else Outcome.OK,
            detail=failure.message if failure else "",
            clock=self._tools.clock,
            head=facts,
            error_type=(one_line(failure.error_type) or None) if failure else None,
            input_tokens=0,
            output_tokens=0,
            cost_usd=0.0,
        )

    def _failure(self, sink: BodySink, exchange: Exchange) -> Failure | None:
        head = sink.head
        if head is not None and not 200 <= head.status < 300:
            return self._protocol.failure(head, bytes(sink.body))
        if exchange.outcome is not None:
            return Failure(outcome=exchange.outcome, message=exchange.detail)
        assert head is not None  # an exchange without an outcome had a head
        return judge(self._protocol, head, bytes(sink.body))


def judge(protocol: Protocol, head: ReplyHead, body: bytes) -> Failure | None:
    """Say what is wrong with a 2xx body that should list models, or None."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        if head.headers.get("cf-mitigated"):
            return protocol.failure(ReplyHead(status=403, headers=head.headers), body)
        return Failure(outcome=Outcome.MALFORMED, message="the list of models is not JSON")
    if isinstance(document, Mapping):
        if document.get("error"):
            reader = protocol.reader(stream=False)
            events = [*reader.feed(body), *reader.close()]
            told = next((event for event in events if isinstance(event, Failure)), None)
            if told is not None:
                return told
        document = next((document[key] for key in _LIST_KEYS if isinstance(document.get(key), list)), None)
    if not isinstance(document, list):
        return Failure(outcome=Outcome.MALFORMED, message="no list of models in the reply")
    if not document:
        return Failure(outcome=Outcome.EMPTY, message="the list of models is empty")
    return None
