"""AI services and status pages that fail on command: the tests' peer, the demo's world, a rehearsal of an outage.

Imports no other room of aiprobe, so that a mistake made there cannot hide behind the same one here.
"""

from aiprobe_simulator.command import DEFAULT_LISTEN, run
from aiprobe_simulator.faults import FAULTS, KINDS, Fault
from aiprobe_simulator.playback import Pace
from aiprobe_simulator.scenario import ScenarioError, demo_scenario, load_scenario, march_scenario
from aiprobe_simulator.server import Simulator
from aiprobe_simulator.statuspages import PAGE_FAULTS, PAGES
from aiprobe_simulator.timeline import Scenario

__all__ = [
    "DEFAULT_LISTEN",
    "FAULTS",
    "KINDS",
    "PAGES",
    "PAGE_FAULTS",
    "Fault",
    "Pace",
    "Scenario",
    "ScenarioError",
    "Simulator",
    "demo_scenario",
    "load_scenario",
    "march_scenario",
    "run",
]
