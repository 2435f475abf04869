"""Minutes from a Prometheus, Thanos or Mimir HTTP API instead of the journal: over many shards and vantages.

What is asked for are the raw counters `aiprobe_slo_events_total`, once a minute, and what they grew by is computed
here: counts stay whole numbers, a restart of an exporter (the counter falls) adds what came after it, and a stretch
without samples is unknown, not up. `increase(...[1m])` would extrapolate, and see nothing at all where Prometheus
scrapes once a minute. A probe shows up with the next scrape, so minutes may be late by one scrape interval; where
that is a minute, now and then one is empty and the next has two probes: scrape at half the probes' interval.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from aiprobe.contracts.month import Month
from aiprobe.core.evidence import HOUR_SECONDS, MINUTES_PER_HOUR, HourRow, Minute, encode_minute
from aiprobe.core.model import IDENTITY_LABELS
from aiprobe.core.outcomes import Verdict

STEP_SECONDS: Final = 60
MOST_POINTS: Final = 11_000
"""What the API answers for one series at most (`exceeded maximum resolution`)."""
_CHUNK_SECONDS: Final = 7 * 86_400
"""A week of minutes: 10,080 points, well below `MOST_POINTS` and below every limit on a query's range."""
_VERDICTS: Final = tuple(str(verdict) for verdict in Verdict)

Fetch = Callable[[str, bytes], bytes]
"""Post a form to a URL and return the body; raises `PrometheusError`."""


class PrometheusError(Exception):
    """A query that got no usable answer, in a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Hours for `report.build_report`, and sentences about what the answers were not sure of."""

    hours: tuple[HourRow, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer."""

    labels: Mapping[str, str]
    points: Mapping[int, float]
    """By Unix minute."""


def gather(
    base_url: str, targets: Sequence[str], month: Month, *, fetch: Fetch, until_seconds: float, speeds: bool = False
) -> Gathered:
    """Ask for the minutes of `targets` in a month and the hour around it, as one row a series identity and hour.

    `base_url` is what comes before `/api/v1`; `until_seconds` is now, so that no future is asked for. `speeds` also
    asks for the tokens per second, which contracts about latency need.

    Raises:
        PrometheusError: when one of the queries fails; half a month is no report.
    """
    notes: dict[str, None] = {}
    rows: list[HourRow] = []
    for target in targets:
        events = _selector("slo_events_total", target, 'slo="availability"')
        counters = _ask(base_url, events, month, fetch, until_seconds, notes)
        speed = _selector("output_tokens_per_second", target)
        gauges = _ask(base_url, speed, month, fetch, until_seconds, notes) if speeds else []
        found = hour_rows(counters, gauges)
        if not found:
            notes[f"No samples of the target {target} were found in {month.label}."] = None
        rows += found
    rows.sort(key=lambda row: row.hour)
    return Gathered(tuple(rows), tuple(notes))


def chunks(start_seconds: int, end_seconds: int) -> Iterator[tuple[int, int]]:
    """Yield [from, to] of queries that cover the minutes between two times, each within every server's limits.

    Both ends are asked for, and a chunk begins where the one before it ended, so that growth is known throughout.
    """
    at = start_seconds
    while at < end_seconds:
        upto = min(at + _CHUNK_SECONDS, end_seconds)
        yield at, upto
        at = upto


def parse_answer(body: bytes) -> tuple[list[Series], list[str]]:
    """Return the series of a range query and the server's warnings.

    Raises:
        PrometheusError: for what is no successful answer with a matrix.
    """
    try:
        answer = json.loads(body)
    except ValueError as broken:
        raise PrometheusError(f"the answer is not JSON; it begins {_quoted(body)}") from broken
    if not isinstance(answer, dict) or answer.get("status") != "success":
        error = answer.get("error") if isinstance(answer, dict) else None
        raise PrometheusError(f"the query failed: {_plain(error or 'no reason was given')}")
    data = answer.get("data")
    if not isinstance(data, dict) or data.get("resultType") != "matrix" or not isinstance(data.get("result"), list):
        raise PrometheusError("the answer holds no matrix; is this the HTTP API of a Prometheus?")
    warnings = answer.get("warnings")
    said = [_plain(item) for item in warnings] if isinstance(warnings, list) else []
    return [_series(item) for item in data["result"]], said


def hour_rows(counters: Iterable[Series], gauges: Iterable[Series] = ()) -> list[HourRow]:
    """Return the hours that the counters cover, summed over the exporters that share an identity."""
    counts: dict[tuple[str, ...], dict[int, list[int]]] = {}
    for series in counters:
        verdict = series.labels.get("verdict", "")
        if verdict in _VERDICTS:
            minutes = counts.setdefault(_identity(series), {})
            for minute, grown in increases(series.points).items():
                minutes.setdefault(minute, [0, 0, 0])[_VERDICTS.index(verdict)] += grown
    speeds: dict[tuple[str, ...], dict[int, float]] = {}
    for series in gauges:
        speeds.setdefault(_identity(series), {}).update(
            # The gauge at a minute's end is of the last probe before it.
            {minute - 1: value for minute, value in series.points.items() if math.isfinite(value)}
        )
    return [
        _row(identity, hour, minutes, speeds.get(identity))
        for identity, minutes in sorted(counts.items())
        for hour in sorted({minute // MINUTES_PER_HOUR for minute in minutes})
    ]


def increases(points: Mapping[int, float]) -> dict[int, int]:
    """Return by how much a counter grew in each minute, where both ends of the minute are known; only growth.

    `points` are values by Unix minute; growth between minute m and m + 1 happened in minute m. A fall is a restart at
    0. Where a point is missing, what came after the gap cannot be placed and is left out.
    """
    grown = {}
    for minute, value in points.items():
        before = points.get(minute - 1)
        if before is None:
            continue
        by = value - before if value >= before else value
        if round(by) > 0:
            grown[minute - 1] = round(by)
    return grown


def _ask(
    base_url: str, query: str, month: Month, fetch: Fetch, until_seconds: float, notes: dict[str, None]
) -> list[Series]:
    start = month.start_seconds - HOUR_SECONDS
    end = min(month.end_seconds + HOUR_SECONDS, int(until_seconds) // STEP_SECONDS * STEP_SECONDS)
    joined: dict[tuple[tuple[str, str], ...], dict[int, float]] = {}
    for first, last in chunks(start, end):
        form = urlencode({"query": query, "start": first, "end": last, "step": STEP_SECONDS})
        series, warnings = parse_answer(fetch(f"{base_url.rstrip('/')}/api/v1/query_range", form.encode()))
        notes.update(dict.fromkeys(f"The server warned: {warning}" for warning in warnings))
        for item in series:
            joined.setdefault(tuple(sorted(item.labels.items())), {}).update(item.points)
    return [Series(dict(labels), dict(sorted(points.items()))) for labels, points in joined.items()]


def _selector(name: str, target: str, *more: str) -> str:
    quoted = target.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    matchers = ",".join((f'target="{quoted}"', *more))
    return f"aiprobe_{name}{{{matchers}}}"


def _series(item: Any) -> Series:
    try:
        labels = {str(name): str(value) for name, value in item["metric"].items()}
        points = {round(float(at)) // STEP_SECONDS: float(value) for at, value in item["values"]}
    except (KeyError, TypeError, ValueError, AttributeError) as odd:
        raise PrometheusError("a series of the answer lacks its labels or its values") from odd
    return Series(labels, {minute: value for minute, value in points.items() if math.isfinite(value)})


def _identity(series: Series) -> tuple[str, ...]:
    return tuple(series.labels.get(label, "") for label in IDENTITY_LABELS)


def _row(
    identity: tuple[str, ...], hour: int, minutes: Mapping[int, Sequence[int]], speeds: Mapping[int, float] | None
) -> HourRow:
    span = range(hour * MINUTES_PER_HOUR, (hour + 1) * MINUTES_PER_HOUR)
    counted = [Minute(*minutes.get(minute, (0, 0, 0))) for minute in span]
    good, bad, excluded = (sum(parts) for parts in zip(*counted, strict=True))
    tokens = None
    if speeds is not None:
        # A gauge stays where it was until the next probe: only a minute with a good one has a speed.
        tokens = [speeds.get(at) if minute.good else None for at, minute in zip(span, counted, strict=True)]
    return HourRow(
        target=identity[0],
        hour=hour,
        identity=identity,
        minutes=bytes(encode_minute(minute) for minute in counted),
        sums={"availability": (good, bad, excluded)},
        tokens_per_second=tokens,
    )


def _plain(text: Any) -> str:
    return re.sub(r"\s+", " ", str(text)).strip()[:300]


def _quoted(body: bytes) -> str:
    return repr(body[:60].decode("utf-8", "replace"))
