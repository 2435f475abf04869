"""What this build can do, as the tables of its rooms: what a configuration is checked against."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiprobe.config.known import Known
from aiprobe.config.load import load
from aiprobe.config.settings import Settings
from aiprobe.contracts.binding import contract_problem
from aiprobe.credentials import missing_extras
from aiprobe.probes import PROBES
from aiprobe.protocols import PROTOCOLS
from aiprobe.statuspages import READERS
from aiprobe.statuspages.specs import CATALOGUE

KNOWN: Final = Known(
    kinds={name: probe.kind for name, probe in PROBES.items()},
    protocols=frozenset(PROTOCOLS),
    pages=frozenset(CATALOGUE),
    readers=frozenset(READERS),
    check_contract=contract_problem,
    missing_extras=missing_extras(),
)


def read_settings(config_file: Path, environ: Mapping[str, str]) -> Settings:
    """Read a configuration against what this build can do. Raises ConfigError."""
    return load(config_file, environ=environ, known=KNOWN)
