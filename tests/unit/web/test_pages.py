import re
from html.parser import HTMLParser

import pytest

from aiprobe.core.rows import ComponentRow, IncidentRow, PageRow
from aiprobe.web.pages import bar
from aiprobe.web.ports import ResultRow
from tests.unit.web.builders import Shown, a_result, a_server, a_summary, a_target

HOSTILE = "<script>alert(1)</script>\"'&\n{{7*7}}"


class Reader(HTMLParser):
    """Collects what a browser would find: tags with their attributes, and the visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def classes(self, tag: str) -> list[str]:
        return [attributes.get("class") or "" for name, attributes in self.tags if name == tag]


def states_in_order(html: str) -> list[str]:
    return re.findall(r'<tr class="(\w+)">', html)


async def test_the_landing_page_tells_state_outcome_age_first_token_and_cost() -> None:
    async with a_server() as world:
        reply = await world.get("/")
    page = Reader(reply.text)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    for said in ("Operational", "haiku-chat", "Anthropic", "Claude API", "ok", "12 s ago", "465 ms", "$0.0123"):
        assert said in page.text
    for said in ("0.1.0", "eu-west-1", "$0.42", "of $5.00", "2 of 2 checks", "2 h ago"):
        assert said in page.text


async def test_the_worst_targets_come_first() -> None:
    rows = [a_target(name=f"t{number}", state=state) for number, state in enumerate((0, 3, 1, None, 2))]
    async with a_server(shown=Shown(rows=rows)) as world:
        reply = await world.get("/")
    assert states_in_order(reply.text) == ["major_outage", "partial_outage", "degraded", "not_probed", "operational"]
    assert "2 of 5 targets are failing" in reply.text


@pytest.mark.parametrize(
    "changes",
    [{"last": None}, {"state": None}, {"silent": True}, {"last": None, "state": 0}, {"state": 7}],
    ids=["never ran", "only excluded", "silent", "never ran but has a state", "unknown state"],
)
async def test_a_target_of_which_nothing_is_known_reads_not_probed(changes: dict[str, object]) -> None:
    async with a_server(shown=Shown(rows=[a_target(**changes)])) as world:
        landing, page = await world.get("/"), await world.get("/targets/haiku-chat")
    for reply in (landing, page):
        assert "Not probed" in Reader(reply.text).text
        assert "Operational" not in reply.text


async def test_every_state_is_told_by_a_word_and_a_mark_of_its_own() -> None:
    rows = [a_target(name=f"t{number}", state=state) for number, state in enumerate((0, 1, 2, 3, None))]
    async with a_server(shown=Shown(rows=rows)) as world:
        html = (await world.get("/")).text
    body = html[html.index("<tbody>") :]
    badges = re.findall(r'<span class="badge \w+"><svg[^>]*>(.*?)</svg>(.*?)</span>', body)
    assert [words for _, words in badges] == ["Major outage", "Partial outage", "Degraded", "Not probed", "Operational"]
    assert len({mark for mark, _ in badges}) == 5


async def test_a_cost_without_a_price_reads_unknown_not_free() -> None:
    async with a_server(shown=Shown(rows=[a_target(spent_today_usd=None)])) as world:
        assert "unknown" in Reader((await world.get("/")).text).text


async def test_money_without_a_budget_and_egress_without_checks_are_said() -> None:
    shown = Shown(rows=[], told=a_summary(budget_usd=None, egress={}))
    async with a_server(shown=shown) as world:
        text = Reader((await world.get("/")).text).text
    assert "no budget set" in text
    assert "not checked" in text
    assert "No target is configured" in text


@pytest.mark.parametrize(
    ("egress", "said"), [({"a": False, "b": False}, "down 0 of 2"), ({"a": True, "b": False}, "impaired 1 of 2")]
)
async def test_failing_egress_is_said(egress: dict[str, bool], said: str) -> None:
    async with a_server(shown=Shown(told=a_summary(egress=egress))) as world:
        assert said in Reader((await world.get("/")).text).text


async def test_warnings_a_failed_reload_and_a_skip_are_shown() -> None:
    told = a_summary(warnings=["a key is written in the file"], config_reload_ok=False)
    async with a_server(shown=Shown(rows=[a_target(skipped="budget")], told=told)) as world:
        text = Reader((await world.get("/")).text).text
    assert "a key is written in the file" in text
    assert "The last reload failed" in text
    assert "not asked: the budget of the day does not allow it" in text


async def test_the_strip_tells_its_counts_in_words_oldest_first() -> None:
    history = [a_result(verdict=verdict) for verdict in ("bad", "excluded", "good", "good")]
    async with a_server(shown=Shown(rows=[a_target()], history=history)) as world:
        html = (await world.get("/")).text
    assert 'aria-label="last 4 probes: 2 good, 1 bad, 1 excluded"' in html
    strip = html[html.index('<svg class="strip"') : html.index("</svg>", html.index('<svg class="strip"'))]
    assert re.findall(r'<rect class="(\w+)"', strip) == ["good", "good", "excluded", "bad"]


async def test_a_fleet_of_hundreds_is_one_page_without_strips() -> None:
    rows = [a_target(name=f"t{number}") for number in range(300)]
    async with a_server(shown=Shown(rows=rows, history=[a_result(target="t1")])) as world:
        html = (await world.get("/")).text
    assert len(states_in_order(html)) == 300
    assert 'class="strip"' not in html


async def test_the_target_page_shows_results_with_phases_status_request_id_and_detail() -> None:
    failed = a_result(
        outcome="overloaded",
        verdict="bad",
        http_status=529,
        request_id="req_529",
        detail="Overloaded",
        attempt="confirm",
    )
    async with a_server(shown=Shown(rows=[a_target()], history=[failed, a_result()])) as world:
        reply = await world.get("/targets/haiku-chat")
    page = Reader(reply.text)
    for said in ("overloaded", "bad", "529", "req_529", "Overloaded", "follow-up", "first token 420 ms", "req_011"):
        assert said in page.text
    assert {"phase tls", "phase first_token", "phase stream"} <= set(page.classes("rect"))


async def test_a_target_without_results_says_when_the_first_one_comes() -> None:
    async with a_server(shown=Shown(rows=[a_target(last=None, interval_seconds=30)])) as world:
        text = Reader((await world.get("/targets/haiku-chat")).text).text
    assert "Nothing was probed yet. The first result comes within 30 s" in text


async def test_an_unknown_target_is_a_page_that_leads_back() -> None:
    async with a_server() as world:
        reply = await world.get("/targets/nobody")
    assert reply.status == 404
    assert "There is no target nobody" in Reader(reply.text).text
    assert ("a", {"href": "../"}) in Reader(reply.text).tags


@pytest.mark.parametrize("path", ["/", "/targets/haiku-chat"])
async def test_hostile_texts_are_shown_and_never_run(path: str) -> None:
    row = a_target(
        display_name=HOSTILE, model=HOSTILE, surface=HOSTILE, provider_display_name=HOSTILE, skipped=HOSTILE,
        vantage=HOSTILE,
    )  # fmt: skip
    evil = a_result(detail=HOSTILE, request_id=HOSTILE, error_type=HOSTILE, outcome=HOSTILE, phases={HOSTILE: 1.0})
    shown = Shown(rows=[row], history=[evil], told=a_summary(warnings=[HOSTILE], vantage=HOSTILE, version=HOSTILE))
    async with a_server(shown=shown) as world:
        page = Reader((await world.get(path)).text)
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert "<script>alert(1)</script>\"'&" in page.text
    assert "{{7*7}}" in page.text


@pytest.mark.parametrize("name", [HOSTILE, "a/b", "{x}", "50%", "a b?c#d", "naïve"])
async def test_a_target_of_any_name_is_linked_to_its_own_page(name: str) -> None:
    async with a_server(shown=Shown(rows=[a_target(name=name)])) as world:
        landing = Reader((await world.get("/")).text)
        link = next(
            value for _, attributes in landing.tags if (value := attributes.get("href") or "").startswith("targets/")
        )
        reply = await world.get("/" + link)
    assert reply.status == 200
    assert not [tag for tag, _ in Reader(reply.text).tags if tag == "script"]


async def test_an_unknown_hostile_target_is_quoted_safely() -> None:
    async with a_server() as world:
        reply = await world.get("/targets/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert reply.status == 404
    assert "<script>" not in reply.text
    assert "<script>alert(1)</script>" in Reader(reply.text).text


@pytest.mark.parametrize("path", ["/", "/targets/haiku-chat", "/targets/nobody"])
async def test_pages_obey_their_own_content_security_policy(path: str) -> None:
    async with a_server() as world:
        page = Reader((await world.get(path)).text)
        for tag, attributes in page.tags:
            assert tag not in {"script", "style", "iframe", "form"}
            assert "style" not in attributes
            assert not [name for name in attributes if name.startswith("on")]
        assets = [a["href"] for tag, a in page.tags if tag == "link"] + [
            a["src"] for tag, a in page.tags if tag == "img"
        ]
        assert assets
        for asset in assets:
            assert asset is not None
            assert (await world.get("/" + asset.removeprefix("../"))).status == 200


async def test_the_landing_page_refreshes_itself_without_a_script() -> None:
    async with a_server() as world:
        page = Reader((await world.get("/")).text)
    assert ("meta", {"http-equiv": "refresh", "content": "30"}) in page.tags


async def test_static_files_are_two_and_may_be_cached() -> None:
    async with a_server() as world:
        style, icon = await world.get("/static/style.css"), await world.get("/static/icon.svg")
        missing = await world.get("/static/..%2fports.py")
    assert (style.headers["Content-Type"], icon.headers["Content-Type"]) == ("text/css", "image/svg+xml")
    assert "max-age" in style.headers["Cache-Control"]
    assert missing.status == 404


async def test_state_colours_are_those_that_the_design_chose() -> None:
    async with a_server() as world:
        style = (await world.get("/static/style.css")).text
    for state, colour in {
        "operational": "#33628A", "degraded": "#F5E05A", "partial_outage": "#D97400", "major_outage": "#C4122F",
        "not_probed": "#B4B9C1",
    }.items():  # fmt: skip
        assert f".badge.{state} {{ background: {colour};" in style


def segments(result: ResultRow, longest: float) -> list[tuple[str, float, float]]:
    return [(phase, x, width) for phase, _, x, width in bar(result, longest=longest)]


def test_phases_lie_end_to_end_on_the_scale_of_the_longest_result() -> None:
    result = a_result(phases={"connect": 1.0, "resolve": 0.5, "stream": 2.5})
    assert segments(result, 8.0) == [("resolve", 0.0, 62.5), ("connect", 62.5, 125.0), ("stream", 187.5, 312.5)]


def test_a_bar_never_leaves_its_frame_and_skips_what_did_not_happen() -> None:
    result = a_result(phases={"connect": 3.0, "tls": 0.0, "send": -1.0, "stream": 9.0})
    assert segments(result, 4.0) == [("connect", 0.0, 750.0), ("stream", 750.0, 250.0)]
    assert segments(result, 0.0) == []


A_PAGE = PageRow(
    key="claude",
    display_name="Claude",
    home="https://status.claude.com",
    up=True,
    polled_timestamp_seconds=1.0,
    components=[
        ComponentRow(surface="Claude API", word="operational", state=0),
        ComponentRow(surface="Claude Cowork", word="major_outage", state=3, declared_only=True),
        ComponentRow(surface="Claude Code", word="odd", state=None),
        ComponentRow(surface="Quiet", word="operational", state=0, declared_only=True),
    ],
)


async def test_the_landing_page_tells_what_providers_declare_and_marks_what_nobody_probes() -> None:
    async with a_server(shown=Shown(rows=[a_target()], declared=[A_PAGE])) as world:
        page = Reader((await world.get("/")).text)
    assert "What the providers declare Claude" in page.text
    assert "Operational Claude API" in page.text
    assert "Major outage Claude Cowork declared only" in page.text
    assert "Unknown Claude Code" in page.text
    assert "Quiet" not in page.text
    assert "1 more declared operational, and not probed here." in page.text


async def test_a_page_that_cannot_be_read_shows_the_age_of_what_is_known_and_never_an_outage() -> None:
    unread = PageRow(key="p", display_name="P", up=False, polled_timestamp_seconds=1.0, detail="HTTP 405")
    never = PageRow(key="n", display_name="N", up=False, detail="timed out")
    none = PageRow(key="x", display_name="X", up=False, reason="it is drawn by scripts")
    async with a_server(shown=Shown(rows=[a_target()], declared=[unread, never, none])) as world:
        text = Reader((await world.get("/")).text).text
    assert "Cannot be read: HTTP 405. What follows is" in text
    assert "Not read yet: timed out" in text
    assert "No program can read this page: it is drawn by scripts" in text
    assert "outage" not in text


async def test_incidents_are_a_sentence_each_with_strangers_text_escaped() -> None:
    incidents = [
        IncidentRow(
            id="1", sentence=f"A {HOSTILE}", is_open=True, start_timestamp_seconds=1.0, layer_reason="inference"
        ),
        IncidentRow(id="2", sentence="B answered 62 %.", is_open=False, start_timestamp_seconds=1.0),
    ]
    async with a_server(shown=Shown(rows=[a_target()], incidents=incidents)) as world:
        html = (await world.get("/")).text
    assert "<script>" not in html
    assert "B answered 62 %." in Reader(html).text
    assert Reader(html).classes("li")[:2] == ["open", "over"]
