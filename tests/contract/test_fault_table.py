"""Protocol x fault -> outcome: no cell is wrong, and none is ok that should not be."""

from pathlib import Path

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe_simulator.faults import FAULTS
from tests.contract.faulttable import Cell, fill

PAGE = Path(__file__).parents[2] / "docs" / "fault-table.md"
HISTOGRAM_FIELDS = ("time_per_output_token_seconds", "output_tokens_per_second")


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def row_of(page: str, fault: str) -> list[str]:
    """Return the cells of a fault in all tables of the page."""
    lines = [line for line in page.splitlines() if line.startswith(f"| `{fault}` |")]
    return [cell.strip() for line in lines for cell in line.strip("|").split("|")[2:]]


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_every_protocol_gives_a_fault_its_own_name(fault: str, page: str) -> None:
    cells = await fill(FAULTS[fault])
    wrong = {column(cell): (cell.result.outcome.value, cell.result.detail) for cell in cells
             if cell.result.outcome.value != cell.expected}  # fmt: skip
    assert wrong == {}
    assert cells, "a fault that strikes nobody proves nothing"
    shown = [cell for cell in row_of(page, fault) if cell != "-"]
    assert sorted(shown) == sorted(f"`{cell.result.outcome}`" for cell in cells), "say `make docs`"


def column(cell: Cell) -> str:
    return f"{cell.asked}{'' if cell.stream else ' (whole)'}, {cell.ask}"


def test_every_outcome_that_a_server_can_cause_is_in_the_table() -> None:
    caused = {fault.outcome for fault in FAULTS.values()} | {
        outcome
        for fault in FAULTS.values()
        for outcome in (fault.whole, *fault.outcomes.values(), *fault.in_form.values())
        if outcome
    }
    not_by_a_server = {Outcome.CANCELLED, Outcome.INTERNAL_ERROR, Outcome.DNS}
    elsewhere = {Outcome.CONNECT, Outcome.TLS, Outcome.TIMEOUT_CONNECT}  # by a listener: test_listeners.py
    assert {Outcome(outcome) for outcome in caused} == set(Outcome) - not_by_a_server - elsewhere
