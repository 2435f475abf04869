"""Lists of labels that many rules share: identity labels, and the labels of Sloth. Expressions use their names."""

import re
from collections.abc import Mapping
from typing import Final

from aiprobe.core.model import IDENTITY_LABELS

_TARGET: Final = tuple(label for label in IDENTITY_LABELS if label != "vantage")
_SLO: Final = ("sloth_id", "sloth_service", "sloth_slo", "slo", *_TARGET)
LISTS: Final[Mapping[str, str]] = {
    "TARGET": ", ".join(_TARGET),
    "SLO": ", ".join(_SLO),
}
"""Word in an expression -> its replacement in the file: labels of a target, labels of an SLO."""
_WORD: Final = re.compile(rf"\b({'|'.join(LISTS)})\b")


def expand(expression: str) -> str:
    """Return `expression` with each word of `LISTS` replaced by its list."""
    return _WORD.sub(lambda found: LISTS[found[0]], expression)
