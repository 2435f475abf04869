"""`aiprobe incidents`, and what it does with incidents in files: `validate`."""

import json
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import click

from aiprobe.cli.asking import FAILURES, ask, ca_file_option
from aiprobe.cli.options import NOT_ASKED, NOT_OK, OK, fail, read_file

LONGEST_FILE_BYTES: Final = 64 * 1024 * 1024


@click.group(invoke_without_command=True)
@click.option("--url", default="http://127.0.0.1:10529", show_default=True, help="Where the exporter is.")
@click.option("--format", "form", type=click.Choice(["md", "json", "ndjson"]), default="md", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Closed incidents at most.")
@click.option("--since", help="With ndjson: only what was not over at this time, such as 2026-03-02T12:00:00Z.")
@ca_file_option
@click.pass_context
def incidents(context: click.Context, url: str, form: str, limit: int, since: str | None, ca_file: Path | None) -> None:
    if context.invoked_subcommand is not None:
        return
    query = urlencode({"format": form, "limit": limit} | ({"since": since} if since else {}))
    try:
        with ask(f"{url.rstrip('/')}/api/v1/incidents?{query}", ca_file=ca_file) as reply:
            click.echo(reply.read().decode(), nl=False)
    except FAILURES as error:
        fail(f"{url} returns no incidents: {error}")


@incidents.command(
    help="Check files of published incidents, JSON or NDJSON; `-` is the standard input. Prints each problem as"
    " `file:line: /pointer: problem`. Exits 0 if every record is valid, 1 if one is not, 2 if a file cannot be read."
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def validate(files: tuple[str, ...]) -> None:
    from aiprobe.cli.bundle import find  # noqa: PLC0415 - with what it imports, only for this command
    from aiprobe.incidents.validation import Validator  # noqa: PLC0415 - the same

    validator = Validator(json.loads((find("all") / "spec/ai-service-incident/schema.json").read_bytes()))
    texts = {file: _text(file, read_file(file, LONGEST_FILE_BYTES)) for file in files}
    records, invalid = 0, 0
    for file, text in texts.items():
        count, problems = validator.check(text)
        records, invalid = records + count, invalid + len(problems)
        for one in problems:
            click.echo(f"{file}:{one.line}: {one.pointer or '(root)'}: {one.message}")
    click.echo(f"records: {records}, problems: {invalid}", err=True)
    sys.exit(NOT_OK if invalid else OK)


def _text(file: str, body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fail(f"{file} is not UTF-8: byte {error.start}", code=NOT_ASKED)
