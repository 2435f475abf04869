"""The YAML of a target, and of the objectives, time limits and prices that it shares with other parts.

Descriptions are the text of docs/configuration.md.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from aiprobe.config.schema.base import SecretSource, Section, key
from aiprobe.config.values import (
    Body,
    Count,
    Duration,
    Interval,
    Name,
    Number,
    Objective,
    OptionalName,
    Url,
    one_or_more,
    one_or_more_schema,
)
from aiprobe.core.followups import FollowUps
from aiprobe.core.kind import MOST_TURNS
from aiprobe.core.model import IDENTITY_LABELS

Percent = Annotated[Number, Field(gt=0, lt=100)]
_LONGEST_PERIOD_SECONDS = 90 * 86_400


class TimeoutsSection(Section):
    """The four limits of one probe."""

    connect: Duration | None = key("Name lookup, connection and TLS together.", shown="5s")
    first_token: Duration | None = key("From the sent request to the first content.", shown="20s")
    stall: Duration | None = key("The longest silence after the first content.", shown="15s")
    total: Duration | None = key(
        "The whole probe, at most 0.75 of the interval. Default values of the others are shortened to it.",
        shown="40s, or 0.75 of a shorter interval",
    )


class LatencyObjectiveSection(Section):
    """A share of the probes that must be faster than a limit."""

    below: Duration = Field(description="The limit.")
    objective: Objective = Field(description="The share of valid probes below it, in percent.")


class ThroughputObjectiveSection(Section):
    """A share of the answers whose throughput must exceed a limit."""

    above: Number = Field(gt=0, description="The limit, in output tokens per second.")
    objective: Objective = Field(description="The share of valid probes above it, in percent.")


def _check_period(seconds: float) -> float:
    if not 86_400 <= seconds <= _LONGEST_PERIOD_SECONDS:
        raise ValueError("is not between 1d and 90d; 30d is what the alerts are made for")
    return seconds


class SloSection(Section):
    """The objectives. An explicit null disables an inherited one."""

    availability: Objective | None = key(
        "The share of valid probes that must be good, in percent; more than 93.06.", shown=99.5
    )
    correctness: Objective | None = key("The share of complete answers that must be correct, in percent.")
    time_to_first_token: LatencyObjectiveSection | None = key("The limit of the time to the first content.")
    duration: LatencyObjectiveSection | None = key("The limit of the time to the complete answer.")
    throughput: ThroughputObjectiveSection | None = key(
        "The least throughput. Needs `output_tokens` of 32 or more: a short answer does not measure speed."
    )
    period: Annotated[Duration, AfterValidator(_check_period)] | None = key(
        "The window of the error budget, 1d to 90d.", shown="30d"
    )


class SuspicionSection(Section):
    """When failures exceed a target's background."""

    background: Percent | None = key(
        "The least share of attempts that fail while nothing is wrong, in percent.", shown=0.5
    )
    impairment: Percent | None = key(
        "The share of attempts that fail in the smallest impairment to detect, in percent.", shown=20
    )
    certainty: Annotated[Number, Field(gt=0, le=50)] | None = key(
        "The evidence at which an impairment is certain, in nats.", shown=8.5
    )
    persistence: Duration | None = key("The duration of failures after which they are an outage.", shown="40s")


def _check_day(text: str) -> str:
    if text:
        try:
            date.fromisoformat(text)
        except ValueError:
            raise ValueError("is not a date; write it as 2026-11-30") from None
    return text


class PriceSection(Section):
    """What a model's tokens cost, in USD per million tokens."""

    input_usd: Number = Field(ge=0, description="Input tokens.")
    output_usd: Number = Field(ge=0, description="Output tokens, with reasoning.")
    cached_input_usd: Number | None = key("Input tokens from a cache; by default as input.", ge=0)
    read_on: Annotated[str, AfterValidator(_check_day)] = key(
        "The date on which the price was read, such as 2026-11-30.", default=""
    )
    source: str = key("The source of the price.", default="")


Statuses = Annotated[list[Annotated[Count, Field(ge=100, le=599)]], one_or_more(int), one_or_more_schema("integer")]


def _scalar(value: Any) -> Any:
    if value is not None and not isinstance(value, str | int | float | bool):
        raise ValueError("must be text, a number, true or false; a list or mapping cannot be compared")
    return value


class JsonExpectation(Section):
    """A condition on a JSON body."""

    path: Name = Field(
        description="Keys and list positions joined by dots, such as `status.indicator` or `items.0.id`."
    )
    equals: Annotated[Any, AfterValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})] = key(
        "The required value; without it, the path must only exist."
    )


Phrase = Annotated[str, Field(min_length=1, max_length=10_000)]


class MessageSection(Section):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"] = Field(description="Whose message it is.")
    content: Annotated[str, Field(min_length=1, max_length=1_000_000)] = Field(description="The text.")


class ExpectSection(Section):
    """What a reply must be. An `http` probe reads the first four keys, `ask: custom` the others."""

    status: Statuses = key("The accepted status, or a list of them.", default=[], shown="any 2xx")
    text: str | None = key("A text that the body must contain.", min_length=1)
    json_: JsonExpectation | None = key("A condition on a JSON body.", alias="json")
    redirects: Annotated[Count, Field(ge=0, le=10)] = key(
        "How many redirects to follow; credentials stay with their origin.", default=3
    )
    contains: Phrase | None = key("A text that the answer must hold.")
    equals: Phrase | None = key("The answer, blanks at its ends apart.")
    regex: Phrase | None = key("A regular expression that the answer must match somewhere, in the syntax of Rust.")
    json_schema: Body | None = key("A JSON Schema; the answer must be JSON that it accepts.")
    max_tokens: Annotated[Count, Field(ge=1, le=100_000)] | None = key(
        "The most tokens of an answer, reasoning apart.", shown="256, without a check"
    )


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
TAKEN_LABELS = frozenset({*IDENTITY_LABELS, "protocol", "display_name", "job", "instance", "le", "quantile"})


def is_label(name: str) -> bool:
    """Return whether `name` can be the name of a label."""
    return _LABEL.match(name) is not None and not name.startswith(("__", "exported_"))


def _check_labels(labels: dict[str, str]) -> dict[str, str]:
    for name in labels:
        if not is_label(name):
            raise ValueError(f'"{name[:40]}" is not a label name; use letters, digits and _, and begin with a letter')
        if name in TAKEN_LABELS:
            raise ValueError(f"the label \"{name}\" is one of aiprobe's or Prometheus' own; choose another name")
    return labels


Labels = Annotated[dict[str, OptionalName], AfterValidator(_check_labels)]


class SharedKeys(Section):
    """The keys of a target that `defaults` can set for all."""

    interval: Interval | None = key("How often to ask, 1s to 1d.", shown="60s")
    timeouts: TimeoutsSection | None = key("The limits of one probe.")
    slo: SloSection | None = key("The objectives.")
    labels: Labels = key("Labels of your own, on `aiprobe_target_info`.", default={})
    stream: bool | None = key("Ask for a stream. Without one there is no time to first token.", shown=True)
    connection: Literal["fresh", "reuse"] | None = key(
        "fresh: a new connection for every probe, so that every phase is measured; reuse: a warm one if there is one.",
        shown="fresh",
    )
    follow_ups: FollowUps | None = key(
        "Ask again before the next interval: adaptive, while there is doubt; once, after a first failure; never.",
        shown="adaptive",
    )
    confirm: bool | None = key("The former name: true is `follow_ups: once`, false is `follow_ups: never`.")
    suspicion: SuspicionSection | None = key("When failures exceed the background.")
    count_rate_limits: bool | None = key("Count `rate_limited` as bad instead of excluded.", shown=False)


class DefaultsSection(SharedKeys):
    """Defaults of targets: of a class, of a provider, of a file, or of all files if they are in the main file."""


class TargetSection(SharedKeys):
    """One target of probes."""

    name: Name = Field(description="The target's name; unique.")
    provider: str = Field(description="A key of `providers`.")
    class_: str | None = key("A key of `classes`, whose defaults the target inherits.", alias="class")
    probe: str = Field(description="The kind of probe: the name of a page of docs/probes, such as chat or models.")
    model: OptionalName = key("The model; required by the kinds of probe that use one.", default="")
    url: Url | None = key("The URL of an `http` probe.")
    headers: dict[str, SecretSource] = key(
        "More request headers of this target; they win over the provider's. Values are given and kept as there. An"
        " `http` probe sends them to the origin of its `url` alone.",
        default={},
    )
    surface: OptionalName = key(
        "The product that users see, as its status page names it.", default="", shown="(the preset's)"
    )
    provider_region: OptionalName = key("The provider's region, if the target selects one.", default="")
    display_name: OptionalName = key("The name that people read.", default="", shown="(the target's name)")
    protocol: str | None = key(
        "Another protocol of the same account, such as openai-responses. An embeddings probe selects its own.",
        shown="(the provider's)",
    )
    expect: ExpectSection | None = key("What an `http` probe, or a chat with `ask: custom`, requires of a reply.")
    ask: str | None = key("What a `chat` probe asks: repeat, or the name of a page of docs/probes/ask.", shown="repeat")
    prompt: Annotated[str, Field(min_length=1, max_length=1_000_000)] | None = key(
        "The question of `ask: custom`; `{{nonce}}` stands for a word that is fresh in each probe."
    )
    messages: Annotated[list[MessageSection], Field(max_length=100)] = key(
        "A conversation in place of `prompt`.", default=[]
    )
    show_answers: bool = key("Show the answers to `ask: custom` in results, on pages and in the log.", default=False)
    turns: Annotated[Count, Field(ge=2, le=MOST_TURNS)] | None = key(
        "How many replies `ask: turns` takes: calls of a tool, and the answer.", shown=3
    )
    input_tokens: Annotated[Count, Field(ge=1, le=10_000_000)] | None = key(
        "Pad the prompt to about this many tokens, with a needle to find. The cost is calculated before it runs."
    )
    output_tokens: Annotated[Count, Field(ge=1, le=1_000_000)] | None = key(
        "Ask for an answer of about this many tokens, to measure throughput."
    )
    max_output_tokens: Annotated[Count, Field(ge=1, le=2_000_000)] | None = key(
        "The token cap.", shown="(fits the model family: 64 where reasoning can be off)"
    )
    reasoning: Annotated[str, BeforeValidator(_as_text)] | None = key(
        "How reasoning is kept low, in the protocol's own value: none, minimal, low, disabled, or a token budget.",
        shown="(the family's lowest)",
    )
    extra_body: Body = key("Fields to merge into the request body; they have precedence over all others.", default={})
    price: PriceSection | None = key("The price of this target's model.", shown="(the price table's)")
