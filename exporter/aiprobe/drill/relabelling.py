"""Applies `relabel_configs` of Prometheus to labels, to see what a configuration does to those of aiprobe.

Prometheus documents the actions (prometheus.io, "Configuration", relabel_config). `hashmod` is left out: it only adds a
label.
"""

import re
from collections.abc import Sequence
from typing import Final

from aiprobe.drill.step import Config, Labels, fits

_REFERENCE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


def relabelled(labels: Labels, configs: Sequence[Config]) -> Labels | None:
    """Return what becomes of labels; None where they are dropped."""
    for config in configs:
        after = _one(dict(labels), config)
        if after is None:
            return None
        labels = {name: value for name, value in after.items() if value}
    return labels


def _one(labels: Labels, config: Config) -> Labels | None:
    action = str(config.get("action", "replace")).lower()
    pattern = str(config.get("regex", "(.*)"))
    text = str(config.get("separator", ";")).join(labels.get(name, "") for name in config.get("source_labels") or ())
    replacement = str(config.get("replacement", "$1"))
    target = str(config.get("target_label", ""))
    found = fits(pattern, text)
    if action in {"keep", "drop"}:
        return labels if (found is not None) == (action == "keep") else None
    if action in {"keepequal", "dropequal"}:
        return labels if (text == labels.get(target, "")) == (action == "keepequal") else None
    if action in {"labeldrop", "labelkeep"}:
        keeps = action == "labelkeep"
        return {name: value for name, value in labels.items() if bool(fits(pattern, name)) == keeps}
    if action == "labelmap":
        found_names = {name: match for name in labels if (match := fits(pattern, name))}
        return labels | {_expanded(replacement, match): labels[name] for name, match in found_names.items()}
    if action in {"lowercase", "uppercase"}:
        return labels | {target: text.lower() if action == "lowercase" else text.upper()}
    return labels | {target: _expanded(replacement, found)} if action == "replace" and found else labels


def _expanded(text: str, found: re.Match[str]) -> str:
    """Return a replacement with its references filled in; one to a group that is not there is empty."""
    groups = found.groupdict("") | {str(number): found[number] or "" for number in range(found.re.groups + 1)}
    return _REFERENCE.sub(lambda reference: groups.get(reference[1] or reference[2], ""), text)
