"""Every way in which a status page itself misbehaves, in one table.

Data only. What a fault does to the page's contents stands in `changes.py`, what it does to the reply in `serve.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from aiprobe_simulator.faults import Value
from aiprobe_simulator.fields import hint, param_problems, share_and_count_problems, unknown_keys
from aiprobe_simulator.statuspages.catalogue import PAGES, page_named
from aiprobe_simulator.statuspages.reading import component_problem, page_problems

PageStage = Literal["pace", "break", "reply", "view", "body", "head"]
EVERY_PAGE: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFault:
    """One way to misbehave."""

    name: str
    about: str
    """One sentence: what happens on the wire."""
    stage: PageStage
    """What it spoils: the time, the connection, the whole reply, the content, its bytes, or its headers."""
    params: Mapping[str, Value] = field(default_factory=dict)
    """What can be set, with its default; names carry their unit. An empty component means every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBehaviour:
    """A fault, and which page it strikes. Build it with `page_behaviour`, which checks it."""

    page: str
    """A name, or `*`."""
    fault: str
    path: str = "*"
    """A pattern of the path below the page, such as `api/v2/incidents.json`."""
    share: float = 1.0
    """Of the requests that match, 0-1."""
    count: int | None = None
    """Only the next so many that it strikes."""
    params: Mapping[str, Value] = field(default_factory=dict)


def _fault(name: str, about: str, stage: PageStage, /, **params: Value) -> PageFault:
    return PageFault(name=name, about=about, stage=stage, params=params)


_ALL: Final = (
    _fault("slow_headers", "The status line comes only after the delay; the page is right.", "pace", delay_seconds=2.0),
    _fault("hang_before_headers", "The request is read, and nothing is ever answered.", "break"),
    _fault("close_before_reply", "The connection is closed without a byte of reply.", "break"),
    _fault("reset_before_reply", "The connection is reset (TCP RST) without a byte of reply.", "break"),
    _fault("not_http", "Bytes that are not HTTP come in place of a reply.", "break"),
    _fault("oversize_head", "The reply has a header of 1 MiB.", "break", bytes=1 << 20),
    _fault("short_body", "The reply ends before the content-length that it promised.", "break"),
    _fault("stall", "Half the page comes, and then nothing, for ever.", "body"),
    _fault("challenge_403", "403 with a bot challenge and `cf-mitigated: challenge`.", "reply"),
    _fault("challenge_405", "405 with a CDN's HTML page.", "reply"),
    _fault("forbidden_403", "403 with a line of JSON.", "reply"),
    _fault("not_found_404", "404 with an HTML page.", "reply"),
    _fault("rate_limited_429", "429 with `Retry-After`.", "reply", retry_after_seconds=60),
    _fault("server_error_500", "500 with an HTML page.", "reply"),
    _fault("bad_gateway_502", "502 with an HTML page of the gateway.", "reply"),
    _fault("unavailable_503_html", "503 with an HTML page of the gateway.", "reply"),
    _fault("html_200", "200 with an HTML page where data was promised.", "reply"),
    _fault("redirect_loop", "302 to itself, for ever.", "reply"),
    _fault("redirect_elsewhere", "302 to `location`, or to the same path on `localhost`.", "reply", location=""),
    _fault("html_as_data", "200 with an HTML page that claims the right content type.", "body"),
    _fault("garbage", "The page's content type, and bytes that are nothing.", "body"),
    _fault("truncated", "The body ends properly after its half.", "body"),
    _fault("empty", "200 without a body.", "body"),
    _fault("null", "The JSON value null; for a feed an element without anything in it.", "body"),
    _fault("other_shape", "Well-formed data of quite another shape.", "body"),
    _fault("deep", "JSON arrays, or XML elements, nested a hundred thousand deep.", "body"),
    _fault("huge", "The page is padded to so many bytes; it is right otherwise.", "body", bytes=6 << 20),
    _fault("wrong_content_type", "The right page calls itself `application/octet-stream`.", "head"),
    _fault("false_304", "304 to everybody, whatever was asked and whatever changed.", "head"),
    _fault("component_missing", "The component is not on the page any more.", "view", component=""),
    _fault(
        "component_renamed", "The component has another name and its old id.", "view", component="", name="Renamed part"
    ),
    _fault("component_reissued", "The component has another id and its old name.", "view", component=""),
    _fault(
        "unknown_word",
        "The component, and what is open about it, has an unknown state.",
        "view",
        component="",
        word="partially_operational",
    ),
    _fault("stale", "The page stays as it was when the fault began.", "view"),
    _fault(
        "expired",
        "A cache's copy from long ago, when all was well, with the right `Age`.",
        "view",
        age_seconds=86_400,
    ),
)
PAGE_FAULTS: Final[Mapping[str, PageFault]] = {fault.name: fault for fault in _ALL}
"""Every fault of a status page by its name."""
_KEYS: Final = ("page", "fault", "path", "share", "count", "params")


def page_behaviour(fields: Mapping[str, Any]) -> PageBehaviour:
    """Build a behaviour of a page from what a person wrote. Raises `ValueError` with every problem, one a line."""
    problems = [*_problems(fields)]
    if problems:
        raise ValueError("\n".join(problems))
    known = {name: value for name, value in fields.items() if value is not None}
    page = page_named(known["page"])
    return PageBehaviour(**{**known, "page": page.name if page else EVERY_PAGE})


def _problems(fields: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown_keys(fields, _KEYS)
    if fields.get("page") != EVERY_PAGE:
        yield from page_problems(fields)
    if not isinstance(fields.get("path") or EVERY_PAGE, str):
        yield "path: must be a text"
    yield from share_and_count_problems(fields)
    name = fields.get("fault")
    if not isinstance(name, str) or name not in PAGE_FAULTS:
        yield f"fault: a status page has no fault {name!r}{hint(name, PAGE_FAULTS)}"
        return
    problems = [*param_problems(name, PAGE_FAULTS[name].params, fields.get("params"))]
    yield from problems
    params = fields.get("params")
    page = page_named(fields["page"]) if isinstance(fields.get("page"), str) else None
    if not problems and params and params.get("component") and page is not None:
        yield from component_problem(PAGES[page.name], params["component"], path="params.component")
