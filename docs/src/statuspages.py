"""The reference page of all status pages, docs/status-pages.md, written from the catalogue; a test holds it current."""

from typing import Final

from aiprobe.statuspages.specs import CATALOGUE, PageSpec

_INTRODUCTION: Final = """\
# Status pages

Generated from `exporter/aiprobe/statuspages/pages.toml`; edit that file, not this page, and run `make docs`.

Status pages declare "operational" while calls fail, and the reverse. aiprobe reads the pages of the configured
providers and compares them with its probes.

- The page of every configured provider is read every 120 s by default (`status_pages.interval`, 60 s to 300 s), with
  jitter, a deadline of 10 s and at most 5 MB. `status_pages: {enabled: false}` reads none.
- Requests use `If-None-Match` and `If-Modified-Since` if the page supports them, and a User-Agent that names aiprobe.
  After a 403, 405 or 429 the interval grows, up to half an hour; `Retry-After` is respected.
- The `surface` of a target selects the component. Components are found by id, then by name. `status_pages.pages` can
  override both, and add pages of your own.
- If a page cannot be read, `aiprobe_status_page_up` is 0. Its last known states remain, with their age, and no
  provider is down because of it. A watched component that disappears, or an unrecognised word, is *unknown*: no
  series.
- A surface without probes is shown as *declared only*.
- `aiprobe_disagreement{kind="undeclared"}` is 1 while we see a partial or major outage that the page does not
  declare. `kind="unobserved"` is 1 while the page declares one that we do not see. Maintenance is neither.

## Supported pages

The default is the documented public JSON interface, which is published for programs. If a page's robots.txt excludes
crawlers from it, the table shows that. `reader: atom` (or `rss`) then reads the page's public feed instead. A feed
contains incidents only, so component states are unknown, never operational.

| page | reader | surfaces | notes |
|---|---|---|---|
"""
_UNREADABLE: Final = """
## Unsupported pages

| page | reason |
|---|---|
"""
_MANY: Final = 8


def render() -> str:
    """Return the text of docs/status-pages.md."""
    readable = [page for page in CATALOGUE.values() if page.readable]
    rest = [page for page in CATALOGUE.values() if not page.readable]
    rows = "".join(f"| {_name(page)} | {page.reader} | {_surfaces(page)} | {_notes(page)} |\n" for page in readable)
    unreadable = "".join(f"| {_name(page)} | {page.reason} |\n" for page in rest)
    return _INTRODUCTION + rows + _UNREADABLE + unreadable


def _name(page: PageSpec) -> str:
    return f"`{page.key}` [{page.display_name}]({page.home})"


def _surfaces(page: PageSpec) -> str:
    names = [component.surface for component in page.components]
    shown = ", ".join(names[:_MANY])
    return shown if len(names) <= _MANY else f"{shown} and {len(names) - _MANY} more"


def _notes(page: PageSpec) -> str:
    return " ".join(filter(None, (page.crawlers, page.note)))
