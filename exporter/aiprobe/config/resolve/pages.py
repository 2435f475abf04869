"""From the section `status_pages` to settings. Checks pages, readers and complete entries."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.known import Known
from aiprobe.config.problems import suggest
from aiprobe.config.resolve.levels import built
from aiprobe.config.schema.pages import PageSection, StatusPagesSection
from aiprobe.config.values import check_proxy
from aiprobe.core.model import Target
from aiprobe.core.secret import Secret
from aiprobe.core.statuspage import Page, StatusPages


def resolve_pages(
    section: StatusPagesSection,
    targets: Sequence[Target],
    *,
    environ: Mapping[str, str],
    where: Where,
    known: Known,
    findings: Findings,
) -> StatusPages:
    """Return the settings of the status pages; what is wrong with them is noted in `findings`."""
    errors_before = len(findings.errors)
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
    settings = StatusPages(
        enabled=section.enabled,
        interval_seconds=section.interval,
        pages=MappingProxyType(pages),
        proxy=_proxy(environ, where, findings),
        no_proxy=environ.get("NO_PROXY", environ.get("no_proxy", "")),
    )
    if len(findings.errors) == errors_before:
        for path, problem in known.check_pages(settings, targets):
            findings.error(where.at(*path), problem)
    return settings


def _proxy(environ: Mapping[str, str], where: Where, findings: Findings) -> Secret | None:
    """Return `HTTPS_PROXY`, as curl reads it: without a scheme it is an HTTP proxy."""
    value = environ.get("HTTPS_PROXY") or environ.get("https_proxy")
    if not value:
        return None
    url = value if "://" in value else f"http://{value}"
    findings.keep_secret(url)
    try:
        return Secret(check_proxy(url))
    except ValueError:
        findings.warn(where, "HTTPS_PROXY is not an http or https proxy URL", "status pages are read without it")
        return None


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
    for surface, component in page.components.items():
        if not component.id and not component.name:
            findings.error(where.at("components", surface), "has neither an id nor a name", "give one of them")
    if name in known.pages or not known.pages:
        return
    missing = [field for field in ("url", "provider") if getattr(page, field) is None]
    if missing:
        similar = suggest(name, known.pages)
        wanted = ", ".join(missing)
        findings.error(where, f'the catalogue has no page named "{name}", and it lacks {wanted}', similar)
