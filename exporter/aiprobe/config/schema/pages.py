"""The YAML of status pages. Descriptions are the text of docs/configuration.md."""

from aiprobe.config.schema.base import Section, key
from aiprobe.config.values import Duration, Name, Texts, Url


class ComponentSection(Section):
    """How a surface is found on its page: by id first, then by name."""

    id: str = key("The page's own id of the component.", default="")
    name: Texts = key("Names of the component, or prefixes of names.", default=[])


class PageSection(Section):
    """One status page: an entry of the built-in catalogue with changes, or a page of your own."""

    enabled: bool = key("false: do not read this page.", default=True)
    url: Url | None = key("The URL of the document. Required for a page of your own.")
    incidents_url: Url | None = key("The URL of a second document, if the first contains no incidents.")
    reader: str | None = key(
        "How it is read: auto (by the shape of its data), atlassian, incidentio, google, betterstack, aws, datadog, "
        "cloudflare, rss, atom, or market (a router's statistics of one model). For a page "
        "of the catalogue, atom and rss read its public feed: component states are unknown then.",
        shown="auto; for a page of the catalogue its own",
    )
    provider: Name | None = key(
        "The provider of the page: the value of the label `provider`. Required for a page of your own."
    )
    display_name: Name | None = key("The name that people read.", shown="(its key)")
    frozen_after_days: float | None = key(
        "Without an edit for longer, by its own date, the page counts as frozen: its components have no state then.",
        shown="90; for a page of the catalogue its own",
        gt=0,
    )
    options: dict[str, str] = key(
        "For the reader: `keywords` of a feed; `model`, `endpoint` and `source` of a market.", default={}
    )
    components: dict[Name, ComponentSection] = key(
        "By surface: its component on the page. Added to those of the catalogue.", default={}
    )


class StatusPagesSection(Section):
    """The status pages. The pages of all configured providers are read unless this disables them."""

    enabled: bool = key("false: read no status page.", default=True)
    interval: Duration = key(
        "How often a page is read, 60s to 300s; a page on this machine from 1s on.", default=120.0, shown="120s"
    )
    pages: dict[Name, PageSection] = key("Pages of your own, and changes to pages of the catalogue.", default={})
