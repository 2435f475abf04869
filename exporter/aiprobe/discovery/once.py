"""Reads every source of discovery once, for a command that shows what would be probed."""

from aiprobe.config.settings import Settings
from aiprobe.core.clock import Clock
from aiprobe.core.discovered import Answers, Entry
from aiprobe.core.secret import Redactor
from aiprobe.credentials.vault import Vault
from aiprobe.discovery.read import SourceError, read_source
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport


async def read_sources(settings: Settings, redactor: Redactor) -> tuple[Answers, list[str]]:
    """Return the answers of all sources of a configuration, and the problems of those that cannot be read."""
    clock = Clock()
    transport, vault = Transport(clock=clock), Vault(clock=clock, redactor=redactor)
    tools = Tools(transport=transport, clock=clock, credentials=vault)
    answers: dict[str, tuple[Entry, ...]] = {}
    problems: list[str] = []
    for name, source in settings.discovery.sources.items():
        try:
            answers[name] = await read_source(source, tools)
        except SourceError as error:
            problems.append(redactor(f"source {name}: {error}"))
    await transport.close()
    await vault.close()
    return answers, problems
