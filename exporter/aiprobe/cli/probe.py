"""`aiprobe probe`: one attempt on one target, outside the schedule."""

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from aiprobe import logs
from aiprobe.cli.options import NOT_ASKED, NOT_OK, OK, config_option, fail
from aiprobe.cli.running import run
from aiprobe.cli.settings import settings_or_exit
from aiprobe.cli.waterfall import as_json, show, waterfall
from aiprobe.config.settings import Settings
from aiprobe.core.clock import Clock
from aiprobe.core.model import Result, Target
from aiprobe.core.money import bound_usd, utc_day
from aiprobe.core.outcomes import NEEDS_EGRESS_CHECK, Outcome, Verdict, availability_verdict
from aiprobe.core.redacted import redacted
from aiprobe.core.secret import Redactor
from aiprobe.credentials.vault import Vault
from aiprobe.egress import WaysOut, ways_out
from aiprobe.journal.spend import spent_today
from aiprobe.known import read_settings
from aiprobe.probes import preparer
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport


@click.command()
@click.argument("target_name", metavar="TARGET")
@config_option
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object.")
@click.option("--log.level", "log_level", type=click.Choice(logs.LEVELS), default="error", show_default=True)
def probe(target_name: str, config_file: Path, log_level: str, *, as_object: bool) -> None:
    redactor = Redactor()
    logs.set_up(level=log_level, log_format="logfmt", redact=redactor)
    settings, target, problems = found(config_file, target_name, redactor)
    if target is None:
        known = ", ".join(sorted(target.name for target in settings.targets)) or "none"
        fail("\n".join([f"no target {target_name!r}; there are: {known}", *problems]), code=NOT_ASKED)
    refused = over_budget(settings, target)
    if refused:
        fail(refused, code=NOT_ASKED)
    result, verdict = run(probe_once(settings, target, redactor), code=NOT_ASKED)
    if as_object:
        click.echo(json.dumps(as_json(target, result, verdict)))
    else:
        show(waterfall(target, result, verdict))
    sys.exit(OK if result.outcome is Outcome.OK else NOT_OK)


def found(config_file: Path, target_name: str, redactor: Redactor) -> tuple[Settings, Target | None, Sequence[str]]:
    """Return the settings, the target of a name, and why a source of discovery that may name it cannot be read.

    The sources are read only for a name that is none of the configuration and of the last answers beside the journal,
    whose directory can be relative to the working directory of `serve`.
    """
    settings = settings_or_exit(config_file, redactor, read=read_settings, code=NOT_ASKED)
    target = _named(settings, target_name)
    if target is not None or not settings.discovery.sources:
        return settings, target, ()
    from aiprobe.discovery.once import read_sources  # noqa: PLC0415 - most targets stand in the configuration

    answers, problems = run(read_sources(settings, redactor), code=NOT_ASKED)
    settings = settings_or_exit(config_file, redactor, read=partial(read_settings, answers=answers), code=NOT_ASKED)
    left_out = [
        f"source {source}: left out: {entry}: {reason}"
        for (source, entry), reason in settings.discovery.left_out.items()
        if entry == target_name
    ]
    return settings, _named(settings, target_name), [*problems, *left_out]


def _named(settings: Settings, target_name: str) -> Target | None:
    return next((target for target in settings.targets if target.name == target_name), None)


async def probe_once(settings: Settings, target: Target, redactor: Redactor) -> tuple[Result, Verdict]:
    """Make one attempt outside of any schedule, and return it with its availability verdict."""
    clock = Clock()
    transport = Transport(clock=clock)
    vault = Vault(clock=clock, redactor=redactor)
    egress = WaysOut(settings.egress, ways_out([target.provider]), clock=clock, on_result=lambda _: None)
    try:
        result = await preparer(Tools(transport=transport, clock=clock, credentials=vault))(target)()
        result = redacted(result, redactor)
        ask = result.outcome in NEEDS_EGRESS_CHECK and target.provider.egress
        down = await egress.is_down(target.provider.proxy) if ask else False
        verdict = availability_verdict(result.outcome, egress_down=down, count_rate_limits=target.count_rate_limits)
        return result, verdict
    finally:
        await egress.close()
        await vault.close()
        await transport.close()


def over_budget(settings: Settings, target: Target, *, besides_usd: float = 0.0) -> str | None:
    """Return why a probe by hand would pass the day's budget, or None. Its cost is not booked."""
    bound = bound_usd(target)
    if settings.usd_per_day is None or not bound:
        return None
    spent = spent_today(settings.journal.directory, day=utc_day(Clock().wall())) + besides_usd
    if spent + bound <= settings.usd_per_day:
        return None
    return (
        f"today's budget of ${settings.usd_per_day:.2f} does not allow it: ${spent:.4f} spent, up to ${bound:.4f} more"
    )
