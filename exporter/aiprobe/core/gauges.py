"""The interface through which rooms set gauges without importing `metrics/`, which implements it."""

from collections.abc import Mapping
from typing import Protocol

Series = Mapping[tuple[str, ...], float]
"""The values of one gauge by the values of its own labels, in the order of the catalogue."""


class Gauges(Protocol):
    """The gauges of the exporter and of its targets, by their names in the catalogue."""

    def replace(self, short: str, values: Series) -> None:
        """Replace all series of a gauge of the exporter."""

    def replace_for(self, target: str, short: str, values: Series) -> None:
        """Replace all series of a gauge of one target; do nothing if the target was removed."""
