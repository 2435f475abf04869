"""Validates a file's values against the schema, and reports each problem with its line and key.

One wrong key does not hide what is wrong with the next: what does not fit is cut out, as little as will do, and the
rest is validated again without it.
"""

import copy
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from aiprobe.config.document import ANCHORS, Document, Where
from aiprobe.config.problems import Path, suggest
from aiprobe.config.schema.base import TAG_MARK
from aiprobe.config.schema.root import IncludedFile

File = TypeVar("File", bound=IncludedFile)

_SAID: Final = (
    ("string_", "must be text", "put it in quotes"),
    ("bool_", "must be true or false", ""),
    ("int_", "must be a whole number", ""),
    ("float_", "must be a number", ""),
    ("finite_number", "must be a number", ""),
    ("list_type", "must be a list", "begin every item with a dash, or use [ ]"),
    ("dict_type", "must be a mapping", "write it as `key: value` lines, or use { }"),
    ("model_", "must be a mapping", "write it as `key: value` lines, or use { }"),
    ("too_short", "must not be empty", ""),
)
_LIMITS: Final = (
    ("greater_than_equal", "must be at least", "ge"),
    ("greater_than", "must be more than", "gt"),
    ("less_than_equal", "must be at most", "le"),
    ("less_than", "must be less than", "lt"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Generic[File]):
    """A file as far as it fits the schema."""

    document: Document
    sections: File
    places: tuple[int, ...] = ()
    """Which items of the file's `targets` the targets of `sections` are."""
    broken: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """(collection, name) of the entries that were set aside: references to them are not reported as unknown."""

    def where(self, *path: str | int) -> Where:
        """Return a place in the file, by keys and positions in the file itself."""
        return Where(self.document, path)


def validate(document: Document, model: type[File]) -> Checked[File]:
    """Return what fits `model`; what does not is in the document's problems."""
    value = document.value
    if not isinstance(value, dict):
        if not document.problems:
            document.report((), "is not a mapping of keys", "begin with `targets:`")
        return Checked(document=document, sections=model())
    rest = {
        name: copy.deepcopy(part)
        for name, part in value.items()
        if not name.startswith(ANCHORS) and (part is not None or name not in _keys(model))
    }
    places = list(range(len(rest["targets"]))) if isinstance(rest.get("targets"), list) else []
    broken: set[tuple[str, str]] = set()
    while True:
        try:
            sections = model.model_validate(rest)
        except ValidationError as error:
            found = error.errors(include_url=False)
            paths = [_report(document, model, one, places) for one in found]
            whole = [path[:-1] if one["type"] == "missing" else path for one, path in zip(found, paths, strict=True)]
            places = _cut_out(rest, places, whole, broken)
        else:
            return Checked(document=document, sections=sections, places=tuple(places), broken=frozenset(broken))


def _report(document: Document, model: type[BaseModel], error: Any, places: list[int]) -> Path:
    """Note one of pydantic's errors; return its path in the validated value."""
    raw = tuple(
        part for part in error["loc"] if not (isinstance(part, str) and (part.startswith(TAG_MARK) or part == "[key]"))
    )
    path = (
        (raw[0], places[raw[1]], *raw[2:]) if len(raw) > 1 and raw[0] == "targets" and isinstance(raw[1], int) else raw
    )
    if path not in document.failed:
        document.report(path, *_words(model, error, raw))
        document.failed.add(path)
    return raw


def _words(model: type[BaseModel], error: Any, path: Path) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return "is not a known key", suggest(str(path[-1]), _known_keys(model, path[:-1]))
    if kind == "missing":
        return "is missing", ""
    if kind == "value_error":
        message, _, hint = str(context["error"]).partition("; ")
        return message, hint
    if kind == "literal_error":
        return f"must be {context['expected']}", ""
    if kind == "secret_type":
        return error["msg"], ""
    for name, words, limit in _LIMITS:
        if kind == name:
            return f"{words} {context[limit]:g}", ""
    for prefix, message, hint in _SAID:
        if kind.startswith(prefix):
            return message, hint
    return "does not fit", str(error["msg"])


def _cut_out(rest: dict[str, Any], places: list[int], paths: list[Path], broken: set[tuple[str, str]]) -> list[int]:
    """Remove from `rest` what stands at `paths`, or the key above it; return the places of the targets left."""
    items: set[int] = set()
    for path in paths:
        cut = _smallest_cut(rest, path)
        top = str(cut[0])
        if top == "targets" and len(cut) == 2 and isinstance(cut[1], int):
            items.add(cut[1])
            continue
        if top in {"classes", "providers", "groups"} and len(cut) == 2:
            broken.add((top, str(cut[1])))
        parent: Any = rest
        for part in cut[:-1]:
            parent = parent[part]
        parent.pop(cut[-1], None)
    if items:
        targets = rest["targets"]
        names = (targets[index].get("name") for index in items if isinstance(targets[index], dict))
        broken.update(("targets", name) for name in names if isinstance(name, str))
        rest["targets"] = [target for index, target in enumerate(targets) if index not in items]
    return [place for index, place in enumerate(places) if index not in items]


def _smallest_cut(rest: dict[str, Any], path: Path) -> Path:
    """Return the longest beginning of `path` that is a key of a mapping, or a target: what can be cut out alone."""
    node: Any = rest
    cut = path[:1]
    for depth, part in enumerate(path):
        if isinstance(node, dict) and isinstance(part, str):
            cut = path[: depth + 1]
            node = node.get(part)
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            cut = path[:2] if depth == 1 and path[0] == "targets" else cut
            node = node[part]
        else:
            break
    return cut


def _known_keys(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys of the section at `path`."""
    section: type[BaseModel] | None = model
    parts = list(path)
    while parts and section is not None:
        name = parts.pop(0)
        field_of = _keys(section).get(str(name))
        if field_of is None:
            return []
        container, section = _section_in(field_of.annotation)
        if container and parts:
            parts.pop(0)
    return [] if section is None else list(_keys(section))


def _keys(section: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in section.model_fields.items()}


def _section_in(annotation: Any, *, container: bool = False) -> tuple[bool, type[BaseModel] | None]:
    """Return the section that a key's type holds, and whether it stands in a list or mapping of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return container, annotation
    inside = container or get_origin(annotation) in {list, dict}
    for part in get_args(annotation):
        found = _section_in(part, container=inside)
        if found[1] is not None:
            return found
    return inside, None
