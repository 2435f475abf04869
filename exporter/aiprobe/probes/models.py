"""The models probe: the zero-cost list endpoint. It proves edge and credential, not inference."""

from collections.abc import Mapping
from typing import ClassVar, Final

from aiprobe.core.kind import AnsweredBy, ProbeKind
from aiprobe.core.model import Result, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.body import BodySink
from aiprobe.probes.call import FREE, failure_detail, one_line, result_of
from aiprobe.probes.caller import Caller
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Failure, ReplyHead
from aiprobe.protocols.jsonvalues import MOST_LISTED, UnreadableError, load
from aiprobe.protocols.judging import errors
from aiprobe.protocols.protocol import Protocol
from aiprobe.transport.transport import Exchange

_LIST_KEYS: Final = ("data", "models", "modelSummaries", "publisherModels")
"""The keys that hold the list: OpenAI and Anthropic, Gemini and Ollama, Bedrock, Vertex AI.
Some gateways send a bare list."""


def needs_models(_: str, protocol: str) -> tuple[str, str] | None:
    """Return the problem of a protocol without a list of models."""
    return ("the protocol mcp has no models", "use `probe: mcp`") if protocol == "mcp" else None


class ModelsProbe:
    """A models probe of one target, its request built once."""

    kind: ClassVar = ProbeKind(name="models", protocol_problem=needs_models, answered_by=AnsweredBy.LIST_OF_MODELS)

    def __init__(self, target: Target, tools: Tools) -> None:
        self._target = target
        self._tools = tools
        self._protocol = PROTOCOLS[target.provider.protocol]
        self._request = self._protocol.models_request(target.provider)
        headers = (*self._request.headers, ("accept-encoding", "gzip"))
        url = self._request.base_url or target.provider.base_url
        self._caller = Caller(target, tools, url=url, headers=headers)

    async def run(self) -> Result:
        """Request the list once."""
        sink = BodySink()
        exchange = await self._caller.exchange(
            method=self._request.method,
            path=self._request.path,
            body=self._request.body,
            sink=sink,
            first_token_limit=False,
        )
        head = sink.head
        facts = self._protocol.head(self._target.provider, head) if head else None
        failure = self._failure(sink, exchange)
        return result_of(
            exchange,
            outcome=failure.outcome if failure else Outcome.OK,
            detail=failure_detail(failure, exchange) if failure else "",
            clock=self._tools.clock,
            head=facts,
            error_type=(one_line(failure.error_type) or None) if failure else None,
            from_in_front=bool(failure and failure.from_in_front),
            **FREE,
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
    """Return what is wrong with a 2xx body that should list models, or None."""
    if errors.is_challenge(head.headers):
        return protocol.failure(head, body)
    try:
        document = load(body, most_values=MOST_LISTED)
    except UnreadableError as problem:
        return errors.malformed(f"the list of models: {problem}")
    failed = errors.in_document(document)
    if failed is not None:
        return failed
    if isinstance(document, Mapping):
        listed = next((document[key] for key in _LIST_KEYS if isinstance(document.get(key), list)), None)
        if not listed and (odd := errors.in_odd_document(document)):
            return odd[0]
        document = listed
    if not isinstance(document, list):
        return Failure(outcome=Outcome.MALFORMED, message="no list of models in the reply")
    if not document:
        return Failure(outcome=Outcome.EMPTY, message="the list of models is empty")
    return None
