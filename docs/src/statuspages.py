"""The reference page of all status pages, docs/status-pages.md, written from the catalogue; a test holds it current."""

from typing import Final

from aiprobe.statuspages.specs import CATALOGUE, PageSpec

_INTRODUCTION: Final = """\
# Status pages

Generated from `exporter/aiprobe/statuspages/pages.toml`; edit that file, not this page, and run `make docs`.

Pages declare "operational" while calls fail, and the reverse. aiprobe reads the pages of the providers that are
configured and holds them against what its probes see.

- The page of every configured provider is read, every 120 s by default (`status_pages.interval`, 60 s to 300 s), with
  jitter, a deadline of 10 s, at most 5 MB, `If-None-Match` and `If-Modified-Since` where the page offers them, and a
  User-Agent that names aiprobe. A page that answers 403, 405 or 429 is left alone for longer and longer, up to half an
  hour; `Retry-After` is honoured. `status_pages: {enabled: false}` reads none.
- A target's `surface` names the component that it is felt through. Components are found by id, then by name; both can
  be overridden, and pages of your own added, under `status_pages.pages`.
- A page that cannot be read is `aiprobe_status_page_up 0`: its last known states stay, with their age, and no provider
  is down because of it. A watched component that disappears, and an unrecognised word, are *unknown*: no series.
- A surface that nothing probes is shown as *declared only*.
- `aiprobe_disagreement{kind="undeclared"}` is 1 while we see a partial or major outage and the page admits nothing;
  `kind="unobserved"` while the page declares one and we see none. Maintenance is neither.

## Pages that a program can read

The documented public JSON interfaces are the default: they are published for programs. Where a page's robots.txt asks
crawlers to stay away from them, the table shows it, and `reader: atom` (or `rss`) reads the page's public feed instead:
it contains incidents only, so component states are then unknown, never operational.

| page | reader | surfaces | to know |
|---|---|---|---|
"""
_UNREADABLE: Final = """
## Pages that no program can read

| page | why |
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
