"""`aiprobe simulate`."""

from pathlib import Path

import click

from aiprobe import logs
from aiprobe.cli.options import fail, format_option, level_option
from aiprobe.cli.running import run, stopped
from aiprobe_simulator import DEFAULT_LISTEN
from aiprobe_simulator.command import address_of
from aiprobe_simulator.scenario import load_scenario
from aiprobe_simulator.server import Simulator


@click.command()
@click.option("--listen", default=DEFAULT_LISTEN, show_default=True, help="HOST:PORT to listen on.")
@click.option("--scenario", type=click.Path(path_type=Path), help="A YAML time line of misbehaviour.")
@level_option
@format_option
def simulate(listen: str, scenario: Path | None, log_level: str, log_format: logs.LogFormat) -> None:
    logs.set_up(level=log_level, log_format=log_format, redact=str)
    try:
        host, port = address_of(listen)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--listen") from None
    try:
        run(_simulate(host, port, scenario))
    except OSError as error:
        fail(f"cannot listen on {listen}: {error.strerror or error}")


async def _simulate(host: str, port: int, scenario: Path | None) -> None:
    stop = stopped()
    steps = None if scenario is None else load_scenario(scenario)
    async with Simulator(host=host, port=port, scenario=steps) as simulator:
        click.echo(
            f"aiprobe simulates AI services on {simulator.url}; what they can do: {simulator.url}/control", err=True
        )
        await stop.wait()
