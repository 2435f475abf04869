"""Asks as Grafana would: which step and which windows a panel gets at a time range, with its variables filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SCRAPE_SECONDS = 60
POINTS = 1200
"""Of a panel over the whole width of a 1600 px screen, about."""
_UNITS = {"m": 60, "h": 3600, "d": 86400}
STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def seconds(text: str) -> int:
    """Read `30d`, `1m`, `6h`."""
    return int(text[:-1]) * _UNITS[text[-1]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One query as it goes to Prometheus."""

    uid: str
    title: str
    kind: str
    ref: str
    expr: str
    start: float
    end: float
    step: int
    instant: bool

    @property
    def name(self) -> str:
        """Say which query this is."""
        return f"{self.uid} / {self.title} / {self.ref}"

    @property
    def steps(self) -> int:
        """Return how many points in time it is asked for."""
        return 1 if self.instant else int((self.end - self.start) / self.step) + 1


def asks(
    board: Mapping[str, Any], *, end: float, range_seconds: int, chosen: Mapping[str, str] | None = None
) -> Iterator[Ask]:
    """Yield every query of a board, with `chosen` values of its variables and All for the others."""
    lists = board["templating"]["list"]
    variables = {one["name"]: one["current"]["value"] if one["type"] == "custom" else ".*" for one in lists}
    variables |= chosen or {}
    for panel in board["panels"]:
        span = seconds(panel["timeFrom"]) if panel.get("timeFrom") else range_seconds
        smallest = seconds(panel["interval"]) if panel.get("interval") else 1
        points = panel.get("maxDataPoints", POINTS)
        step = max(smallest, next((one for one in STEPS if one >= span / points), STEPS[-1]))
        scrape = max(smallest, SCRAPE_SECONDS) if panel.get("interval") else SCRAPE_SECONDS
        macros = {
            "$__rate_interval": f"{max(step + scrape, 4 * scrape)}s",
            "$__interval_ms": str(step * 1000),
            "$__interval": f"{step}s",
            "$__range_s": str(span),
            "$__range": f"{span}s",
        }
        for target in panel.get("targets", []):
            expr = target["expr"]
            for macro, value in macros.items():
                expr = expr.replace(macro, value)
            for name in sorted(variables, key=len, reverse=True):
                expr = expr.replace(f"${name}", variables[name])
            last = end - end % step
            yield Ask(
                uid=board["uid"], title=panel["title"], kind=panel["type"], ref=target["refId"], expr=expr,
                start=last - span, end=end if target["instant"] else last, step=step, instant=target["instant"],
            )  # fmt: skip
