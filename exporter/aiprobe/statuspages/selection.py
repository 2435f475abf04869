"""Which status pages are read for a configuration: those of its providers, with the operator's changes and additions.

Pure: settings and targets in, page specifications out. Reading them belongs in `statuspages/`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from aiprobe.core.hosts import THIS_MACHINE
from aiprobe.core.model import Provider, Target
from aiprobe.core.secret import Secret
from aiprobe.core.statuspage import Page, StatusPages
from aiprobe.statuspages import READERS
from aiprobe.statuspages.specs import (
    AUTO,
    CATALOGUE,
    FEEDS,
    REGION,
    ComponentSpec,
    PageSpec,
    as_feed,
    component_for,
    page_for_url,
)

SHORTEST_INTERVAL_SECONDS: Final = 60.0
LONGEST_INTERVAL_SECONDS: Final = 300.0


def pages_for(settings: StatusPages, targets: Sequence[Target]) -> Sequence[PageSpec]:
    """Return the pages to read, and those that no program can read (`readable` is false), by key.

    Raises:
        ValueError: for a page whose feed, or whose address, is neither in the catalogue nor configured.
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


@dataclass(frozen=True, slots=True)
class Route:
    """How a page is reached: through a proxy or directly, and whose certificates are trusted beside the system's."""

    proxy: Secret | None = None
    ca_file: str | None = None


def route_to(page: PageSpec, settings: StatusPages, targets: Iterable[Target]) -> Route:
    """Return the route to a page: its provider's proxy and `ca_file`, else the proxy of the environment."""
    own = [target.provider for target in targets if _is_of(target.provider, page)]
    proxy = next((provider.proxy for provider in own if provider.proxy), None)
    host = urlsplit(page.url).hostname or ""
    if proxy is None and page.url.startswith("https:") and host not in THIS_MACHINE:
        direct = [name.strip().lstrip(".").lower() for name in settings.no_proxy.split(",")]
        if not any(name in {"*", host} or host.endswith(f".{name}") for name in direct if name):
            proxy = settings.proxy
    return Route(proxy, next((provider.ca_file for provider in own if provider.ca_file), None))


def _is_of(provider: Provider, page: PageSpec) -> bool:
    found = page_for_url(provider.status_page) if provider.status_page else None
    return provider.name == page.provider or (found is not None and found.key == page.key)


def refusals(settings: StatusPages, targets: Sequence[Target]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what keeps the pages of a configuration from being polled, each with its place below `status_pages`."""
    for key, page in settings.pages.items():
        try:
            pages_for(replace(settings, pages={key: page}), ())
        except ValueError as error:
            yield ("pages", key), str(error)
            return
    try:
        for spec in pages_for(settings, targets):
            if spec.readable:
                shortest_interval_seconds(spec, settings.interval_seconds)
    except ValueError as error:
        yield ("interval",), str(error)


def shortest_interval_seconds(page: PageSpec, interval_seconds: float) -> float:
    """Return the shortest interval at which a page may be polled.

    Raises:
        ValueError: no program can read it, or not at this interval.
    """
    if page.reader not in READERS:
        reason = f"; {page.reason}" if page.reason else ""
        raise ValueError(f"{page.key}: no reader named {page.reader!r}{reason}")
    shortest = 1.0 if urlsplit(page.url).hostname in THIS_MACHINE else SHORTEST_INTERVAL_SECONDS
    if not shortest <= interval_seconds <= LONGEST_INTERVAL_SECONDS:
        bounds = f"{shortest:g} to {LONGEST_INTERVAL_SECONDS:g}"
        raise ValueError(f"{page.key} is polled every {bounds} s, not every {interval_seconds:g} s")
    return shortest


def _changed(page: PageSpec | None, changes: Page) -> PageSpec:
    """Apply the operator's words to a page of the catalogue, or make a page of them alone."""
    if page is None:
        page = PageSpec(key=changes.key, display_name=changes.key, provider="", reader=AUTO)
    if changes.url is not None and not page.readable:
        page = replace(page, reader=AUTO, reason="")
    if changes.reader in FEEDS and changes.url is None:
        page = as_feed(page)
    fields: Mapping[str, str | float | None] = {
        "url": changes.url,
        "incidents_url": changes.incidents_url,
        "provider": changes.provider,
        "display_name": changes.display_name,
        "frozen_after_days": changes.frozen_after_days,
        "reader": changes.reader if changes.reader not in FEEDS or changes.url else None,
    }
    components = [ComponentSpec(surface=name, id=own, names=names) for name, (own, names) in changes.components.items()]
    kept = [one for one in page.components if one.surface not in changes.components]
    page = replace(page, **{name: value for name, value in fields.items() if value is not None})  # type: ignore[arg-type]  # fields of its own types
    if changes.url is not None and changes.incidents_url is None:
        page = replace(page, incidents_url="")
    if page.readable and not page.url:
        raise ValueError(f"no address of {page.key} is known: give its `url`")
    if page.reader == "market" and not changes.options.get("model"):
        raise ValueError("the statistics of a market need `options: {model: ...}`, whose uptime they are")
    return replace(page, components=(*components, *kept), options={**page.options, **changes.options})
