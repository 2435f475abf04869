"""Which status pages are read for a configuration: those of its providers, with the operator's changes and additions.

Pure: settings and targets in, page specifications out. Reading them belongs in `statuspages/`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from aiprobe.core.model import Target
from aiprobe.core.statuspage import Page, StatusPages
from aiprobe.statuspages.specs import (
    CATALOGUE,
    REGION,
    ComponentSpec,
    PageSpec,
    as_feed,
    component_for,
    page_for_url,
)

_FEEDS = frozenset({"atom", "rss"})


def pages_for(settings: StatusPages, targets: Sequence[Target]) -> Sequence[PageSpec]:
    """Return the pages to read, and those that no program can read (`readable` is false), by key.

    Raises:
        ValueError: for a catalogue page that is asked to be read as a feed and has none.
    """
    if not settings.enabled:
        return ()
    wanted: dict[str, PageSpec] = {}
    for target in targets:
        page = page_for_url(target.provider.status_page) if target.provider.status_page else None
        if page is not None:
            wanted.setdefault(page.key, page)
    for key, changes in settings.pages.items():
        page = _changed(wanted.get(key) or CATALOGUE.get(key), changes)
        wanted[key] = page
    off = {key for key, changes in settings.pages.items() if not changes.enabled}
    return [page for key, page in wanted.items() if key not in off]


def watch_list(page: PageSpec, targets: Iterable[Target]) -> Sequence[ComponentSpec]:
    """Return the components to look for: all that exist once, and per region those that a target is felt through."""
    components = [component for component in page.components if REGION not in component.id]
    for target in targets:
        found = component_for(page, target.surface, region=target.provider_region)
        if found is not None and target.provider.name == page.provider and found not in components:
            components.append(found)
    return components


def _changed(page: PageSpec | None, changes: Page) -> PageSpec:
    """Apply the operator's words to a page of the catalogue, or make a page of them alone."""
    if page is None:
        page = PageSpec(key=changes.key, display_name=changes.key, provider="", reader="")
    if changes.reader in _FEEDS and page.feed_url and changes.url is None:
        page = as_feed(page)
    fields: Mapping[str, str | None] = {
        "url": changes.url,
        "incidents_url": changes.incidents_url,
        "provider": changes.provider,
        "display_name": changes.display_name,
        "reader": changes.reader if changes.reader not in _FEEDS or changes.url else None,
    }
    components = [ComponentSpec(surface=name, id=own, names=names) for name, (own, names) in changes.components.items()]
    kept = [one for one in page.components if one.surface not in changes.components]
    page = replace(page, **{name: value for name, value in fields.items() if value is not None})  # type: ignore[arg-type]  # texts, all of them
    if changes.url is not None and changes.incidents_url is None:
        page = replace(page, incidents_url="")
    return replace(page, components=(*components, *kept), options={**page.options, **changes.options})
