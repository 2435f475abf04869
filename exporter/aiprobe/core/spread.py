"""Numbers that depend on names alone: a target's place in its interval, and the shard that owns it."""

import hashlib

from aiprobe.core.model import Target


def stable_fraction(*parts: str) -> float:
    """Return a number in [0, 1) that depends on `parts` alone: the same on every machine and after every restart."""
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def in_shard(target: Target, index: int, count: int) -> bool:
    """Return whether shard `index` (from 0) of `count` owns `target`; what is judged together is probed together.

    Highest random weight (Thaler and Ravishankar, 1998): one more shard takes a share of each shard, and no target
    moves between the others. Targets share a shard by provider and surface, those of a gateway by model as well.
    """
    provider = target.provider
    key = (provider.name, target.surface, *((target.model,) if provider.is_gateway else ()))
    return max(range(count), key=lambda shard: stable_fraction(*key, str(shard))) == index
