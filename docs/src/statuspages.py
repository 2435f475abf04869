"""The reference page of all status pages, docs/status-pages.md, written from the catalogue; a test holds it current."""

from typing import Final

from aiprobe.core.statuspage import PROBLEMS
from aiprobe.statuspages.specs import CATALOGUE, FROZEN_AFTER_DAYS, OLD_AFTER_DAYS, PageSpec

_INTRODUCTION: Final = """\
# Status pages

Generated from `exporter/aiprobe/statuspages/pages.toml`; edit that file, not this page, and run `make docs`.

Status pages declare "operational" while calls fail, and the reverse. aiprobe reads the pages of the configured
providers and compares them with its probes.

- The page of every configured provider is read every 120 s by default (`status_pages.interval`, 60 s to 300 s), with
  jitter, a deadline of 10 s and at most 5 MB. `status_pages: {{enabled: false}}` reads none.
- Requests use `If-None-Match` and `If-Modified-Since` if the page supports them, and a User-Agent that names aiprobe.
  After a 403, 405 or 429 the interval grows, up to half an hour; `Retry-After` is respected.
- The `surface` of a target selects the component. Components are found by id, then by name. `status_pages.pages` can
  override both, and add pages of your own.
- If a page cannot be read, `aiprobe_status_page_up` is 0, and no provider is down because of it. A page that cannot be
  read, a watched component that disappears, and an unrecognised word are *unknown*: no series, never operational.
- `reader: auto`, the default of a page of your own, recognises the platform by the shape of its data. If a page of the
  catalogue sends data of another platform, that platform's reader reads it.
- A surface without probes is shown as *declared only*.
- `aiprobe_disagreement{{kind="undeclared"}}` is 1 while we see a partial or major outage that the page does not
  declare. `kind="unobserved"` is 1 while the page declares one that we do not see. Maintenance is neither.

## What can be wrong with a page

`aiprobe_status_page_problem{{page,problem}}` is 1 from the poll on that finds the problem; the log and the web page
have it in words. `aiprobe statuspages verify` reads every page of the configuration once and prints the same,
with `--catalogue` for every page of the catalogue as well.

| problem | meaning |
|---|---|
{problems}
- A page that moved is searched for, once an hour, at the usual places of its host and of the host that a redirect
  names. It is read there if it has one of the watched components, and the problem stays until the entry is corrected.
- A page is frozen if its own date of the last edit is older than `frozen_after_days` of its entry, while another page
  of its platform was edited since, or no other page of it is read. The bound is {frozen:g} days where nobody measured
  the page's own history.
- `aiprobe_status_catalogue_age_days` is the age of an entry of the catalogue. The tables below have the day on which
  its source read the page; "never" where nobody did. `aiprobe check` names the entries in use that are older than
  {old:g} days or were never verified.

## The market

A router measures for all its users how many requests each provider answers, and OpenRouter publishes it. A page with
`reader: market` reads it for one model; nothing is read without such an entry. `options` has the `model` as the label
shows it, the `endpoint` (OpenRouter's `provider_name` or `tag`; without it the mean of all counts) and the `source`,
which is the page's key by default. [Verdict](verdict.md) shows what it decides.

```yaml
providers:
  anthropic: {{api_key: "${{ANTHROPIC_API_KEY}}"}}
targets:
  - {{name: haiku, provider: anthropic, model: claude-haiku-4-5, probe: chat}}
status_pages:
  pages:
    openrouter-haiku:
      url: https://openrouter.ai/api/v1/models/anthropic/claude-haiku-4.5/endpoints
      reader: market
      provider: anthropic
      options: {{model: claude-haiku-4-5, endpoint: Anthropic, source: openrouter}}
```

## Supported pages

The default is the documented public JSON interface, which is published for programs. If a page's robots.txt excludes
crawlers from it, the table shows that. `reader: atom` (or `rss`) then reads the page's public feed instead. A feed
contains incidents only, so component states are unknown, never operational.

| page | reader | surfaces | verified | notes |
|---|---|---|---|---|
"""
_UNREADABLE: Final = """
## Unsupported pages

| page | verified | reason |
|---|---|---|
"""
_MANY: Final = 8


def render() -> str:
    """Return the text of docs/status-pages.md."""
    readable = [page for page in CATALOGUE.values() if page.readable]
    rest = [page for page in CATALOGUE.values() if not page.readable]
    rows = "".join(
        f"| {_name(page)} | {page.reader} | {_surfaces(page)} | {_verified(page)} | {_notes(page)} |\n"
        for page in readable
    )
    unreadable = "".join(f"| {_name(page)} | {_verified(page)} | {page.reason} |\n" for page in rest)
    problems = "".join(f"| `{problem}` | {meaning} |\n" for problem, meaning in PROBLEMS.items())
    introduction = _INTRODUCTION.format(problems=problems, frozen=FROZEN_AFTER_DAYS, old=OLD_AFTER_DAYS)
    return introduction + rows + _UNREADABLE + unreadable


def _name(page: PageSpec) -> str:
    return f"`{page.key}` [{page.display_name}]({page.home})"


def _surfaces(page: PageSpec) -> str:
    names = [component.surface for component in page.components]
    shown = ", ".join(names[:_MANY])
    return shown if len(names) <= _MANY else f"{shown} and {len(names) - _MANY} more"


def _verified(page: PageSpec) -> str:
    return f"[{page.verified_on}]({page.source})" if page.verified_on else "never"


def _notes(page: PageSpec) -> str:
    return " ".join(filter(None, (page.crawlers, page.note)))
