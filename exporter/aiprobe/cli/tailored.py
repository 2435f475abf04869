"""Fits the files of rules and runbooks to one installation: addresses, job name, labels of targets on alerts.

The committed files hold the placeholders, and above each alert a comment with the labels of its expression. Files that
`aiprobe export` writes without an option stay as they are.
"""

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aiprobe.core.model import IDENTITY_LABELS

RUNBOOKS: Final = "https://aiprobe.example/runbooks"
GRAFANA: Final = "https://grafana.example"
JOB: Final = 'job="aiprobe"'
LABELS_FILE: Final = "labels.rules.yml"

_URL: Final = re.compile(r"https?://[\w.\-\[\]:]+(/[\w.~$&()*+,;=:@%/\-]*)?", re.ASCII)
_JOB: Final = re.compile(r"[\w./:@-]+", re.ASCII)
_LABEL: Final = re.compile(r"(?!__|exported_)[a-zA-Z_]\w*", re.ASCII)
_OBJECT_LABEL: Final = re.compile(r"([\w./-]+)=([A-Za-z0-9]([\w.-]*[A-Za-z0-9])?)?", re.ASCII)
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TAKEN: Final = frozenset({
    *IDENTITY_LABELS, "protocol", "display_name", "job", "instance", "le", "quantile", "alertname", "alertstate",
    "severity", "scope", "outcome", "long", "short", "slo", "page", "contract",
    "sloth_id", "sloth_service", "sloth_slo", "sloth_window", "sloth_severity",
})  # fmt: skip
_TARGET: Final = ", ".join(label for label in IDENTITY_LABELS if label != "vantage")
_COMMAND: Final = re.compile(r"^( {10}\w+_command: )(?=aiprobe )", re.MULTILINE)
_INFO: Final = """\
# One series for each target with the labels that its alerts get. Of a target that is gone, the labels of an hour ago.
# Where two vantages have different values, the first one stays: a join with both would be an error of the whole rule.
groups:
  - name: aiprobe-labels
    rules:
      - record: aiprobe:target_labels:info
        expr: |
"""
_ALERT: Final = re.compile(
    r"^(?P<comment> {6}# Labels: (?P<labels>[\w, ]+)\n)"
    r"(?P<head>(?: {6}#.*\n)* {6}- alert: .*\n {8}expr: \|\n)"
    r"(?P<expr>(?: {10}.*\n)+)",
    re.MULTILINE,
)


class OptionError(Exception):
    """An option has a value that no file could hold. The text is for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Where the rules will run. An empty value leaves the file as it is shipped. Raises OptionError."""

    runbook_url: str = ""
    """The folder of the runbooks; `/AIModelDown.md` is added."""
    grafana_url: str = ""
    job: str = ""
    labels: Sequence[str] = ()
    """Labels of `aiprobe_target_info` that every alert on targets gets."""
    namespace: str = ""
    object_labels: Sequence[str] = ()
    """NAME=VALUE, for the metadata of Kubernetes objects."""

    def __post_init__(self) -> None:
        """Check every value."""
        address = "is not an http or https address without user, query and fragment"
        for option, values, form, problem in (
            ("--runbook-url", filter(None, [self.runbook_url]), _URL, address),
            ("--grafana-url", filter(None, [self.grafana_url]), _URL, address),
            ("--job", filter(None, [self.job]), _JOB, "is not a job name of letters, digits and _ . / : @ -"),
            ("--namespace", filter(None, [self.namespace]), _NAMESPACE, "is not the name of a Kubernetes namespace"),
            ("--label", self.labels, _LABEL, "is not a label name of letters, digits and _"),
            ("--object-label", self.object_labels, _OBJECT_LABEL, "is not NAME=VALUE as Kubernetes takes it"),
        ):
            for value in values:
                if not form.fullmatch(value):
                    raise OptionError(f"{option}: {value[:80]!r} {problem}")
        for name in self.labels:
            if name in _TAKEN:
                raise OptionError(f"--label: {name!r} is a label of aiprobe or of the rules already")
            if self.labels.count(name) > 1:
                raise OptionError(f"--label: {name!r} is given twice")

    @property
    def changes_rules(self) -> bool:
        """Return whether a value changes the text of rules."""
        return bool(self.runbook_url or self.grafana_url or self.job or self.labels)

    @property
    def metadata(self) -> dict[str, str]:
        """Return the labels of Kubernetes objects."""
        return dict(each.split("=", 1) for each in self.object_labels)

    def tailor(self, text: str) -> str:
        """Return the text of a file of rules or of a runbook with the values in their places."""
        for placeholder, value in ((RUNBOOKS, self.runbook_url), (GRAFANA, self.grafana_url)):
            text = text.replace(placeholder, value.rstrip("/")) if value else text
        if self.job:
            text = text.replace(JOB, f'job="{self.job}"')
        return _ALERT.sub(self._labelled, text) if self.labels else text

    def in_cluster(self, text: str) -> str:
        """Return the text of a file of rules whose commands run in the pod of the manifests."""
        place = f"-n {self.namespace} " if self.namespace else ""
        return _COMMAND.sub(rf"\1kubectl exec {place}statefulset/aiprobe -- ", text)

    def more_files(self) -> dict[str, str]:
        """Return name and text of the file of rules that the labels need, if there are any."""
        return {LABELS_FILE: _INFO + textwrap.indent(_info(self.labels), " " * 10)} if self.labels else {}

    def _labelled(self, alert: re.Match[str]) -> str:
        key, names = alert["labels"], ", ".join(self.labels)
        expression = textwrap.dedent(alert["expr"])
        inner = "(\n" + textwrap.indent(expression, "  ") + ")"
        if "target" in key.split(", "):
            labelled = f"{inner}\n* on ({_TARGET}) group_left ({names}) aiprobe:target_labels:info"
        else:
            labelled = f"max by ({key}, {names}) (aiprobe:target_labels:info)\n* on ({key}) group_left ()\n{inner}"
        whole = f"{labelled}\nor on ({key})\n{inner}\n"
        return alert["comment"].rstrip("\n") + f", {names}\n" + alert["head"] + textwrap.indent(whole, " " * 10)


def _info(labels: Iterable[str]) -> str:
    by = f"{_TARGET}, {', '.join(labels)}"
    return f"""\
topk by ({_TARGET}) (1,
  max by ({by}) (aiprobe:target_labels:info and on ({by}) aiprobe_target_info)
  or on ({_TARGET})
  max by ({by}) (aiprobe_target_info)
  or on ({_TARGET})
  max by ({by}) (aiprobe_target_info offset 1h)
)
"""
