"""Rows of the result: a figure of aiprobe, those of its peers, the bar, and whether it was met. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    ours: float
    unit: str
    beside: Mapping[str, float] = field(default_factory=dict)
    """The figures of peers and controls in the same run, by name, in the same unit."""
    bar: float | None = None
    """None for a figure without a bar."""
    at_least: bool = False
    """True: `ours` must be at least the bar; False: at most."""
    ratio: float | None = None
    """Compared with the bar instead of `ours`."""
    runs: Sequence[float] = ()
    """The values whose median is `ours`."""

    @property
    def met(self) -> bool | None:
        """Return whether the bar was met; None without a bar."""
        if self.bar is None:
            return None
        judged = self.ours if self.ratio is None else self.ratio
        return judged >= self.bar if self.at_least else judged <= self.bar

    def as_json(self) -> dict[str, Any]:
        """Return everything, for programs."""
        return {**asdict(self), "beside": dict(self.beside), "runs": list(self.runs), "met": self.met}


HEAD = "| what | aiprobe | beside it, in the same run | ratio | bar | met |\n|---|---|---|---|---|---|"


def line(row: Row) -> str:
    """Return a row as Markdown."""
    beside = "; ".join(f"{name} {shown(value)} {row.unit}" for name, value in row.beside.items()) or "-"
    ratio = "-" if row.ratio is None else f"{row.ratio:.3g}"
    relation = "at least" if row.at_least else "at most"
    unit = "x" if row.ratio is not None else f" {row.unit}"
    bar = "reported" if row.bar is None else f"{relation} {shown(row.bar)}{unit}"
    met = {None: "", True: "yes", False: "**missed**"}[row.met]
    return f"| {row.what} | {shown(row.ours)} {row.unit} | {beside} | {ratio} | {bar} | {met} |"


def shown(value: float) -> str:
    """Return a figure with three digits, large ones whole."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def quantile(values: Sequence[float], share: float) -> float:
    """Return the quantile `share` (0-1) of the values by nearest rank, without interpolation."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return float(median(values))


def first_token_errors(record: Mapping[str, float], seen: Mapping[str, float]) -> list[float]:
    """Return the seconds from the writing to the reception of each first token; both are Unix times by request id."""
    return [at - record[request_id] for request_id, at in seen.items() if request_id in record]
