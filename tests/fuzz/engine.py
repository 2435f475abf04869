"""Makes inputs out of inputs, runs them, and keeps those that did something new.

The CPU time of one thread decides what is slow, and only if it is slow again, so that a busy machine changes nothing.
"""

import gc
import hashlib
import random
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.fuzz.targets import CUT, Target

CORPUS: Final = Path(__file__).parent / "corpus"
MOST_KEPT: Final = 200
"""Inputs of a target in the corpus."""
_CONFIRMED_BY: Final = 3
_WORDS: Final = (
    CUT, b"\n\n", b"\r\n", b"\r\n\r\n", b"data: ", b"{", b"}", b"[", b"]", b'"', b"null", b"true", b"1e999", b"-1",
    b"9" * 401, b"[]", b"{}", b'""', b"NaN", b"\\ud800", b"\x00", b"\xff", b"\xef\xbb\xbf", b": ", b"<", b">", b"&",
    b"<li>", b"<!--", b"]]>", b"${KEY}", b"$", b"*a", b"&a", b"!!int", b"chunked", b"gzip", b"Content-Length: 0\r\n",
    b"ffffffff", b" " * 64, b"[" * 512, b"\x80" * 4, b'{"error":' * 300 + b"1" + b"}" * 300, b"[" * 200 + b"]" * 200,
    b"[" * 60 + b"]" * 60 + b",", b'"\\ud800"',
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """An input that a target did not stand."""

    target: str
    data: bytes
    problem: str


@dataclass(slots=True)
class Fuzz:
    """One target, and the inputs that did something new."""

    name: str
    target: Target
    chance: random.Random
    inputs: list[bytes] = field(default_factory=list)
    seen: set[Hashable] = field(default_factory=set)
    runs: int = 0
    new: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        for data in (*self.target.seeds, *kept(self.name)):
            self.inputs.append(data)
            self.seen.add(came_of(self.target, data))

    def step(self) -> Found | None:
        """Run one new input; return it if the target did not stand it."""
        data = self._mutated()[: self.target.longest]
        self.runs += 1
        problem = judged(self.target, data)
        if problem is not None:
            return Found(self.name, data, problem)
        sign = came_of(self.target, data)
        if sign not in self.seen and len(self.inputs) < MOST_KEPT:
            self.seen.add(sign)
            self.inputs.append(data)
            self.new.append(data)
        return None

    def _mutated(self) -> bytes:
        data = bytearray(self.chance.choice(self.inputs))
        for _ in range(1 << self.chance.randrange(5)):
            at = self.chance.randrange(len(data) + 1)
            to = min(len(data), at + (1 << self.chance.randrange(8)))
            match self.chance.randrange(7):
                case 0:
                    data[at:at] = self.chance.choice(_WORDS)
                case 1:
                    data[at:to] = self.chance.choice(_WORDS)
                case 2:
                    del data[at:to]
                case 3:
                    data[at:at] = data[at:to] * (1 << self.chance.randrange(10))
                case 4:
                    data[at : at + 1] = bytes([self.chance.randrange(256)])
                case 5:
                    other = self.chance.choice(self.inputs)
                    cut = self.chance.randrange(len(other) + 1)
                    data[at:to] = other[cut : cut + 256]
                case _:
                    data[at:at] = CUT
            if len(data) > 2 * self.target.longest:
                break
        return bytes(data)


def judged(target: Target, data: bytes) -> str | None:
    """Return what is wrong with how a target takes an input, None where nothing is."""
    seconds = []
    for _ in range(_CONFIRMED_BY):
        began = time.thread_time()
        try:
            target.run(data)
        except target.declared:
            pass
        except Exception as error:  # noqa: BLE001 - every kind that is not declared is what this looks for
            return f"{type(error).__name__}: {str(error)[:300]}"
        seconds.append(time.thread_time() - began)
        if seconds[-1] <= target.most_seconds:
            return None
        gc.collect()
    return f"takes {min(seconds) * 1000:.0f} ms, more than {target.most_seconds * 1000:.0f}"


def came_of(target: Target, data: bytes) -> Hashable:
    """Return what a target made of an input, in short: inputs of which the same came are alike."""
    try:
        return target.run(data)
    except target.declared as error:
        return type(error).__name__, "".join(char for char in str(error)[:60] if not char.isdigit())


def kept(name: str) -> Iterator[bytes]:
    """Yield the corpus of a target."""
    for path in sorted((CORPUS / name).glob("*")):
        yield path.read_bytes()


def keep(name: str, data: bytes) -> Path:
    """Add an input to the corpus."""
    path = CORPUS / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
