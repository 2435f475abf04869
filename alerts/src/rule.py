"""A rule, a group and a file of rules as data, and their YAML text."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiprobe.cli.tailored import GRAFANA, RUNBOOKS
from alerts.src import texts
from alerts.src.labels import expand

PROBE: Final = "aiprobe probe {{ $labels.target }} --config.file /etc/aiprobe/aiprobe.yml"


@dataclass(frozen=True, slots=True)
class Record:
    """A recorded series."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""

    def lines(self) -> Iterator[str]:
        """Yield the rule's lines in YAML."""
        yield f"record: {self.name}"
        yield from _block("expr: |", expand(self.expr))
        yield from _mapping("labels", self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert. `frozen_by` are the labels by which it keeps firing while egress is down in a quorum."""

    name: str
    expr: str
    frozen_by: str = ""
    by: str = ""
    """Labels of the expression of an alert on targets that is not frozen: labels of the targets' owners join by them."""
    severity: str
    scope: str
    waits: str
    keeps: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    summary: str
    description: str
    facts: str = ""
    """Sentences of `texts`, after the first one of the description."""
    first: str
    """What to do first."""
    board: str
    status_page: bool = False
    comment: str = ""

    def lines(self) -> Iterator[str]:
        """Yield the rule's lines in YAML."""
        yield f"alert: {self.name}"
        yield from _block("expr: |", expand(self.expr + self._frozen()))
        yield f"for: {self.waits}"
        if self.keeps:
            yield f"keep_firing_for: {self.keeps}"
        yield from _mapping("labels", {"severity": self.severity, "scope": self.scope, **self.labels})
        yield from ("annotations:", f"  summary: {self.summary}")
        yield from _block("  description: >-", self._description())
        yield f"  runbook_url: {RUNBOOKS}/{self.name}.md"
        link = f"{GRAFANA}/d/aiprobe-{self.board}?from={texts.HOUR_BEFORE}&to=now{texts.variables(self.keys)}"
        yield f"  dashboard_url: '{link}'"
        if self.status_page:
            yield from _block("  status_page: >-", texts.status_page())
        if "target" in self.keys:
            yield f"  probe_command: {PROBE}"
        if self.keys:
            yield "  incidents_command: aiprobe incidents"

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the labels of the expression of an alert on targets; none for other alerts."""
        return tuple(filter(None, expand(self.by or self.frozen_by).split(", ")))

    def _description(self) -> str:
        seen = self.description + self.facts
        return f"At {texts.AT}:\n" + (f"{texts.FROZEN}{seen}{{{{ end }}}}" if self.frozen_by else seen) + self.first

    def _frozen(self) -> str:
        if not self.frozen_by:
            return ""
        own = "".join(f',{name}="{self.labels[name]}"' for name in ("long", "outcome") if name in self.labels)
        of_this = f'alertname="{self.name}",severity="{self.severity}"{own}'
        return f"or\nmax by ({self.frozen_by}) (aiprobe:alerts:frozen{{{of_this}}}) > 0\n"


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated in order."""

    name: str
    rules: Sequence[Record | Alert]
    interval: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One file of rules."""

    name: str
    comment: str
    groups: Sequence[Group]

    def text(self) -> str:
        """Return the file's text."""
        blocks = [_group(group) for group in self.groups]
        return "".join(_comment(self.comment, "")) + "groups:\n" + "\n".join(blocks)


def _group(group: Group) -> str:
    head = f"  - name: {group.name}\n" + (f"    interval: {group.interval}\n" if group.interval else "")
    return head + "    rules:\n" + "\n".join(_rule(rule) for rule in group.rules)


def _rule(rule: Record | Alert) -> str:
    first, *rest = rule.lines()
    body = "\n".join([f"- {first}", *(f"  {line}" for line in rest)]) + "\n"
    keys = rule.keys if isinstance(rule, Alert) else ()
    comment = (f"Labels: {', '.join(keys)}\n" if keys else "") + rule.comment
    return "".join(_comment(comment, "      ")) + textwrap.indent(body, "      ")


def _comment(text: str, indent: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"{indent}# {line}".rstrip() + "\n"


def _block(key: str, text: str) -> Iterator[str]:
    yield key
    depth = len(key) - len(key.lstrip()) + 2
    yield from textwrap.indent(text.rstrip("\n"), " " * depth).splitlines()


def _mapping(key: str, values: Mapping[str, str]) -> Iterator[str]:
    if values:
        yield from (f"{key}:", *(f"  {name}: {value}" for name, value in values.items()))
