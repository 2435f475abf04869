"""The body of `/metrics`, in slices: fragments that are rendered already, family by family.

A scrape takes each target's fragments in one moment (so a target's numbers agree with one another), then
streams them and gives the loop back between slices. There is never a whole body. Only compression and
the reading of /proc leave the thread of the event loop.

A series that was born since the last scrape reads 0 in the first scrape that shows it, and what it counts
from the next whole scrape on: `increase()` sees nothing of a counter that begins above 0. Which
Prometheus scraped is not known; of two that scrape one exporter, the second may miss the 0. A scrape that was
broken off announces nothing.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import Metric as Family

from aiprobe.metrics import catalogue
from aiprobe.metrics.metric import Metric
from aiprobe.metrics.negotiation import negotiate
from aiprobe.metrics.openmetrics import EOF, Format, Labels, header, metadata, number, without_exemplars
from aiprobe.metrics.recorder import Recorder
from aiprobe.metrics.series import Birth, Owner

SLICE_BYTES = 128 * 1024
"""Larger writes were seen in the error of first-token times."""
SLICE_FRAGMENTS = 512
"""The most fragments that are joined at once, before the loop gets its turn."""
_OWNERS_AT_ONCE = 16
"""Owners whose fragments are taken (and, where stale, rendered) before the loop gets its turn."""
_GZIP = 16 + zlib.MAX_WBITS

Row = tuple[bytes, Sequence[bytes]]
"""Rendered labels of one owner, and its fragments, where they belong."""


class Exposition:
    """Writes what a recorder holds, for scrapers. Any number of scrapes may run at once."""

    def __init__(self, recorder: Recorder) -> None:
        """Read from `recorder`, on its event loop."""
        self._recorder = recorder
        self._process = ProcessCollector(registry=None)

    def negotiate(self, accept: str | None) -> Format:
        """Return the format that the request header `Accept` prefers; text where it is missing or strange."""
        return negotiate(accept)

    async def stream(self, content_type: str, *, gzip: bool = False) -> AsyncGenerator[bytes, None]:
        """Write everything in slices of at most 128 KiB; read to the end, it counts as a scrape."""
        slices = self._slices(Format(content_type))
        async with aclosing(_compressed(slices) if gzip else slices) as source:
            async for piece in source:
                yield piece

    def target(self, name: str, content_type: str) -> bytes | None:
        """Write the families of one target, as they are; None if there is no such target. Announces nothing."""
        series = self._recorder.find(name)
        if series is None:
            return None
        owner, faded = series.owner, series.record.is_silent(self._recorder.clock.monotonic())
        form = Format(content_type)
        row = owner.labels.text, owner.fragments(faded=faded, announced=True)
        end = EOF if form is Format.OPENMETRICS else b""
        return b"".join(_pieces(catalogue.TARGET_METRICS, [row], form)) + end

    async def _slices(self, form: Format) -> AsyncGenerator[bytes, None]:
        recorder = self._recorder
        shown: list[tuple[Owner, list[Birth]]] = [(recorder.exporter, list(recorder.exporter.births))]
        rows: list[Row] = []
        exporter_row = recorder.exporter.labels.text, recorder.exporter.fragments(faded=False)
        now = recorder.clock.monotonic()
        for count, series in enumerate(recorder.targets, start=1):
            owner = series.owner
            rows.append((owner.labels.text, owner.fragments(faded=series.record.is_silent(now))))
            if owner.births:
                shown.append((owner, list(owner.births)))
            if count % _OWNERS_AT_ONCE == 0:
                await asyncio.sleep(0)
        process = await asyncio.to_thread(lambda: list(self._process.collect()))
        for piece in _cut(self._all_pieces(rows, exporter_row, process, form)):
            yield piece
            await asyncio.sleep(0)
        for at in range(0, len(shown), _OWNERS_AT_ONCE):
            recorder.announce(shown[at : at + _OWNERS_AT_ONCE])
            await asyncio.sleep(0)

    def _all_pieces(
        self,
        rows: Sequence[Row],
        exporter_row: Row,
        process: Sequence[Family],
        form: Format,
    ) -> Iterator[bytes]:
        yield from _pieces(catalogue.TARGET_METRICS, rows, form)
        yield from _pieces(catalogue.EXPORTER_METRICS, [exporter_row], form)
        for family in process:
            yield _plain_family(family, form)
        if form is Format.OPENMETRICS:
            yield EOF


def _pieces(
    metrics: Sequence[Metric],
    rows: Sequence[Row],
    form: Format,
) -> Iterator[bytes]:
    """Return a header and joined fragments for each family that has any: one turn in Python for many fragments."""
    if not rows:
        return
    texts, fragments = zip(*rows, strict=True)
    for metric, column in zip(metrics, zip(*fragments, strict=True), strict=True):
        longest = max(map(len, column))
        if longest:
            yield header(metric, form)
            step = max(1, min(SLICE_FRAGMENTS, SLICE_BYTES // longest))
            for at in range(0, len(column), step):
                end = at + step
                piece = Labels.joined(column[at:end], texts[at:end])
                yield without_exemplars(piece) if form is Format.TEXT else piece


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join pieces into slices of at most `SLICE_BYTES` bytes, in order; none is empty."""
    pending: list[bytes] = []
    size = 0
    for piece in pieces:
        if pending and size + len(piece) > SLICE_BYTES:
            yield b"".join(pending)
            pending, size = [], 0
        start = 0
        while len(piece) - start > SLICE_BYTES:
            yield piece[start : start + SLICE_BYTES]
            start += SLICE_BYTES
        rest = piece[start:] if start else piece
        if rest:
            pending.append(rest)
            size += len(rest)
    if pending:
        yield b"".join(pending)


async def _compressed(slices: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Gzip slices at level 1, each in a thread: zlib lets go of the interpreter lock meanwhile."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    async for piece in slices:
        for part in _cut([await asyncio.to_thread(compressor.compress, piece)]):
            yield part
    for part in _cut([compressor.flush()]):
        yield part


def _plain_family(family: Family, form: Format) -> bytes:
    """Render one family of prometheus-client that has no labels, such as those of the process."""
    name = family.samples[0].name
    lines = metadata(family.name, name, kind=family.type, unit="", text=family.documentation, form=form)
    return lines + "".join(f"{sample.name} {number(sample.value)}\n" for sample in family.samples).encode()
