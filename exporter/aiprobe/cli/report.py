"""`aiprobe report`."""

import sys
from pathlib import Path

import click

from aiprobe import logs
from aiprobe.cli.options import NOT_OK, OK, config_option, fail
from aiprobe.cli.reporting import RENDERERS, binding_named, report_of, verify_month
from aiprobe.cli.settings import settings_or_exit
from aiprobe.config.settings import Settings
from aiprobe.contracts.month import parse_month
from aiprobe.contracts.prometheus import PrometheusError
from aiprobe.contracts.report import Seals
from aiprobe.core.clock import Clock
from aiprobe.core.secret import Redactor
from aiprobe.known import read_settings


@click.command()
@config_option
@click.option("--contract", "contract_name", help="A contract of the configuration. Not needed to verify.")
@click.option("--month", required=True, help="The month, as 2026-10.")
@click.option("--format", "form", type=click.Choice(list(RENDERERS)), default="html", show_default=True)
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
    redactor = Redactor()
    logs.set_up(level="warn", log_format="logfmt", redact=redactor)
    settings = settings_or_exit(config_file, redactor, read=read_settings)
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
        fail(f"{error.filename or output or 'standard output'}: {error.strerror or error}")
    except (LookupError, ValueError, PrometheusError) as error:
        fail(error.args[0] if error.args else error)


def _verify(settings: Settings, month: str) -> None:
    found = verify_month(settings, parse_month(month, timezone="UTC"), clock=Clock())
    click.echo(f"{month}: seals {found.seals.value.replace('_', ' ')}; {found.detail}")
    sys.exit(NOT_OK if found.seals is Seals.BROKEN else OK)
