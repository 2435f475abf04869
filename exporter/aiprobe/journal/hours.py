"""One hour of a target, while it runs and as it is stored: counts by minute and SLO, and their encodings.

There are two encodings. A tick is one probe of the running hour in eight bytes: with it, a crash loses no minute, even
if the probe has no row of its own. The blobs of an hour replace its ticks when the hour has ended.
"""

import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import nan
from statistics import fmean, median
from typing import Final, NamedTuple

from aiprobe.core.evidence import MAINTENANCE, MINUTES_PER_HOUR, HourRow, Minute, decode_minute, encode_minute
from aiprobe.core.outcomes import Verdict

SLO_NAMES: Final = ("availability", "correctness", "time_to_first_token", "duration", "throughput", MAINTENANCE)
"""The index of an SLO is its number in the files: append only; at most eight. The last one is no SLO."""

_CODES: Final[Mapping[Verdict, int]] = {Verdict.GOOD: 1, Verdict.BAD: 2, Verdict.EXCLUDED: 3}
_VERDICTS: Final = {code: verdict for verdict, code in _CODES.items()}
_TICK: Final = struct.Struct("<HHHH")
_SPEED: Final = struct.Struct("<HHf")
_SUMS: Final = struct.Struct("<HHH")
_MOST: Final = 0xFFFF
_SPEEDS: Final = struct.Struct(f"<{MINUTES_PER_HOUR}f")


class Tick(NamedTuple):
    """One probe in its hour."""

    target: int
    """The number of the target's term in the file."""
    second: int
    verdicts: int
    """Two bits for each of `SLO_NAMES`: 0 none, 1 good, 2 bad, 3 excluded; all 0 if the probe was not scheduled."""
    facts: int
    """See `pack_facts`."""


def pack_verdicts(verdicts: Mapping[str, Verdict]) -> int:
    """Return the verdicts of the SLOs in `SLO_NAMES` in the form of `Tick.verdicts`."""
    return sum(_CODES[verdicts[name]] << 2 * place for place, name in enumerate(SLO_NAMES) if name in verdicts)


def unpack_verdicts(packed: int) -> dict[str, Verdict]:
    """Reverse `pack_verdicts`."""
    codes = ((name, packed >> 2 * place & 3) for place, name in enumerate(SLO_NAMES))
    return {name: _VERDICTS[code] for name, code in codes if code}


def pack_facts(*, state: int | None, ok: bool, consecutive_failures: int) -> int:
    """Return the values from which a restart restores gauges, as one number of 16 bits."""
    return (0 if state is None else state + 1) | ok << 3 | min(max(consecutive_failures, 0), 4095) << 4


def unpack_facts(facts: int) -> tuple[int | None, bool, int]:
    """Return (state, ok, consecutive_failures)."""
    state = facts & 7
    return (state - 1 if state else None), bool(facts >> 3 & 1), facts >> 4


def pack_ticks(ticks: Iterable[Tick]) -> bytes:
    """Return the bytes of a commit's ticks of one hour."""
    return b"".join(_TICK.pack(*tick) for tick in ticks)


def unpack_ticks(events: bytes) -> Iterator[Tick]:
    """Reverse `pack_ticks`."""
    return map(Tick._make, _TICK.iter_unpack(events))


def pack_speeds(speeds: Sequence[tuple[int, int, float]]) -> bytes | None:
    """Return the bytes of (target, second, tokens per second); None if there are none."""
    return b"".join(_SPEED.pack(*speed) for speed in speeds) or None


def unpack_speeds(speeds: bytes | None) -> Iterator[tuple[int, int, float]]:
    """Reverse `pack_speeds`."""
    return _SPEED.iter_unpack(speeds or b"")


class HourCounts:
    """Counts the probes of one target's hour."""

    __slots__ = ("_counts", "_speeds")

    def __init__(self) -> None:
        self._counts: dict[int, array[int]] = {}
        """By index of the SLO: sixty times good, bad, excluded."""
        self._speeds: dict[int, list[float]] = {}

    def add(self, second: int, verdicts: int) -> None:
        """Count one scheduled probe that began in a second of this hour."""
        place = 0
        while verdicts:
            if code := verdicts & 3:
                counts = self._counts.get(place)
                if counts is None:
                    counts = self._counts[place] = array("H", bytes(2 * 3 * MINUTES_PER_HOUR))
                slot = second // 60 * 3 + code - 1
                counts[slot] = min(counts[slot] + 1, _MOST)
            verdicts >>= 2
            place += 1

    def add_speed(self, second: int, tokens_per_second: float) -> None:
        """Count one probe's tokens per second."""
        self._speeds.setdefault(second // 60, []).append(tokens_per_second)

    def blobs(self) -> tuple[bytes, bytes, bytes | None]:
        """Return the hour as (sums, minutes, speeds), as it is stored."""
        sums, minutes = bytearray([sum(1 << place for place in self._counts)]), bytearray()
        for _, counts in sorted(self._counts.items()):
            sums += _SUMS.pack(*_sums(counts))
            minutes += _codes(counts)
        speeds = self._medians()
        return bytes(sums), _deflate(bytes(minutes)), None if speeds is None else _deflate(speeds)

    def row(self, hour: int, identity: tuple[str, ...]) -> HourRow:
        """Return the hour so far, as `to_row` returns it from `blobs`."""
        counted = {SLO_NAMES[place]: counts for place, counts in sorted(self._counts.items())}
        sums = {name: _sums(counts) for name, counts in counted.items()}
        codes = {name: _codes(counts) for name, counts in counted.items()}
        return _row(hour, identity, sums, codes, self._medians())

    def _medians(self) -> bytes | None:
        if not self._speeds:
            return None
        speeds = (median(self._speeds[minute]) if minute in self._speeds else nan for minute in range(MINUTES_PER_HOUR))
        return _SPEEDS.pack(*speeds)


def _sums(counts: "array[int]") -> tuple[int, int, int]:
    good, bad, excluded = (min(sum(counts[verdict::3]), _MOST) for verdict in range(3))
    return good, bad, excluded


def _codes(counts: "array[int]") -> bytes:
    return bytes(map(_encoded, counts[0::3], counts[1::3], counts[2::3]))


def to_row(hour: int, identity: tuple[str, ...], sums: bytes, minutes: bytes, speeds: bytes | None) -> HourRow:
    """Return an hour from its three blobs. Raises: ValueError, zlib.error if they are invalid."""
    medians = None if speeds is None else _inflate(speeds, _SPEEDS.size)
    return _row(hour, identity, *_decoded(sums, minutes), medians)


def _row(
    hour: int,
    identity: tuple[str, ...],
    sums: Mapping[str, tuple[int, int, int]],
    codes: Mapping[str, bytes],
    medians: bytes | None,
) -> HourRow:
    return HourRow(
        target=identity[0],
        hour=hour,
        identity=identity,
        minutes=codes.get(SLO_NAMES[0], bytes(MINUTES_PER_HOUR)),
        sums=sums,
        slo_minutes={name: each for name, each in codes.items() if name != SLO_NAMES[0]},
        tokens_per_second=None if medians is None else _unpack_medians(medians),
    )


@lru_cache(maxsize=1024)
def _decoded(sums: bytes, minutes: bytes) -> tuple[Mapping[str, tuple[int, int, int]], Mapping[str, bytes]]:
    """Return sums and minutes by SLO, cached because most hours are equal to others. Do not change the result."""
    by_slo = unpack_sums(sums)
    raw = _inflate(minutes, MINUTES_PER_HOUR * len(by_slo))
    return by_slo, {name: raw[at * MINUTES_PER_HOUR : (at + 1) * MINUTES_PER_HOUR] for at, name in enumerate(by_slo)}


def unpack_sums(sums: bytes) -> dict[str, tuple[int, int, int]]:
    """Return (good, bad, excluded) by SLO name. Raises: ValueError."""
    places = [name for place, name in enumerate(SLO_NAMES) if sums[:1] and sums[0] >> place & 1]
    if len(sums) != 1 + _SUMS.size * len(places):
        raise ValueError("not the sums of an hour")
    return dict(zip(places, _SUMS.iter_unpack(sums[1:]), strict=True))


def merge(rows: Sequence[HourRow]) -> HourRow:
    """Combine the parts of one hour that were written separately."""
    if len(rows) == 1:
        return rows[0]
    names = sorted({name for row in rows for name in row.sums}, key=SLO_NAMES.index)
    sums = {name: tuple(map(sum, zip(*(row.sums.get(name, (0, 0, 0)) for row in rows), strict=True))) for name in names}
    minutes = {
        name: _merge_minutes([row.minutes if name == SLO_NAMES[0] else row.slo_minutes.get(name, b"") for row in rows])
        for name in names
    }
    speeds = [row.tokens_per_second for row in rows if row.tokens_per_second is not None]
    return HourRow(
        target=rows[-1].target,
        hour=rows[-1].hour,
        identity=rows[-1].identity,
        minutes=minutes.pop(SLO_NAMES[0], bytes(MINUTES_PER_HOUR)),
        sums=sums,  # type: ignore[arg-type]  # three sums each
        slo_minutes=minutes,
        tokens_per_second=[_mean(minute) for minute in zip(*speeds, strict=True)] if speeds else None,
    )


def _merge_minutes(parts: Sequence[bytes]) -> bytes:
    decoded = [[decode_minute(code) for code in part or bytes(MINUTES_PER_HOUR)] for part in parts]
    return bytes(encode_minute(Minute(*map(sum, zip(*minute, strict=True)))) for minute in zip(*decoded, strict=True))


def _mean(speeds: Iterable[float | None]) -> float | None:
    measured = [speed for speed in speeds if speed is not None]
    return fmean(measured) if measured else None


def _unpack_medians(medians: bytes) -> list[float | None]:
    return [None if speed != speed else speed for speed in _SPEEDS.unpack(medians)]  # noqa: PLR0124 - only NaN differs from itself


@lru_cache(maxsize=4096)
def _encoded(good: int, bad: int, excluded: int) -> int:
    return encode_minute(Minute(good, bad, excluded))


def _deflate(raw: bytes) -> bytes:
    """Compress without a header or checksum: the seal is the checksum."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(raw) + compressor.flush()


def _inflate(packed: bytes, size: int) -> bytes:
    raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size + 1)
    if len(raw) != size:
        raise ValueError("not the minutes of an hour")
    return raw
