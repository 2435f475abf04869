"""Real time lines: the incidents on Claude's status page, played as outages of the surfaces in their titles.

The page states the time and the impact, not the share of failed requests. This module assumes all requests for
critical, half for major, and a fifth for minor. The tables are outside this repository, see `docs/detection.md`.
"""

import csv
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from benchmarks.detection.probes import INTERVAL_SECONDS, Fault, Target, chance
from benchmarks.detection.scenarios import LEAD_SECONDS, TAIL_SECONDS, Scenario
from benchmarks.detection.series import World

SHARES: Final = {"critical": 1.0, "major": 0.5, "minor": 0.2}
SURFACES: Final = {"opus": "Claude API", "sonnet": "Claude API", "web": "claude.ai"}
_LONGEST_SECONDS: Final = 2400.0
"""Longer incidents are cut to this length: their later part does not change the time to page."""
_SHORTEST_SECONDS: Final = 300.0
_EVERY: Final = 5


def real_timelines(folder: Path) -> Iterator[Scenario]:
    """Yield the time lines of `folder`, by impact; nothing if the folder is missing."""
    for file in sorted(folder.glob("claude_incidents_*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        for impact, share in SHARES.items():
            worlds = tuple(
                one for row in rows[:: 1 if impact == "critical" else _EVERY] if (one := world(row, impact, share))
            )
            yield Scenario(f"real time lines, {impact} ({share:.0%} fail)", worlds)


def world(row: dict[str, str], impact: str, share: float) -> World | None:
    """Return one posted incident as a script, or None if it is of another impact or has no end."""
    if row["impact"] != impact or not row["posted_start_utc"] or not row["posted_end_utc"]:
        return None
    lasted = (
        datetime.fromisoformat(row["posted_end_utc"]) - datetime.fromisoformat(row["posted_start_utc"])
    ).total_seconds()
    if lasted < _SHORTEST_SECONDS:
        return None
    dice = chance(row["id"])
    start = LEAD_SECONDS + dice.uniform(0, INTERVAL_SECONDS)
    end = start + min(lasted, _LONGEST_SECONDS)
    hit = _hit(row["title"].lower())
    members = tuple(
        Target(name, surface, (Fault(start, end, share),) if name in hit else (), dice.uniform(0, INTERVAL_SECONDS))
        for name, surface in SURFACES.items()
    )
    seconds = math.ceil((end + TAIL_SECONDS) / 15) * 15.0
    return World(f"real-{row['id']}", members, seconds, (start, end), scrape_age=dice.uniform(0, 15))


def _hit(title: str) -> frozenset[str]:
    """Return the targets that a title names; all of them if it names none."""
    named = {name for name in ("opus", "sonnet") if name in title}
    if "claude.ai" in title or "login" in title:
        named.add("web")
    return frozenset(named or SURFACES)
