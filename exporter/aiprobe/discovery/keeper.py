"""Reads every source of discovery at its interval, keeps the last good answers on disk, and asks for a reload.

A source that cannot be read changes nothing. What a source leaves out stays for its grace time; if the service answers
`not_found` as well, it is removed at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Final

from aiprobe.config.answers import FILE_NAME, answers_text, read_answers
from aiprobe.core.clock import Clock
from aiprobe.core.discovered import Discovery, Entry, Source, the_first
from aiprobe.core.gauges import Gauges
from aiprobe.core.model import Finished
from aiprobe.core.outcomes import Outcome
from aiprobe.discovery.read import SourceError, read_source
from aiprobe.journal.restartfile import replace_file
from aiprobe.probes.base import Tools

log = logging.getLogger(__name__)

STATES: Final = ("probed", "left_out")

Reload = Callable[[], Awaitable[str | None]]
"""Loads the configuration with the answers on disk; returns why it was refused, or None."""


class DiscoveryKeeper:
    """The sources of the running configuration. Close it when done."""

    def __init__(self, gauges: Gauges, directory: Path, *, tools: Tools, clock: Clock, reload: Reload) -> None:
        self._gauges = gauges
        self._directory = directory
        self._tools = tools
        self._clock = clock
        self._reload = reload
        self._discovery = Discovery()
        self._answers: dict[str, tuple[Entry, ...]] = {}
        self._up: dict[str, float] = {}
        self._read_at: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._reading: set[str] = set()
        self._refused: set[tuple[str, str]] = set()
        """Sources and entries whose targets were answered `not_found` and not `ok` since."""
        self._changed = asyncio.Event()
        self._applying: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    async def open(self) -> None:
        """Read the answers of the last run."""
        try:
            self._answers = dict(await asyncio.to_thread(read_answers, self._directory))
        except (OSError, ValueError) as error:
            log.warning("cannot read the last answers of the sources of discovery: %s", type(error).__name__)

    def prepare(self, discovery: Discovery) -> Callable[[], None]:
        """Return the function that switches to the sources of a configuration."""

        def commit() -> None:
            former, counts = self._discovery.sources, self._discovery.counts
            self._discovery = discovery
            for name in discovery.sources:
                before, now = ([of.get((name, state), 0) for state in STATES] for of in (counts, discovery.counts))
                if before != now:
                    log.info("the source %s: targets probed: %d, left out: %d", name, *now)
            for name in [name for name in self._tasks if former[name] != discovery.sources.get(name)]:
                self._stop(self._tasks.pop(name))
            for table in (self._answers, self._up, self._read_at):
                for name in table.keys() - discovery.sources.keys():
                    table.pop(name)
            self._refused.intersection_update(discovery.entries.values())
            for name, source in discovery.sources.items():
                if name not in self._tasks:
                    self._tasks[name] = asyncio.create_task(self._follow(source), name=f"discovery:{name}")
            if discovery.sources and self._applying is None:
                self._applying = asyncio.create_task(self._apply(), name="discovery")

        return commit

    def finished(self, finished: Finished) -> None:
        """Read a source again if the service no longer has what it named: then both agree, and no alert is due."""
        entry = self._discovery.entries.get(finished.target.name)
        outcome = finished.result.outcome
        if entry is None or outcome not in {Outcome.OK, Outcome.NOT_FOUND}:
            return
        if outcome is Outcome.OK:
            self._refused.discard(entry)
        elif entry not in self._refused:
            self._refused.add(entry)
            name = entry[0]
            if name in self._tasks and name not in self._reading:
                self._stop(self._tasks.pop(name))
                self._tasks[name] = asyncio.create_task(
                    self._follow(self._discovery.sources[name]), name=f"discovery:{name}"
                )

    async def close(self) -> None:
        """Stop reading."""
        for task in (*self._tasks.values(), *([self._applying] if self._applying else ())):
            self._stop(task)
        await asyncio.gather(*self._stopping, return_exceptions=True)

    def tick(self) -> None:
        """Set the gauges."""
        self._gauges.replace("discovery_up", {(name,): up for name, up in self._up.items()})
        self._gauges.replace(
            "discovery_last_read_timestamp_seconds", {(name,): at for name, at in self._read_at.items()}
        )
        counts = self._discovery.counts
        self._gauges.replace("discovery_targets", {key: float(count) for key, count in counts.items()})

    def _stop(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def _follow(self, source: Source) -> None:
        while True:
            self._reading.add(source.name)
            try:
                await self._read(source)
            except Exception:  # a bug must not end the reading of this source for good
                log.exception("a bug while reading the source %s", source.name)
                self._up[source.name] = 0.0
            finally:
                self._reading.discard(source.name)
            await self._clock.sleep(source.interval_seconds)

    async def _read(self, source: Source) -> None:
        name = source.name
        try:
            named = await read_source(source, self._tools)
        except SourceError as error:
            if self._up.get(name) != 0.0:
                known = self._answers.get(name)
                stays = "it names no target yet" if known is None else f"its last answer of {len(known)} entries stays"
                log.warning("the source %s cannot be read, %s: %s", name, stays, error)
            self._up[name] = 0.0
            return
        now = self._clock.wall()
        self._up[name], self._read_at[name] = 1.0, now
        former = self._answers.get(name, ())
        refused = {entry for source_name, entry in self._refused if source_name == name}
        kept = merged(former, named, now=now, grace_seconds=source.grace_seconds, refused=refused)
        if kept == former and name in self._answers:
            return
        if not await self._save(name, kept):
            return  # the next reading tries again
        if what := changes(former, kept):
            log.info("the source %s: %s", name, what)
        if [(one.id, one.labels) for one in former] != [(one.id, one.labels) for one in kept]:
            self._changed.set()

    async def _save(self, name: str, entries: tuple[Entry, ...]) -> bool:
        async with self._writing:
            answers = {**self._answers, name: entries}
            try:
                await asyncio.to_thread(replace_file, self._directory / FILE_NAME, answers_text(answers))
            except OSError as error:
                log.warning("cannot write the answers of the sources of discovery: %s", error.strerror)
                return False
            self._answers[name] = entries
            return True

    async def _apply(self) -> None:
        """Reload after a change; changes that come meanwhile are one more reload."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._reload()


def merged(
    former: tuple[Entry, ...],
    named: tuple[Entry, ...],
    *,
    now: float,
    grace_seconds: float,
    refused: AbstractSet[str] = frozenset(),
) -> tuple[Entry, ...]:
    """Return the entries to keep, the former ones first: those that are named, and the others within the grace time.

    An entry of `refused`, which the service no longer has, has no grace time.
    """
    present: Mapping[str, Entry] = {entry.id: entry for entry in named}
    kept = []
    for entry in former:
        gone = now if entry.gone_timestamp_seconds is None else entry.gone_timestamp_seconds
        if entry.id in present:
            kept.append(present[entry.id])
        elif now - gone < grace_seconds and entry.id not in refused:
            kept.append(replace(entry, gone_timestamp_seconds=gone))
    known = {entry.id for entry in former}
    return (*kept, *(entry for entry in named if entry.id not in known))


def changes(former: tuple[Entry, ...], kept: tuple[Entry, ...]) -> str:
    """Describe in one line for the log what the source newly names, what it leaves out, and what is removed."""
    before, after = ({entry.id: entry for entry in entries} for entries in (former, kept))
    gone_before, gone = (
        {name for name, entry in one.items() if entry.gone_timestamp_seconds} for one in (before, after)
    )
    found = {
        "new": [name for name in after if name not in before],
        "named again": [name for name in after if name in gone_before and name not in gone],
        "vanished, probed for the grace time": [name for name in after if name in gone - gone_before],
        "removed": [name for name in before if name not in after],
    }
    return "; ".join(f"{len(names)} {what}: {the_first(names)}" for what, names in found.items() if names)
