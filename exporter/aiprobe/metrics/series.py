"""Numbers and their rendered lines: what one target, or the exporter itself, has of every family.

A change makes a fragment (all lines of one family of one owner) stale; it is rendered again when its probe
has been recorded, or at the latest when it is read. Nothing here knows what the numbers mean.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from aiprobe.metrics.catalogue import Kind, Metric
from aiprobe.metrics.openmetrics import Exemplar, Labels, bound, exemplar_text, label_text, number


class Reading(NamedTuple):
    """One sample, for whoever wants numbers instead of lines."""

    name: str
    labels: dict[str, str]
    value: float
    exemplar: Exemplar | None = None


@dataclass(slots=True)
class Cell:
    """One series of a counter, gauge or info."""

    head: str
    """Name and labels, rendered, with the space before the value."""
    value: float = 0
    exemplar: Exemplar | None = None
    announced: bool = True
    """False for a counter series that no whole scrape has shown as 0 yet: until then it reads 0."""


@dataclass(slots=True)
class Block:
    """One counter, gauge or info family of one owner, by the values of its own labels."""

    metric: Metric
    labels: Labels
    births: list["Birth"]
    """Shared by the owner: series not announced yet."""
    cells: dict[tuple[str, ...], Cell] = field(default_factory=dict)
    extra: tuple[tuple[str, str], ...] = ()
    """Labels that the catalogue does not know, on every series."""
    _fragment: bytes | None = b""

    def set(self, value: float, *own: str) -> None:
        """Set a series, which is there from now on."""
        cell = self.cells.get(own)
        if cell is None:
            cell = self._born(own)
        elif cell.value == value:
            return
        cell.value = value
        self._fragment = None

    def add(self, amount: float, *own: str, exemplar: Exemplar | None = None) -> None:
        """Add to a counter series; one that is new is announced with a 0 first. An exemplar stays until the next."""
        cell = self.cells.get(own)
        if cell is None:
            cell = self._born(own)
            cell.announced = False
            self.births.append((self, cell))
        cell.value += amount
        cell.exemplar = exemplar or cell.exemplar
        self._fragment = None

    def replace(self, values: Mapping[tuple[str, ...], float]) -> None:
        """Have exactly these series. Those that stay keep their cells."""
        for own in [own for own in self.cells if own not in values]:
            del self.cells[own]
            self._fragment = None
        for own, value in values.items():
            self.set(value, *own)

    def keep(self, wanted: Sequence[tuple[str, ...]]) -> None:
        """Have exactly these series of a counter, new ones announced at 0 and the others as they are."""
        self.replace({own: self.cells[own].value if own in self.cells else 0 for own in wanted})

    def describe(self, *own: str, extra: Mapping[str, str]) -> None:
        """Have exactly one series, which is 1, with `extra` labels beyond those of the catalogue."""
        self.extra = tuple(extra.items())
        self.cells.clear()
        self.set(1, *own)

    def expire(self) -> None:
        """Have the lines rendered again when next read."""
        self._fragment = None

    def fragment(self) -> bytes:
        """Return the lines in OpenMetrics form."""
        if self._fragment is None:
            self._fragment = self.render()
        return self._fragment

    def render(self, *, announced: bool = False) -> bytes:
        """Render the lines; `announced` shows every series as it is, whatever scrapes have seen."""
        lines = ""
        for cell in self.cells.values():
            if announced or cell.announced:
                exemplar = exemplar_text(cell.exemplar) if cell.exemplar else ""
                lines += f"{cell.head}{number(cell.value)}{exemplar}\n"
            else:
                lines += f"{cell.head}0\n"
        return lines.encode()

    def readings(self) -> Iterator[Reading]:
        """Return the same series as `fragment`, as numbers."""
        for own, cell in self.cells.items():
            labels = dict((*self.labels.pairs, *zip(self.metric.labels, own, strict=True), *self.extra))
            value, exemplar = (cell.value, cell.exemplar) if cell.announced else (0, None)
            yield Reading(self.metric.name, labels, value, exemplar)

    def _born(self, own: tuple[str, ...]) -> Cell:
        shared, name = self.labels.text, self.metric.name
        labels = label_text((*zip(self.metric.labels, own, strict=True), *self.extra))
        labels = f"{shared},{labels}" if shared and labels else shared or labels
        cell = self.cells[own] = Cell(f"{name}{{{labels}}} " if labels else f"{name} ")
        return cell


Birth = tuple[Block, Cell]
"""A counter series that no whole scrape has shown as 0 yet, with the block to render again once one has."""


@dataclass(slots=True)
class Distribution:
    """One histogram of one owner. Without an observation it has no series."""

    metric: Metric
    labels: Labels
    counts: list[int] = field(init=False)
    """Per bucket, not cumulative; the last one is above every bound."""
    total: float = 0.0
    exemplars: list[Exemplar | None] = field(init=False)
    shown: bool = False
    _fragment: bytes | None = b""

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.metric.buckets) + 1)
        self.exemplars = [None] * len(self.counts)

    def observe(self, value: float, exemplar: Exemplar | None = None) -> None:
        """Count one observation; its exemplar stays with its bucket until the next."""
        bucket = bisect_left(self.metric.buckets, value)
        self.counts[bucket] += 1
        self.total += value
        self.exemplars[bucket] = exemplar or self.exemplars[bucket]
        self.show()

    def show(self) -> None:
        """Have series from now on, even if nothing was observed yet."""
        self.shown = True
        self._fragment = None

    def fragment(self) -> bytes:
        """Return the lines in OpenMetrics form."""
        if self._fragment is None:
            self._fragment = self.render()
        return self._fragment

    def render(self, *, announced: bool = False) -> bytes:  # noqa: ARG002 - the shape of Block; a histogram has no births
        """Render the lines from the family's one template."""
        shared = self.labels.text
        comma = f"{shared}," if shared else ""
        braces = f"{{{shared}}}" if shared else ""
        values: list[object] = []
        count = 0
        for count, exemplar in zip(accumulate(self.counts), self.exemplars, strict=True):
            values += (comma, count, exemplar_text(exemplar) if exemplar else "")
        return (_template(self.metric) % (*values, braces, number(self.total), braces, count)).encode()

    def readings(self) -> Iterator[Reading]:
        """Return the same series as `fragment`, as numbers."""
        if not self.shown:
            return
        shared, name = dict(self.labels.pairs), self.metric.name
        bounds = (*self.metric.buckets, math.inf)
        for le, value, exemplar in zip(bounds, accumulate(self.counts), self.exemplars, strict=True):
            yield Reading(f"{name}_bucket", {**shared, "le": bound(le)}, value, exemplar)
        yield Reading(f"{name}_sum", shared, self.total)
        yield Reading(f"{name}_count", shared, sum(self.counts))


@cache
def _template(metric: Metric) -> str:
    """Build the lines of a histogram with a gap for labels, count and exemplar of each bucket, then sum and count."""
    bounds = (*metric.buckets, math.inf)
    buckets = "".join(f'{metric.name}_bucket{{%sle="{bound(le)}"}} %d%s\n' for le in bounds)
    return f"{buckets}{metric.name}_sum%s %s\n{metric.name}_count%s %d\n"


class Owner:
    """Everything that one target, or the exporter itself, has to show."""

    __slots__ = ("births", "families", "histograms", "values")

    def __init__(self, metrics: Sequence[Metric], labels: Labels) -> None:
        self.births: list[Birth] = []
        self.values = {m.short: Block(m, labels, self.births) for m in metrics if m.kind is not Kind.HISTOGRAM}
        self.histograms = {m.short: Distribution(m, labels) for m in metrics if m.kind is Kind.HISTOGRAM}
        self.families: list[Block | Distribution] = [
            self.values[m.short] if m.short in self.values else self.histograms[m.short] for m in metrics
        ]

    def __getitem__(self, short: str) -> Block:
        """Return the counter, gauge or info `short`, as the catalogue names it."""
        return self.values[short]

    def fragments(self, *, faded: bool, announced: bool = False) -> list[bytes]:
        """Return the lines of every family, in the order of the catalogue: one consistent moment.

        `faded` leaves out what speaks of the last probe; `announced` as in `Block.render`.
        """
        fresh = {id(block) for block, _ in self.births} if announced else frozenset[int]()
        return [
            b""
            if faded and family.metric.fades
            else family.render(announced=True)
            if id(family) in fresh
            else family.fragment()
            for family in self.families
        ]

    def readings(self, *, faded: bool) -> list[list[Reading]]:
        """Return the same as `fragments`, as numbers."""
        return [[] if faded and family.metric.fades else list(family.readings()) for family in self.families]

    def refresh(self) -> None:
        """Render what has changed."""
        for family in self.families:
            family.fragment()

    def fade(self) -> None:
        """Forget what speaks of the last probe."""
        for block in self.values.values():
            if block.metric.fades:
                block.replace({})

    def announce(self, seen: Sequence[Birth]) -> None:
        """Take note that a whole scrape has shown these births as 0: from now on they show what they count."""
        for block, cell in seen:
            cell.announced = True
            block.expire()
        self.births[:] = [birth for birth in self.births if not birth[1].announced]
