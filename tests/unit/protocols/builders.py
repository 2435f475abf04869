"""What the tests of this room build again and again: providers, asks, streams, and the sum of what a reader told."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aiprobe.core.model import Provider
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.record import Record, take_call
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import (
    Ask,
    Content,
    End,
    Event,
    Failure,
    Finish,
    Meta,
    Reasoning,
    ReplyHead,
    Stopped,
    Text,
    ToolCall,
    Usage,
)

STREAMS = Path(__file__).parents[4] / "shared" / "data" / "streams"


def a_provider(**changes: object) -> Provider:
    fields: dict[str, object] = {
        "key": "p",
        "name": "p",
        "display_name": "P",
        "protocol": "openai-chat",
        "base_url": "https://llm.test/v1",
    }
    return Provider(**{**fields, **changes})  # type: ignore[arg-type]  # by name, for short tests


def an_ask(**changes: object) -> Ask:
    fields: dict[str, object] = {"model": "m", "prompt": "Say NONCE0001"}
    return Ask(**{**fields, **changes})  # type: ignore[arg-type]  # by name, for short tests


def a_head(status: int = 200, **headers: str) -> ReplyHead:
    return ReplyHead(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def recorded(name: str) -> bytes:
    """Return a real reply; the folder lies beside a checkout of the project, not in it."""
    path = STREAMS / name
    if not path.exists():
        pytest.skip(f"no recorded replies at {STREAMS}: they are not part of the project")
    return path.read_bytes()


def sse(*documents: object, done: bool = False) -> bytes:
    """Frame documents as unnamed events; bytes are framed as they are."""
    parts = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in documents]
    return b"".join(b"data: %s\n\n" % part for part in [*parts, *([b"[DONE]"] if done else [])])


def named(*documents: dict[str, object]) -> bytes:
    """Frame documents as events named after their type."""
    return b"".join(b"event: %s\ndata: %s\n\n" % (str(d["type"]).encode(), json.dumps(d).encode()) for d in documents)


@dataclass
class Told:
    """What a reader made of a whole reply."""

    events: list[Event] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Text))

    @property
    def reasoning(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Reasoning))

    @property
    def kinds(self) -> list[str]:
        told = [event for event in self.events if isinstance(event, Content | ToolCall)]
        return [event.kind if isinstance(event, Content) else "tool_call" for event in told]

    @property
    def calls(self) -> list[tuple[str, str]]:
        """Return (name, arguments) of each call, put together as the chat probe does it."""
        record = Record()
        for event in self.events:
            if isinstance(event, ToolCall):
                take_call(record, event)
        return [(call.name, call.arguments) for call in record.calls]

    @property
    def ended(self) -> bool:
        return any(isinstance(event, End) for event in self.events)

    @property
    def failure(self) -> Failure | None:
        return next((event for event in self.events if isinstance(event, Failure)), None)

    @property
    def outcome(self) -> Outcome | None:
        return self.failure.outcome if self.failure else None

    @property
    def finish(self) -> Finish | None:
        return next((event.finish for event in self.events if isinstance(event, Stopped)), None)

    @property
    def model(self) -> str | None:
        return next((event.response_model for event in self.events if isinstance(event, Meta)), None)

    @property
    def request_id(self) -> str | None:
        return next((event.request_id for event in self.events if isinstance(event, Meta) and event.request_id), None)

    @property
    def tokens(self) -> tuple[int | None, int | None, int | None, int | None]:
        """Return (input, output, reasoning, cached), the last word on each."""
        usages = [event for event in self.events if isinstance(event, Usage)]
        return (
            _last([usage.input_tokens for usage in usages]),
            _last([usage.output_tokens for usage in usages]),
            _last([usage.reasoning_tokens for usage in usages]),
            _last([usage.cached_input_tokens for usage in usages]),
        )


def read(protocol: str, *pieces: bytes, stream: bool = True) -> Told:
    """Read a whole reply, given in these pieces."""
    reader = PROTOCOLS[protocol].reader(stream=stream)
    events: list[Event] = []
    for piece in pieces:
        events.extend(reader.feed(piece))
    events.extend(reader.close())
    return Told(events)


def read_json(protocol: str, document: object) -> Told:
    """Read one whole JSON reply."""
    return read(protocol, json.dumps(document).encode(), stream=False)


def joined(events: Sequence[Event]) -> list[Event]:
    """Return events with neighbouring texts joined, to compare readings that were cut elsewhere."""
    out: list[Event] = []
    for event in events:
        if out and isinstance(event, Text) and isinstance(out[-1], Text):
            out[-1] = Text(out[-1].text + event.text)
        else:
            out.append(event)
    return out


def _last(values: list[int | None]) -> int | None:
    return next((value for value in reversed(values) if value is not None), None)
