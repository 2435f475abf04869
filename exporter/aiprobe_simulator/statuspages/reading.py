"""Reads what a status page is to declare, from a scenario's step or from a command, and checks it whole."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from aiprobe_simulator.fields import duration_seconds, hint, unknown_keys
from aiprobe_simulator.statuspages.catalogue import ALIASES, INCIDENTS_ONLY, PAGES, PageSpec, page_named
from aiprobe_simulator.statuspages.declaration import (
    IMPACTS,
    INCIDENT_STATUSES,
    MAINTENANCE_STATUSES,
    STATES,
    Declaration,
    Subject,
    Update,
)

MOST_UPDATES: Final = 100
_KEYS: Final = (
    *("page", "component", "components", "state", "incident", "maintenance", "impact", "status", "text", "id"),
    *("locations", "notice", "backdated", "updates"),
)
_UPDATE_KEYS: Final = ("after", "status", "text", "state", "component", "components")
_LONGEST: Final[Mapping[str, int]] = {"incident": 200, "maintenance": 200, "text": 5_000}
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def declaration(fields: Mapping[str, Any], *, lasts_seconds: float | None = None) -> Declaration:
    """Build a declaration from what a person wrote. Raises `ValueError` with every problem, one a line."""
    problems = [*_problems(fields, lasts_seconds)]
    if problems:
        raise ValueError("\n".join(problems))
    page = _page_of(fields)
    subject = _subject(fields)
    assert page is not None
    return Declaration(
        page=page.name,
        subject=subject,
        title=fields[subject] if subject != "state" else "",
        components=_ids(page, fields),
        state=fields.get("state") or ("under_maintenance" if subject == "maintenance" else None),
        impact=fields.get("impact"),
        status=fields.get("status") or ("in_progress" if subject == "maintenance" else "investigating"),
        text=fields.get("text") or "",
        id=fields.get("id"),
        locations=tuple(fields.get("locations") or ()),
        notice_seconds=duration_seconds(fields.get("notice")) or 0.0,
        backdated_seconds=duration_seconds(fields.get("backdated")) or 0.0,
        lasts_seconds=lasts_seconds,
        updates=tuple(_update(page, one) for one in fields.get("updates") or ()),
    )


def update(told: Declaration, fields: Mapping[str, Any], *, after_seconds: float) -> Update:
    """Build one further update of `told` from what a person wrote. Raises `ValueError` with every problem.

    `after_seconds` is below 0 before a maintenance that was announced begins.
    """
    page = PAGES[told.page]
    problems = [*_update_problems(page, told.subject, {"after": 0, **fields})]
    if "after" in fields:
        problems.append("after: an update that is made by hand comes now")
    if fields.get("state") is not None and not (told.components or _names_components(fields)):
        problems.append("state: needs a component that it is the state of")
    if problems:
        raise ValueError("\n".join(problems))
    return replace(_update(page, {**fields, "after": 0}), after_seconds=after_seconds)


def page_problems(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the name of a page."""
    name = fields.get("page")
    if not isinstance(name, str):
        yield "page: required, the name of a status page"
    elif page_named(name) is None:
        yield f"page: there is no page {name!r}{hint(name, [*PAGES, *ALIASES])}"


def component_problem(page: PageSpec, word: object, *, path: str) -> Iterator[str]:
    """Yield what is wrong with the name or id of a component."""
    if not isinstance(word, str) or not word:
        yield f"{path}: must be the name or the id of a component"
    elif page.find(word) is None:
        near = hint(word, [one.name for one in page.components])
        yield f"{path}: the page {page.name} has no component {word!r}{near}"


def _page_of(fields: Mapping[str, Any]) -> PageSpec | None:
    name = fields.get("page")
    return page_named(name) if isinstance(name, str) else None


def _subject(fields: Mapping[str, Any]) -> Subject:
    if fields.get("maintenance") is not None:
        return "maintenance"
    return "incident" if fields.get("incident") is not None else "state"


def _ids(page: PageSpec, fields: Mapping[str, Any]) -> tuple[str, ...]:
    named = fields.get("components") or ([fields["component"]] if fields.get("component") is not None else [])
    found = (page.find(word) for word in named)
    return tuple(dict.fromkeys(one.id for one in found if one is not None))


def _update(page: PageSpec, fields: Mapping[str, Any]) -> Update:
    return Update(
        after_seconds=duration_seconds(fields["after"]) or 0.0,
        status=fields.get("status"),
        text=fields.get("text") or "",
        state=fields.get("state"),
        components=_ids(page, fields),
    )


def _problems(fields: Mapping[str, Any], lasts_seconds: float | None) -> Iterator[str]:
    page, subject = _page_of(fields), _subject(fields)
    yield from unknown_keys(fields, _KEYS)
    yield from page_problems(fields)
    yield from _component_problems(page, fields)
    yield from _word_problems(fields, subject)
    yield from _subject_problems(page, subject, fields)
    if subject == "maintenance" and not lasts_seconds:
        yield "for: a maintenance needs one, how long it is planned to last"
    yield from _place_and_time_problems(subject, fields)
    yield from _updates_problems(page, subject, fields.get("updates"), lasts_seconds)
    if not _names_components(fields):
        if fields.get("state") is not None:
            yield "state: needs a component that it is the state of"
        updates = fields.get("updates")
        for index, one in enumerate(updates if isinstance(updates, list | tuple) else ()):
            if isinstance(one, Mapping) and one.get("state") is not None and not _names_components(one):
                yield f"updates[{index}].state: needs a component that it is the state of"


def _subject_problems(page: PageSpec | None, subject: Subject, fields: Mapping[str, Any]) -> Iterator[str]:
    if all(fields.get(key) is None for key in ("state", "incident", "maintenance")):
        yield "state: name a state, an incident, a maintenance or a fault"
    elif page is not None and page.kind in INCIDENTS_ONLY and subject != "incident":
        yield f"{subject}: the page {page.name} contains incidents only; name an incident"
    if fields.get("incident") is not None and fields.get("maintenance") is not None:
        yield "maintenance: use incident or maintenance, not both"
    for key, of in (("notice", "maintenance"), ("backdated", "incident"), ("impact", "incident")):
        if fields.get(key) is not None and subject != of:
            yield f"{key}: is for {'an incident' if of == 'incident' else 'a maintenance'} only"
    named = fields.get("id")
    if named is not None and not (isinstance(named, str) and _ID.fullmatch(named) and subject != "state"):
        yield "id: must be up to 64 letters and digits, of an incident or a maintenance"


def _place_and_time_problems(subject: Subject, fields: Mapping[str, Any]) -> Iterator[str]:
    for key in ("notice", "backdated"):
        if fields.get(key) is not None and duration_seconds(fields[key]) is None:
            yield f"{key}: must be a duration such as 90s or 1h30m"
    places = fields.get("locations") or ()
    if not isinstance(places, list | tuple) or not all(isinstance(place, str) and place for place in places):
        yield "locations: must be a list of names"
    elif places and subject != "incident":
        yield "locations: is for an incident only"


def _names_components(fields: Mapping[str, Any]) -> bool:
    return fields.get("component") is not None or bool(fields.get("components"))


def _component_problems(page: PageSpec | None, fields: Mapping[str, Any]) -> Iterator[str]:
    one, several = fields.get("component"), fields.get("components")
    if one is not None and several is not None:
        yield "components: use component or components, not both"
    if several is not None and not isinstance(several, list | tuple):
        yield "components: must be a list"
        several = None
    if page is None:
        return
    if one is not None:
        yield from component_problem(page, one, path="component")
    for index, word in enumerate(several or ()):
        yield from component_problem(page, word, path=f"components[{index}]")


def _word_problems(fields: Mapping[str, Any], subject: Subject) -> Iterator[str]:
    statuses = MAINTENANCE_STATUSES if subject == "maintenance" else INCIDENT_STATUSES
    for key, words in (("state", STATES), ("impact", IMPACTS), ("status", statuses)):
        if fields.get(key) is not None and fields[key] not in words:
            yield f"{key}: must be one of {', '.join(words)}"
    for key, longest in _LONGEST.items():
        value = fields.get(key)
        if value is not None and not (isinstance(value, str) and value.strip() and len(value) <= longest):
            yield f"{key}: must be a text of up to {longest} characters"
    for key in ("status", "text"):
        if subject == "state" and fields.get(key) is not None:
            yield f"{key}: is for an incident or a maintenance only"


def _updates_problems(
    page: PageSpec | None, subject: Subject, updates: object, lasts_seconds: float | None
) -> Iterator[str]:
    if updates is None:
        return
    if not isinstance(updates, list | tuple):
        yield "updates: must be a list"
        return
    if len(updates) > MOST_UPDATES:
        yield f"updates: more than {MOST_UPDATES}"
        return
    before = 0.0
    for index, fields in enumerate(updates):
        path = f"updates[{index}]"
        if not isinstance(fields, Mapping):
            yield f"{path}: must be a mapping"
            continue
        yield from (f"{path}.{problem}" for problem in _update_problems(page, subject, fields))
        after = duration_seconds(fields.get("after"))
        if after is None:
            continue
        if after < before:
            yield f"{path}.after: comes before the update above it"
        if lasts_seconds is not None and after > lasts_seconds:
            yield f"{path}.after: comes after the end of the step"
        before = max(before, after)


def _update_problems(page: PageSpec | None, subject: Subject, fields: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown_keys(fields, _UPDATE_KEYS)
    if duration_seconds(fields.get("after")) is None:
        yield "after: required, a duration such as 90s, from the beginning of the step"
    yield from _component_problems(page, fields)
    yield from _word_problems(fields, subject)
    if all(fields.get(key) is None for key in ("status", "text", "state")):
        yield "status: name a status, a text or a state"
