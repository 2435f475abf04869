"""The seven boards, in the order in which readers open them. Another board is one file and one line here."""

from collections.abc import Callable
from typing import Final

from dashboards.src.boards import incident, latency, prober, provider, slo, truth, wall
from dashboards.src.grafana import Board

BOARDS: Final[tuple[Callable[[], Board], ...]] = (
    wall.board,
    provider.board,
    latency.board,
    slo.board,
    truth.board,
    incident.board,
    prober.board,
)
