"""What a build can do, as far as a configuration is checked against it; `aiprobe.known` fills it in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aiprobe.core.evidence import ContractUse
from aiprobe.core.kind import ProbeKind
from aiprobe.core.model import Target
from aiprobe.core.statuspage import StatusPages

ContractCheck = Callable[[ContractUse], str | None]
"""Returns what is wrong with a contract, or None."""
TargetCheck = Callable[[Target], str | None]
"""Returns why a target cannot be probed, or None."""
PagesCheck = Callable[[StatusPages, Sequence[Target]], Iterable[tuple[tuple[str, ...], str]]]
"""Returns what is wrong with status pages, each with its place below `status_pages`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The tables of the other rooms that a configuration refers to."""

    kinds: Mapping[str, ProbeKind]
    protocols: frozenset[str]
    pages: frozenset[str] = frozenset()
    """Keys of the catalogue of status pages; empty: not checked."""
    readers: frozenset[str] = frozenset()
    """Kinds of status page."""
    check_contract: ContractCheck = lambda _: None
    check_target: TargetCheck = lambda _: None
    check_pages: PagesCheck = lambda *_: ()
    missing_extras: Mapping[str, str] = field(default_factory=dict)
    """Sources of credentials whose library is not installed, with the extra that has it."""
