"""The month at a glance: a column a day, a cell an hour, as inline SVG without script or outside reference.

Drawn with shapes and a hatch besides colours, so that it can be read in grey and by the colour-blind, and printed by
browsers that leave out backgrounds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from aiprobe.contracts.month import Month
from aiprobe.contracts.periods import Kind, TimedSlice
from aiprobe.core.evidence import HOUR_SECONDS

_CELL: Final = 19
_ROW: Final = 7
_LEFT: Final = 36
_TOP: Final = 24
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """An hour of a local day: how many of its slices are of which kind."""

    day: int
    row: int
    """Hours since local midnight; 24 on the long day of autumn."""
    start_seconds: int
    counts: dict[Kind, int]

    @property
    def kind(self) -> Kind | None:
        """Return the kind that it is drawn as: the worst that happened; unknown from half of it on; None later on."""
        for kind in (Kind.COUNTED, Kind.DISPUTED, Kind.TOO_SHORT):
            if self.counts.get(kind):
                return kind
        total = sum(self.counts.values())
        if not total:
            return None
        return Kind.UNKNOWN if 2 * self.counts.get(Kind.UNKNOWN, 0) >= total else Kind.UP

    @property
    def share(self) -> float:
        """Return the share of its slices that are of that kind."""
        return self.counts.get(self.kind, 0) / sum(self.counts.values()) if self.kind else 0.0


def cells(month: Month, slices: Sequence[TimedSlice]) -> list[Cell]:
    """Return the hours of a month's local days, those that are still to come included."""
    found: dict[tuple[int, int], Cell] = {}
    starts = [start for start, _ in month.days]
    for day, (start, end) in enumerate(month.days):
        for row, at in enumerate(range(start, end, HOUR_SECONDS)):
            found[day, row] = Cell(day=day, row=row, start_seconds=at, counts={})
    day = 0
    for item in slices:
        while day + 1 < len(starts) and item.start_seconds >= starts[day + 1]:
            day += 1
        counts = found[day, (item.start_seconds - starts[day]) // HOUR_SECONDS].counts
        counts[item.kind] = counts.get(item.kind, 0) + 1
    return list(found.values())


def strip_svg(month: Month, slices: Sequence[TimedSlice]) -> str:
    """Return the month as an SVG element; its colours are the classes of the page that it stands in."""
    drawn = cells(month, slices)
    rows = max((cell.row for cell in drawn), default=0) + 1
    width = _LEFT + len(month.days) * _CELL + 2
    height = _TOP + rows * _ROW + 2
    lines = [
        f'<svg class="strip" viewBox="0 0 {width} {height}" role="img" aria-label="Hours of {month.label}">',
        '<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">',
        '<rect class="hatch-ground" width="4" height="4"/><rect class="hatch-line" width="1.4" height="4"/>',
        "</pattern></defs>",
        *_axes(month, rows),
        *(_rect(cell, month) for cell in drawn),
        "</svg>",
    ]
    return "\n".join(lines)


def _axes(month: Month, rows: int) -> Iterator[str]:
    zone = ZoneInfo(month.timezone)
    for day, (start, _) in enumerate(month.days):
        x = _LEFT + day * _CELL + _CELL / 2 - 1
        weekend = datetime.fromtimestamp(start, zone).weekday() >= _SATURDAY
        yield f'<text class="axis{" weekend" if weekend else ""}" x="{x}" y="16" text-anchor="middle">{day + 1}</text>'
    for row in range(0, rows, 6):
        y = _TOP + row * _ROW + (_ROW if row else 7)
        yield f'<text class="axis" x="{_LEFT - 6}" y="{y}" text-anchor="end">{row:02d}:00</text>'


def _rect(cell: Cell, month: Month) -> str:
    x, y = _LEFT + cell.day * _CELL, _TOP + cell.row * _ROW
    at = datetime.fromtimestamp(cell.start_seconds, ZoneInfo(month.timezone))
    kind = cell.kind
    name = "future" if kind is None else kind.value
    said = ", ".join(f"{count} {_WORDS[kind]}" for kind, count in cell.counts.items()) or "still to come"
    # A counted hour is never paler than 0.55: one lost minute must not look like none.
    strong = f' fill-opacity="{0.55 + 0.45 * cell.share:.2f}"' if kind is Kind.COUNTED else ""
    title = escape(f"{at:%Y-%m-%d %H:%M %Z}: {said}")
    box = f'x="{x}" y="{y}" width="{_CELL - 2}" height="{_ROW - 1}" rx="1"'
    return f'<rect class="{name}" {box}{strong}><title>{title}</title></rect>'


_WORDS: Final = {
    Kind.COUNTED: "lost",
    Kind.DISPUTED: "disputed",
    Kind.TOO_SHORT: "bad, too short to count",
    Kind.UNKNOWN: "not probed",
    Kind.UP: "up",
}
