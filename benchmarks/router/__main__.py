"""How many requests of users fail, and for how long, by the way in which HAProxy chooses a provider; see README.md."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from benchmarks.router.setup import ROWS, Setup, a_setup
from benchmarks.router.users import Asked, ask_for

PAGE: Final = Path(__file__).parents[2] / "docs" / "verdict.md"
BEGIN, END = "<!-- the table of benchmarks.router begins -->\n", "<!-- the table of benchmarks.router ends -->\n"
EVERY_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Counted:
    """What the users of one row saw of one trouble."""

    failed: int
    asked: int
    last_failure_seconds: float | None
    """From the start of the trouble to the begin of the last request that failed; None where none did."""


Trouble = Callable[[Setup], Awaitable[None]]


def fault(name: str, *, share: float = 1.0) -> Trouble:
    """Return what makes the first provider fail in one way."""

    async def begin(setup: Setup) -> None:
        setup.first.set("openai", fault=name, share=share)

    return begin


async def killed(setup: Setup) -> None:
    """Kill aiprobe while both providers serve."""
    await setup.kill_aiprobe()


async def egress(setup: Setup) -> None:
    """Cut the network of aiprobe while both providers serve."""
    for link in setup.links:
        await link.cut()


TROUBLES: Final[Mapping[str, Trouble]] = {
    "HTTP 529": fault("overloaded_529"),
    "error in the stream": fault("error_in_stream"),
    "hang": fault("hang_before_headers"),
    "30 % errors in the stream": fault("error_in_stream", share=0.3),
    "aiprobe killed": killed,
    "egress down": egress,
}
NO_USER_FAILS: Final = ("aiprobe killed", "egress down")


async def play(setup: Setup, trouble: Trouble, seconds: float) -> Mapping[str, Counted]:
    """Let users ask while a trouble lasts, and put everything right again."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await trouble(setup)
        began = time.monotonic()
        asked = await asyncio.gather(
            *(ask_for(session, setup.ports[row], seconds=seconds, every=EVERY_SECONDS) for row in ROWS)
        )
    setup.first.clear()
    for link in setup.links:
        await link.cut()
        await link.open()
    await setup.forget()
    await asyncio.sleep(5)
    return {row: counted(requests, began) for row, requests in zip(ROWS, asked, strict=True)}


def counted(requests: list[Asked], began: float) -> Counted:
    """Count the failures of requests."""
    failures = [request.began - began for request in requests if not request.whole]
    return Counted(len(failures), len(requests), max(failures, default=None))


def table(results: Mapping[str, Mapping[str, Counted]], seconds: float) -> str:
    """Return the table as Markdown: a line for each trouble, a column for each way to choose."""
    lines = [f"| trouble of {seconds:.0f} s | {' | '.join(ROWS)} |", "|---" * (len(ROWS) + 1) + "|"]
    for trouble, rows in results.items():
        cells = [_cell(rows[row], seconds) for row in ROWS]
        lines.append(f"| {trouble} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(count: Counted, seconds: float) -> str:
    if count.last_failure_seconds is None:
        return f"0 of {count.asked}"
    until = "until its end" if count.last_failure_seconds > seconds - 2 else f"until {count.last_failure_seconds:.0f} s"
    return f"{count.failed} of {count.asked}, {until}"


async def measure(folder: Path, seconds: float) -> Mapping[str, Mapping[str, Counted]]:
    """Play every trouble and return what users saw, by trouble and row."""
    async with a_setup(folder) as setup:
        results = {}
        for name, trouble in TROUBLES.items():
            results[name] = await play(setup, trouble, seconds)
            sys.stdout.write(table({name: results[name]}, seconds).splitlines()[-1] + "\n")
            sys.stdout.flush()
        return results


def main() -> None:
    """Measure, and write the table into its page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.router")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each trouble lasts")
    parser.add_argument("--print", action="store_true", help="leave the page as it is")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(measure(Path(folder), chosen.seconds))
    if not chosen.print:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{table(results, chosen.seconds)}\n{END}{after}", encoding="utf-8")
    lost = sum(results[name][row].failed for name in NO_USER_FAILS for row in ROWS)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
