"""aiprobe: asks AI services real questions and tells Prometheus what a user would have felt."""

from typing import Final

__version__: Final = "0.1.0"
