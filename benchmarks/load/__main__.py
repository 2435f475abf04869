"""Run the load benchmark: `python -m benchmarks.load`. Prints one table; exits 1 where a bar is missed."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks.load.bench import Bench, bench
from benchmarks.load.blackbox import binaries
from benchmarks.load.probes import cpu_rows, growth_rows, throughput_rows
from benchmarks.load.scrapes import scrape_rows, start_rows
from benchmarks.load.streams import stream_rows
from benchmarks.load.table import HEAD, Row, line
from tests.alerts.gotools import NotToBeHadError, built

PARTS: Final[Mapping[str, Callable[[Bench], Iterator[Row]]]] = {
    "scrape": scrape_rows,
    "start": start_rows,
    "streams": stream_rows,
    "cpu": cpu_rows,
    "throughput": throughput_rows,
    "growth": growth_rows,
}


def main() -> int:
    """Measure, print, return 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(PARTS), help="measure this part; may be repeated")
    parser.add_argument("--json", dest="file", metavar="FILE", help="write everything as JSON; - is standard output")
    parser.add_argument(
        "--quick", action="store_true", help="one short round of each, for a first look: the figures are not reliable"
    )
    parser.add_argument("--blackbox", type=Path, help="a current blackbox_exporter, instead of building one with Go")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its children end with it in both cases
    begun = time.monotonic()
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix="aiprobe-bench-") as directory,
        bench(Path(directory), peers=_peers(asked.blackbox), quick=asked.quick, say=_say) as run,
    ):
        for name in asked.only or PARTS:
            for row in PARTS[name](run):
                rows.append(row)
                _say(line(row))
    missed = [row.what for row in rows if row.met is False]
    if asked.file == "-":
        _print(json.dumps([row.as_json() for row in rows], indent=1))
    else:
        _print("\n".join((HEAD, *map(line, rows))))
        if asked.file:
            Path(asked.file).write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    _say(f"{time.monotonic() - begun:.0f} s; " + (f"missed: {'; '.join(missed)}" if missed else "every bar was met"))
    return 1 if missed else 0


def _peers(given: Path | None) -> dict[str, Path]:
    """Find or build the peers; report those that cannot be built."""
    current = given
    if current is None:
        try:
            current = built("blackbox_exporter") / "blackbox_exporter"
        except NotToBeHadError as problem:
            _say(f"no current blackbox_exporter: {problem}")
    return binaries(current)


def _say(text: str) -> None:
    """Print progress to standard error; standard output contains only the table."""
    sys.stderr.write(text + "\n")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
