"""Numbers that depend on names alone: a target's place in its interval, and the shard that owns it."""

import hashlib

from aiprobe.core.model import Target


def stable_fraction(*parts: str) -> float:
    """Return a number in [0, 1) that depends on `parts` alone: the same on every machine and after every restart."""
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def in_shard(target: Target, index: int, count: int) -> bool:
    """Return whether shard `index` (from 0) of `count` owns `target`; what is judged together is probed together."""
    return int(stable_fraction(target.provider.name, target.surface) * count) == index
