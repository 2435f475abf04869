"""Everything that can be judged without an outage."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiprobe.drill.asking import Api, NotAnsweredError
from aiprobe.drill.looks import Prometheus, look_at_prometheus, read_prometheus
from aiprobe.drill.pages import Alertmanager, arrival, look_at_alertmanager, read_alertmanager
from aiprobe.drill.rules import Expected
from aiprobe.drill.step import Step


@dataclass(frozen=True, slots=True)
class Looked:
    """What both servers report, None of one that does not answer, and the steps."""

    prometheus: Prometheus | None
    alertmanager: Alertmanager | None
    steps: Sequence[Step]


async def look(prometheus: Api, alertmanager: Api, expected: Expected, receiver: str = "") -> Looked:
    """Read both servers once and judge what they report."""
    steps: list[Step] = []
    first: Prometheus | None = None
    second: Alertmanager | None = None
    try:
        first = await read_prometheus(prometheus, expected)
        steps += [Step("Prometheus answers"), *look_at_prometheus(first)]
    except NotAnsweredError as error:
        steps.append(Step("Prometheus answers", (error.fault,)))
    try:
        second = await read_alertmanager(alertmanager, receiver)
        steps += [
            Step("Alertmanager answers"),
            *look_at_alertmanager(second, keeps_seconds=expected.keeps("AIProviderDown")),
        ]
    except NotAnsweredError as error:
        steps.append(Step("Alertmanager answers", (error.fault,)))
    if first is not None and second is not None:
        steps.append(arrival(first, second))
    return Looked(first, second, steps)
