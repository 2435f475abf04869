"""The command line, one file per command: the only room that reads argv and the environment, prints, and exits.

A command and its libraries are imported when it is called, so `aiprobe version` imports no outside library.
"""

import os
import signal
import sys
from importlib import import_module
from typing import Final

import click

from aiprobe import __version__

VERSION: Final = f"aiprobe {__version__} (Python {sys.version.split()[0]})"
COMMANDS: Final = {
    "check": "Check the configuration, and print what a day of it costs.",
    "demo": "Run the exporter against the simulator: no key, no network.",
    "drill": "Rehearse an outage through your Prometheus and Alertmanager, and print what is wrong with them.",
    "export": "Write dashboards, alert rules, or all that ships with aiprobe (also examples and docs) into DIRECTORY.",
    "gate": "Exit 0 if a member of a group can be used now, 1 if none can, 2 if that could not be asked.",
    "healthcheck": "Check that the exporter on this machine answers; for containers without a shell.",
    "incidents": "Print the incidents that a running exporter observed: open ones, then the latest closed ones.",
    "init": "Write a configuration for the provider keys in the environment, or for a receiver of pages.",
    "prices": "Compare the built-in prices with a published list.",
    "probe": "Probe one target now. Exits 0 if it is ok, 1 if not, 2 if it could not be asked.",
    "report": "Report how a month stands by a contract's own rule, with the evidence.",
    "serve": "Probe on schedule and expose the metrics.",
    "simulate": "Serve AI services that fail on command.",
    "statuspages": "Read the status pages once: print what is wrong with them, or the incidents that they declare.",
    "version": "Print the version.",
}
"""What each does. A command is the function `NAME` of the file `NAME.py`."""
_STREAMS: Final = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class _Commands(click.Group):
    """Imports a command when it is called, and none to list them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """Return a command, or None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name == "serve":
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a reload that is requested now must not end it
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        command.help = COMMANDS[cmd_name]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name; an unknown one ends with the name that was probably meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from aiprobe.config.problems import suggest  # noqa: PLC0415 - no command that exists needs it

            ctx.fail(f"No such command {args[0]!r}; {suggest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def settle_streams() -> None:
    """Open closed descriptors 0 to 2 on the null device, and replace what a terminal's encoding lacks by `?`.

    A socket or a file that took the place of a closed one would get what is printed, and libuv aborts on such a one.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
        stream = getattr(sys, name)
        if mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(message=VERSION)
def main() -> None:
    """Ask AI services real questions and export to Prometheus what a user would have experienced."""
    settle_streams()
