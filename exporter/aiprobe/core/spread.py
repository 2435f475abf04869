"""Numbers that depend on names alone: a target's place in its interval, and the shard that owns it."""

import hashlib

from aiprobe.core.model import Target


def stable_fraction(*parts: str) -> float:
    """Return a number in [0, 1) that depends on `parts` alone: the same on every machine and after every restart."""
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def owner_of(target: Target, count: int) -> int:
    """Return the shard (from 0) of `count` that probes `target`: by provider, for a gateway by model as well.

    So what is judged together is probed together: the targets of a vendor and its status page. A gateway with a status
    page is a vendor in this.
    """
    provider = target.provider
    split = provider.is_gateway and provider.status_page is None
    return owner_by_name(count, provider.name, *((target.model,) if split else ()))


def owner_by_name(count: int, *names: str) -> int:
    """Return the shard (from 0) of `count` that owns what has these names.

    Highest random weight (Thaler and Ravishankar, 1998): one more shard takes a share of each shard, and nothing moves
    between the others.
    """
    return max(range(count), key=lambda shard: stable_fraction(*names, str(shard)))
