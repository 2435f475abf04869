"""The table of the router: what is counted, and that the documentation shows what was measured."""

from pathlib import Path

from benchmarks.router.__main__ import TROUBLES, Counted, counted, table
from benchmarks.router.setup import PACES, ROWS, agent, haproxy_config
from benchmarks.router.users import Asked

DOCS = Path(__file__).parents[3] / "docs"


def test_failures_are_counted_with_the_begin_of_the_last_one() -> None:
    requests = [Asked(10.0, whole=True), Asked(11.0, whole=False), Asked(12.5, whole=False), Asked(13.0, whole=True)]
    assert counted(requests, 10.0) == Counted(2, 4, 2.5)
    assert counted(requests[:1], 10.0) == Counted(0, 1, None)


def test_a_cell_tells_a_failover_from_a_trouble_that_lasts_to_its_end() -> None:
    cells = dict(
        zip(
            ROWS,
            [Counted(600, 600, 59.9), Counted(60, 600, 12.0), Counted(0, 600, None), Counted(1, 600, 0.0)],
            strict=True,
        )
    )
    line = table({"hang": cells}, 60.0).splitlines()[-1]
    assert line == "| hang | 600 of 600, until its end | 60 of 600, until 12 s | 0 of 600 | 1 of 600, until 0 s |"


def test_every_row_has_a_frontend_and_only_those_of_aiprobe_ask_it() -> None:
    config = haproxy_config({row: 1000 + number for number, row in enumerate(ROWS)}, 1, 2, 10529)
    assert [config.count(f"bind 127.0.0.1:{1000 + number}\n") for number in range(len(ROWS))] == [1] * len(ROWS)
    assert (config.count("agent-check"), config.count("observe layer7")) == (2 * len(PACES), 2)


def test_the_documentation_has_the_table_and_the_options_that_were_measured() -> None:
    page = (DOCS / "verdict.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith(tuple(f"| {trouble} |" for trouble in TROUBLES))]
    assert [line.count(" of ") for line in lines] == [len(ROWS)] * len(TROUBLES)
    assert " | ".join(ROWS) in page
    assert agent("haiku-chat", 10529) in (DOCS / "howto" / "routing.md").read_text(encoding="utf-8")
