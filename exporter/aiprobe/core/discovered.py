"""What sources of discovery name: the sources of the configuration, and the entries of their last good answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from aiprobe.core.model import Provider

SourceKind = Literal["file", "http", "models", "litellm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place that names targets."""

    name: str
    kind: SourceKind
    place: str
    """The path of a `file`, the URL of `http`; empty where `provider` has the address."""
    provider: Provider
    """How the place is reached, and with what credentials."""
    interval_seconds: float
    grace_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that a source names."""

    id: str
    """A model or an address; unique in its source."""
    labels: Mapping[str, str]
    """Values of placeholders, by their names."""
    gone_timestamp_seconds: float | None = None
    """When the source first left it out, Unix time; None while the source names it."""


NAMED: Final = 3
"""So many names of a list stand in one line of the log or of a command."""


def the_first(names: Sequence[str], separator: str = ", ", most: int = NAMED) -> str:
    """Return the first names of a list and the number of the others: `a, b, c and 4 more`."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return separator.join(names[:most]) + rest


Answers = Mapping[str, tuple[Entry, ...]]
"""The entries of each source that was read, the oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """The part of a configuration that discovery adds."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Targets by source and state: `probed`, `left_out`."""
    left_out: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Why an entry is no target, by source and entry."""
    entries: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """The source and the entry of each target, by its name."""
