"""What of a configuration one shard owns, and what no shard can judge because its targets have several owners.

Every shard reads the whole configuration, so each can name the owners of what it does not own.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aiprobe.config.settings import Settings
from aiprobe.core.evidence import ContractUse
from aiprobe.core.model import Target
from aiprobe.core.spread import owner_by_name, owner_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The share of one shard."""

    targets: Sequence[Target]
    groups: Mapping[str, Sequence[str]]
    contracts: Mapping[str, ContractUse]
    egress: tuple[str, ...]
    """None where no target of the share is reached over the Internet."""
    warnings: Sequence[str]
    """What this shard has a part of and cannot judge."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One process of several that read the same configuration: `index` (from 0) of `count`."""

    index: int = 0
    count: int = 1

    def owns_page_of(self, provider: str) -> bool:
        """Return whether this shard reads the status pages of a provider."""
        return owner_by_name(self.count, provider) == self.index

    def share_of(self, settings: Settings) -> Share:
        """Return what this shard owns of a configuration."""
        targets = [target for target in settings.targets if owner_of(target, self.count) == self.index]
        mine = {target.name for target in targets}
        public = self.count == 1 or any(target.provider.egress for target in targets)
        return Share(
            targets=targets,
            groups={name: members for name, members in settings.groups.items() if mine.issuperset(members)},
            contracts={name: use for name, use in settings.contracts.items() if mine.issuperset(use.targets)},
            egress=settings.egress if public else (),
            warnings=tuple(self._warnings(settings, mine)),
        )

    def _warnings(self, settings: Settings, mine: set[str]) -> Iterator[str]:
        instead = "the rule aiprobe:group_up records it over all shards"
        joint = [(f"group {name}", members, instead) for name, members in settings.groups.items()]
        instead = "no shard judges it; use `aiprobe report --from-prometheus`"
        joint += [(f"contract {name}", use.targets, instead) for name, use in settings.contracts.items()]
        for name, members, instead in joint:
            if not (mine.isdisjoint(members) or mine.issuperset(members)):
                yield f"{name}: {owners(settings, members, self.count)}; {instead}"


def owners(settings: Settings, names: Collection[str], count: int) -> str:
    """Return which shard of `count` probes which of these targets, in words."""
    by_shard: dict[int, list[str]] = {}
    for target in settings.targets:
        if target.name in names:
            by_shard.setdefault(owner_of(target, count), []).append(target.name)
    return ", ".join(f"shard {shard} probes {' and '.join(own)}" for shard, own in sorted(by_shard.items()))
