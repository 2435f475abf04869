"""The traits of a kind of probe, so that no other room compares the names of kinds, and what a reply must be.

The kinds themselves are in `probes/`, one file each; the configuration puts a target's kind on the target.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple, Protocol

MOST_TURNS: Final = 8
WIRE_PHASES: Final = ("resolve", "connect", "tls", "send", "first_byte", "first_token", "stream")
TURN_PHASES: Final = tuple(f"turn_{turn}" for turn in range(1, MOST_TURNS + 1))
"""Of a probe that takes turns: each lasts until its reply is whole."""
PHASES: Final = (*WIRE_PHASES, *TURN_PHASES)
"""Of a probe, in the order in which they happen; one that has turns has none of the wire."""
NONCE: Final = "{{nonce}}"
"""Stands for a fresh word in a question of the user's own."""
FALLBACK_SUFFIX: Final = ":models"
"""Ends the name of the free probe that runs when the budget is exhausted; no configured target's name may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpExpectation:
    """The requirements of an `http` probe on a reply; None or empty means no requirement."""

    statuses: tuple[int, ...] = ()
    """Accepted statuses; empty means any 2xx."""
    text: str | None = None
    """A string that the body must contain."""
    json_path: str | None = None
    """Keys and list positions joined by dots, such as `status.indicator` or `items.0.id`."""
    json_equals: str | float | bool | None = None
    """The value at `json_path`; None means that the path must only exist."""
    max_redirects: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """A question of the user's own, and what its answer must be; `NONCE` in any text is a fresh word."""

    messages: tuple[tuple[str, str], ...]
    """(role, text) of each; a role is system, user or assistant."""
    contains: str | None = None
    equals: str | None = None
    regex: str | None = None
    json_schema: Mapping[str, object] | None = None
    max_tokens: int | None = None
    """Of the answer, reasoning apart."""
    show_answers: bool = False
    """Whether answers may be in results, and so in the journal, on pages and in the log."""


class AnsweredBy(Enum):
    """The part of a provider that answers: incidents derive the suspected layer from it."""

    MODEL = "model"
    LIST_OF_MODELS = "list of models"
    WEB_PAGE = "web page"
    OTHER = "other"


class Tokens(NamedTuple):
    """The bounds and the expected numbers of billed tokens of one probe."""

    most_input: int = 0
    most_output: int = 0
    expected_output: int = 0
    expected_input: int | None = None
    """None: as much as the bound."""

    @property
    def most(self) -> tuple[int, int]:
        """Return the bounds of input and output."""
        return self.most_input, self.most_output


class GoldenSizes(Protocol):
    """The sizes of a question of the user's own; see `Golden`."""

    @property
    def messages(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def max_tokens(self) -> int | None: ...


class ProviderSizes(Protocol):
    """What the tokens of a picture depend on; see `Provider`."""

    @property
    def protocol(self) -> str: ...


class Sizes(Protocol):
    """The sizes of a target that its tokens depend on; see `Target`."""

    @property
    def input_tokens(self) -> int | None: ...
    @property
    def output_tokens(self) -> int | None: ...
    @property
    def max_output_tokens(self) -> int | None: ...
    @property
    def turns(self) -> int: ...
    @property
    def ask(self) -> str: ...
    @property
    def provider(self) -> ProviderSizes: ...
    @property
    def golden(self) -> GoldenSizes | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionTraits:
    """One question of a kind: its requirements on a target and a protocol, and its cost."""

    name: str
    """The value of a target's `ask`."""
    form: str = ""
    """What a protocol must be able to send; empty: plain text, which all can."""
    keys: frozenset[str] = frozenset()
    """Keys of a target that this question reads, and no other that does not list them."""
    needs: frozenset[str] = frozenset()
    """Those of `keys` that a target must give."""
    expects: frozenset[str] = frozenset()
    """Keys of a target's `expect` that it reads."""
    room: Callable[[Sizes], int] = lambda _: 0
    """Returns the output tokens that its answer takes beyond those of a short text."""
    tokens: Callable[[Sizes], Tokens] = lambda _: Tokens()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeKind:
    """One kind of probe: its requirements on a target, the keys that it reads, its cost and its series."""

    name: str
    """The value of a target's `probe`."""
    needs_model: bool = False
    needs_url: bool = False
    """It requests the target's own URL; the provider's base URL, surface and region do not apply."""
    writes: bool = False
    """A model writes an answer: it can be streamed, has a cap, and reasoning to be kept low."""
    keys: frozenset[str] = frozenset()
    """Keys of a target that mean something to this kind, and to no other that does not list them."""
    expects: frozenset[str] = frozenset()
    """Keys of a target's `expect` that it reads; those of its questions apart."""
    protocol_problem: Callable[[str, str], tuple[str, str] | None] = lambda *_: None
    """Takes the names of the kind and of a protocol; returns why the two do not fit, and a hint, or None."""
    protocol_instead: Mapping[str, str] = field(default_factory=dict)
    """By the provider's protocol, the protocol that this kind uses instead."""
    questions: Mapping[str, QuestionTraits] = field(default_factory=dict)
    """By the value of a target's `ask`; the first is the default. Empty: this kind has one question only."""
    question_problem: Callable[[QuestionTraits, str], tuple[str, str] | None] = lambda *_: None
    """Takes a question and the name of a protocol; returns why the two do not fit, and a hint, or None."""
    tokens: Callable[[Sizes], Tokens] = lambda _: Tokens()
    fallback: "ProbeKind | None" = None
    """The free kind that runs when the budget is exhausted."""
    answered_by: AnsweredBy = AnsweredBy.OTHER
