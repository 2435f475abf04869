"""Every query of every board against a real Prometheus in which the scenarios have happened."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dashboards.src.boards import BOARDS
from dashboards.src.mappings import NOT_PROBED
from tests.dashboards.asking import Ask, asks, seconds
from tests.dashboards.prometheus import APART, EPOCH, Prometheus, backfill, serving
from tests.dashboards.scenarios import (
    FLEET,
    HARD_OUTAGE,
    HEALTHY,
    INCIDENT,
    NOTHING,
    PROBER_DEAD,
    PROVIDER,
    SCENARIOS,
    WALL,
)
from tests.dashboards.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("boards")]

JSON = {board["uid"]: board for board in (make().as_json() for make in BOARDS)}
ENDS = {world.name: EPOCH + index * APART for index, world in enumerate((*SCENARIOS, FLEET), start=1)}
RANGE = 3 * 3600
OPENAI = {"provider": "openai"}
MOST_SERIES = 30
MOST_SAMPLES_A_STEP = 500_000


@pytest.fixture(scope="module")
def prometheus(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    scratch = tmp_path_factory.mktemp("dashboards")
    data = scratch / "data"
    data.mkdir()
    for world in (*SCENARIOS, FLEET):
        backfill(tool("promtool"), world, ENDS[world.name], data, scratch)
    with serving(tool("prometheus"), scratch, data) as running:
        yield running


def panel_asks(world: World, uid: str, range_seconds: int = RANGE) -> Iterator[Ask]:
    """Yield the queries of a board at the end of a world; boards of one provider look at OpenAI."""
    chosen = OPENAI if uid in (PROVIDER, INCIDENT) else None
    yield from asks(JSON[uid], end=ENDS[world.name], range_seconds=range_seconds, chosen=chosen)


def shown(prometheus: Prometheus, world: World, uid: str, title: str) -> float | None:
    """Return the number that a stat shows at the end of a world, or None where it shows its words for nothing."""
    (ask,) = (one for one in panel_asks(world, uid) if one.title == title)
    reply = prometheus.ask(ask)
    assert len(reply.series) <= 1, f"{title} is one number"
    return reply.values[0] if reply.series and not math.isnan(reply.values[0]) else None


HEADLINES = [(world, place, value) for world in SCENARIOS for place, value in world.truth.items()]


@pytest.mark.parametrize(
    ("world", "place", "value"), HEADLINES, ids=[f"{world.name}: {title}" for world, (_, title), _ in HEADLINES]
)
def test_a_headline_tells_what_happened(
    prometheus: Prometheus, world: World, place: tuple[str, str], value: float | None
) -> None:
    told = shown(prometheus, world, *place)
    assert told == (None if value is None else pytest.approx(value, rel=0.001))


@pytest.mark.parametrize("world", SCENARIOS, ids=lambda world: world.name)
@pytest.mark.parametrize("uid", JSON)
def test_every_query_is_answered_in_every_scenario(prometheus: Prometheus, world: World, uid: str) -> None:
    answers = [prometheus.ask(ask) for ask in panel_asks(world, uid)]
    assert len(answers) == sum(len(panel.get("targets", [])) for panel in JSON[uid]["panels"])


@pytest.mark.parametrize("span", ["1h", "24h", "30d"])
@pytest.mark.parametrize("uid", JSON)
def test_every_query_is_answered_at_every_range(prometheus: Prometheus, span: str, uid: str) -> None:
    for world in (HEALTHY, PROBER_DEAD):
        for ask in panel_asks(world, uid, seconds(span)):
            prometheus.ask(ask)


MAY_BE_EMPTY = {
    # What is wrong, of which there is nothing in a healthy world.
    "Needs attention", "What fails", "Probes that did not start", "Alerts that fired", "Outage began",
    "Last seen failing",
    "First declared", "Incidents that the pages have open", "First budget gone in", "Cost of follow-ups, 1 d",
    # A week of history is not in the scenario.
    "Now against the same hour last week", "Times slower than last week, now",
    "Objectives, the least budget first", "Surface by surface",
}  # fmt: skip


@pytest.mark.parametrize("uid", JSON)
def test_no_panel_of_a_healthy_world_is_empty_without_a_reason(prometheus: Prometheus, uid: str) -> None:
    full = {ask.title for ask in panel_asks(HEALTHY, uid) if prometheus.ask(ask).series}
    empty = {panel["title"] for panel in JSON[uid]["panels"] if "targets" in panel} - full
    assert empty - MAY_BE_EMPTY == set()


STATE_PANELS = [
    (uid, panel["title"])
    for uid, board in JSON.items()
    for panel in board["panels"]
    if panel["type"] in ("state-timeline", "stat")
    and any(NOT_PROBED in str(one["options"].get("-1")) for one in panel["fieldConfig"]["defaults"]["mappings"])
]


@pytest.mark.parametrize(("uid", "title"), STATE_PANELS)
def test_a_dead_prober_is_never_green(prometheus: Prometheus, uid: str, title: str) -> None:
    (ask, *_) = (one for one in panel_asks(PROBER_DEAD, uid) if one.title == title)
    reply = prometheus.ask(ask)
    if title == "Not probed":
        assert min(reply.values) > 0
        return
    last = [one["value"][1] if ask.instant else one["values"][-1][1] for one in reply.series]
    assert ask.instant or last, "the rows stay, and turn grey"
    assert all(value == "-1" for value in last)


ROWS = [
    (uid, panel["title"])
    for uid, board in JSON.items()
    for panel in board["panels"]
    if panel["type"] in ("state-timeline", "status-history", "heatmap")
]


@pytest.mark.parametrize(("uid", "title"), ROWS)
def test_a_panel_has_rows_or_one_that_says_why_not(prometheus: Prometheus, uid: str, title: str) -> None:
    for world in (HEALTHY, PROBER_DEAD, NOTHING):
        rows, reason = (prometheus.ask(one) for one in panel_asks(world, uid) if one.title == title)
        assert bool(rows.series) != bool(reason.series), world.name


def test_a_hole_in_probing_is_grey_from_its_beginning_to_its_end(prometheus: Prometheus) -> None:
    (ask, *_) = (one for one in panel_asks(PROBER_DEAD, WALL) if one.title == "What we measured")
    for row in prometheus.ask(ask).series:
        died = ENDS[PROBER_DEAD.name] - 60 * 60
        after = {float(value) for at, value in row["values"] if at > died + 6 * 60}
        before = {float(value) for at, value in row["values"] if at < died}
        assert (before, after) == ({0.0}, {-1.0})


@pytest.mark.parametrize("uid", JSON)
def test_a_panel_stays_readable_with_twelve_providers_of_forty_models(prometheus: Prometheus, uid: str) -> None:
    chosen = {"provider": "p3"} if uid in (PROVIDER, INCIDENT) else None
    many: dict[str, int] = {}
    costly: dict[str, float] = {}
    for ask in asks(JSON[uid], end=ENDS[FLEET.name], range_seconds=RANGE, chosen=chosen):
        reply = prometheus.ask(ask)
        many |= {ask.name: len(reply.series)} if len(reply.series) > MOST_SERIES else {}
        # Prometheus counts what is evaluated once for the query (`@ end()`) at every step again.
        a_step = reply.samples / ask.steps
        costly |= {ask.name: a_step} if a_step > MOST_SAMPLES_A_STEP else {}
    assert (many, costly) == ({}, {})


TABLES = [(uid, panel["title"]) for uid, board in JSON.items() for panel in board["panels"] if panel["type"] == "table"]


@pytest.mark.parametrize(("uid", "title"), TABLES)
@pytest.mark.parametrize("world", [HARD_OUTAGE, PROBER_DEAD], ids=lambda world: world.name)
def test_the_columns_of_a_table_meet_in_its_rows(prometheus: Prometheus, world: World, uid: str, title: str) -> None:
    found = [prometheus.ask(ask).series for ask in panel_asks(world, uid) if ask.title == title]
    filled = [[one["metric"] for one in series] for series in found if series]
    if not filled:
        return
    assert found[0], "the first query decides which rows there are"
    # Grafana makes a column of every label of a result, empty where a series lacks it.
    shared = set.intersection(*({label for row in rows for label in row} for rows in filled))
    keys = [[tuple(row.get(label, "") for label in sorted(shared)) for row in rows] for rows in filled]
    assert all(len(set(one)) == len(one) for one in keys), "two rows would become one"
    assert all(set(one) <= set(keys[0]) for one in keys), "a value would get a row of its own"


def test_display_names_are_what_people_read(prometheus: Prometheus) -> None:
    labelled: list[dict[str, Any]] = []
    for uid in JSON:
        for ask in panel_asks(HEALTHY, uid):
            if "provider_display_name" in ask.expr:
                labelled += [one["metric"] for one in prometheus.ask(ask).series]
    names = {one["provider_display_name"] for one in labelled}
    assert "Google Gemini" in names
    assert "gcp.gemini" not in names
