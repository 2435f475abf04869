"""`aiprobe serve`, and what `demo` shares with it."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from aiprobe import __version__, logs
from aiprobe.apart import read_settings_apart
from aiprobe.app import App, Options
from aiprobe.cli.options import NOT_OK, config_option, fail, format_option, level_option, web_config_option
from aiprobe.cli.running import hang_ups, run, stopped
from aiprobe.cli.settings import settings_or_exit
from aiprobe.config.settings import Settings
from aiprobe.core.clock import Clock
from aiprobe.core.secret import Redactor
from aiprobe.interpreter import prepare_heap, settle
from aiprobe.shard import Shard
from aiprobe.transport.descriptors import raise_limit
from aiprobe.web.server import WebError

log = logging.getLogger(__name__)


class ShardType(click.ParamType[Shard]):
    """`i/n`: shard i (from 0) of n; `ordinal/n` takes i from the end of the host's name, as a StatefulSet gives it."""

    name = "i/n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        """Return index and count, or fail with a sentence."""
        if isinstance(value, Shard):
            return value
        index, _, count = str(value).partition("/")
        if index == "ordinal":
            index = os.environ.get("HOSTNAME", socket.gethostname()).rpartition("-")[2]
        if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
            self.fail(f"{value!r} is not i/n with i from 0 to n - 1, such as 0/3 or ordinal/3", param, ctx)
        return Shard(int(index), int(count))


def listen_option(default: str) -> Callable[..., Any]:
    """Return the option for the address to listen on."""
    return click.option(
        "--web.listen-address", "listen_addresses", multiple=True, default=(default,), show_default=True,
        help="Where to listen, as [HOST]:PORT; may be given several times.",
    )  # fmt: skip


@click.command()
@config_option
@listen_option(":10529")
@web_config_option
@level_option
@format_option
@click.option("--web.status-address", "status_addresses", multiple=True,
              help="Serve the public status page here, as [HOST]:PORT, and nothing else; off by default.")  # fmt: skip
@click.option("--web.enable-mcp", "with_mcp", is_flag=True, help="Answer agents at /mcp, read-only.")
@click.option(
    "--shard",
    type=ShardType(),
    default=None,
    help="Probe only the targets of shard i of n, or ordinal/n in a StatefulSet.",
)
def serve(
    config_file: Path,
    listen_addresses: tuple[str, ...],
    web_config_file: Path | None,
    status_addresses: tuple[str, ...],
    log_level: str,
    log_format: logs.LogFormat,
    shard: Shard | None,
    *,
    with_mcp: bool,
) -> None:
    redactor = Redactor()
    reloads = hang_ups()
    raise_limit()
    prepare_heap()
    options = Options(
        config_file=config_file,
        listen_addresses=listen_addresses,
        web_config_file=web_config_file,
        status_addresses=status_addresses,
        with_mcp=with_mcp,
        shard=shard or Shard(),
        environ=dict(os.environ),
    )
    with closing(logs.LineWriter(2)) as stream:  # standard error, which `settle_streams` keeps open
        logs.set_up(level=log_level, log_format=log_format, redact=redactor, stream=stream)
        settings = settings_or_exit(config_file, redactor, read=read_settings_apart)
        run(serve_until_stopped(settings, options, redactor, asked_early=reloads))


async def serve_until_stopped(
    settings: Settings, options: Options, redactor: Redactor, *, asked_early: Collection[int] = ()
) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reloads, as each of `asked_early` does after the start."""
    stop = stopped()
    loop = asyncio.get_running_loop()
    try:
        async with App(settings, options, redactor=redactor, clock=Clock()) as app:
            reloads: set[asyncio.Task[str | None]] = set()

            def reload() -> None:
                task = asyncio.create_task(app.reload(), name="reload")
                reloads.add(task)
                task.add_done_callback(reloads.discard)

            loop.add_signal_handler(signal.SIGHUP, reload)
            if asked_early:
                reload()
            settle()
            assert app.running is not None
            for address in app.running.addresses:
                log.info("aiprobe %s is on %s", __version__, address.url)
            for address in app.running.status_page.addresses if app.running.status_page else ():
                log.info("the public status page: %s/status", address.url)
            await stop.wait()
    except WebError as error:
        fail(error)
    if lost := app.journal.dropped:
        log.error("%d results were lost, because the journal could not write them", lost)
        sys.exit(NOT_OK)
