"""The command line: reads argv and the environment, prints, and exits. The only room that does any of these.

What only one command needs, and `serve` does not, is imported by that command: it would stay in memory for good.
"""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import AbstractContextManager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import click
import uvloop

from aiprobe import __version__, app, interpreter, logs
from aiprobe.config import ConfigError, Settings, json_schema, starter
from aiprobe.contracts.month import parse_month
from aiprobe.contracts.prometheus import PrometheusError
from aiprobe.contracts.report import Seals
from aiprobe.core.clock import Clock
from aiprobe.core.model import Result, Target
from aiprobe.core.money import bound_usd, utc_day
from aiprobe.core.outcomes import NEEDS_EGRESS_CHECK, Outcome, Verdict, availability_verdict
from aiprobe.core.secret import Redactor
from aiprobe.credentials.vault import Vault
from aiprobe.demo import demo_config
from aiprobe.egress import Egress
from aiprobe.export import FORMS, KINDS, ExportError, Form, Kind, export
from aiprobe.journal.spend import spent_today
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport
from aiprobe.web.server import WebError

log = logging.getLogger(__name__)

OK, NOT_OK, NOT_ASKED = 0, 1, 2
_VERSION: Final = f"aiprobe {__version__} (Python {sys.version.split()[0]})"
DEFAULT_CONFIG: Final = "aiprobe.yml"
_DEFAULT_LISTEN: Final = ":10529"
_REPORT_FORMATS: Final = ("html", "json", "markdown")
_SIMULATOR_LISTEN: Final = "127.0.0.1:10530"

_config_option = click.option(
    "--config.file", "config_file", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, show_default=True,
    help="The configuration file.",
)  # fmt: skip
_listen_option = click.option(
    "--web.listen-address", "listen_addresses", multiple=True, default=(_DEFAULT_LISTEN,), show_default=True,
    help="Where to listen, as [HOST]:PORT; may be given several times.",
)  # fmt: skip
_level_option = click.option(
    "--log.level", "log_level", type=click.Choice(logs.LEVELS), default="info", show_default=True,
    help="Log lines of this level and above.",
)  # fmt: skip
_format_option = click.option(
    "--log.format", "log_format", type=click.Choice(["logfmt", "json"]), default="logfmt", show_default=True,
    help="How a log line is written.",
)  # fmt: skip


class ShardType(click.ParamType[tuple[int, int]]):
    """`i/n`: shard i (from 0) of n; `ordinal/n` takes i from the end of the host's name, as a StatefulSet gives it."""

    name = "i/n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Return index and count, or fail with a sentence."""
        if isinstance(value, tuple):
            return value
        index, _, count = str(value).partition("/")
        if index == "ordinal":
            index = os.environ.get("HOSTNAME", socket.gethostname()).rpartition("-")[2]
        if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
            self.fail(f"{value!r} is not i/n with i from 0 to n - 1, such as 0/3 or ordinal/3", param, ctx)
        return int(index), int(count)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(message=_VERSION)
def main() -> None:
    """Ask AI services real questions and tell Prometheus what a user would have felt."""


@main.command()
@_config_option
@_listen_option
@click.option(
    "--web.config.file", "web_config_file", type=click.Path(path_type=Path),
    help="TLS and users, in the Prometheus exporter-toolkit format.",
)  # fmt: skip
@_level_option
@_format_option
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
    log_level: str,
    log_format: logs.LogFormat,
    shard: tuple[int, int] | None,
) -> None:
    """Probe on schedule and expose the metrics."""
    redaction = logs.Redaction()
    logs.set_up(level=log_level, log_format=log_format, redaction=redaction)
    options = app.Options(
        config_file=config_file,
        listen_addresses=listen_addresses,
        web_config_file=web_config_file,
        shard=shard or (0, 1),
        environ=dict(os.environ),
    )
    settings = _settings_or_exit(config_file)
    _run(_serve(settings, options, redaction))


@main.command()
@_config_option
@click.option("--schema", is_flag=True, help="Print a JSON Schema of the configuration, for editors, and exit.")
def check(config_file: Path, *, schema: bool) -> None:
    """Say whether the configuration is right, and what a day of it costs."""
    if schema:
        click.echo(json.dumps(json_schema(), indent=2))
        return
    settings = _settings_or_exit(config_file)
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
    from aiprobe.terminal import costs, show  # noqa: PLC0415

    show(costs(settings))


@main.command()
@click.argument("target_name", metavar="TARGET")
@_config_option
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object.")
@click.option("--log.level", "log_level", type=click.Choice(logs.LEVELS), default="error", show_default=True)
def probe(target_name: str, config_file: Path, log_level: str, *, as_object: bool) -> None:
    """Probe one target now. Exits 0 if it is ok, 1 if not, 2 if it could not be asked."""
    redaction = logs.Redaction()
    logs.set_up(level=log_level, log_format="logfmt", redaction=redaction)
    settings = _settings_or_exit(config_file, code=NOT_ASKED)
    redaction.redact = redact = Redactor(settings.secrets)
    target = next((target for target in settings.targets if target.name == target_name), None)
    if target is None:
        known = ", ".join(sorted(target.name for target in settings.targets))
        click.echo(f"aiprobe: no target {target_name!r}; there are: {known}", err=True)
        sys.exit(NOT_ASKED)
    refused = _over_budget(settings, target)
    if refused:
        click.echo(f"aiprobe: {refused}", err=True)
        sys.exit(NOT_ASKED)
    result, verdict = _run(_probe_once(settings, target), code=NOT_ASKED)
    result = app.redacted(result, redact)
    from aiprobe.terminal import as_json, show, waterfall  # noqa: PLC0415

    if as_object:
        click.echo(json.dumps(as_json(target, result, verdict)))
    else:
        show(waterfall(target, result, verdict))
    sys.exit(OK if result.outcome is Outcome.OK else NOT_OK)


@main.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT_CONFIG, show_default=True,
    help="Where to write; `-` is standard output.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(output: Path, *, force: bool) -> None:
    """Write a configuration for the provider keys that are in the environment."""
    text, usd_per_day = starter(os.environ)
    if str(output) == "-":
        click.echo(text)
        return
    try:
        with output.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        click.echo(f"aiprobe: {output} is there already; --force replaces it", err=True)
        sys.exit(NOT_OK)
    except OSError as error:
        click.echo(f"aiprobe: cannot write {output}: {error.strerror}", err=True)
        sys.exit(NOT_OK)
    if "\ntargets:" not in text:
        click.echo(
            f"Wrote {output}, all of it as comments: no key that it can use is in the environment. Edit it first."
        )
        return
    click.echo(
        f"Wrote {output}. A day of it costs about ${usd_per_day:.2f}. Next: aiprobe serve --config.file {output}"
    )


@main.command()
@click.option("--listen", default=_SIMULATOR_LISTEN, show_default=True, help="HOST:PORT to listen on.")
@click.option("--scenario", type=click.Path(path_type=Path), help="A YAML time line of misbehaviour.")
@_level_option
@_format_option
def simulate(listen: str, scenario: Path | None, log_level: str, log_format: logs.LogFormat) -> None:
    """Serve AI services that misbehave on command."""
    from aiprobe_simulator.command import address_of  # noqa: PLC0415

    logs.set_up(level=log_level, log_format=log_format, redaction=logs.Redaction())
    try:
        host, port = address_of(listen)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--listen") from None
    try:
        _run(_simulate(host, port, scenario))
    except OSError as error:
        click.echo(f"aiprobe: cannot listen on {listen}: {error.strerror or error}", err=True)
        sys.exit(NOT_OK)


@main.command()
@click.option(
    "--web.listen-address", "listen_addresses", multiple=True, default=("127.0.0.1:10529",), show_default=True,
    help="Where to listen, as [HOST]:PORT; may be given several times.",
)  # fmt: skip
@_level_option
def demo(listen_addresses: tuple[str, ...], log_level: str) -> None:
    """Run the exporter against the simulator: no key, no network."""
    redaction = logs.Redaction()
    logs.set_up(level=log_level, log_format="logfmt", redaction=redaction)
    _run(_demo(listen_addresses, redaction))


@main.command()
@click.option("--url", default="http://127.0.0.1:10529/-/healthy", show_default=True)
def healthcheck(url: str) -> None:
    """Ask a running exporter on this machine whether it is alive; for containers without a shell."""
    try:
        with _open(url) as reply:
            alive = reply.status == 200
    except HTTPError as error:
        alive = error.code == 401  # it wants a password, so it lives
    except (URLError, OSError, HTTPException) as error:
        click.echo(f"aiprobe: {error}", err=True)
        alive = False
    sys.exit(OK if alive else NOT_OK)


def _open(url: str) -> AbstractContextManager[HTTPResponse]:
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter("not an http(s) URL", param_hint="--url")
    reply: HTTPResponse = urlopen(url, timeout=10)  # noqa: S310 - the scheme was checked
    return reply


@main.command()
@_config_option
@click.option("--contract", "contract_name", help="A contract of the configuration. Not needed to verify.")
@click.option("--month", required=True, help="The month, as 2026-10.")
@click.option("--format", "form", type=click.Choice(_REPORT_FORMATS), default="html", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write; else stdout.")
@click.option("--from-prometheus", "prometheus_url", help="Ask a Prometheus, Thanos or Mimir instead of the journal.")
@click.option("--verify", is_flag=True, help="Only check the journal's seals of the month; exit 1 if one is broken.")
def report(
    config_file: Path,
    contract_name: str | None,
    month: str,
    form: str,
    output: Path | None,
    prometheus_url: str | None,
    *,
    verify: bool,
) -> None:
    """Say how a month stands by a contract's own rule, with the evidence."""
    from aiprobe.reporting import RENDERERS, binding_named, report_of  # noqa: PLC0415

    logs.set_up(level="warn", log_format="logfmt", redaction=logs.Redaction())
    settings = _settings_or_exit(config_file)
    try:
        if verify:
            _verify(settings, month)
            return
        if contract_name is None:
            raise click.UsageError("--contract is needed, or --verify")
        binding = binding_named(settings, contract_name)
        text = RENDERERS[form](report_of(settings, binding, month, prometheus_url=prometheus_url, clock=Clock()))
        if output is None:
            click.echo(text)
        else:
            output.write_text(text, encoding="utf-8")
            click.echo(f"Wrote {output}.", err=True)
    except OSError as error:
        click.echo(f"aiprobe: {error.filename or output or 'standard output'}: {error.strerror or error}", err=True)
        sys.exit(NOT_OK)
    except (LookupError, ValueError, PrometheusError) as error:
        click.echo(f"aiprobe: {error.args[0] if error.args else error}", err=True)
        sys.exit(NOT_OK)


def _verify(settings: Settings, month: str) -> None:
    from aiprobe.reporting import verify_month  # noqa: PLC0415

    found = verify_month(settings, parse_month(month, timezone="UTC"), clock=Clock())
    click.echo(f"{month}: seals {found.seals.value.replace('_', ' ')}; {found.detail}")
    sys.exit(NOT_OK if found.seals is Seals.BROKEN else OK)


@main.command()
@click.option("--url", default="http://127.0.0.1:10529", show_default=True, help="Where the exporter is.")
@click.option("--format", "form", type=click.Choice(["md", "json"]), default="md", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Closed incidents at most.")
def incidents(url: str, form: str, limit: int) -> None:
    """Tell the incidents that a running exporter observed: open ones, then the latest closed ones."""
    try:
        with _open(f"{url.rstrip('/')}/api/v1/incidents?format={form}&limit={limit}") as reply:
            click.echo(reply.read().decode(), nl=False)
    except (HTTPError, URLError, OSError, HTTPException) as error:
        click.echo(f"aiprobe: {url} does not tell its incidents: {error}", err=True)
        sys.exit(NOT_OK)


@main.command(name="export")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--format", "form", type=click.Choice(FORMS), default="files", show_default=True)
def export_files(kind: Kind, directory: Path, form: Form) -> None:
    """Write the Grafana dashboards or the alert rules that ship with aiprobe into DIRECTORY."""
    try:
        written = export(kind, form, directory)
    except ExportError as error:
        click.echo(f"aiprobe: {error}", err=True)
        sys.exit(NOT_OK)
    for path in written:
        click.echo(path)


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(_VERSION)


def _run(coroutine: Coroutine[Any, Any, Any], *, code: int = NOT_OK) -> Any:
    """Run to the end on uvloop; a known problem is one line and exit `code`."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(coroutine)
    except (WebError, ValueError) as error:
        click.echo(f"aiprobe: {error}", err=True)
        sys.exit(code)
    except KeyboardInterrupt:
        sys.exit(130)


def _settings_or_exit(config_file: Path, *, code: int = NOT_OK) -> Settings:
    try:
        return app.read_settings(config_file, os.environ)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(code)


async def _serve(settings: Settings, options: app.Options, redaction: logs.Redaction) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reloads."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # while starting there is nothing to reload yet
    async with app.App(settings, options, redaction=redaction, clock=Clock()) as running:
        reloads: set[asyncio.Task[str | None]] = set()

        def reload() -> None:
            task = asyncio.create_task(running.reload(), name="reload")
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        interpreter.settle()
        _say_where(running)
        await stop.wait()


def _say_where(running: app.App) -> None:
    assert running.running is not None
    for address in running.running.addresses:
        log.info("aiprobe %s is on %s", __version__, address.url)


async def _simulate(host: str, port: int, scenario: Path | None) -> None:
    from aiprobe_simulator.scenario import load_scenario  # noqa: PLC0415
    from aiprobe_simulator.server import Simulator  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    steps = None if scenario is None else load_scenario(scenario)
    async with Simulator(host=host, port=port, scenario=steps) as simulator:
        click.echo(
            f"aiprobe simulates AI services on {simulator.url}; what they can do: {simulator.url}/control", err=True
        )
        await stop.wait()


async def _demo(listen_addresses: tuple[str, ...], redaction: logs.Redaction) -> None:
    from aiprobe_simulator.scenario import demo_scenario  # noqa: PLC0415
    from aiprobe_simulator.server import Simulator  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="aiprobe-demo-") as directory:
        key_file = Path(directory) / "key"
        key_file.write_text("demo-key-of-nobody\n")
        async with Simulator(host="127.0.0.1", port=0, scenario=demo_scenario()) as simulator:
            config_file = Path(directory) / "aiprobe.yml"
            config_file.write_text(
                demo_config(simulator=simulator.url, directory=f"{directory}/data", key_file=str(key_file))
            )
            options = app.Options(config_file=config_file, listen_addresses=listen_addresses)
            settings = app.read_settings(config_file, {})
            click.echo(f"The simulated providers are on {simulator.url}. Stop with Ctrl-C.", err=True)
            await _serve(settings, options, redaction)


async def _probe_once(settings: Settings, target: Target) -> tuple[Result, Verdict]:
    clock = Clock()
    transport = Transport(clock=clock)
    vault = Vault(clock=clock)
    egress = Egress(settings.egress, clock=clock, on_result=lambda _: None, proxy=target.provider.proxy)
    try:
        result = await app.preparer(Tools(transport=transport, clock=clock, credentials=vault))(target)()
        result = app.redacted(result, vault.redact)
        ask = result.outcome in NEEDS_EGRESS_CHECK and target.provider.egress
        down = await egress.is_down() if ask else False
        verdict = availability_verdict(result.outcome, egress_down=down, count_rate_limits=target.count_rate_limits)
        return result, verdict
    finally:
        await egress.close()
        await vault.close()
        await transport.close()


def _over_budget(settings: Settings, target: Target) -> str | None:
    """Say why a probe by hand would pass the day's budget, or None. What it costs is not booked."""
    bound = bound_usd(target)
    if settings.usd_per_day is None or not bound:
        return None
    spent = spent_today(settings.journal.directory, day=utc_day(Clock().wall()))
    if spent + bound <= settings.usd_per_day:
        return None
    return (
        f"today's budget of ${settings.usd_per_day:.2f} does not allow it: ${spent:.4f} spent, up to ${bound:.4f} more"
    )
