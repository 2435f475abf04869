"""The two generations of tools that the rules and the configuration have to please."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.alerts.gotools import built
from tests.e2e.conftest import tool

__all__ = ["Stack", "stack", "tool"]


@dataclass(frozen=True, slots=True)
class Stack:
    """Paths of one generation of Prometheus and Alertmanager."""

    name: str
    prometheus: str
    promtool: str
    alertmanager: str
    amtool: str


@pytest.fixture(scope="session", params=["installed", pytest.param("current", marks=pytest.mark.built)])
def stack(request: pytest.FixtureRequest, tool: Callable[[str], str]) -> Stack:
    """Return the tools of the distribution, then current ones, which Go builds."""
    if request.param == "installed":
        return Stack("installed", *map(tool, ("prometheus", "promtool", "alertmanager", "amtool")))
    prometheus, alertmanager = built("prometheus"), built("alertmanager")
    paths = (prometheus / "prometheus", prometheus / "promtool", alertmanager / "alertmanager", alertmanager / "amtool")
    return Stack("current", *map(str, paths))
