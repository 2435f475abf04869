"""One YAML file as plain values that remember the line they came from.

Everything that a file can do wrong as YAML is found here, duplicate keys and alias bombs included; what the
keys mean belongs in `schema/`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from aiprobe.config.packaged import LOADER
from aiprobe.config.problems import Path, Problem, spell
from aiprobe.config.variables import Expanded, VariableError, expand, sounds_secret

MAX_FILE_BYTES: Final = 5_000_000
ANCHORS: Final = "x-"
"""Begins the keys of a file that hold nothing but anchors for its aliases, as in a compose file."""
IS_EMPTY: Final = "is empty"
MAX_DEPTH: Final = 40
MAX_VALUES: Final = 200_000
"""After aliases are followed: more is an alias bomb, or a file that no person wrote."""

_SHOWN: Final = frozenset(
    ("any_of", "class", "contract", "directory", "display_name", "file", "include", "interval", "model", "name",
     "preset", "probe", "protocol", "provider", "provider_region", "reader", "region", "source", "surface", "targets",
     "usd_per_day", "vantage")
)  # fmt: skip
"""Keys whose values become labels, names on pages or paths in messages. Any other value of a variable is a secret."""
_SENT: Final = frozenset({"extra_body", "headers", "options", "terms"})
"""Sections with keys of the operator's choice, which may have one of these names."""
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'|#.*")
_KEEP_AS_TEXT: Final = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"})
_SCALARS: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float"))
_MERGE: Final = "tag:yaml.org,2002:merge"


@dataclass(slots=True)
class Document:
    """One file that was read: its value, and where each part of it stands."""

    name: str
    """As the operator wrote or would write it; begins every problem."""
    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    variables: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    """Which environment variables went into the text at a path; none where a default stood in for them."""
    secrets: list[str] = field(default_factory=list)
    """Values of variables: all but those that stand where a value is shown by design (`_SHOWN`)."""
    masked: dict[Path, str] = field(default_factory=dict)
    """The texts at the paths of secrets, with `***` in their place."""
    failed: set[Path] = field(default_factory=set)
    """Where a value could not be read; each place is reported once."""
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Return the line of `path`, or of the nearest part above it that exists."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def report(self, path: Path, message: str, hint: str = "") -> None:
        """Note a problem at `path`."""
        self.problems.append(Problem(self.name, self.line(path), spell(path), message, hint))


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file, for the message of a rule that was broken there."""

    document: Document
    path: Path = ()

    def at(self, *parts: str | int) -> "Where":
        """Return the place below this one."""
        return Where(self.document, self.path + parts)

    @property
    def line(self) -> int:
        """Return the line of this place, or of the nearest one above it."""
        return self.document.line(self.path)

    def problem(self, message: str, hint: str = "") -> Problem:
        """Return a problem that stands here."""
        return Problem(self.document.name, self.line, spell(self.path), message, hint)

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"


def parse(name: str, data: bytes, environ: Mapping[str, str]) -> Document:
    """Read one file's bytes. What is wrong with them is in the result's `problems`."""
    document = Document(name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        document.lines[()] = data.count(b"\n", 0, error.start) + 1
        document.report((), "is not UTF-8 text", "save it as UTF-8")
        return document
    try:
        _check_depth(text)
        node = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError as error:
        _report_syntax(document, text, error)
        return document
    if node is None:
        hint = "take the # away from the lines that you need" if text.strip() else "`aiprobe init` writes a first one"
        document.report((), IS_EMPTY, hint)
        return document
    _Reader(document, environ).read(node)
    return document


class _TooDeepError(yaml.YAMLError):
    """Brackets within brackets, deeper than any configuration."""


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _TooDeepError
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _report_syntax(document: Document, text: str, error: yaml.YAMLError) -> None:
    if isinstance(error, _TooDeepError):
        document.report((), f"is nested deeper than {MAX_DEPTH} levels", "a configuration needs six")
        return
    if isinstance(error, yaml.reader.ReaderError):
        document.lines[()] = text.count("\n", 0, error.position) + 1
        document.report((), f"holds the character {error.character:#x}, which YAML does not allow", "remove it")
        return
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    row = mark.line if mark else 0
    lines = text.split("\n")
    in_brackets = "flow" in (getattr(error, "context", None) or "")
    for number in (row, row - 1) if in_brackets else ():
        if 0 <= number < len(lines) and "${" in _QUOTED.sub("", lines[number]):
            document.lines[()] = number + 1
            document.report((), "holds an unquoted ${...} inside { } or [ ]", 'put it in quotes: "${NAME}"')
            return
    document.lines[()] = row + 1
    reason = getattr(error, "problem", None) or "cannot be parsed"
    hint = "check the indentation and the quotes around it"
    if "another document" in reason:
        reason, hint = "more than one document in the file", "remove the lines that are only ---"
    elif 0 <= row < len(lines) and "\t" in lines[row][: len(lines[row]) - len(lines[row].lstrip())]:
        reason, hint = "a tab in the indentation", "indent with blanks"
    document.report((), f"is not valid YAML: {reason}", hint)


class _EndlessError(Exception):
    """Aliases of aliases: more values than any file holds."""


def _is_shown(path: Path) -> bool:
    """Return whether a value at `path` is shown by design: a name, a label, a number or a path of this machine."""
    keys = [key for key in path if isinstance(key, str)]
    return bool(keys) and (keys[-1] in _SHOWN or "labels" in keys) and not _SENT.intersection(keys)


class _Reader:
    """Walks a node tree once: values, lines, variables, duplicate keys."""

    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self._document = document
        self._environ = environ
        self._scalars = yaml.constructor.SafeConstructor()
        self._left = MAX_VALUES

    def read(self, node: yaml.Node) -> None:
        try:
            self._document.value = self._value(node, ())
        except _EndlessError:
            self._document.problems.clear()
            self._document.report((), "its aliases expand without end", "write the values out")

    def _value(self, node: yaml.Node, path: Path) -> Any:
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        self._count(path)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _count(self, path: Path) -> None:
        self._left -= 1
        if self._left < 0 or len(path) > MAX_DEPTH:
            raise _EndlessError

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                for part in self._merge_sources(value_node, path):
                    merged = {**self._mapping(part, path), **merged}
                continue
            key = self._key(key_node, path)
            if key is None:
                continue
            here = (*path, key)
            line = key_node.start_mark.line + 1
            if key in own:
                first = self._document.lines[here]
                self._document.problems.append(
                    Problem(
                        self._document.name, line, spell(here), "stands here twice", f"the first is in line {first}"
                    )
                )
                continue
            if here in self._document.lines:
                self._drop_merged(here)
            self._document.lines[here] = line
            own[key] = self._value(value_node, here)
        return {**merged, **own}

    def _drop_merged(self, path: Path) -> None:
        """Drop the merged (`<<`) entries of a key that the mapping itself sets."""
        size = len(path)
        for table in (self._document.lines, self._document.variables, self._document.masked):
            for known in [known for known in table if known[:size] == path]:
                table.pop(known)

    def _merge_sources(self, node: yaml.Node, path: Path) -> Iterator[yaml.MappingNode]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for part in parts:
            self._count(path)
            if isinstance(part, yaml.MappingNode):
                yield part
            else:
                self._document.report(
                    path, "merges (<<) something that is not a mapping", "merge an alias of a mapping"
                )

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.value:
            return str(node.value)
        place = Problem(
            self._document.name, node.start_mark.line + 1, spell(path), "has a key that is not text", "quote the key"
        )
        self._document.problems.append(place)
        return None

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        if node.tag in _SCALARS:
            try:
                return self._scalars.construct_object(node)
            except (ValueError, OverflowError, LookupError):  # such as ten thousand digits, `!!int ""`, `!!bool x`
                return self._fail(path, "is not a number that can be read", "quote it if it is text")
        if node.tag not in _KEEP_AS_TEXT:
            return self._fail(path, "has a YAML tag (!...) that means nothing here", "remove the tag")
        try:
            expanded = expand(node.value, self._environ)
        except VariableError as error:
            return self._fail(path, *error.args)
        if expanded.variables or expanded.fell_back:
            self._document.variables[path] = expanded.variables
            self._keep_secrets(expanded, path)
        return expanded.text

    def _keep_secrets(self, expanded: Expanded, path: Path) -> None:
        named = zip(expanded.variables, expanded.values, strict=True)
        secrets = [value for name, value in named if sounds_secret(name) or not _is_shown(path)]
        if secrets:
            self._document.secrets.extend(secrets)
            self._document.masked[path] = expanded.masked

    def _fail(self, path: Path, message: str, hint: str) -> None:
        self._document.failed.add(path)
        self._document.report(path, message, hint)
