"""Removes secrets from the texts of a result, which a server can have chosen.

The scheduler calls this once for each result, before any listener gets it; `aiprobe probe` calls it for its result.
"""

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Final

from aiprobe.core.model import Result

_SHOWN: Final = {"detail": 500, "answer": 200, "request_id": 100, "error_type": 100, "response_model": 100,
                 "system_fingerprint": 100, "call_id": 100}  # fmt: skip
"""Characters that leave the process of each text that a server gave."""
_TEXTS_OF: Final = attrgetter(*_SHOWN)
_SHORT: Final = min(_SHOWN.values())


def redacted(result: Result, redact: Callable[[str], str]) -> Result:
    """Return the result without secrets in its texts, because a server can echo one."""

    def clean(text: str | None, limit: int) -> str | None:
        if text is None:
            return None
        whole = redact(text[: 8 * limit])
        return whole if len(whole) <= limit else f"{whole[: limit - 1]}…"

    texts = _TEXTS_OF(result)
    together = "\n".join(filter(None, texts))
    if len(together) <= _SHORT and redact(together) == together:  # nearly always
        return result
    cleaned = {name: clean(text, _SHOWN[name]) for name, text in zip(_SHOWN, texts, strict=True)}
    return replace(result, **cleaned)  # type: ignore[arg-type]  # by name; a text stays one
