"""aiprobe: asks AI services real questions on a schedule, and exposes what a user would have experienced."""

from typing import Final

__version__: Final = "0.1.0"
