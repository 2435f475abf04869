"""The composition root: builds the rooms, connects them, and keeps them running until told to stop.

What a room decides stays in that room; here is only who is told what, and in which order things start, reload and end.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from aiprobe import __version__
from aiprobe.apart import read_settings_apart
from aiprobe.board import Blackboard, Metering
from aiprobe.config.problems import ConfigError
from aiprobe.config.settings import Settings
from aiprobe.core.clock import Clock
from aiprobe.core.model import Result, Target
from aiprobe.core.money import Budget
from aiprobe.core.secret import CONFIGURED, Redactor, Secret
from aiprobe.credentials.vault import Vault
from aiprobe.egress import WaysOut
from aiprobe.journal.journal import Journal
from aiprobe.journal.spend import SpendKeeper
from aiprobe.metrics.exposition import Exposition
from aiprobe.metrics.recorder import Recorder
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.schedule import RunOnce, Scheduler, Skipped, in_shard
from aiprobe.transport.transport import Transport
from aiprobe.web import server
from aiprobe.web.ports import Ports, ProbeAnswer, result_row

log = logging.getLogger(__name__)

_SHOWN: Final = {"detail": 500, "answer": 200, "request_id": 100, "error_type": 100, "response_model": 100}
"""Characters that leave the process of each text that a server gave."""
_SHORT: Final = min(_SHOWN.values())
TICK_SECONDS: Final = 0.25
"""How often the event loop's own lateness is measured and the sums over targets are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line of `serve` says."""

    config_file: Path
    listen_addresses: tuple[str, ...] = (":10529",)
    web_config_file: Path | None = None
    shard: tuple[int, int] = (0, 1)
    """Index from 0, and the number of shards."""
    environ: Mapping[str, str] = field(default_factory=dict)


def preparer(tools: Tools) -> Callable[[Target], RunOnce]:
    """Return what turns a target into a probe that can be run again and again."""

    def prepare(target: Target) -> RunOnce:
        return PROBES[target.probe](target, tools).run

    return prepare


def redacted(result: Result, redact: Callable[[str], str]) -> Result:
    """Return a result whose every text is free of secrets, because a server may have echoed one."""

    def clean(text: str | None, limit: int) -> str | None:
        if text is None:
            return None
        whole = redact(text[: 8 * limit])
        return whole if len(whole) <= limit else f"{whole[: limit - 1]}…"

    texts = {name: getattr(result, name) for name in _SHOWN}
    together = "\n".join(filter(None, texts.values()))
    if len(together) <= _SHORT and redact(together) == together:  # nearly always
        return result
    cleaned = {name: clean(text, _SHOWN[name]) for name, text in texts.items()}
    return replace(result, **cleaned)  # type: ignore[arg-type]  # by name; a text stays one


class App:
    """One running exporter. Use it as an async context manager."""

    def __init__(self, settings: Settings, options: Options, *, redactor: Redactor, clock: Clock) -> None:
        self._settings = settings
        self._options = options
        self._clock = clock
        self._not_ready: str | None = "starting"
        self._reloading = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._redactor = redactor
        redactor.keep(CONFIGURED, settings.secrets)
        self.vault = Vault(clock=clock, redactor=redactor)
        # What is recorded was redacted by the scheduler.
        self.recorder = Recorder(clock=clock, version=__version__, vantage=settings.vantage, redact=str)
        self.budget = Budget(usd_per_day=settings.usd_per_day)
        self.spend = SpendKeeper(self.budget, settings.journal.directory, clock=clock)
        self.journal = Journal(
            settings.journal.directory,
            keep_ok=settings.journal.keep_ok,
            clock=clock,
            version=__version__,
            config_hash=settings.config_hash,
            keeps_throughput=self._keeps_throughput,
        )
        self.board = Blackboard(
            recorder=self.recorder, spend=self.spend, journal=self.journal, clock=clock, warnings=_lines(settings)
        )
        self.egress = self._new_egress()
        self.transport = Transport(clock=clock)
        self.scheduler = Scheduler(
            clock=clock,
            prepare=preparer(Tools(transport=self.transport, clock=clock, credentials=self.vault)),
            purse=self.spend,
            listener=self.board,
            egress_is_down=self._egress_is_down,
            redact=lambda result: redacted(result, redactor),
        )
        self.board.states = lambda: self.scheduler.states
        self._egress_task: asyncio.Task[None] | None = None
        self.running: server.Running | None = None

    async def __aenter__(self) -> Self:
        """Start everything; what was started is stopped again if a later part cannot start."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop everything, in the reverse order, within bounds."""
        self._not_ready = "stopping"
        await self._stack.aclose()

    async def _start(self) -> None:
        self._stack.push_async_callback(self.transport.close)
        self._stack.push_async_callback(self.vault.close)
        self._stack.push_async_callback(self._close_egress)
        self._stack.push_async_callback(self.board.close)
        await self.spend.open()
        self._stack.push_async_callback(self.spend.close)
        self._stack.push_async_callback(self.journal.close)
        ports = Ports(board=self.board, metrics=Metering(Exposition(self.recorder)), control=self)
        self.running = await server.start(
            ports, listen=self._options.listen_addresses, config_file=self._options.web_config_file, clock=self._clock
        )
        self._stack.push_async_callback(self.running.close)
        self._stack.push_async_callback(self.scheduler.close)
        # A scrape is answered from here on. What the journal must be read for is absent until it was.
        self.board.set_targets(self._mine(self._settings))
        await self.journal.open()
        await self._apply(self._settings)
        self.recorder.reloaded(successful=True)
        watcher = asyncio.create_task(self._tick(), name="tick")
        self._stack.callback(watcher.cancel)
        self._not_ready = None

    async def _apply(self, settings: Settings) -> None:
        """Probe what `settings` say. Raises ValueError, with all left as it was, if a target cannot be probed."""
        mine = self._mine(settings)
        trusted = {target.provider.ca_file for target in mine if target.provider.ca_file and target.provider.tls_verify}
        await asyncio.to_thread(self.transport.renew_trust, trusted)
        await self.board.declared.apply(settings.status_pages, mine)
        await self.board.standing.apply(settings, mine)
        await self.scheduler.set_targets(mine)
        await self.vault.keep_only(target.provider for target in mine)
        self.board.set_targets(mine)
        self.board.warnings = _lines(settings)
        self.journal.config_hash = settings.config_hash
        self.budget.usd_per_day = settings.usd_per_day
        self._redactor.keep(CONFIGURED, [*settings.secrets, *self._settings.secrets])
        same_ways = settings.egress == self._settings.egress and _proxies(settings) == _proxies(self._settings)
        if not same_ways or self._egress_task is None:
            await self._close_egress()
            self._settings = settings
            self.egress = self._new_egress()
            self._egress_task = asyncio.create_task(self.egress.run(), name="egress")
        self._settings = settings
        for warning in settings.warnings:
            log.warning("%s", warning)

    def _keeps_throughput(self, target: Target) -> bool:
        """Tell whether each minute's speed of `target` is kept: where an objective or a contract asks for it."""
        return target.objectives.throughput is not None or any(
            target.name in use.targets for use in self._settings.contracts.values()
        )

    def _mine(self, settings: Settings) -> Sequence[Target]:
        index, count = self._options.shard
        mine = [target for target in settings.targets if in_shard(target, index, count)]
        if count > 1:
            log.info("shard %d of %d probes %d of %d targets", index, count, len(mine), len(settings.targets))
        return mine

    def _new_egress(self) -> WaysOut:
        proxies = _proxies(self._settings)
        return WaysOut(self._settings.egress, proxies, clock=self._clock, on_result=self.board.egress)

    async def _egress_is_down(self, target: Target) -> bool:
        return await self.egress.is_down(target.provider.proxy)

    async def _close_egress(self) -> None:
        if self._egress_task is not None:
            self._egress_task.cancel()
            await asyncio.gather(self._egress_task, return_exceptions=True)
        await self.egress.close()

    async def _tick(self) -> None:
        """Measure how late the event loop wakes: every duration we report is at most this wrong."""
        while True:
            due = self._clock.monotonic() + TICK_SECONDS
            await self._clock.sleep(TICK_SECONDS)
            self.recorder.observe_event_loop_lag(max(0.0, self._clock.monotonic() - due))
            self.board.tick()

    async def probe(self, name: str) -> ProbeAnswer:
        """Probe a target now, or share the result of this interval. Raises KeyError for an unknown target."""
        before = self.board.last(name)
        answer = await self.scheduler.probe_now(name)
        if isinstance(answer, Skipped):
            row = None if before is None else result_row(before, redact=self._redactor)
            return ProbeAnswer(result=row, skipped=answer.reason)
        row = result_row(answer, redact=self._redactor)
        debug = {"answer": answer.result.answer or "", "remote_address": answer.result.remote_address or ""}
        return ProbeAnswer(result=row, shared=answer is before, debug=debug)

    async def reload(self) -> str | None:
        """Read the configuration again; a bad one changes nothing. Returns its problems, or None."""
        async with self._reloading:
            problems = await self._reload()
        self.recorder.reloaded(successful=problems is None)
        self.board.reload_ok = problems is None
        if problems is None:
            log.info("configuration reloaded", extra={"config_hash": self._settings.config_hash})
        else:
            log.error("the new configuration is not used: %s", problems)
        return problems

    async def _reload(self) -> str | None:
        try:
            settings = await asyncio.to_thread(read_settings_apart, self._options.config_file, self._options.environ)
            if settings.vantage != self._settings.vantage:
                log.warning("a new vantage starts new series", extra={"vantage": settings.vantage})
            await self._apply(settings)
        except ConfigError as error:
            return self._redactor("\n".join(map(str, error.problems)))
        except ValueError as error:
            return self._redactor(str(error))
        except Exception:
            # A bug here must not pass for a reload that worked.
            log.exception("a bug while reloading")
            return "a bug in aiprobe; the log has its traceback"
        return None

    def ready(self) -> str | None:
        """Return None when scrapes make sense, else why not yet."""
        return self._not_ready

    def shown_config(self) -> str:
        """Return the running configuration with secrets masked."""
        return self._redactor(self._settings.shown)


def _proxies(settings: Settings) -> frozenset[Secret | None]:
    """Return the ways out that targets take whose failures an egress check may excuse."""
    return frozenset(target.provider.proxy for target in settings.targets if target.provider.egress)


def _lines(settings: Settings) -> Sequence[str]:
    return [str(warning) for warning in settings.warnings]
