"""Renders one result for a terminal, as a waterfall of its phases, and as a JSON object."""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from aiprobe.core.kind import PHASES
from aiprobe.core.model import Result, Target
from aiprobe.core.outcomes import Outcome, Verdict

BAR_WIDTH: Final = 40
_COLOURS: Final = {Verdict.GOOD: "green", Verdict.BAD: "red", Verdict.EXCLUDED: "yellow"}


def show(what: RenderableType) -> None:
    """Print to standard output, in colour if it is a terminal."""
    Console(highlight=False, soft_wrap=True).print(what)


def as_json(target: Target, result: Result, verdict: Verdict) -> Mapping[str, Any]:
    """Return the result as the object that `aiprobe probe --json` prints; None where a field does not apply."""
    return {
        "target": target.name,
        "outcome": result.outcome.value,
        "verdict": verdict.value,
        "detail": result.detail,
        "http_status": result.http_status,
        "request_id": result.request_id,
        "phases": {name: round(seconds, 6) for name, seconds in result.phases.items()},
        "time_to_first_token_seconds": _rounded(result.time_to_first_token_seconds),
        "duration_seconds": _rounded(result.duration_seconds),
        "stream_max_gap_seconds": _rounded(result.stream_max_gap_seconds),
        "input_tokens": result.input_tokens,
        "output_tokens": result.output_tokens,
        "reasoning_tokens": result.reasoning_tokens,
        "cost_usd": result.cost_usd,
        "response_model": result.response_model,
    }


def waterfall(target: Target, result: Result, verdict: Verdict) -> RenderableType:
    """Return one result as text and bars for a terminal."""
    colour = _COLOURS[verdict]
    status = f"  HTTP {result.http_status}" if result.http_status is not None else ""
    head = Text.assemble(
        (result.outcome.value, f"bold {colour}"), f" ({verdict.value}){status}  ", (target.name, "bold")
    )
    facts = Text(" · ".join(_facts(target, result)), style="dim")
    lines: list[RenderableType] = [head, facts, Text(), _bars(result)]
    if result.detail:
        lines += [Text(), Text(result.detail, style=colour if result.outcome is not Outcome.OK else "")]
    if result.answer and result.outcome is not Outcome.OK:
        lines.append(Text(f"answer: {result.answer}", style="dim"))
    return Group(*lines)


def _facts(target: Target, result: Result) -> list[str]:
    facts = [target.provider.display_name, f"account {target.provider.key}", target.surface, target.model, target.probe]
    if result.response_model and result.response_model != target.model:
        facts.append(f"answered by {result.response_model}")
    if result.remote_address:
        facts.append(result.remote_address)
    if result.request_id:
        facts.append(f"request {result.request_id}")
    if result.output_tokens:
        facts.append(f"{result.input_tokens or 0} tokens in, {result.output_tokens} out")
    if result.reasoning_tokens:
        facts.append(f"{result.reasoning_tokens} of them reasoning")
    if result.output_tokens_per_second is not None:
        facts.append(f"{result.output_tokens_per_second:.0f} tokens/s")
    if result.stream_max_gap_seconds is not None:
        facts.append(f"longest silence {_time(result.stream_max_gap_seconds)}")
    if result.cost_usd is not None:
        facts.append(f"${result.cost_usd:.6f}")
    elif result.output_tokens:
        facts.append("cost unknown: no price")
    return [fact for fact in facts if fact]


def _bars(result: Result) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    total = max(result.duration_seconds, 1e-9)
    at = 0.0
    for phase in PHASES:
        if phase not in result.phases:
            continue
        seconds = result.phases[phase]
        start = min(BAR_WIDTH - 1, int(at / total * BAR_WIDTH))
        width = max(1, min(BAR_WIDTH - start, round(seconds / total * BAR_WIDTH)))
        table.add_row(phase, _time(seconds), Text(" " * start + "█" * width, style="cyan"))
        at += seconds
    table.add_row(Text("total", style="bold"), Text(_time(result.duration_seconds), style="bold"), "")
    first = result.time_to_first_token_seconds
    if first is not None:
        table.add_row(Text("first token", style="bold"), Text(_time(first), style="bold"), "after the start")
    return table


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
