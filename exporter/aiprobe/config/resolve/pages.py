"""From the section `status_pages` to settings. Checks pages, readers, complete entries and the interval."""

from types import MappingProxyType
from urllib.parse import urlsplit

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.known import Known
from aiprobe.config.problems import suggest
from aiprobe.config.resolve.levels import built
from aiprobe.config.schema.pages import PageSection, StatusPagesSection
from aiprobe.core.statuspage import Page, StatusPages

SHORTEST_SECONDS, LONGEST_SECONDS = 60.0, 300.0
_SHORTEST_AT_HOME_SECONDS = 1.0
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


def resolve_pages(
    section: StatusPagesSection,
    *,
    where: Where,
    known: Known,
    findings: Findings,
) -> StatusPages:
    """Return the settings of the status pages; what is wrong with them is noted in `findings`."""
    pages: dict[str, Page] = {}
    for name, page in section.pages.items():
        place = where.at("pages", name)
        _check(name, page, place, known=known, findings=findings)
        pages[name] = built(
            Page,
            page,
            key=name,
            options=MappingProxyType(dict(page.options)),
            components=MappingProxyType(
                {surface: (component.id, tuple(component.name)) for surface, component in page.components.items()}
            ),
        )
    at_home = bool(pages) and all(_is_at_home(page.url) for page in section.pages.values())
    shortest = _SHORTEST_AT_HOME_SECONDS if at_home else SHORTEST_SECONDS
    if not shortest <= section.interval <= LONGEST_SECONDS:
        hint = f"from {shortest:g}s to {LONGEST_SECONDS:g}s: the pages are other people's"
        findings.error(where.at("interval"), "is not an interval at which status pages are read", hint)
    return StatusPages(enabled=section.enabled, interval_seconds=section.interval, pages=MappingProxyType(pages))


def _check(
    name: str,
    page: PageSection,
    where: Where,
    *,
    known: Known,
    findings: Findings,
) -> None:
    if page.reader is not None and known.readers and page.reader not in known.readers:
        hint = suggest(page.reader, known.readers)
        findings.error(where.at("reader"), f'there is no reader named "{page.reader}"', hint)
    if name in known.pages or not known.pages:
        return
    missing = [field for field in ("url", "reader", "provider") if getattr(page, field) is None]
    if missing:
        similar = suggest(name, known.pages)
        wanted = ", ".join(missing)
        findings.error(where, f'the catalogue has no page named "{name}", and it lacks {wanted}', similar)
    for surface, component in page.components.items():
        if not component.id and not component.name:
            findings.error(where.at("components", surface), "has neither an id nor a name", "give one of them")


def _is_at_home(url: str | None) -> bool:
    return url is not None and urlsplit(url).hostname in _THIS_MACHINE
