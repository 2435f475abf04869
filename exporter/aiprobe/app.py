"""The composition root: builds the rooms, connects them, and runs them until it is closed.

It contains no decisions of a room, only what each room gets, and in which order the rooms start, reload and stop.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from aiprobe import __version__
from aiprobe.apart import read_settings_apart
from aiprobe.attempt import Attempts
from aiprobe.config.problems import ConfigError
from aiprobe.config.settings import Settings
from aiprobe.contracts.keeper import ContractKeeper
from aiprobe.core.clock import Clock
from aiprobe.core.model import Finished
from aiprobe.core.money import Budget
from aiprobe.core.pauses import Pauses
from aiprobe.core.secret import CONFIGURED, Redactor
from aiprobe.core.tracked import Tracked
from aiprobe.credentials.vault import Vault
from aiprobe.discovery.keeper import DiscoveryKeeper
from aiprobe.egress import EgressKeeper
from aiprobe.heartbeat import Heartbeat, Ticker
from aiprobe.incidents.keeper import IncidentKeeper
from aiprobe.interpreter import return_memory
from aiprobe.journal import changes
from aiprobe.journal.gauges import JournalGauges
from aiprobe.journal.incidents import IncidentWriter
from aiprobe.journal.journal import Journal
from aiprobe.journal.spend import SpendKeeper
from aiprobe.maintenance import MaintenanceKeeper
from aiprobe.metrics.exposition import Exposition
from aiprobe.metrics.recorder import Recorder
from aiprobe.objectives.keeper import ObjectiveKeeper
from aiprobe.ondemand import OnDemand
from aiprobe.probes import preparer
from aiprobe.probes.base import Tools
from aiprobe.restart import Restart
from aiprobe.resultlog import ResultLog
from aiprobe.schedule import Scheduler
from aiprobe.shard import Shard, Share
from aiprobe.statuspages.keeper import PageKeeper
from aiprobe.transport.descriptors import exhausted
from aiprobe.transport.transport import Transport
from aiprobe.web import server
from aiprobe.web.healthkeeper import HealthKeeper
from aiprobe.web.ports import Ports, Summary
from aiprobe.web.shown import ShownTargets

log = logging.getLogger(__name__)

Commit = Callable[[], None]
"""Applies what a room has prepared for a configuration. Cannot fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command `serve`."""

    config_file: Path
    listen_addresses: tuple[str, ...] = (":10529",)
    status_addresses: tuple[str, ...] = ()
    web_config_file: Path | None = None
    with_mcp: bool = False
    shard: Shard = field(default_factory=Shard)
    environ: Mapping[str, str] = field(default_factory=dict)


class App:
    """One running exporter. Use it as an async context manager."""

    def __init__(self, settings: Settings, options: Options, *, redactor: Redactor, clock: Clock) -> None:
        self._settings = settings
        self._share = options.shard.share_of(settings)
        self._options = options
        self._clock = clock
        self._not_ready: str | None = "starting"
        self._reload_ok = True
        self._reloading = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._redactor = redactor
        redactor.keep(CONFIGURED, settings.secrets)
        self._started_timestamp_seconds = clock.wall()
        tracked = self._tracked = dict[str, Tracked]()
        """Every probed target by name: the scheduler writes the records, the listeners read them."""
        directory = settings.journal.directory
        self.vault = Vault(clock=clock, redactor=redactor)
        self.transport = Transport(clock=clock)
        self.recorder = Recorder(clock=clock, version=__version__, tracked=tracked, vantage=settings.vantage)
        self.budget = Budget(usd_per_day=settings.usd_per_day)
        self.spend = SpendKeeper(self.budget, directory, clock=clock)
        self.shown = ShownTargets(tracked, clock=clock)
        self.incident_writer = IncidentWriter(directory)
        self.change_writer = IncidentWriter(directory, file_name=changes.FILE_NAME)
        self.incidents = IncidentKeeper(self.recorder, self.incident_writer, clock=clock)
        self.egress = EgressKeeper(self.recorder, self.incidents, clock=clock)
        self.pages = PageKeeper(self.recorder, self.incidents, clock=clock)
        self.health = HealthKeeper(tracked, self.pages, clock=clock)
        self.maintenance = MaintenanceKeeper(self.recorder, self.pages, tracked=tracked, clock=clock)
        self.journal = Journal(
            directory,
            keep_ok=settings.journal.keep_ok,
            clock=clock,
            version=__version__,
            config_hash=settings.config_hash,
            declared=self.pages,
        )
        self.objectives = ObjectiveKeeper(self.recorder, self.journal, tracked=tracked, clock=clock)
        self.contracts = ContractKeeper(self.recorder, self.journal, clock=clock)
        tools = Tools(transport=self.transport, clock=clock, credentials=self.vault)
        self.discovery = DiscoveryKeeper(self.recorder, directory, tools=tools, clock=clock, reload=self.reload)
        pauses = Pauses(clock)
        attempts = Attempts(
            clock=clock,
            tracked=tracked,
            purse=self.spend,
            egress=self.egress,
            maintenance=self.maintenance,
            pauses=pauses,
            redact=redactor,
            listeners=(
                self.recorder,
                self.shown,
                self.egress,
                self.incidents,
                self.objectives,
                self.contracts,
                self.journal,
                changes.ModelChanges(self.change_writer, clock=clock),
                self.discovery,
                ResultLog(tracked),
            ),
            meter=self.recorder,
        )
        self.scheduler = Scheduler(
            clock=clock, tracked=tracked, prepare_probe=preparer(tools), attempts=attempts, meter=self.recorder
        )
        self.on_demand = OnDemand(self.scheduler, tracked)
        self.restart = Restart(
            directory,
            options.shard,
            past=self.journal,
            incidents=self.incidents,
            shown=self.shown,
            maintenance=self.maintenance,
            tracked=tracked,
            clock=clock,
        )
        tickers: Sequence[Ticker] = (
            pauses,
            self.recorder,
            JournalGauges(self.recorder, journal=self.journal, spend=self.spend),
            self.egress,
            self.incidents,
            self.pages,
            self.objectives,
            self.contracts,
            self.maintenance,
            self.discovery,
            self.restart,
        )
        self.heartbeat = Heartbeat(tickers, self.recorder, clock=clock, stepped=self._rebuild)
        self.running: server.Running | None = None

    async def __aenter__(self) -> Self:
        """Start everything; if a part cannot start, stop those that were started."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop everything in reverse order, within time limits."""
        self._not_ready = "stopping"
        await self._stack.aclose()

    async def _start(self) -> None:
        """Start the rooms, and register the stop of each one."""
        stack, settings = self._stack, self._settings
        for room in (self.transport, self.vault, self.incident_writer, self.change_writer):
            stack.push_async_callback(room.close)
        stack.callback(self.incidents.close)
        for keeper in (self.restart, self.pages, self.egress):
            stack.push_async_callback(keeper.close)
        await self.spend.open()
        stack.push_async_callback(self.spend.close)
        stack.push_async_callback(self.journal.close)
        ports = Ports(
            targets=self.shown,
            pages=self.pages,
            incidents=self.incidents,
            uptime=self.journal.uptime,
            health=self.health,
            maintenance=self.maintenance,
            metrics=Exposition(self.recorder),
            on_demand=self.on_demand,
            control=self,
            with_mcp=self._options.with_mcp,
            status_addresses=self._options.status_addresses,
        )
        self.running = await server.start(
            ports, listen=self._options.listen_addresses, config_file=self._options.web_config_file, clock=self._clock
        )
        stack.push_async_callback(self.running.close)
        stack.push_async_callback(self.scheduler.close)
        stack.callback(self.on_demand.close)
        # Scrapes are answered from here on. Series that need the journal are absent until it was read.
        for commit in self._shown_early(self._share):
            commit()
        await self.journal.open()
        await self.discovery.open()
        stack.push_async_callback(self.discovery.close)
        await self._apply(settings)
        await self.restart.open(self._resume)
        self.heartbeat.tick()
        self.scheduler.start()
        self.recorder.reloaded(successful=True)
        self.heartbeat.start()
        stack.callback(self.heartbeat.close)
        self._not_ready = None

    def _resume(self, results: Sequence[Finished]) -> Sequence[Finished]:
        self.recorder.resumed(resumed := self.scheduler.resume(results))
        return resumed

    def _shown_early(self, share: Share) -> Sequence[Commit]:
        """Prepare the rooms that need no file of the journal."""
        return (
            self.scheduler.prepare(share.targets),
            self.recorder.sync_targets,
            self.shown.prepare(share.targets),
            self.health.prepare(share.groups),
        )

    async def _apply(self, settings: Settings) -> None:
        """Prepare every room for `settings`, then commit them all. Raises ValueError and then changes nothing."""
        share = self._options.shard.share_of(settings)
        try:
            with self.journal.followed():
                commits = await self._prepare(settings, share)
                for commit in commits:
                    commit()
            self._redactor.keep(CONFIGURED, [*settings.secrets, *self._settings.secrets])
            self._settings, self._share = settings, share
        finally:
            # Also drop the credentials that a rejected configuration began to renew.
            probed = [record.target.provider for record in self._tracked.values()]
            sources = [source.provider for source in self._settings.discovery.sources.values()]
            await self.vault.keep_only([*probed, *sources])
        if len(share.targets) < len(settings.targets):
            log.info("this shard probes %d of %d targets", len(share.targets), len(settings.targets))
        for warning in (*settings.warnings, *share.warnings):
            log.warning("%s", warning)

    async def _prepare(self, settings: Settings, share: Share) -> Sequence[Commit]:
        """Build what every room needs for `settings`, without any change; return the commits in their order."""
        targets = share.targets
        providers = [target.provider for target in targets]
        providers += [source.provider for source in settings.discovery.sources.values()]
        trusted = {one.ca_file for one in providers if one.ca_file and one.tls_verify}
        contracted = {name for use in settings.contracts.values() for name in use.targets}
        timed = {target.name for target in targets if target.objectives.throughput is not None}
        return (
            await asyncio.to_thread(self.transport.prepare_trust, trusted),
            *self._shown_early(share),
            self.spend.prepare(settings.usd_per_day, settings.follow_ups_share),
            self.egress.prepare(share.egress, targets),
            self.incidents.prepare(targets),
            self.maintenance.prepare(settings.maintenance),
            self.pages.prepare(settings.status_pages, settings.targets, owns=self._options.shard.owns_page_of),
            self.discovery.prepare(settings.discovery),
            self.journal.prepare(config_hash=settings.config_hash, keeps_throughput_of=contracted | timed),
            *await self._prepare_joint(settings, share),  # last, so that few probes end after it read the journal
        )

    async def _prepare_joint(self, settings: Settings, share: Share, *, anew: bool = False) -> Sequence[Commit]:
        """Prepare windows, groups and contracts."""
        return (
            await self.objectives.prepare(share.targets, settings.groups, anew=anew),
            await self.contracts.prepare(share.contracts, anew=anew),
        )

    async def _rebuild(self) -> None:
        """Read everything that depends on wall time back from the journal, after the clock was set."""
        async with self._reloading:
            log.warning("the wall clock was set: windows and contracts are read back from the journal")
            with self.journal.followed():
                for commit in await self._prepare_joint(self._settings, self._share, anew=True):
                    commit()

    def summary(self) -> Summary:
        """Return the state of the exporter itself."""
        self.budget.turn(self._clock.wall())
        return Summary(
            version=__version__,
            vantage=self._settings.vantage,
            started_timestamp_seconds=self._started_timestamp_seconds,
            budget_usd=self.budget.usd_per_day,
            spent_usd=self.budget.spent_usd,
            egress=self.egress.checks,
            config_reload_ok=self._reload_ok,
            warnings=[str(warning) for warning in (*self._settings.warnings, *self._share.warnings)],
        )

    async def reload(self) -> str | None:
        """Read the configuration again and return its problems, or None. An invalid one changes nothing."""
        async with self._reloading:
            problems = await self._reload()
        self.recorder.reloaded(successful=problems is None)
        self._reload_ok = problems is None
        if problems is None:
            log.info("configuration reloaded", extra={"config_hash": self._settings.config_hash})
        else:
            log.error("the new configuration is not used: %s", problems)
        return problems

    async def _reload(self) -> str | None:
        try:
            settings = await asyncio.to_thread(read_settings_apart, self._options.config_file, self._options.environ)
            for remark in settings.remarks_after(self._settings):
                log.warning("%s", remark)
            await self._apply(settings)
            await asyncio.to_thread(return_memory)
        except (ConfigError, ValueError) as error:
            return self._redactor(str(error))
        except Exception as error:
            if not (reason := exhausted(error)):  # a bug must not count as a successful reload either
                log.exception("a bug while reloading")
            return reason or "a bug in aiprobe; the log has its traceback"
        return None

    async def save(self) -> bool:
        """Write what a restart goes on from."""
        return await self.restart.save()

    def ready(self) -> str | None:
        """Return None if the exporter is ready, else the reason."""
        return self._not_ready

    def shown_config(self) -> str:
        """Return the running configuration with secrets masked."""
        return self._redactor(self._settings.shown)
