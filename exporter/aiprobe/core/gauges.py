"""Where a room puts the numbers that it keeps, without importing `metrics/`, which implements this."""

from collections.abc import Mapping
from typing import Protocol

Series = Mapping[tuple[str, ...], float]
"""The values of one gauge by the values of its own labels, in the order of the catalogue."""


class Gauges(Protocol):
    """The gauges of the exporter and of its targets, by their names in the catalogue."""

    def replace(self, short: str, values: Series) -> None:
        """Have exactly these series of a gauge of the exporter."""

    def replace_for(self, target: str, short: str, values: Series) -> None:
        """Have exactly these series of a gauge of one target; nothing happens when the target is gone."""
