"""What every board must be, whatever it shows: identity, grid, links, words, colours; nothing that Grafana ignores."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from aiprobe.core.state import State
from dashboards.src import palette
from dashboards.src.__main__ import HOME, write
from tests.dashboards.boards import ALL, DATA_PANELS, PANELS, ids, objects, strings, variables_used
from tests.dashboards.roundtrip import lost, through_the_sdk

ROOT = Path(__file__).parents[2]
UNITS = ROOT.parent / "shared" / "reference" / "grafana-units.json"
PUBLISHED = ("aiprobe-wall", "aiprobe-provider", "aiprobe-latency", "aiprobe-slo", "aiprobe-truth", "aiprobe-incident",
             "aiprobe-self")  # fmt: skip
CORE_PANELS = {"stat", "timeseries", "state-timeline", "status-history", "heatmap", "table", "bargauge", "text", "row"}
USED_UNITS = {"none", "s", "m", "percentunit", "currencyUSD", "bytes", "dateTimeFromNow", "dateTimeAsIso"}
COLOURS = {*palette.STATES, palette.LOW, palette.MIDDLE, palette.HIGH, palette.NOTE, *palette.OUTCOMES.values(),
           *palette.PHASES.values(),
           "transparent", "dark-orange", "rgba(255,255,255,0.8)"}  # fmt: skip
every_board = pytest.mark.parametrize("uid", ALL)
every_panel = pytest.mark.parametrize(("uid", "panel"), PANELS, ids=ids(PANELS))
every_data_panel = pytest.mark.parametrize(("uid", "panel"), DATA_PANELS, ids=ids(DATA_PANELS))


def test_the_committed_files_are_what_the_code_writes(tmp_path: Path) -> None:
    written = {path.name: path.read_bytes() for path in write(tmp_path)}
    assert {path.name: path.read_bytes() for path in HOME.glob("*.json")} == written


def test_a_board_that_is_gone_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "aiprobe-gone.json").write_text("{}", encoding="utf-8")
    assert sorted(path.name for path in write(tmp_path)) == sorted(path.name for path in tmp_path.iterdir())


def test_no_published_board_disappears() -> None:
    assert tuple(ALL) == PUBLISHED
    page = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
    assert [uid for uid in PUBLISHED if f"`{uid}`" not in page] == []


@every_board
def test_a_board_has_what_every_board_has(uid: str) -> None:
    board = ALL[uid]
    assert re.fullmatch(r"[a-z0-9-]{1,40}", uid)
    assert board["title"].startswith("AI services / ")
    assert {key: board[key] for key in ("tags", "timezone", "editable", "graphTooltip", "schemaVersion")} == {
        "tags": ["aiprobe"], "timezone": "browser", "editable": True, "graphTooltip": 1, "schemaVersion": 39,
    }  # fmt: skip
    assert not {"id", "version", "__inputs", "__requires"} & set(board)
    assert board["refresh"] == "auto", "as the range and the width of the browser ask for"


@every_board
def test_a_board_links_to_the_others_with_time_and_choices(uid: str) -> None:
    (link,) = ALL[uid]["links"]
    assert (link["type"], link["tags"], link["keepTime"], link["includeVars"]) == (
        "dashboards",
        ["aiprobe"],
        True,
        True,
    )


@every_board
def test_nothing_is_lost_when_grafanas_own_types_read_a_board(uid: str) -> None:
    assert lost(ALL[uid], through_the_sdk(ALL[uid])) == []


def test_the_round_trip_finds_a_misspelt_option() -> None:
    board = json.loads(json.dumps(ALL["aiprobe-wall"]))
    timeline = next(panel for panel in board["panels"] if panel["type"] == "state-timeline")
    timeline["options"]["rowHieght"] = timeline["options"].pop("rowHeight")
    assert any("rowHieght" in one for one in lost(board, through_the_sdk(board)))


@every_board
def test_ids_are_unique_and_titles_can_be_linked_to(uid: str) -> None:
    panels = ALL[uid]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    titles = [panel["title"] for panel in panels if panel["type"] not in ("text", "row")]
    assert len(set(titles)) == len(titles)


@every_board
def test_the_grid_has_neither_holes_nor_overlaps(uid: str) -> None:
    cells: dict[tuple[int, int], str] = {}
    for panel in ALL[uid]["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in cells, f"{panel['title']} lies on {cells.get((x, y))}"
                cells[x, y] = panel["title"]
    height = max(y for _, y in cells) + 1
    assert set(cells) == {(x, y) for x in range(24) for y in range(height)}


@every_data_panel
def test_no_title_is_cut_on_a_screen_of_1280_px(uid: str, panel: Any) -> None:
    # As seen: of 205 px between the borders of a stat, Grafana leaves about 120 to the title.
    margins_marks_and_menu, a_letter = 92, 7.1
    room = panel["gridPos"]["w"] * 1280 / 24 - margins_marks_and_menu
    assert len(panel["title"]) * a_letter <= room


def test_the_incident_review_fits_one_page() -> None:
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in ALL["aiprobe-incident"]["panels"])
    assert bottom * 38 <= 1100, "an A4 page across at 1600 px is about 1130 px high"


@every_data_panel
def test_a_panel_says_what_it_shows_and_what_to_do(uid: str, panel: Any) -> None:
    assert panel["title"]
    assert len(panel["description"]) >= 40
    assert panel["type"] in CORE_PANELS
    assert panel["targets"]
    assert panel["fieldConfig"]["defaults"]["noValue"], "an empty panel gives its reason"


@every_panel
def test_only_panels_of_grafana_itself_are_used(uid: str, panel: Any) -> None:
    assert panel["type"] in CORE_PANELS


@every_data_panel
def test_units_exist_and_ratios_say_how_many_decimals(uid: str, panel: Any) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    fields = [
        defaults,
        *({p["id"]: p["value"] for p in one["properties"]} for one in panel["fieldConfig"]["overrides"]),
    ]
    for field in fields:
        unit = field.get("unit")
        assert unit is None or unit in USED_UNITS
        if unit == "percentunit":
            assert "decimals" in field or panel["type"] == "timeseries"


def test_the_units_are_grafanas() -> None:
    if not UNITS.exists():
        pytest.skip("the list of Grafana's units is not on this machine")
    listed = {unit for group in json.loads(UNITS.read_text(encoding="utf-8")).values() for unit in group}
    assert listed >= USED_UNITS


@every_data_panel
def test_thresholds_begin_without_a_value_and_ascend(uid: str, panel: Any) -> None:
    for one in objects(panel["fieldConfig"]):
        if "steps" in one and one.get("mode") == "absolute":
            values = [step["value"] for step in one["steps"]]
            assert values[0] is None
            assert values[1:] == sorted(values[1:])


@every_data_panel
def test_every_colour_comes_from_the_palette(uid: str, panel: Any) -> None:
    used = {one["color"] for one in objects(panel) if isinstance(one.get("color"), str)}
    used |= {one["fixedColor"] for one in objects(panel) if "fixedColor" in one}
    assert used <= COLOURS


@every_data_panel
def test_no_value_is_never_the_colour_of_well(uid: str, panel: Any) -> None:
    if panel["type"] in ("stat", "state-timeline", "status-history", "bargauge", "table"):
        base = panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]
        assert base == {"value": None, "color": palette.UNKNOWN}


ALERTS = "Alerts that fired"
TIMELINES = [(uid, panel) for uid, panel in DATA_PANELS if panel["type"] == "state-timeline"]


@pytest.mark.parametrize(("uid", "panel"), TIMELINES, ids=ids(TIMELINES))
def test_a_timeline_names_every_state_and_paints_no_hole(uid: str, panel: Any) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    named = {value for one in defaults["mappings"] if one["type"] == "value" for value in one["options"]}
    if panel["title"] not in ("Would failover have helped?", "Was it us? Our way out", ALERTS):
        assert named == {"-1", *(str(int(state)) for state in State)}
    assert "-1" in named
    assert defaults["color"] == {"mode": "fixed", "fixedColor": palette.UNKNOWN}, (
        "the legend would be one of thresholds"
    )
    assert "insertNulls" not in defaults["custom"]
    assert defaults["custom"]["spanNulls"] is False
    assert panel["options"]["legend"]["showLegend"]
    assert "* 0 - 1" in panel["targets"][0]["expr"] or panel["title"] == ALERTS, "a hole is made -1 by the query"


ROWS = [(uid, panel) for uid, panel in DATA_PANELS if panel["type"] in ("state-timeline", "status-history", "heatmap")]


@pytest.mark.parametrize(("uid", "panel"), ROWS, ids=ids(ROWS))
def test_a_panel_without_rows_has_one_that_says_why(uid: str, panel: Any) -> None:
    # Grafana itself would say "Data does not have a time field" there, whatever noValue is.
    _, reason = panel["targets"]
    assert reason["expr"].startswith("vector(-1) unless on () (")
    assert reason["legendFormat"] == panel["fieldConfig"]["defaults"]["noValue"]
    assert len(reason["legendFormat"]) <= 36, "Grafana cuts a longer name of a row"


@pytest.mark.parametrize(("uid", "panel"), TIMELINES, ids=ids(TIMELINES))
def test_a_timeline_is_high_enough_for_the_names_of_its_rows(uid: str, panel: Any) -> None:
    title_axis_and_legend, a_row = 100, 12.5
    most = max((int(limit) for limit in re.findall(r"topk\((\d+), ", panel["targets"][1]["expr"])), default=1)
    assert panel["gridPos"]["h"] * 38 - 8 - title_axis_and_legend >= most * a_row


@every_data_panel
def test_no_axis_is_labelled_with_the_words_for_nothing(uid: str, panel: Any) -> None:
    # With decimals, Grafana prints noValue at each tick that needs more of them.
    assert panel["type"] != "timeseries" or "decimals" not in panel["fieldConfig"]["defaults"]


@every_data_panel
def test_the_lines_of_a_chart_have_colours_of_their_own(uid: str, panel: Any) -> None:
    # By name, Grafana hashes the name of the field, which is Value for every series of Prometheus.
    assert panel["fieldConfig"]["defaults"].get("color", {}).get("mode") != "palette-classic-by-name"


@every_board
def test_annotations_mark_beginnings_on_charts_over_time_only(uid: str) -> None:
    charts = [panel["id"] for panel in ALL[uid]["panels"] if panel["type"] == "timeseries"]
    for one in ALL[uid]["annotations"]["list"]:
        assert one["filter"] == {"exclude": False, "ids": charts}
        first, second = one["expr"].split(" unless ")
        assert second.replace(" offset $__interval", "") == first.partition(" and on ")[0], (
            "a line for every step would hide the chart"
        )


@every_board
def test_every_data_source_is_the_chosen_one(uid: str) -> None:
    sources = [one["datasource"] for one in objects(ALL[uid]) if "datasource" in one]
    assert sources
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    first = ALL[uid]["templating"]["list"][0]
    assert (first["name"], first["label"], first["type"]) == ("datasource", "Data source", "datasource")


@every_board
def test_variables_are_declared_and_used(uid: str) -> None:
    board = ALL[uid]
    declared = {one["name"] for one in board["templating"]["list"]}
    used = {name for text in strings(board["panels"]) for name in variables_used(text)}
    used |= {name for text in strings(board["annotations"]) for name in variables_used(text)}
    cascade = {name for one in board["templating"]["list"] for name in variables_used(one.get("definition", ""))}
    assert used | cascade <= declared
    assert declared <= used | cascade | {"datasource"}


@every_board
def test_variables_cascade_reload_with_the_time_range_and_offer_all(uid: str) -> None:
    for one in (one for one in ALL[uid]["templating"]["list"][1:] if one["type"] == "query"):
        assert (one["refresh"], one["sort"]) == (2, 5)
        assert one["includeAll"] == one["multi"]
        listed = not one["multi"] or one["name"] == "target"  # targets are narrowed by their owner's label
        assert one.get("allValue") == (None if listed else ".*"), "a label that does not apply is empty"
        if one["name"] in ("surface", "model", "provider_region"):
            assert "$provider" in one["definition"]


@every_board
def test_people_read_display_names(uid: str) -> None:
    for one in ALL[uid]["templating"]["list"]:
        if one["name"] == "provider":
            assert "(?<text>" in one["regex"]
            assert re.search(one["regex"].strip("/").replace("(?<", "(?P<"),
                             'x{provider="gcp.gemini",provider_display_name="Google"} 1 0')  # fmt: skip
    for text in strings(ALL[uid]["panels"]):
        assert "{{provider}}" not in text


LINKS = [(uid, one["url"]) for uid, board in ALL.items() for one in objects(board["panels"]) if "url" in one]


@pytest.mark.parametrize(("uid", "url"), LINKS, ids=[f"{uid} -> {url}" for uid, url in LINKS])
def test_a_drill_down_arrives(uid: str, url: str) -> None:
    found = re.fullmatch(r"/d/([a-z-]+)\?(.*)", url)
    assert found, url
    parts = found[2].split("&")
    there = {one["name"] for one in ALL[found[1]]["templating"]["list"]}
    assert {part.removeprefix("var-").partition("=")[0] for part in parts if part.startswith("var-")} <= there
    assert parts[0] == "${datasource:queryparam}"
    assert parts[-1] == "${__url_time_range}" or parts[-2:] == ["from=now-30d", "to=now"]


@every_board
def test_declared_incidents_and_changes_of_models_are_drawn_over_every_time_series(uid: str) -> None:
    board = ALL[uid]
    series = {panel["id"] for panel in board["panels"] if panel["type"] == "timeseries"}
    drawn = {one["name"]: set(one["filter"]["ids"]) for one in board["annotations"]["list"]}
    if series:
        assert drawn["Status page declares"] == drawn["Another model answers"] == series


TABLES = [
    (uid, panel)
    for uid, panel in DATA_PANELS
    if panel["type"] == "table" and panel["transformations"][0]["id"] != "groupingToMatrix"
]


@pytest.mark.parametrize(("uid", "panel"), TABLES, ids=ids(TABLES))
def test_a_table_gives_every_column_a_title_and_a_width(uid: str, panel: Any) -> None:
    merge, organize = panel["transformations"]
    assert (merge["id"], organize["id"]) == ("merge", "organize")
    titles = set(organize["options"]["renameByName"].values())
    settings = {
        one["matcher"]["options"]: {p["id"] for p in one["properties"]} for one in panel["fieldConfig"]["overrides"]
    }
    assert set(settings) == titles
    assert all({"custom.width", "custom.minWidth", "custom.hidden"} & there for there in settings.values())
    assert sum("custom.minWidth" in there for there in settings.values()) == 1, "one takes what the others leave"
    assert all("noValue" in there for there in settings.values()), "or every empty cell has the words of the table"
    widths = [
        p["value"]
        for one in panel["fieldConfig"]["overrides"]
        for p in one["properties"]
        if p["id"] in ("custom.width", "custom.minWidth")
    ]
    assert sum(widths) <= panel["gridPos"]["w"] * 1280 / 24 - 40, "too wide for a screen of 1280 px"
    assert {one["displayName"] for one in panel["options"]["sortBy"]} <= titles


@pytest.mark.parametrize(("uid", "panel"), TABLES, ids=ids(TABLES))
def test_what_a_table_links_with_is_a_column_of_it(uid: str, panel: Any) -> None:
    fields = set(panel["transformations"][1]["options"]["indexByName"])
    used = {name for text in strings(panel) for name in re.findall(r"__data\.fields\.(\w+)", text)}
    assert used <= fields


def test_alerts_link_to_boards_that_exist() -> None:
    rules = sorted((ROOT / "alerts").glob("*.rules.yml"))
    if not rules:
        pytest.skip("no rule files yet")
    links = {link for path in rules for link in re.findall(r"/d/([a-z-]+)", path.read_text(encoding="utf-8"))}
    assert links <= set(ALL)
