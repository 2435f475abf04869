"""Configurations as files, for the tests of this room."""

import datetime as dt
import textwrap
from collections.abc import Mapping
from pathlib import Path

from aiprobe.config.known import Known
from aiprobe.config.load import load
from aiprobe.config.problems import ConfigError
from aiprobe.config.settings import Settings
from aiprobe.probes import PROBES

PROTOCOLS = frozenset({
    "anthropic-messages", "openai-chat", "openai-responses", "openai-embeddings", "gemini", "bedrock-converse",
    "azure-openai-classic", "vertex-gemini", "vertex-anthropic", "cohere-chat", "ollama-chat", "mcp",
})  # fmt: skip
KNOWN = Known(kinds={name: probe.kind for name, probe in PROBES.items()}, protocols=PROTOCOLS)
KEY = "sk-ant-planted-0123456789"
ENVIRON: Mapping[str, str] = {"ANTHROPIC_API_KEY": KEY}
TODAY = dt.date(2026, 11, 22)
MINIMAL = """\
providers:
  anthropic: {api_key: "${ANTHROPIC_API_KEY}"}
targets:
  - {name: haiku, provider: anthropic, model: claude-haiku-4-5, probe: chat}
"""


def a_file(directory: Path, text: str, name: str = "aiprobe.yml") -> Path:
    """Write a configuration; its indentation in the test does not matter."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), "utf-8")
    return path


def loaded(path: Path, environ: Mapping[str, str] = ENVIRON, today: dt.date = TODAY) -> Settings:
    """Load a file as the program would."""
    return load(path, environ=environ, known=KNOWN, today=today)


def settings(directory: Path, text: str, environ: Mapping[str, str] = ENVIRON) -> Settings:
    """Load a text that has no problem."""
    return loaded(a_file(directory, text), environ)


def problems(directory: Path, text: str, environ: Mapping[str, str] = ENVIRON) -> list[str]:
    """Return the problems of a text, each as people see it but with the bare name of its file."""
    return problems_of(a_file(directory, text), environ)


def problems_of(path: Path, environ: Mapping[str, str] = ENVIRON) -> list[str]:
    """Return the problems of a file and its includes, without the name of their directory."""
    try:
        loaded(path, environ)
    except ConfigError as error:
        return [str(problem).replace(f"{path.parent}/", "") for problem in error.problems]
    return []
