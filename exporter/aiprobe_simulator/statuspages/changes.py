"""What faults make of a page: of its content, and of its bytes. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from aiprobe_simulator.faults import Value
from aiprobe_simulator.statuspages.ids import mint
from aiprobe_simulator.statuspages.view import ComponentView, IncidentView, PageView

_DEPTH: Final = 100_000
_PAGE: Final = b"<!DOCTYPE html><html><head><title>Status</title></head><body><h1>One moment</h1></body></html>"


def _chosen(view: PageView, params: Mapping[str, Value]) -> frozenset[str]:
    """Return the ids of the components that a fault is about."""
    wanted = str(params["component"])
    if not wanted:
        return frozenset(one.id for one in view.components)
    found = view.spec.find(wanted)
    return frozenset({found.id} if found else ())


def _missing(view: PageView, params: Mapping[str, Value]) -> PageView:
    gone = _chosen(view, params)
    return replace(view, components=tuple(one for one in view.components if one.id not in gone))


def _renamed(view: PageView, params: Mapping[str, Value]) -> PageView:
    chosen, name = _chosen(view, params), str(params["name"])

    def named(index: int, one: ComponentView) -> ComponentView:
        return replace(one, name=name if len(chosen) == 1 else f"{name} {index + 1}") if one.id in chosen else one

    return replace(view, components=tuple(named(index, one) for index, one in enumerate(view.components)))


def _reissued(view: PageView, params: Mapping[str, Value]) -> PageView:
    new = {one: mint(view.spec.kind, view.opened, "reissued", one) for one in _chosen(view, params)}
    return replace(
        view,
        components=tuple(replace(one, id=new.get(one.id, one.id)) for one in view.components),
        incidents=tuple(_renumbered(one, new) for one in view.incidents),
        maintenances=tuple(_renumbered(one, new) for one in view.maintenances),
    )


def _renumbered(incident: IncidentView, new: Mapping[str, str]) -> IncidentView:
    """Return the incident with the new ids of its components."""
    updates = tuple(
        replace(one, changes=tuple(replace(c, component=new.get(c.component, c.component)) for c in one.changes))
        for one in incident.updates
    )
    return replace(incident, components=tuple(new.get(one, one) for one in incident.components), updates=updates)


def _unknown(view: PageView, params: Mapping[str, Value]) -> PageView:
    chosen, word = _chosen(view, params), str(params["word"])
    components = tuple(replace(one, state=word) if one.id in chosen else one for one in view.components)
    incidents = tuple(
        replace(one, impact=word, worst=word, peak=word) if one.open and chosen.intersection(one.components) else one
        for one in view.incidents
    )
    return replace(view, components=components, incidents=incidents)


VIEW_CHANGES: Final[Mapping[str, Callable[[PageView, Mapping[str, Value]], PageView]]] = {
    "component_missing": _missing,
    "component_renamed": _renamed,
    "component_reissued": _reissued,
    "unknown_word": _unknown,
}
"""Faults of the stage `view` that change the present content; `stale` and `expired` look at another time."""


def _null(_: bytes, __: Mapping[str, Value], *, xml: bool) -> bytes:
    return b"<nothing/>" if xml else b"null"


def _other_shape(_: bytes, __: Mapping[str, Value], *, xml: bool) -> bytes:
    return b'<?xml version="1.0"?><note><to>you</to></note>' if xml else b'{"message":"Not what you were looking for"}'


def _deep(_: bytes, __: Mapping[str, Value], *, xml: bool) -> bytes:
    return b"<a>" * _DEPTH + b"</a>" * _DEPTH if xml else b"[" * _DEPTH + b"]" * _DEPTH


def _huge(body: bytes, params: Mapping[str, Value], **_: bool) -> bytes:
    """Pad with blanks at the end, which both JSON and XML allow; in UTF-16 a blank has two bytes."""
    missing = max(0, int(params["bytes"]) - len(body))
    return body + (b"\x00 " * (missing // 2 + 1) if body.startswith(b"\xfe\xff") else b" " * missing)


BODY_CHANGES: Final[Mapping[str, Callable[..., bytes]]] = {
    "html_as_data": lambda *_, **__: _PAGE,
    "garbage": lambda *_, **__: b"\x00\x93{]<" * 40,
    "truncated": lambda body, *_, **__: body[: len(body) // 2],
    "stall": lambda body, *_, **__: body[: len(body) // 2],
    "empty": lambda *_, **__: b"",
    "null": _null,
    "other_shape": _other_shape,
    "deep": _deep,
    "huge": _huge,
}
"""Every fault of the stage `body`."""
