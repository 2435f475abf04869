"""Numbers and their rendered lines: what one target, or the exporter itself, has of every family.

A change makes a fragment (all lines of one family of one owner) stale; it is rendered again when its probe has been
recorded, or at the latest when it is read. Nothing here depends on what the numbers
mean.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import accumulate, chain

from aiprobe.metrics.metric import Kind, Metric
from aiprobe.metrics.openmetrics import Exemplar, Labels, bound, exemplar_text, label_text, number

Own = tuple[str, ...]
"""The values of a series' own labels, in the order of its metric."""


@dataclass(slots=True, eq=False)
class Family:
    """What both kinds of family have. A base class, against the habit here: an owner renders both alike."""

    metric: Metric
    owner: "Owner"
    place: int
    """Among the families of the owner, in the order of the catalogue."""
    is_stale: bool = field(default=False, init=False)
    """Whether the lines must be rendered again; `is_stale` of the owner is set with it."""


@dataclass(slots=True, eq=False)
class Block(Family):
    """One counter, gauge or info family, by the values of its own labels."""

    values: dict[Own, float] = field(default_factory=dict)
    unseen: tuple[Own, ...] = ()
    """Counter series that no whole scrape has shown as 0 yet: until then they read 0. In `births` of the owner too."""
    exemplars: dict[Own, Exemplar] | None = None
    extra: tuple[tuple[str, str], ...] = ()
    """Labels that the catalogue does not know, on every series."""
    lines: str = ""
    """The lines with a gap for each value; empty when a series came or went since they were built."""

    def set(self, value: float, *own: str) -> None:
        """Set a series, which is there from now on."""
        known = self.values.get(own)
        if known is None:
            own, self.lines = _the_same(own), ""
        elif known == value:
            return
        self.values[own] = value
        self.is_stale = self.owner.is_stale = True

    def add(self, amount: float, *own: str, exemplar: Exemplar | None = None) -> None:
        """Add to a counter series; one that is new is announced with a 0 first. An exemplar stays until the next."""
        known = self.values.get(own)
        if known is None:
            own, known, self.lines = _the_same(own), 0, ""
            self.unseen = (*self.unseen, own)
            self.owner.births.append((self, own))
        self.values[own] = known + amount
        if exemplar:
            if self.exemplars is None:
                self.exemplars = {}
            self.exemplars[own] = exemplar
        self.is_stale = self.owner.is_stale = True

    def replace(self, values: Mapping[Own, float]) -> None:
        """Have exactly these series. Those that stay keep their place."""
        if self.values == values:
            return
        if self.values.keys() != values.keys():
            self.values = {own: value for own, value in self.values.items() if own in values}
            values = {_the_same(own): value for own, value in values.items()}
            self.lines = ""
        self.values.update(values)
        self.is_stale = self.owner.is_stale = True

    def keep(self, wanted: Sequence[Own]) -> None:
        """Have exactly these series of a counter, new ones announced at 0 and the others as they are."""
        self.replace({own: self.values.get(own, 0) for own in wanted})

    def describe(self, *own: str, extra: Mapping[str, str]) -> None:
        """Have exactly one series, which is 1, with `extra` labels beyond those of the catalogue."""
        self.extra = tuple(extra.items())
        self.values, self.lines = {own: 1}, ""
        self.is_stale = self.owner.is_stale = True

    def render(self, *, announced: bool = False) -> str:
        """Render the lines in OpenMetrics form, with a mark for the labels of the owner.

        A series that no scrape has shown yet is 0; `announced` shows every series as it is.
        """
        unseen = () if announced else self.unseen
        if not self.lines:
            build = _lines.__wrapped__ if self.metric.kind is Kind.INFO else _lines  # no two targets have one info
            self.lines = build(self.metric, self.owner.labels.mark, tuple(self.values), self.extra)
        lines = self.lines
        if not (unseen or self.exemplars):
            text = lines % tuple(self.values.values())
            if "inf" not in text and "nan" not in text:  # nearly always; else a label or a number has it
                return text
        return lines % tuple([_sample(*self._shown(own, unseen)) for own in self.values])

    def announce(self, own: Own) -> None:
        """Show from now on what a series that was unseen counts."""
        self.unseen = tuple(other for other in self.unseen if other != own)
        self.is_stale = self.owner.is_stale = True

    def _shown(self, own: Own, unseen: tuple[Own, ...]) -> tuple[float, Exemplar | None]:
        if own in unseen:
            return 0, None
        return self.values[own], self.exemplars.get(own) if self.exemplars else None


def encoded(lines: str) -> bytes:
    """Return lines as they are exposed: 1.0 is 1, and no label ends a line."""
    return lines.replace(".0\n", "\n").encode()


def _sample(value: float, exemplar: Exemplar | None) -> str:
    return number(value) + exemplar_text(exemplar) if exemplar else number(value)


@lru_cache(maxsize=256)
def _the_same(own: Own) -> Own:
    """Return one tuple for all that are equal: thousands of targets have the same keys."""
    return own


@lru_cache(maxsize=256)
def _lines(metric: Metric, mark: str, series: tuple[Own, ...], extra: tuple[tuple[str, str], ...]) -> str:
    """Build the lines of a family with a gap for each value; thousands of targets have the same, but for `mark`."""
    lines = ""
    for own in series:
        labels = ",".join(text for text in (mark, label_text(_pairs(metric, own, extra))) if text)
        head = f"{metric.name}{{{labels}}}" if labels else metric.name
        lines += head.replace("%", "%%") + " %s\n"
    return lines


def _pairs(metric: Metric, own: Own, extra: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    return chain(zip(metric.labels, own, strict=True), extra)


Birth = tuple[Block, Own]
"""A counter series that no whole scrape has shown as 0 yet."""


@dataclass(slots=True, eq=False)
class Distribution(Family):
    """One histogram. Without an observation it has no series."""

    counts: list[int] = field(default_factory=list)
    """Per bucket, not cumulative; the last one is above every bound. Like the other lists empty until it is shown."""
    total: float = 0.0
    exemplars: list[Exemplar | None] = field(default_factory=list)
    _exemplar_texts: list[str] = field(default_factory=list)

    def observe(self, value: float, exemplar: Exemplar | None = None) -> None:
        """Count one observation; its exemplar stays with its bucket until the next."""
        if not self.counts:
            self.show()
        bucket = bisect_left(self.metric.buckets, value)
        self.counts[bucket] += 1
        self.total += value
        if exemplar is not None:
            self.exemplars[bucket] = exemplar
            self._exemplar_texts[bucket] = exemplar_text(exemplar)
        self.is_stale = self.owner.is_stale = True

    def show(self) -> None:
        """Have series from now on, even if nothing was observed yet."""
        if not self.counts:
            buckets = len(self.metric.buckets) + 1
            self.counts, self.exemplars, self._exemplar_texts = [0] * buckets, [None] * buckets, [""] * buckets
        self.is_stale = self.owner.is_stale = True

    def render(self) -> str:
        """Render the lines from the family's one template."""
        shared = self.owner.labels.mark
        braces = f"{{{shared}}}" if shared else ""
        values: list[object] = [f"{shared}," if shared else ""] * (3 * len(self.counts))
        values[1::3] = accumulate(self.counts)
        values[2::3] = self._exemplar_texts
        return _template(self.metric) % (*values, braces, self.total, braces, values[-2])


@cache
def _template(metric: Metric) -> str:
    """Build the lines of a histogram with a gap for labels, count and exemplar of each bucket, then sum and count."""
    bounds = (*metric.buckets, math.inf)
    buckets = "".join(f'{metric.name}_bucket{{%sle="{bound(le)}"}} %d%s\n' for le in bounds)
    return f"{buckets}{metric.name}_sum%s %s\n{metric.name}_count%s %d\n"


class Owner:
    """Everything that one target, or the exporter itself, has to show. A family is made when it is first asked for."""

    __slots__ = ("_blocks", "_histograms", "_metrics", "_places", "_rendered", "births", "is_stale", "labels")

    def __init__(self, metrics: tuple[Metric, ...], labels: Labels) -> None:
        self.labels = labels
        self.births: list[Birth] = []
        """Of all families."""
        self._metrics = metrics
        self._places = _places(metrics)
        self.is_stale = False
        """Whether a family must be rendered again."""
        self._blocks: list[Block | None] = [None] * len(metrics)
        self._histograms: list[Distribution | None] = [None] * len(metrics)
        self._rendered = [b""] * len(metrics)

    def __getitem__(self, short: str) -> Block:
        """Return the counter, gauge or info `short`, as the catalogue names it. Raises KeyError."""
        place = self._places[short]
        block = self._blocks[place]
        if block is None:
            block = self._blocks[place] = Block(self._metrics[place], self, place)
        return block

    def histogram(self, short: str) -> Distribution:
        """Return the histogram `short`, as the catalogue names it. Raises KeyError."""
        place = self._places[short]
        histogram = self._histograms[place]
        if histogram is None:
            histogram = self._histograms[place] = Distribution(self._metrics[place], self, place)
        return histogram

    def fragments(self, *, faded: bool, announced: bool = False) -> list[bytes]:
        """Return the lines of every family, in the order of the catalogue, a mark for `labels`: one consistent moment.

        `faded` leaves out the gauges of the last probe; `announced` as in `Block.render`.
        """
        self.refresh()
        rendered = self._rendered.copy()
        if announced:
            for block, _ in self.births:
                rendered[block.place] = encoded(block.render(announced=True))
        if faded:
            return [b"" if metric.fades else lines for metric, lines in zip(self._metrics, rendered, strict=True)]
        return rendered

    def refresh(self) -> None:
        """Render what has changed."""
        if not self.is_stale:
            return
        self.is_stale = False
        for family in chain(self._blocks, self._histograms):
            if family is not None and family.is_stale:
                family.is_stale = False
                self._rendered[family.place] = encoded(family.render())

    def fade(self) -> None:
        """Drop the gauges of the last probe."""
        for block in self._blocks:
            if block is not None and block.metric.fades:
                block.replace({})

    def drop(self) -> None:
        """Let go of every family, so that nothing refers to this owner any more; what was rendered stays."""
        self.births.clear()
        for families in (self._blocks, self._histograms):
            families[:] = [None] * len(families)

    def announce(self, seen: Sequence[Birth]) -> None:
        """Take note that a whole scrape has shown these births as 0: from now on they show what they count."""
        for block, own in seen:
            block.announce(own)
        self.births[:] = [(block, own) for block, own in self.births if own in block.unseen]


@cache
def _places(metrics: tuple[Metric, ...]) -> Mapping[str, int]:
    """Return the place of each metric by its short name."""
    return {metric.short: place for place, metric in enumerate(metrics)}
