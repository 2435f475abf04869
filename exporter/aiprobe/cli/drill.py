"""`aiprobe drill`: the exporter, the simulator and the web hook of a rehearsal, and what it prints."""

import asyncio
import sys
from collections.abc import Iterable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import click

from aiprobe import logs
from aiprobe.apart import read_settings_apart
from aiprobe.app import App, Options
from aiprobe.cli.bundle import ExportError, find
from aiprobe.cli.options import NOT_OK, OK, fail
from aiprobe.cli.running import run, stopped
from aiprobe.core.clock import Clock
from aiprobe.core.secret import Redactor, Secret
from aiprobe.drill.asking import Api
from aiprobe.drill.dry import look
from aiprobe.drill.hook import Hook
from aiprobe.drill.preparation import Times, prepared, times
from aiprobe.drill.rehearsal import TARGETS, Rehearsal
from aiprobe.drill.rules import Expected, read_rules
from aiprobe.drill.samples import DRILL, a_target
from aiprobe.drill.step import Step
from aiprobe.web.server import WebError
from aiprobe_simulator.command import address_of
from aiprobe_simulator.server import Simulator

_CONFIG: Final = """\
vantage: {drill}
egress: []
status_pages: {{enabled: false}}
journal: {{directory: {directory}}}
defaults:
  interval: {interval}s
  timeouts: {{connect: {quarter}s, first_token: {half}s, stall: {half}s, total: {half}s}}
  slo: {{availability: null}}  # nothing of a drill stays in the windows of error budgets
  suspicion: {{persistence: {persistence}s}}
providers:
  {drill}: {{protocol: openai-chat, base_url: "{simulator}/{drill}/v1", api_key: of-nobody, egress: false}}
targets:
"""
_TARGET: Final = "  - {{name: {target}, provider: {provider}, surface: {surface}, model: {model}, probe: {probe}}}\n"


@click.command()
@click.option("--prometheus", required=True, metavar="URL", help="The Prometheus that evaluates the rules.")
@click.option("--alertmanager", required=True, metavar="URL", help="The Alertmanager that it sends alerts to.")
@click.option("--receiver", default="", metavar="NAME", help="Who is paged; by default the first receiver of a page.")
@click.option("--rules", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="The folder that `aiprobe export rules` wrote, if with options.")  # fmt: skip
@click.option("--token-file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A bearer token for both servers.")  # fmt: skip
@click.option("--listen", default="127.0.0.1:10531", show_default=True, help="Where Prometheus scrapes the drill.")
@click.option("--hook", default="127.0.0.1:10532", show_default=True, help="Where Alertmanager sends its pages.")
@click.option("--dry-run", is_flag=True, help="Only look: nothing is started or sent.")
def drill(*, prometheus: str, alertmanager: str, folder: Path | None, token_file: Path | None, **given: Any) -> None:
    try:
        expected = read_rules(folder or find("rules"))
        given["hook"] = address_of(given["hook"])
    except (ExportError, ValueError) as error:
        fail(error)
    token = None if token_file is None else Secret(token_file.read_text(encoding="utf-8").strip())
    logs.set_up(level="error", log_format="logfmt", redact=str)

    async def drilled() -> bool:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            servers = (
                Api("Prometheus", prometheus, session, token),
                Api("Alertmanager", alertmanager, session, token),
            )
            return await _drilled(stack, servers, expected, **given)

    try:
        passed = run(_until_stopped(drilled()))
    except (OSError, WebError) as error:
        fail(error)
    sys.exit(OK if passed else NOT_OK)


async def _until_stopped(drilled: Any) -> bool:
    """Run a drill to its end, or cancel it at SIGINT and SIGTERM: its blocks then clean up."""
    work: asyncio.Future[bool] = asyncio.ensure_future(drilled)
    stop = asyncio.ensure_future(stopped().wait())
    waiting: list[asyncio.Future[Any]] = [work, stop]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        stop.cancel()
        return work.result()
    work.cancel()
    await asyncio.wait({work})
    click.echo("aiprobe: stopped; an alert that fired ends after its keep_firing_for", err=True)
    raise KeyboardInterrupt


async def _drilled(stack: AsyncExitStack, servers: tuple[Api, Api], expected: Expected, *, receiver: str, listen: str,
                   hook: tuple[str, int], dry_run: bool) -> bool:  # fmt: skip
    """Look, and rehearse if nothing prevents it; return whether every step passed."""
    looked = await look(*servers, expected, receiver)
    passed = _shown(looked.steps)
    if dry_run or looked.prometheus is None or looked.alertmanager is None:
        return passed
    if not _shown(prepared(looked.prometheus, looked.alertmanager, listen=listen, hook="{}:{}".format(*hook))):
        return False
    limits = times(looked.prometheus, looked.alertmanager)
    minutes = max(1, round(limits.whole / 60))
    click.echo(f"      the rehearsal takes about {minutes} minutes; Ctrl-C ends it")
    simulator = await stack.enter_async_context(Simulator())
    inbox = await stack.enter_async_context(Hook(*hook))
    await _exporter(stack, simulator.url, listen, limits)
    rehearsal = Rehearsal(
        prometheus=servers[0],
        alertmanager=servers[1],
        routing=looked.alertmanager.config,
        times=limits,
        hook=inbox,
        break_model=lambda model: simulator.set(DRILL, fault="unavailable_503", model=model),
        heal=simulator.clear,
        clock=Clock(),
    )
    async with aclosing(rehearsal.steps()) as steps:
        async for step in steps:
            passed = _shown([step]) and passed
    return passed


async def _exporter(stack: AsyncExitStack, simulator: str, listen: str, limits: Times) -> None:
    """Run an exporter of the drill's targets until the stack closes."""
    directory = Path(stack.enter_context(TemporaryDirectory(prefix="aiprobe-drill-")))
    config = _CONFIG.format(
        drill=DRILL,
        directory=directory / "data",
        simulator=simulator,
        interval=limits.interval,
        persistence=limits.persistence,
        half=limits.interval / 2,
        quarter=limits.interval / 4,
    )
    path = directory / "aiprobe.yml"
    path.write_text(config + "".join(_TARGET.format(**a_target(each + 1)) for each in range(TARGETS)), encoding="utf-8")
    settings = await asyncio.to_thread(read_settings_apart, path, {})
    options = Options(config_file=path, listen_addresses=(listen,))
    await stack.enter_async_context(App(settings, options, redactor=Redactor(), clock=Clock()))


def _shown(steps: Iterable[Step]) -> bool:
    """Print steps with their faults; return whether all of them passed."""
    passed = True
    for step in steps:
        passed = passed and not step.faults
        click.echo(f"{'FAIL' if step.faults else 'pass'}  {step.name}")
        for fault in step.faults:
            mend = fault.mend.replace("\n", "\n        ").rstrip()
            click.echo(f"      {fault.problem}\n      mend: {mend}")
    return passed
