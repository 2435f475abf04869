"""aiprobe: a Prometheus exporter that asks AI services real questions and measures what a user would have experienced."""

from typing import Final

__version__: Final = "0.1.0"
