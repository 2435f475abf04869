"""The finished configuration: everything that the rest of the program reads of it, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aiprobe.config.problems import Problem
from aiprobe.core.discovered import Discovery
from aiprobe.core.evidence import ContractUse
from aiprobe.core.maintenance import Window
from aiprobe.core.model import Provider, Target
from aiprobe.core.secret import Secret
from aiprobe.core.statuspage import StatusPages


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Where the durable record is kept, and how much of it."""

    directory: Path
    keep_ok: Literal["all", "sampled", "none"] = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A configuration without a problem."""

    vantage: str
    usd_per_day: float | None
    """The budget of a UTC day; None means no limit."""
    follow_ups_share: float
    """The most of the budget that follow-ups may take, 0-1."""
    egress: tuple[str, ...]
    """URLs; empty switches the check off."""
    targets: tuple[Target, ...]
    """In the order of the files."""
    providers: Mapping[str, Provider]
    """By their key in the file."""
    groups: Mapping[str, tuple[str, ...]]
    """Names of targets that could stand in for one another, by the group's name."""
    journal: Journal
    status_pages: StatusPages
    contracts: Mapping[str, ContractUse]
    """By the name under which they are shown."""
    maintenance: tuple[Window, ...]
    discovery: Discovery
    secrets: tuple[Secret, ...]
    """Every secret value: keys, secret headers, proxy passwords. For the redactor."""
    shown: str
    """The configuration as YAML with every secret as `***`; included files are merged in."""
    config_hash: str
    """Twelve hexadecimal digits of the SHA-256 of the files' bytes."""
    warnings: tuple[Problem, ...]
    files: tuple[Path, ...]
    """Every file that was read: configuration, includes, prices, secrets, certificates."""

    def remarks_after(self, before: "Settings") -> tuple[str, ...]:
        """Return what an operator should know of a reload that replaces `before` by these settings."""
        new_vantage, new_journal = self.vantage != before.vantage, self.journal != before.journal
        return (
            *([f"a new vantage starts new series: {self.vantage}"] if new_vantage else ()),
            *(["`journal` applies after a restart: until then the one of the start stays"] if new_journal else ()),
        )
