"""Worlds made for eyes: hours of ordinary life before what happens, speeds that vary, and thirty days behind them.

The past holds only what Prometheus has recorded: budgets and errors every half hour, and last week's speed.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from aiprobe.core.outcomes import Outcome
from tests.dashboards.world import MINUTE, OBJECTIVE, Answer, Subject, World

DAY = 1440 * MINUTE
WEEK = 7 * DAY
SLOW = 2.0
"""Seconds to the first token above which an answer counts as slow."""
_BAD_DAYS = {("openai", 9): 0.031, ("openai", 10): 0.012, ("anthropic", 17): 0.055, ("gcp.gemini", 4): 0.007}
"""(provider, days ago) -> share of bad probes of that day."""
_ORDINARY = 0.0004


def staged(world: World, lead: int) -> World:
    """Return a world to which the same happens, after `lead` ordinary minutes."""

    def answer(minute: int, subject: Subject) -> Answer | None:
        given = world.answer(minute - lead, subject)
        return given if given is None or given.outcome is not Outcome.OK else lively(given, minute, subject)

    return replace(
        world,
        minutes=world.minutes + lead,
        overdrawn=lambda subject: spent(subject.provider, 0),
        answer=answer,
        page=lambda minute, provider, surface: world.page(minute - lead, provider, surface),
        egress=lambda minute: world.egress(minute - lead),
        alive=lambda minute: world.alive(minute - lead),
        beside=world.beside and staged(world.beside, lead),
    )


def has_a_past(world: World) -> bool:
    """Tell whether anything was there before: not in a new install, nor where nothing ever ran."""
    return world.alive(0) and world.minutes >= 60


def lively(answer: Answer, minute: int, subject: Subject) -> Answer:
    """Vary an answer that was ok: by model, by time of day, by chance; what was not slow does not become slow."""
    chance = random.Random(f"{subject.target} {minute}")
    first = answer.first_token * _of_model(subject.target) * (1 + 0.2 * math.sin(minute / 1440 * math.tau))
    first *= chance.lognormvariate(0, 0.25)
    per_token = answer.per_token * _of_model(subject.model) * chance.lognormvariate(0, 0.12)
    gap = answer.longest_gap * chance.lognormvariate(0, 0.5)
    return replace(
        answer,
        first_token=first if answer.first_token > SLOW else min(first, SLOW),
        per_token=per_token,
        longest_gap=gap,
    )


@cache
def _of_model(name: str) -> float:
    return random.Random(name).uniform(0.6, 1.7)


def past(subjects: Sequence[Subject], end: float, minutes: int) -> Iterator[str]:
    """Yield the recorded series of the thirty days before the last `minutes`, and of the same hours last week."""
    begins = int(end) - minutes * MINUTE
    half_hour = 30 * MINUTE
    for at in range(int(end - 30 * DAY) // half_hour * half_hour, begins, half_hour):
        for subject in subjects:
            yield from _budgets(subject, at, end)
    for at in range(int(end) - WEEK - minutes * MINUTE, int(end) - WEEK + 1, MINUTE):
        for subject in subjects:
            wave = 1 + 0.2 * math.sin((at - int(end)) / DAY * math.tau)
            inside = _inside(subject.labels(""), {})
            if not subject.model:
                continue
            yield f"aiprobe:time_to_first_token:count30m{{{inside}}} 30 {at}"
            yield f"aiprobe:time_to_first_token:median1h{{{inside}}} {0.38 * _of_model(subject.target) * wave:.4g} {at}"
    yield "# EOF"


def _budgets(subject: Subject, at: int, end: float) -> Iterator[str]:
    name = f"{subject.target}-availability"
    sloth = {"slo": "availability", "sloth_id": name, "sloth_slo": name, "sloth_service": subject.provider}
    inside = _inside(subject.labels(""), sloth)
    days_ago = (end - at) / DAY
    of_day = _BAD_DAYS.get((subject.provider, int(days_ago)), _ORDINARY)
    told = subject.labels("") | {"provider_display_name": subject.display_name, "display_name": subject.target}
    yield f"aiprobe_target_info{{{_inside(told, {})}}} 1 {at}"
    yield f"slo:objective:ratio{{{inside}}} {OBJECTIVE} {at}"
    yield f"slo:error_budget:ratio{{{inside}}} {1 - OBJECTIVE:.4g} {at}"
    yield f"slo:period_error_budget_remaining:ratio{{{inside}}} {1 - spent(subject.provider, days_ago):.4g} {at}"
    yield f"slo:time_period:days{{{inside}}} 30 {at}"
    yield f'aiprobe:slo_bad:increase30m{{{inside},vantage="eu"}} {30 * of_day:.4g} {at}'
    yield f'aiprobe:slo_valid:increase30m{{{inside},vantage="eu"}} 30 {at}'
    for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d"):
        yield f"slo:sli_error:ratio_rate{window}{{{inside}}} {of_day:.4g} {at}"


def spent(provider: str, days_ago: float) -> float:
    """Return the share of the budget that the bad days until then used up."""
    bad = (error * min(max(day + 1 - days_ago, 0), 1) for (whose, day), error in _BAD_DAYS.items() if whose == provider)
    return sum(bad) / 30 / (1 - OBJECTIVE)


def _inside(identity: dict[str, str], more: dict[str, str]) -> str:
    return ",".join(f'{key}="{text}"' for key, text in (identity | more).items() if text)
