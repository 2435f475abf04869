"""Builds panels from signals: one function per kind of panel, with the settings that all boards share."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from dashboards.src import mappings, palette
from dashboards.src.grafana import Json, Panel, override, thresholds, unknown_below
from dashboards.src.signal import Signal

Mapped = list[dict[str, Any]]

_CELLS: Final = 25
"""Of a status history. Grafana rounds the step, so thirty days get a cell a day and a day gets a cell an hour."""
NOTHING: Final = "\u2013"
"""Text of a cell without a value; without it Grafana prints the text of the whole panel in each cell."""


_HIDDEN_LEGEND: Final[Json] = {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []}
_LEGEND: Final[Json] = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}


def _reduce(*calcs: str) -> Json:
    return {"values": False, "calcs": list(calcs or ("lastNotNull",)), "fields": ""}


def text(content: str, *, title: str = "", height: int = 2, width: int = 24) -> Panel:
    """Return a note in Markdown."""
    options = {"mode": "markdown", "content": content}
    return Panel(kind="text", title=title, description="", width=width, height=height, options=options)


def row(title: str) -> Panel:
    """Return a heading."""
    return Panel(kind="row", title=title, height=1)


def stat(
    signal: Signal,
    *,
    mapped: Mapped | None = None,
    steps: Sequence[tuple[float, str]] = ((0, palette.OPERATIONAL),),
    links: Sequence[Json] = (),
    width: int = 4,
    height: int = 4,
    background: bool = True,
) -> Panel:
    """Return one big number now. Without a value, and below the first step, it is grey."""
    return Panel(
        kind="stat",
        title=signal.title,
        description=signal.description,
        width=width,
        height=height,
        queries=[signal.query(instant=True)],
        options=_stat_options(background=background, text_mode="value"),
        defaults=signal.defaults(
            mappings=mapped or [], thresholds=unknown_below(*steps), color={"mode": "thresholds"}, links=list(links)
        ),
    )


def _stat_options(*, background: bool, text_mode: str) -> Json:
    return {
        "reduceOptions": _reduce(),
        "orientation": "auto",
        "textMode": text_mode,
        "colorMode": "background_solid" if background else "none",
        "graphMode": "none",
        "justifyMode": "center",
        "wideLayout": True,
        "showPercentChange": False,
    }


def honeycomb(signal: Signal, *, mapped: Mapped, links: Sequence[Json], width: int, height: int) -> Panel:
    """Return one coloured cell with name and state per series."""
    return Panel(
        kind="stat",
        title=signal.title,
        description=signal.description,
        width=width,
        height=height,
        queries=[signal.query(instant=True)],
        options=_stat_options(background=True, text_mode="value_and_name")
        | {"text": {"titleSize": 12, "valueSize": 16}},
        defaults=signal.defaults(
            mappings=mapped,
            thresholds=thresholds((None, palette.UNKNOWN)),
            color={"mode": "thresholds"},
            links=list(links),
        ),
    )


def timeline(signal: Signal, *, mapped: Mapped, links: Sequence[Json] = (), width: int = 24, height: int = 9) -> Panel:
    """Return a state timeline, with a separate colour for values without a name, and a legend of names."""
    return Panel(
        kind="state-timeline",
        title=signal.title,
        description=signal.description,
        width=width,
        height=height,
        queries=signal.queries(),
        options={
            "mergeValues": True,
            "showValue": "never",
            "alignValue": "left",
            "rowHeight": 0.85,
            "legend": _LEGEND,
            "tooltip": {"mode": "single", "sort": "none"},
        },
        # `fixed`: with `thresholds` the legend would be one of thresholds. No insertNulls: it can fill holes.
        defaults=signal.defaults(
            mappings=mapped,
            color={"mode": "fixed", "fixedColor": palette.UNKNOWN},
            thresholds=thresholds((None, palette.UNKNOWN)),
            custom={"fillOpacity": 100, "lineWidth": 0, "spanNulls": False},
            links=list(links),
        ),
    )


def history(
    signal: Signal,
    *,
    steps: Sequence[tuple[float, str]],
    time_from: str = "",
    links: Sequence[Json] = (),
    height: int = 8,
) -> Panel:
    """Return a status history: the range in cells, each with its value. No cell where there is no value.

    The query divides by `$__interval`, so that there are cells in a range of hours as well; it is at least 30 minutes.
    """
    return Panel(
        kind="status-history",
        title=signal.title,
        description=signal.description,
        height=height,
        queries=signal.queries(),
        options={
            "showValue": "auto",
            "rowHeight": 0.85,
            "colWidth": 0.92,
            "legend": _HIDDEN_LEGEND,
            "tooltip": {"mode": "single", "sort": "none"},
        },
        defaults=signal.defaults(
            mappings=mappings.value_map({-1: (NOTHING, palette.UNKNOWN)}),
            color={"mode": "thresholds"},
            thresholds=unknown_below(*steps),
            custom={"fillOpacity": 100, "lineWidth": 0},
            links=list(links),
        ),
        interval="30m",
        points=_CELLS,
        time_from=time_from,
    )


def lines(  # noqa: PLR0913 - each keyword is one choice about a chart, and has a default
    *signals: Signal,
    width: int = 12,
    height: int = 8,
    style: str = "line",
    stacked: bool = False,
    colours: Mapping[str, str] | None = None,
    limits: Sequence[tuple[float, str]] = (),
    limit_style: str = "dashed",
    below: str = "transparent",
    minimum: float | None = 0,
    maximum: float | None = None,
    table: bool = False,
    log: bool = False,
    interval: str = "",
    dash: Sequence[str] = (),
) -> Panel:
    """Return a time series; all its signals share the unit, title and description of the first."""
    first = signals[0]
    custom: Json = {
        "drawStyle": style,
        "lineWidth": 1,
        "fillOpacity": 70 if style == "bars" else (35 if stacked else 0),
        "showPoints": "never" if style == "bars" or stacked else "auto",
        "pointSize": 4,
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": limit_style if limits else "off"},
        "scaleDistribution": {"type": "log", "log": 10} if log else {"type": "linear"},
    }
    bounds = {} if log or minimum is None else {"min": minimum}
    bounds |= {} if maximum is None else {"max": maximum}
    overrides = [
        override(name, ("color", {"mode": "fixed", "fixedColor": hue})) for name, hue in (colours or {}).items()
    ]
    overrides += [override(name, ("custom.lineStyle", {"fill": "dash", "dash": [6, 6]})) for name in dash]
    legend = _LEGEND | (
        {"displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "max"]} if table else {}
    )
    return Panel(
        kind="timeseries",
        title=first.title,
        description=first.description,
        width=width,
        height=height,
        queries=[signal.query() for signal in signals],
        options={"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}},
        # No decimals: the axis would print the text for missing values at every tick that needs more decimals.
        defaults=replace(first, decimals=None).defaults(
            custom=custom,
            color={"mode": "palette-classic"},
            thresholds=thresholds((None, below), *limits),
            **bounds,
        ),
        overrides=overrides,
        interval=interval,
    )


def bars(
    signal: Signal,
    *,
    steps: Sequence[tuple[float, str]],
    width: int = 12,
    height: int = 8,
    minimum: float = 0,
    maximum: float | None = None,
    links: Sequence[Json] = (),
) -> Panel:
    """Return a bar gauge: one bar per series, in the order of the query."""
    bounds = {"min": minimum} | ({} if maximum is None else {"max": maximum})
    return Panel(
        kind="bargauge",
        title=signal.title,
        description=signal.description,
        width=width,
        height=height,
        queries=[signal.query(instant=True)],
        options={
            "reduceOptions": _reduce(),
            "orientation": "horizontal",
            "displayMode": "basic",
            "valueMode": "text",
            "namePlacement": "left",
            "showUnfilled": True,
            "sizing": "manual",
            "minVizWidth": 8,
            "minVizHeight": 16,
            "maxVizHeight": 24,
            # Grafana measures names as wide as 12 px letters are: smaller ones are never cut.
            "text": {"titleSize": 11, "valueSize": 14},
            "legend": _HIDDEN_LEGEND,
        },
        defaults=signal.defaults(
            thresholds=unknown_below(*steps), color={"mode": "thresholds"},
            links=list(links), **bounds,
        ),
    )  # fmt: skip


def heatmap(signal: Signal, *, width: int = 8, height: int = 9) -> Panel:
    """Return a heatmap of classic buckets. Grafana shows no text for missing data, so its only row has that name."""
    return Panel(
        kind="heatmap",
        title=signal.title,
        description=signal.description,
        width=width,
        height=height,
        queries=[replace(query, shape="heatmap") for query in signal.queries()],
        options={
            "calculate": False,
            "color": {
                "mode": "scheme", "scheme": "Viridis", "scale": "exponential", "exponent": 0.5, "steps": 64,
                "reverse": False, "fill": "dark-orange",
            },
            "cellGap": 1,
            "showValue": "never",
            "filterValues": {"le": 1e-9},
            "rowsFrame": {"layout": "auto"},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": signal.unit},
            "legend": {"show": True},
            "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
            "exemplars": {"color": "rgba(255,255,255,0.8)"},
        },
        defaults={"noValue": signal.nothing, "custom": {"scaleDistribution": {"type": "linear"}}},
    )  # fmt: skip
