"""`aiprobe drill`."""

import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import click

from aiprobe.cli.bundle import ExportError, find
from aiprobe.cli.options import NOT_OK, OK, fail
from aiprobe.cli.running import run
from aiprobe.core.secret import Secret
from aiprobe.drill.asking import Api
from aiprobe.drill.dry import look
from aiprobe.drill.rules import read_rules
from aiprobe.drill.step import Step


@click.command()
@click.option("--prometheus", required=True, metavar="URL", help="The Prometheus that evaluates the rules.")
@click.option("--alertmanager", required=True, metavar="URL", help="The Alertmanager that it sends alerts to.")
@click.option(
    "--receiver", default="", metavar="NAME", help="The receiver that pages people; by default the first one."
)
@click.option("--rules", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="The folder that `aiprobe export rules` wrote, if with options.")  # fmt: skip
@click.option("--token-file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A bearer token for both servers.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only look: nothing is started or sent.")
def drill(
    prometheus: str, alertmanager: str, receiver: str, folder: Path | None, token_file: Path | None, *, dry_run: bool
) -> None:
    if not dry_run:
        raise click.UsageError("only --dry-run is available")
    try:
        expected = read_rules(folder or find("rules"))
    except (ExportError, ValueError) as error:
        fail(error)
    token = None if token_file is None else Secret(token_file.read_text(encoding="utf-8").strip())

    async def steps() -> Sequence[Step]:
        async with aiohttp.ClientSession() as session:
            first, second = (
                Api(name, url, session, token)
                for name, url in (("Prometheus", prometheus), ("Alertmanager", alertmanager))
            )
            return (await look(first, second, expected, receiver)).steps

    failed = [step for step in map(shown, run(steps())) if step.faults]
    sys.exit(NOT_OK if failed else OK)


def shown(step: Step) -> Step:
    """Print a step with its faults, and return it."""
    click.echo(f"{'FAIL' if step.faults else 'pass'}  {step.name}")
    for fault in step.faults:
        click.echo(f"      {fault.problem}\n      mend: {fault.mend}")
    return step
