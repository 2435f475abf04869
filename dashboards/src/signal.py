"""A signal: a query with its unit and meaning; panels are made of signals."""

from dataclasses import dataclass
from typing import Any

from dashboards.src.grafana import Json, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A query with its title, description and unit, defined once."""

    title: str
    description: str
    expr: str
    unit: str = "none"
    legend: str = ""
    decimals: int | None = None
    nothing: str = "No data"
    """The text if the query finds nothing: the possible reason."""
    exemplar: bool = False
    rows: str = ""
    """For a panel whose rows are series: the query of the rows, with which the panel shows why it has none."""

    def query(self, **changes: Any) -> Query:
        """Return the query of this signal."""
        return Query(expr=self.expr, legend=self.legend, exemplar=self.exemplar, **changes)

    def queries(self) -> list[Query]:
        """Return the query, and one whose only series has the text for missing data if there would be no row.

        State timelines and status histories do not show `noValue`: their own text is about fields.
        """
        empty = Query(expr=f"vector(-1) unless on () ({self.rows})", legend=self.nothing)
        return [self.query(), empty]

    def defaults(self, **more: Any) -> Json:
        """Return the field defaults of this signal."""
        plain: Json = {"unit": self.unit, "noValue": self.nothing}
        return plain | ({} if self.decimals is None else {"decimals": self.decimals}) | more
