"""Reads a configuration of Alertmanager: which routes an alert takes, what inhibits and mutes it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiprobe.drill.rules import seconds
from aiprobe.drill.step import Config, Labels, fits

_MATCHER: Final = re.compile(r'\s*"?([^\s"=!~]+)"?\s*(=~|!~|!=|=)\s*(.*?)\s*', re.DOTALL)
_INHERITED: Final = ("receiver", "group_by", "group_wait", "group_interval", "repeat_interval")
_DEFAULTS: Final[Config] = {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"}


def matches(labels: Labels, name: str, operator: str, value: str) -> bool:
    """Return whether labels fulfil one matcher."""
    has = labels.get(name, "")
    equal = bool(fits(value, has)) if "~" in operator else has == value
    return equal != operator.startswith("!")


def fulfils(labels: Labels, config: Mapping[str, Any], prefix: str = "") -> bool:
    """Return whether labels fulfil `matchers`, `match` and `match_re` of a route, or those of an inhibition."""
    key = f"{prefix}_match" if prefix else "match"
    wanted = [(name, "=", str(value)) for name, value in (config.get(key) or {}).items()]
    wanted += [(name, "=~", str(value)) for name, value in (config.get(f"{key}_re") or {}).items()]
    wanted += [_matcher(str(text)) for text in config.get(f"{prefix}_matchers" if prefix else "matchers") or ()]
    return all(matches(labels, *each) for each in wanted)


def _matcher(text: str) -> tuple[str, str, str]:
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a matcher")
    name, operator, value = found.groups()
    if value[:1] == value[-1:] == '"' and len(value) > 1:
        value = re.sub(r"\\(.)", lambda escaped: {"n": "\n"}.get(escaped[1], escaped[1]), value[1:-1])
    return name, operator, value


@dataclass(frozen=True, slots=True)
class Route:
    """A route that an alert takes, with what it inherits. Times are seconds."""

    config: Config

    @property
    def receiver(self) -> str:
        """Return the name of its receiver."""
        return str(self.config["receiver"])

    @property
    def group_by(self) -> Sequence[str]:
        """Return the labels by which it groups; `...` for all."""
        return [str(name) for name in self.config.get("group_by") or ()]

    @property
    def muted_by(self) -> Sequence[str]:
        """Return the names of the time intervals that mute it, or outside of which it is muted."""
        return [str(name) for key in ("mute", "active") for name in self.config.get(f"{key}_time_intervals") or ()]

    def time(self, key: str) -> float:
        """Return `group_wait`, `group_interval` or `repeat_interval`."""
        return seconds(self.config[key])

    def group(self, labels: Labels) -> Labels:
        """Return the labels of the group that an alert belongs to: its page."""
        if "..." in self.group_by:
            return labels
        return {name: labels.get(name, "") for name in self.group_by}


def routes(config: Config, labels: Labels) -> Sequence[Route]:
    """Return the routes that an alert takes, in order."""
    return list(_taken({**_DEFAULTS, **config["route"]}, labels))


def _taken(route: Config, labels: Labels) -> Iterator[Route]:
    if not fulfils(labels, route):
        return
    found = False
    for child in route.get("routes") or ():
        inherited: Config = {key: route[key] for key in _INHERITED if key in route}
        below = list(_taken({**inherited, **child}, labels))
        yield from below
        found = found or bool(below)
        if below and not child.get("continue"):
            return
    if not found:
        yield Route(route)


def inhibits(config: Config, source: Labels, target: Labels) -> bool:
    """Return whether an alert inhibits another one."""
    return any(
        fulfils(source, rule, "source")
        and fulfils(target, rule, "target")
        and all(source.get(name, "") == target.get(name, "") for name in rule.get("equal") or ())
        for rule in config.get("inhibit_rules") or ()
    )


def silences(silence: Config, labels: Labels) -> bool:
    """Return whether a silence of the API applies to an alert now."""
    return silence["status"]["state"] == "active" and all(
        matches(labels, each["name"], _operator(each), each["value"]) for each in silence["matchers"]
    )


def _operator(matcher: Config) -> str:
    return ("=" if matcher.get("isEqual", True) else "!") + (
        "~" if matcher["isRegex"] else "" if matcher.get("isEqual", True) else "="
    )
