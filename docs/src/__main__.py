"""Write the generated pages of docs/: `python -m docs.src`. Tests compare each page with what this would write."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from aiprobe.incidents.schema import incident_schema
from aiprobe_simulator.faults import FAULTS
from docs.src import configuration, contracts, metrics, statuspages
from tests.contract.faulttable import fill, render

DOCS: Final = Path(__file__).parents[1]


def render_fault_table() -> str:
    """Probe every fault and return the page of the table."""

    async def rows() -> str:
        return render({name: await fill(fault) for name, fault in FAULTS.items()})

    return asyncio.run(rows())


def render_incident_schema() -> str:
    """Return the published JSON Schema of `/api/v1/incidents`."""
    return json.dumps(incident_schema(), indent=2) + "\n"


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "configuration.md": configuration.render,
    "metrics.md": metrics.render,
    "contracts.md": contracts.render,
    "status-pages.md": statuspages.render,
    "incidents.schema.json": render_incident_schema,
    "fault-table.md": render_fault_table,
}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (DOCS / name).write_text(write(), encoding="utf-8")
