"""AI services that misbehave on command: the tests' peer, the demo's world, and a rehearsal of an outage for users.

Stands alone: it knows no other room of aiprobe, so that a mistake made there cannot hide behind the same one here.
"""

from aiprobe.simulator.faults import FAULTS, KINDS, Fault
from aiprobe.simulator.playback import Pace
from aiprobe.simulator.scenario import Scenario, ScenarioError, demo_scenario, load_scenario
from aiprobe.simulator.server import DEFAULT_LISTEN, Simulator, run

__all__ = [
    "DEFAULT_LISTEN",
    "FAULTS",
    "KINDS",
    "Fault",
    "Pace",
    "Scenario",
    "ScenarioError",
    "Simulator",
    "demo_scenario",
    "load_scenario",
    "run",
]
