"""A signal: what is asked, in which unit, and what it means; panels are made of these."""

from dataclasses import dataclass
from typing import Any

from dashboards.src.grafana import Json, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What is asked and what it means, said once: title, description, unit, query."""

    title: str
    description: str
    expr: str
    unit: str = "none"
    legend: str = ""
    decimals: int | None = None
    nothing: str = "No data"
    """What stands there when the query finds nothing: why that may be so."""
    exemplar: bool = False
    rows: str = ""
    """Of a panel whose rows are series: what exists where there is a row, so that it can say why there is none."""

    def query(self, **changes: Any) -> Query:
        """Return the query of this signal."""
        return Query(expr=self.expr, legend=self.legend, exemplar=self.exemplar, **changes)

    def queries(self) -> list[Query]:
        """Return the query, and one whose only series bears the words for nothing where there would be no row.

        State timelines and status histories show no `noValue`: what they say of nothing is about fields.
        """
        empty = Query(expr=f"vector(-1) unless on () ({self.rows})", legend=self.nothing)
        return [self.query(), empty]

    def defaults(self, **more: Any) -> Json:
        """Return the field defaults of this signal."""
        plain: Json = {"unit": self.unit, "noValue": self.nothing}
        return plain | ({} if self.decimals is None else {"decimals": self.decimals}) | more
