"""What numbers look like on the wire: labels, values, exemplars and headers of the two text formats.

Fragments are kept in OpenMetrics form (openmetrics.io, specification 1.0.0). The classic text form 0.0.4
has the same sample lines, so it differs only in headers and in the exemplars that it cannot carry.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import repeat
from typing import Final, NamedTuple

from aiprobe.metrics.metric import Kind, Metric

EXEMPLAR_LABEL: Final = "request_id"
_EXEMPLAR_CHARACTERS: Final = 100
"""Of names and values together. OpenMetrics 1.0 allows 128; the design keeps a margin."""
_REQUEST_ID_CHARACTERS: Final = _EXEMPLAR_CHARACTERS - len(EXEMPLAR_LABEL)
_MODEL_CHARACTERS: Final = 100
_NOT_REQUEST_ID: Final = re.compile(r"[^0-9A-Za-z._:/+=@~-]")
_NOT_PRINTABLE_ASCII: Final = re.compile(r"[^ -~]")
_NOT_LABEL_NAME: Final = re.compile(r"[^0-9A-Za-z_]")
_EXEMPLAR_BEGINS: Final = f' # {{{EXEMPLAR_LABEL}="'.encode()
"""A quote in a label value is escaped, so no label value can look like this."""
_MARK: Final = "\0"
"""Nothing else is this: `escape` lets none through."""
_NOT_FINITE: Final = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}

EOF: Final = b"# EOF\n"


class Format(StrEnum):
    """The two formats of `/metrics`; the value is the content type to answer with."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Exemplar(NamedTuple):
    """One observation of a counter or bucket, by the provider's request id (made harmless already)."""

    request_id: str
    value: float
    timestamp_seconds: float


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels that all series of one owner share, rendered once.

    They are most of the bytes of a scrape, so fragments are stored without them: `mark` takes their place.
    """

    pairs: tuple[tuple[str, str], ...]
    mark: str = field(init=False, default="")
    """What a fragment has in their place; nothing where there are none."""
    text: bytes = field(init=False, default=b"")
    """Rendered, without braces."""

    def __post_init__(self) -> None:
        text = label_text(self.pairs)
        object.__setattr__(self, "mark", _MARK if text else "")
        object.__setattr__(self, "text", text.encode())

    @staticmethod
    def joined(fragments: Sequence[bytes], texts: Sequence[bytes]) -> bytes:
        """Join fragments, each with the `text` of its owner where its marks are."""
        return b"".join(map(bytes.replace, fragments, repeat(_MARK.encode()), texts))


def label_text(pairs: Iterable[tuple[str, str]]) -> str:
    """Render labels without their braces, values escaped."""
    return ",".join(f'{name}="{escape(value)}"' for name, value in pairs)


def escape(value: str) -> str:
    """Escape a label value as both formats ask; what is not text (a NUL, a lone surrogate) becomes a `?`."""
    escaped = value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"").replace(_MARK, "?")
    return escaped if escaped.isascii() else escaped.encode("utf-8", "replace").decode("utf-8")


def number(value: float) -> str:
    """Render a sample value: whole numbers without a fraction, everything else so that it reads back the same."""
    text = repr(value)
    return _NOT_FINITE.get(text, text) if text[-1] in "fn" else text.removesuffix(".0")


def bound(value: float) -> str:
    """Render the bound of a bucket: always with a fraction, so that both formats name the same series."""
    return "+Inf" if value == math.inf else repr(float(value))


def exemplar_text(exemplar: Exemplar) -> str:
    """Render what follows the value of a sample that has an exemplar."""
    request_id, value, timestamp = exemplar
    return f' # {{{EXEMPLAR_LABEL}="{request_id}"}} {value} {timestamp:.3f}'


def without_exemplars(fragment: bytes) -> bytes:
    """Return whole lines in the classic text format."""
    first, *rest = fragment.split(_EXEMPLAR_BEGINS)
    return b"".join((first, *(part[part.index(b"\n") :] for part in rest))) if rest else fragment


def header(metric: Metric, form: Format) -> bytes:
    """Render the metadata lines of a family."""
    return metadata(metric.family, metric.name, kind=metric.kind.value, unit=metric.unit, text=metric.help, form=form)


def metadata(
    family: str,
    name: str,
    *,
    kind: str,
    unit: str,
    text: str,
    form: Format,
) -> bytes:
    """Render metadata lines: of `family` in OpenMetrics, of `name` (with `_total` or `_info`) in the text format."""
    if form is Format.TEXT:
        kind = Kind.GAUGE.value if kind == Kind.INFO else kind
        return f"# HELP {name} {text}\n# TYPE {name} {kind}\n".encode()
    lines = f"# HELP {family} {text}\n# TYPE {family} {kind}\n"
    return (lines + f"# UNIT {family} {unit}\n" if unit else lines).encode()


def request_id_value(text: str) -> str:
    """Make a provider's request id harmless: a few ASCII characters, and not too many of them."""
    return _NOT_REQUEST_ID.sub("_", text[:_REQUEST_ID_CHARACTERS])


def model_value(text: str) -> str:
    """Make a model name out of a reply harmless: at most 100 printable ASCII characters."""
    return _NOT_PRINTABLE_ASCII.sub("_", text[:_MODEL_CHARACTERS])


def label_name(name: str, *, taken: Iterable[str]) -> str:
    """Turn a user's label name into one that both formats allow and that hides none of `taken`."""
    cleaned = _NOT_LABEL_NAME.sub("_", name)
    if not cleaned or cleaned[0].isdigit() or cleaned.startswith("__") or cleaned in set(taken):
        return f"label_{cleaned}"
    return cleaned
