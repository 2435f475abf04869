"""Status pages of every kind that providers use, which follow, lag behind or contradict the simulated services.

`catalogue` lists the pages, `declaration` what they can declare, `story` when, `view` what is on a
page at one moment; one file a kind writes that in the kind's own shape, and `serve` answers requests.
"""

from aiprobe_simulator.statuspages.catalogue import PAGES, PageSpec, page_named
from aiprobe_simulator.statuspages.declaration import Declaration
from aiprobe_simulator.statuspages.faults import PAGE_FAULTS, PageBehaviour, page_behaviour
from aiprobe_simulator.statuspages.pages import StatusPages
from aiprobe_simulator.statuspages.reading import declaration

__all__ = [
    "PAGES",
    "PAGE_FAULTS",
    "Declaration",
    "PageBehaviour",
    "PageSpec",
    "StatusPages",
    "declaration",
    "page_behaviour",
    "page_named",
]
