"""Runs every fault of the simulator against every protocol, through the real probes and the real transport.

The table that comes out is docs/fault-table.md; the test holds each cell to the fault's own word, and the page to it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from aiprobe.core.clock import Clock
from aiprobe.core.kind import NONCE, Golden, HttpExpectation
from aiprobe.core.model import Result, Target, Timeouts
from aiprobe.core.secret import Secret
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.probes.questions import QUESTIONS
from aiprobe.probes.questions.question import cap_of
from aiprobe.protocols import PROTOCOLS
from aiprobe.transport.transport import Transport
from aiprobe_simulator.faults import FAULTS, KINDS, Fault
from aiprobe_simulator.server import Simulator
from aiprobe_simulator.wire import WIRES
from aiprobe_simulator.wire.base import Form, Kind
from tests.builders import a_provider, a_target

_ORDER: Final = [kind for kind in get_args(Kind) if kind != "egress"]
Column = tuple[str, bool, str]
"""What is asked, whether the answer is streamed, and the question: `Target.ask`."""
COLUMNS: Final[tuple[Column, ...]] = tuple(
    (asked, stream, "repeat")
    for column in _ORDER
    for asked, kind in KINDS.items()
    if kind == column
    for stream in ((True, False) if kind == "chat" else (False,))
)
QUESTIONED: Final[Mapping[str, tuple[Column, ...]]] = {
    ask: tuple(
        (asked, stream, ask)
        for asked, stream, _ in COLUMNS
        if KINDS[asked] == "chat" and question.traits.form in PROTOCOLS[asked].forms
    )
    for ask, question in QUESTIONS.items()
    if ask != "repeat"
}
"""The columns of each other question, for the protocols that can ask it."""
_PARAMS: Final[Mapping[str, Mapping[str, float]]] = {
    "slow_headers": {"delay_seconds": 0.1},
    "slow_first_token": {"delay_seconds": 0.1},
    "slow_stream": {"gap_seconds": 0.02},
    "oversize_body": {"bytes": 12 << 20},
    "oversize_event": {"bytes": 4 << 20},
}
_COUNTS: Final[Mapping[str, int]] = {"redirect_elsewhere": 1}
"""Where the fault strikes only so often: the page that one is sent to is right."""
FORMS: Final[Mapping[str, Form]] = {**{ask: cast("Form", ask) for ask in QUESTIONS}, "repeat": "text"}
"""By the question, the form in which the simulator sees its answer asked for."""
GOLDEN: Final = Golden(
    messages=(("system", "Be brief."), ("user", f"Repeat this line:\n{NONCE} is the word")),
    equals=f"{NONCE} is the word",
)
LIMITS: Final = Timeouts(connect=2.0, first_token=1.0, stall=0.6, total=1.8)
PATIENT: Final = Timeouts(connect=30.0, first_token=30.0, stall=30.0, total=45.0)
"""Where no time is expected to run out: a machine that is busy changes no cell."""
_OF_TIME: Final = frozenset({"timeout_connect", "timeout_first_token", "timeout_total", "stalled"})


@dataclass(frozen=True, slots=True)
class Cell:
    """What one probe of one faulty service reported, and what it should have."""

    fault: str
    asked: str
    stream: bool
    ask: str
    expected: str
    result: Result


def a_target_for(asked: str, *, stream: bool, url: str, expected: str = "", ask: str = "repeat") -> Target:
    """Return the target that asks `asked` of the simulator at `url`; `expected` is the outcome of its probe."""
    kind = KINDS[asked]
    wire = WIRES.get(asked, WIRES["openai-chat"])
    provider = a_provider(
        protocol=wire.name, base_url=f"{url}/lab{wire.base}", api_key=Secret("a-right-key-0123456789"), egress=False
    )
    probe = {"web": "http"}.get(kind, kind)
    page = f"{url}/web/claude" if kind == "web" else None
    expect = HttpExpectation(text="<h1>claude</h1>")
    limits = LIMITS if expected in _OF_TIME else PATIENT
    target = a_target(provider=provider, probe=probe, stream=stream, url=page, timeouts=limits, expect=expect,
                      ask=ask, golden=GOLDEN if ask == "custom" else None, max_output_tokens=None)  # fmt: skip
    return replace(target, max_output_tokens=cap_of(target, room=QUESTIONS[ask].traits.room(target)))


async def fill(fault: Fault) -> list[Cell]:
    """Probe every column of one row once, but those in which the fault cannot happen; those of a table together."""
    return [cell for columns in (COLUMNS, *QUESTIONED.values()) for cell in await _fill(fault, columns)]


async def _fill(fault: Fault, columns: Sequence[Column]) -> list[Cell]:
    clock = Clock()
    transport = Transport(clock=clock)
    tools = Tools(transport=transport, clock=clock)
    wanted = {
        (asked, stream, ask): fault.expected(asked, stream=stream, form=FORMS[ask]) for asked, stream, ask in columns
    }
    cells: list[Cell] = []
    try:
        async with Simulator() as simulator:
            simulator.set("*", fault=fault.name, params=_PARAMS.get(fault.name), count=_COUNTS.get(fault.name))

            async def probe(asked: str, *, stream: bool, ask: str, expected: str) -> None:
                target = a_target_for(asked, stream=stream, url=simulator.url, expected=expected, ask=ask)
                result = await PROBES[target.probe](target, tools).run()
                cells.append(Cell(fault.name, asked, stream, ask, expected, result))

            await asyncio.gather(
                *(
                    probe(asked, stream=stream, ask=ask, expected=expected)
                    for (asked, stream, ask), expected in wanted.items()
                    if expected is not None
                )
            )
    finally:
        await transport.close()
    return cells


def render(rows: Mapping[str, Sequence[Cell]]) -> str:
    """Return the page of docs that shows the table."""
    lines = [
        "# Fault table",
        "",
        "The outcome of each fault of the simulator for each protocol. `make docs` writes this page from probes over",
        "real sockets, and `tests/contract/test_fault_table.py` checks every cell. Columns with `whole` are without",
        "streaming. `-` means that the fault cannot happen. Each question of a chat probe other than `ask: repeat` has",
        "a table of its own below, with the protocols that can ask it.",
        "",
        *_table(rows, COLUMNS),
    ]
    for ask, columns in QUESTIONED.items():
        lines += ["", f"## `ask: {ask}`", "", *_table(rows, columns)]
    return "\n".join(lines) + "\n"


def _table(rows: Mapping[str, Sequence[Cell]], columns: Sequence[Column]) -> list[str]:
    """Return the lines of one table, without the faults that strike none of its columns."""
    titles = [asked + ("" if stream or KINDS[asked] != "chat" else ", whole") for asked, stream, _ in columns]
    lines = ["| fault | what happens | " + " | ".join(titles) + " |", "|---|---|" + "---|" * len(titles)]
    for name, cells in rows.items():
        by_column = {(cell.asked, cell.stream, cell.ask): f"`{cell.result.outcome}`" for cell in cells}
        shown = [by_column.get(column, "-") for column in columns]
        if set(shown) != {"-"}:
            lines.append(f"| `{name}` | {FAULTS[name].about} | " + " | ".join(shown) + " |")
    return lines
