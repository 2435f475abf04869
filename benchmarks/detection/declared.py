"""How long before the status page a page of ours would have come: the incidents for which a page states both times.

`declared.csv` has the incidents of Claude's status page (status.claude.com, 2026-02-19 to 2026-04-11, read in April
2026) whose text states when users felt them. It states the impact, and not which share of the requests failed. Assumed
are all for critical, half for major, and a fifth for minor and none.
"""

import csv
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from benchmarks.detection.judge import Judgement
from benchmarks.detection.scenarios import an_outage, brown
from benchmarks.detection.simulate import found

FILE: Final = Path(__file__).with_name("declared.csv")
SHARES: Final = {"critical": 1.0, "major": 0.5, "minor": 0.2, "none": 0.2}
RUNS: Final = 100
_LONGEST_SECONDS: Final = 3600.0
"""What comes later in a long incident changes no time to page."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One incident of the status page. Times are Unix times."""

    id: str
    what: str
    impact: str
    felt_from: float
    felt_until: float
    posted: float

    @property
    def lag_seconds(self) -> float:
        """Return how long users felt it before the page declared it."""
        return self.posted - self.felt_from


def incidents(file: Path = FILE) -> Sequence[Declared]:
    """Return the incidents of the table."""

    def moment(text: str) -> float:
        return datetime.fromisoformat(text).timestamp()

    with file.open(encoding="utf-8", newline="") as lines:
        return [
            Declared(row["id"], row["what"], row["impact"], *(moment(row[name]) for name in _TIMES))
            for row in csv.DictReader(lines)
        ]


_TIMES: Final = ("felt_from_utc", "felt_until_utc", "posted_utc")


def detected(one: Declared, *, runs: int = RUNS) -> Judgement:
    """Return how soon one target of what failed would have paged, over `runs` phases and draws."""
    seconds = min(one.felt_until - one.felt_from, _LONGEST_SECONDS)
    return found([an_outage(f"{one.id}-{run}", brown(SHARES[one.impact]), seconds=seconds) for run in range(runs)])


def lines() -> Iterator[str]:
    """Yield the table, in Markdown, with the digest of its input."""
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    yield f"Input: `benchmarks/detection/{FILE.name}`, SHA-256 `{digest}`; {RUNS} runs each."
    yield ""
    yield (
        "| incident | of | impact | felt for, min | page after, min | aiprobe finds | aiprobe after, min | lead, min |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    leads: list[float] = []
    for one in incidents():
        judged = detected(one)
        ahead = [one.lag_seconds - delay for delay in judged.delays]
        leads += ahead
        yield (
            f"| {one.id} | {one.what} | {one.impact} | {_minutes(one.felt_until - one.felt_from)} "
            f"| {_minutes(one.lag_seconds)} | {1 - judged.missed_share:.0%} "
            f"| {_spread(judged.delays)} | {_spread(ahead)} |"
        )
    first = sum(lead > 0 for lead in leads) / len(leads)
    yield f"| all | | | | | {sum(map(math.isfinite, leads)) / len(leads):.0%} | | {_spread(leads)} |"
    yield ""
    yield f"The alert of aiprobe comes before the status page in {first:.0%} of the runs."


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f}"


def _spread(seconds: Sequence[float]) -> str:
    """Return the median and the interval that holds four of five."""
    ordered = sorted(seconds)
    low, median, high = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.1, 0.5, 0.9))
    return f"{_one(median)} ({_one(low)} to {_one(high)})"


def _one(seconds: float) -> str:
    return f"{seconds / 60:.1f}" if math.isfinite(seconds) else "never"
