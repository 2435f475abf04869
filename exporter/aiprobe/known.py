"""The kinds of probe, protocols, pages and contracts of this build, which a configuration is checked against."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from aiprobe.config.known import Known
from aiprobe.config.load import load
from aiprobe.config.settings import Settings
from aiprobe.contracts.binding import contract_problem
from aiprobe.core.clock import Clock
from aiprobe.core.discovered import Answers
from aiprobe.core.model import Target
from aiprobe.credentials import missing_extras
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.protocols import PROTOCOLS
from aiprobe.statuspages import READERS
from aiprobe.statuspages.selection import refusals
from aiprobe.statuspages.specs import CATALOGUE
from aiprobe.transport.transport import Transport


def target_problem(target: Target) -> str | None:
    """Return why `target` or its fallback cannot be probed, or None: builds both, as the scheduler does."""
    tools = Tools(transport=Transport(clock=Clock()), clock=Clock())
    target = replace(target, provider=replace(target.provider, credential=None))  # its keeper would begin to fetch it
    try:
        for kind in filter(None, (target.kind, target.kind.fallback)):
            PROBES[kind.name](target, tools)
    except ValueError as error:
        return str(error)
    return None


KNOWN: Final = Known(
    kinds={name: probe.kind for name, probe in PROBES.items()},
    protocols=frozenset(PROTOCOLS),
    pages=frozenset(CATALOGUE),
    readers=frozenset(READERS),
    check_contract=contract_problem,
    check_target=target_problem,
    check_pages=refusals,
    missing_extras=missing_extras(),
)


def read_settings(config_file: Path, environ: Mapping[str, str], answers: Answers | None = None) -> Settings:
    """Read a configuration and check it against this build. Raises ConfigError.

    `answers` are those of the sources of discovery, if they were just read.
    """
    return load(config_file, environ=environ, known=KNOWN, answers=answers)
