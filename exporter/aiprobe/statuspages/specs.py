"""The status pages that we know, as data: where each is, how it is read, and which component a surface is felt through.

`pages.toml` holds the data; every field can be overridden with `dataclasses.replace`. How a component is found in a
reading is here too, because ids change and names do not, or the other way round.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from aiprobe.core.statuspage import Component, Reading, Watched

AUTO: Final = "auto"
"""The reader that recognises the platform by its shape."""
FEEDS: Final = frozenset({"atom", "rss"})
"""The readers of feeds; all others read JSON."""
DAY_SECONDS: Final = 86400.0
NO_READER: Final = "none"
"""The reader of a page that no program can read; its `reason` has the cause."""
REGION: Final = "{region}"
_OPTIONS_OF_IDS: Final = {"google": ("products",), "aws": ("services",), AUTO: ("products", "services")}
"""Readers that need the components to look for, and the options with them."""
FROZEN_AFTER_DAYS: Final = 90.0
"""The bound of an entry that has none of its own: nobody measured how long its page may stand without an edit, so the
age counts after which an entry itself counts as old."""
OLD_AFTER_DAYS: Final = 90.0
"""The age of `verified_on` after which `aiprobe check` warns of an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentSpec:
    """How one surface is found on its page."""

    surface: str
    id: str = ""
    """The page's own id; empty when only the name is known."""
    names: tuple[str, ...] = ()
    """Names, or beginnings of names at a word's end, in any case of letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSpec:
    """One status page."""

    key: str
    display_name: str
    provider: str
    """OpenTelemetry's name: the value of the label `provider`."""
    reader: str
    """A key of `READERS`, or `NO_READER`."""
    home: str = ""
    """The page for people."""
    aliases: tuple[str, ...] = ()
    """Other addresses of the same page."""
    url: str = ""
    """What is fetched."""
    incidents_url: str = ""
    """A second document, where the first holds no incidents."""
    feed_url: str = ""
    """The page's public RSS or Atom feed."""
    options: Mapping[str, str] = field(default_factory=dict)
    """For the reader."""
    components: tuple[ComponentSpec, ...] = ()
    crawlers: str = ""
    """What the page's robots.txt asks of crawlers, where that matters."""
    reason: str = ""
    """Why no program can read the page; empty where one can."""
    note: str = ""
    frozen_after_days: float = FROZEN_AFTER_DAYS
    """Without an edit for longer, the page counts as frozen."""
    verified_on: str = ""
    """The day on which `source` read the page as this entry has it, ISO 8601; empty where nobody did."""
    source: str = ""
    """Who read it: an address."""

    @property
    def readable(self) -> bool:
        """Return whether a program can read the page."""
        return self.reader != NO_READER


def age_days(page: PageSpec, now: float) -> float | None:
    """Return how long ago the entry was verified; None where it never was."""
    if not page.verified_on:
        return None
    return max(0.0, now - datetime.fromisoformat(page.verified_on).replace(tzinfo=UTC).timestamp()) / DAY_SECONDS


def market_labels(page: PageSpec) -> tuple[str, str]:
    """Return the model and the source of a page with the statistics of a router, as the configuration names them."""
    return page.options.get("model", ""), page.options.get("source", page.key)


def as_feed(page: PageSpec) -> PageSpec:
    """Return the page read through its public feed: incidents only, component states unknown.

    Raises:
        ValueError: when no feed is known.
    """
    if not page.feed_url:
        raise ValueError(f"no feed of {page.key} is known")
    reader = "atom" if page.feed_url.endswith(".atom") else "rss"
    return replace(page, reader=reader, url=page.feed_url, incidents_url="")


def component_for(page: PageSpec | str, surface: str, *, region: str = "") -> ComponentSpec | None:
    """Return the component through which a surface is felt, None for an unknown page or surface.

    `region` fills a component that exists once per region; without it there is none.
    """
    spec = CATALOGUE.get(page) if isinstance(page, str) else page
    wanted = surface.casefold()
    found = next((one for one in spec.components if one.surface.casefold() == wanted), None) if spec else None
    if found is None or REGION not in found.id:
        return found
    return replace(found, id=found.id.replace(REGION, region)) if region else None


def page_for_url(url: str) -> PageSpec | None:
    """Return the page at a host, whatever the path, or None."""
    host = _host(url)
    pages = CATALOGUE.values()
    return next((page for page in pages if host and host in map(_host, (page.home, *page.aliases, page.url))), None)


def reader_options(page: PageSpec, components: Iterable[ComponentSpec]) -> Mapping[str, str]:
    """Return the reader's options, with the components to look for if the reader needs them."""
    ids = ",".join(component.id for component in components if component.id and REGION not in component.id)
    needed = _OPTIONS_OF_IDS.get(page.reader, ()) if ids else ()
    return {**dict.fromkeys(needed, ids), **page.options}


def watched(reading: Reading, spec: ComponentSpec) -> Watched:
    """Find a surface's component in a reading; what is not listed has no state."""
    found = find(reading.components, spec)
    if found is None:
        gone = Component(id=spec.id, name=next(iter(spec.names), spec.surface), word="", state=None)
        return Watched(surface=spec.surface, component=gone, listed=False)
    return Watched(surface=spec.surface, component=found, listed=True)


def find(components: Iterable[Component], spec: ComponentSpec) -> Component | None:
    """Match by id, then by whole name, then by the beginning of a name; several that begin alike are none."""
    listed = list(components)
    if spec.id and (by_id := next((one for one in listed if one.id == spec.id), None)):
        return by_id
    names = [name.casefold() for name in spec.names]
    for name in names:
        if exact := next((one for one in listed if one.name.casefold() == name), None):
            return exact
    begun = [one for one in listed if any(_begins(one.name.casefold(), name) for name in names)]
    return begun[0] if len(begun) == 1 else None


def _begins(text: str, beginning: str) -> bool:
    """`Claude` begins `Claude (web)` but not `Claudette`."""
    return text.startswith(beginning) and not text[len(beginning) : len(beginning) + 1].isalnum()


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _load() -> Mapping[str, PageSpec]:
    text = files("aiprobe.statuspages").joinpath("pages.toml").read_text(encoding="utf-8")
    return MappingProxyType({key: _page(key, entry) for key, entry in tomllib.loads(text).items()})


def _page(key: str, entry: Mapping[str, Any]) -> PageSpec:
    components = tuple(
        ComponentSpec(surface=one["surface"], id=one["id"], names=tuple(one.get("names", ())))
        for one in entry.get("components", ())
    )
    return PageSpec(**{**entry, "key": key, "components": components, "aliases": tuple(entry.get("aliases", ()))})


CATALOGUE: Final = _load()
"""Every page by its key."""
