"""Tables: several instant queries merged on their labels, with one declared column per label and per query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboards.src.grafana import Json, Panel, Query, override, unknown_below
from dashboards.src.panels import NOTHING

_CELLS: Final = {
    "text": {"type": "auto"},
    "background": {"type": "color-background", "mode": "basic"},
    "colour": {"type": "color-text"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A column of label values. A hidden one is for the links of others."""

    name: str
    title: str = ""
    width: int = 0
    grows: int = 0
    """Least width of the column that takes the remaining width of a table."""
    links: Sequence[Json] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A column of the values of a query; the first query of a table determines the rows."""

    title: str
    expr: str
    unit: str = "none"
    decimals: int | None = None
    width: int = 0
    mapped: Sequence[dict[str, Any]] = ()
    steps: Sequence[tuple[float, str]] = ()
    cell: str = "text"
    links: Sequence[Json] = ()


def table(  # noqa: PLR0913 - what a table is made of, by keyword
    title: str,
    description: str,
    *,
    labels: Sequence[Label],
    values: Sequence[Value],
    nothing: str,
    sort: str = "",
    descending: bool = True,
    width: int = 24,
    height: int = 8,
) -> Panel:
    """Return a table; `sort` is the title of a column."""
    fields = {label.name: label.title or label.name for label in labels}
    fields |= {f"Value #{chr(ord('A') + index)}": value.title for index, value in enumerate(values)}
    # Grafana numbers the values only if more than one query returned data.
    renamed = fields | {"Value": values[0].title}
    return Panel(
        kind="table",
        title=title,
        description=description,
        width=width,
        height=height,
        queries=[Query(expr=value.expr, instant=True, shape="table") for value in values],
        options={
            "showHeader": True,
            "cellHeight": "sm",
            "sortBy": [{"displayName": sort, "desc": descending}] if sort else [],
            "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
        },
        defaults={
            "noValue": nothing,
            "custom": {"align": "left", "inspect": False, "cellOptions": _CELLS["text"]},
            "thresholds": unknown_below(),
            "color": {"mode": "thresholds"},
        },
        overrides=[*map(_label_override, labels), *map(_value_override, values)],
        transformations=[
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True},
                    "indexByName": {name: index for index, name in enumerate(fields)},
                    "renameByName": renamed,
                },
            },
        ],
    )


def matrix(
    title: str, description: str, *, expr: str, by: tuple[str, str], mapped: Sequence[dict[str, Any]], nothing: str
) -> Panel:
    """Return a table of one value for each pair of the labels `by` (of rows and columns), coloured by its mapping."""
    rows, columns = by
    return Panel(
        kind="table",
        title=title,
        description=description,
        height=9,
        queries=[Query(expr=expr, instant=True, shape="table")],
        options={"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "fields": ""}},
        defaults={
            "noValue": nothing,
            "mappings": list(mapped),
            "custom": {"align": "left", "inspect": False, "cellOptions": _CELLS["background"]},
            "thresholds": unknown_below(),
            "color": {"mode": "thresholds"},
        },
        overrides=[override(f"{rows}\\{columns}", ("custom.cellOptions", _CELLS["text"]), ("custom.minWidth", 160))],
        transformations=[
            {"id": "groupingToMatrix", "options": {"rowField": rows, "columnField": columns, "valueField": "Value"}}
        ],
    )


def _label_override(label: Label) -> Json:
    properties: list[tuple[str, Any]] = [("noValue", NOTHING)]
    if label.hidden:
        properties.append(("custom.hidden", True))
    if label.grows:
        properties.append(("custom.minWidth", label.grows))
    if label.width:
        properties.append(("custom.width", label.width))
    if label.links:
        properties.append(("links", list(label.links)))
    return override(label.title or label.name, *properties)


def _value_override(value: Value) -> Json:
    properties: list[tuple[str, Any]] = [
        ("unit", value.unit), ("noValue", NOTHING), ("custom.cellOptions", _CELLS[value.cell])
    ]  # fmt: skip
    if value.decimals is not None:
        properties.append(("decimals", value.decimals))
    if value.width:
        properties.append(("custom.width", value.width))
    if value.mapped:
        properties.append(("mappings", list(value.mapped)))
    if value.steps:
        properties.append(("thresholds", unknown_below(*value.steps)))
    if value.links:
        properties.append(("links", list(value.links)))
    return override(value.title, *properties)
