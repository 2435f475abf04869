"""Typed helpers that print Grafana's classic dashboard JSON (schema 39, Grafana 10.4 and newer).

They use Grafana's names; signals and boards define what is queried and shown.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from dashboards.src import palette

Json = dict[str, Any]

SCHEMA_VERSION: Final = 39
"""Of Grafana 10.4; newer ones migrate it on load."""
PLUGIN_VERSION: Final = "10.4.0"
DATASOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}
TAG: Final = "aiprobe"
COLUMNS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One PromQL query of a panel."""

    expr: str
    legend: str = ""
    instant: bool = False
    shape: Literal["time_series", "table", "heatmap"] = "time_series"
    exemplar: bool = False

    def as_json(self, ref: str) -> Json:
        """Return the target named `ref`."""
        plain: Json = {
            "refId": ref,
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": self.expr,
            "format": self.shape,
            "instant": self.instant,
            "range": not self.instant,
            "legendFormat": self.legend or "__auto",
        }
        return plain | ({"exemplar": True} if self.exemplar else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; its size is in grid units (24 columns, a row of 30 px and a gap of 8)."""

    kind: str
    title: str
    description: str = ""
    width: int = COLUMNS
    height: int = 8
    queries: Sequence[Query] = ()
    options: Json = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()
    interval: str = ""
    points: int = 0
    """The largest number of steps in the range; with 0 the width of the panel determines it."""
    time_from: str = ""

    def as_json(self, *, x: int, y: int) -> Json:
        """Return the panel at a place of the grid."""
        plain: Json = {
            "id": panel_id(self.kind, self.title),
            "type": self.kind,
            "title": self.title,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
        }
        if self.kind == "row":
            return plain | {"collapsed": False, "panels": []}
        plain |= {"description": self.description, "pluginVersion": PLUGIN_VERSION, "options": self.options}
        if self.kind == "text":
            return plain | {"transparent": True}
        plain |= {
            "datasource": DATASOURCE,
            "targets": [query.as_json(chr(ord("A") + index)) for index, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": self.defaults, "overrides": list(self.overrides)},
        }
        optional = {
            "transformations": list(self.transformations),
            "interval": self.interval,
            "maxDataPoints": self.points,
            "timeFrom": self.time_from,
        }
        return plain | {name: value for name, value in optional.items() if value}


def panel_id(kind: str, title: str) -> int:
    """Return an id that does not depend on other panels, so that links to a panel stay valid."""
    return zlib.crc32(f"{kind}/{title}".encode()) % 1_000_000 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A dashboard variable that Prometheus fills."""

    name: str
    label: str
    query: str
    regex: str = ""
    multi: bool = True
    all_selected: bool = True
    all_is_listed: bool = False

    def as_json(self) -> Json:
        """Return the variable; All is `.*`, because a label that does not apply is empty, or the list of all values."""
        plain: Json = {
            "type": "query",
            "name": self.name,
            "label": self.label,
            "datasource": DATASOURCE,
            "query": {"query": self.query, "refId": f"variable-{self.name}"},
            "definition": self.query,
            "regex": self.regex,
            "refresh": 2,
            "sort": 5,
            "multi": self.multi,
            "includeAll": self.multi,
            "skipUrlSync": False,
            "hide": 0,
            "options": [],
        }
        if not self.multi:
            return plain
        chosen = {"current": {"selected": True, "text": ["All"], "value": ["$__all"]}} if self.all_selected else {}
        return plain | ({} if self.all_is_listed else {"allValue": ".*"}) | chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A dashboard variable with fixed values, the first of which is chosen."""

    name: str
    label: str
    values: Sequence[str]

    def as_json(self) -> Json:
        """Return the variable."""
        options = [{"selected": value == self.values[0], "text": value, "value": value} for value in self.values]
        return {
            "type": "custom",
            "name": self.name,
            "label": self.label,
            "query": ",".join(self.values),
            "current": options[0],
            "options": options,
            "multi": False,
            "includeAll": False,
            "skipUrlSync": False,
            "hide": 0,
        }


DATASOURCE_VARIABLE: Final[Json] = {
    "type": "datasource",
    "name": "datasource",
    "label": "Data source",
    "query": "prometheus",
    "regex": "",
    "refresh": 1,
    "multi": False,
    "includeAll": False,
    "skipUrlSync": False,
    "hide": 0,
    "options": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Events of a query, drawn over the time series of a board."""

    name: str
    expr: str
    colour: str
    title: str
    text: str
    tags: str = ""

    def as_json(self, over: Sequence[int]) -> Json:
        """Return the annotation query, drawn over the panels with these ids."""
        return {
            "name": self.name,
            "datasource": DATASOURCE,
            "enable": True,
            "hide": True,
            "iconColor": self.colour,
            "expr": self.expr,
            "step": "60s",
            "titleFormat": self.title,
            "textFormat": self.text,
            "tagKeys": self.tags,
            "useValueForTime": False,
            "filter": {"exclude": False, "ids": list(over)},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    description: str
    panels: Sequence[Panel]
    variables: Sequence[Variable | Choice]
    annotations: Sequence[Annotation] = ()
    time_from: str = "now-24h"

    def as_json(self) -> Json:
        """Return the dashboard."""
        panels = place(self.panels)
        over = [panel["id"] for panel in panels if panel["type"] == "timeseries"]
        return {
            "uid": self.uid,
            "title": f"AI services / {self.title}",
            "description": self.description,
            "tags": [TAG],
            "timezone": "browser",
            "editable": True,
            "graphTooltip": 1,
            "time": {"from": self.time_from, "to": "now"},
            "timepicker": {"refresh_intervals": ["30s", "1m", "5m", "15m", "1h"]},
            "refresh": "auto",
            "schemaVersion": SCHEMA_VERSION,
            "links": [_BOARDS_LINK],
            "annotations": {"list": [annotation.as_json(over) for annotation in self.annotations]},
            "templating": {"list": [DATASOURCE_VARIABLE, *(variable.as_json() for variable in self.variables)]},
            "panels": panels,
        }


_BOARDS_LINK: Final[Json] = {
    "type": "dashboards",
    "title": "AI services",
    "tags": [TAG],
    "asDropdown": True,
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
    "icon": "external link",
    "tooltip": "The other boards, with this time range and these choices",
    "url": "",
}


def place(panels: Sequence[Panel]) -> list[Json]:
    """Set panels side by side until a line of the grid is full. Raises ValueError for a line with holes."""
    placed: list[Json] = []
    x = y = height = 0
    for panel in panels:
        if x == 0:
            height = panel.height
        if x + panel.width > COLUMNS or panel.height != height:
            raise ValueError(f"{panel.title!r} does not fit its line of the grid")
        placed.append(panel.as_json(x=x, y=y))
        x = (x + panel.width) % COLUMNS
        y += height if x == 0 else 0
    if x:
        raise ValueError("the last line of the grid has a hole")
    return placed


def thresholds(*steps: tuple[float | None, str]) -> Json:
    """Return thresholds; the first step has no value, and is grey if a missing value must not look operational."""
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]}


def unknown_below(*steps: tuple[float, str]) -> Json:
    """Return thresholds with the colour of the unknown under the first step and for no value at all."""
    return thresholds((None, palette.UNKNOWN), *steps)


def override(name: str, *properties: tuple[str, Any]) -> Json:
    """Set properties of the field `name`."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties],
    }


def link(title: str, url: str, *, new_tab: bool = False) -> Json:
    """Return a data link."""
    return {"title": title, "url": url, "targetBlank": new_tab}
