"""After a restart the last results of each target come back as they were handed over, and only those."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aiprobe.core.model import IDENTITY_LABELS, Attempt, Finished, Target
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.journal.days import DayFile
from aiprobe.journal.read import hours
from aiprobe.journal.replay import failures, recent_results
from aiprobe.journal.restart import rebuild_windows
from tests.builders import a_target
from tests.unit.journal.builders import A_TARGET, DAY, NOON, a_probe, tamper, write

HOURS = 7200.0


def recent(
    directory: Path, targets: Sequence[Target] = (A_TARGET,), now: float = NOON + 600, most: int = 60
) -> list[Finished]:
    return list(recent_results(directory, targets, now, seconds=HOURS, most=most))


def seen(results: Sequence[Finished]) -> list[tuple[float, str, str, str]]:
    return [
        (one.result.started_timestamp_seconds - NOON, one.result.outcome.value, one.verdict.value, one.attempt.value)
        for one in results
    ]


async def test_good_and_failed_results_come_back_in_the_order_of_their_starts(tmp_path: Path) -> None:
    failed = {
        "http_status": 529, "request_id": "req-1", "detail": "overloaded", "phases": {"connect": 0.1},
        "duration_seconds": 1.5,
    }  # fmt: skip
    good = {"duration_seconds": 2.0, "time_to_first_token_seconds": 0.5, "output_tokens": 8, "cost_usd": 0.001}
    await write(tmp_path, [
        a_probe(NOON + 66, Outcome.OVERLOADED, attempt=Attempt.CONFIRM, verdict=Verdict.BAD, result=failed),
        a_probe(NOON, result=good),
        a_probe(NOON + 60, Outcome.DNS, verdict=Verdict.EXCLUDED, egress_down=True),
    ])  # fmt: skip
    results = recent(tmp_path)
    assert seen(results) == [
        (0.0, "ok", "good", "scheduled"),
        (60.0, "dns", "excluded", "scheduled"),
        (66.0, "overloaded", "bad", "confirm"),
    ]
    assert {name: getattr(results[0].result, name) for name in good} == good
    assert {name: getattr(results[2].result, name) for name in failed} == failed
    assert [one.egress_down for one in results] == [False, True, False]


async def test_slo_verdicts_of_good_results_come_back(tmp_path: Path) -> None:
    verdicts = {"availability": Verdict.GOOD, "time_to_first_token": Verdict.BAD, "correctness": Verdict.GOOD}
    await write(tmp_path, [a_probe(NOON, slo_verdicts=verdicts)])
    (result,) = recent(tmp_path)
    assert result.slo_verdicts == verdicts


@pytest.mark.parametrize("keep_ok", ["all", "sampled", "none"])
async def test_every_good_result_comes_back_once_however_many_rows_are_kept(tmp_path: Path, keep_ok: str) -> None:
    probes = [a_probe(NOON + 20 * number, slo_verdicts={"availability": Verdict.GOOD}) for number in range(25)]
    await write(tmp_path, probes, commits=5, keep_ok=keep_ok)
    results = recent(tmp_path)
    assert [one.result.started_timestamp_seconds - NOON for one in results] == [20.0 * number for number in range(25)]
    assert {one.attempt for one in results} == {Attempt.SCHEDULED}


async def test_a_target_counts_under_its_present_identity_only(tmp_path: Path) -> None:
    other = a_target(name="other")
    await write(tmp_path, [a_probe(NOON), a_probe(NOON + 1, target=other), a_probe(NOON + 2, Outcome.TLS)])
    assert recent(tmp_path, [replace(A_TARGET, model="another")]) == []
    assert [one.target.name for one in recent(tmp_path, [other])] == ["other"]


@pytest.mark.parametrize(
    ("gateway", "counts"),
    [
        ({"key": "openai", "name": "openai"}, True),
        ({"key": "eu-gateway", "name": "eu-gateway", "former_name": "litellm"}, True),
        ({"key": "other", "name": "other", "former_name": "vllm"}, False),
    ],
)
async def test_a_journal_without_accounts_goes_on_under_the_accounts_of_today(
    tmp_path: Path, gateway: Mapping[str, Any], counts: bool
) -> None:
    target = replace(A_TARGET, provider=replace(A_TARGET.provider, **gateway))
    good, bad = {"availability": Verdict.GOOD}, {"availability": Verdict.BAD}
    probes = [a_probe(NOON, slo_verdicts=good), a_probe(NOON + 9, Outcome.TLS, verdict=Verdict.BAD, slo_verdicts=bad)]
    await write(tmp_path, probes)
    name = "litellm" if "former_name" in gateway else gateway["name"]
    former = f"json_remove(json_set(value, '$[1]', '{name}'), '$[2]')"
    for file in (DayFile(int(NOON // DAY), "evidence"), DayFile(int(NOON // DAY), "ok")):
        tamper(tmp_path, file.name, f"UPDATE term SET value = {former} WHERE kind = 'target'")
    now = a_probe(NOON + 70, target=target, slo_verdicts=good)
    await write(tmp_path, [now])

    assert len(recent(tmp_path, [target])) == (3 if counts else 1)
    (window,) = rebuild_windows(tmp_path, [target], NOON + 120).values()
    assert (window.read(NOON + 120)["1h"][0].valid, window.read(NOON + 120)["1h"][0].bad) == (
        (3, 1) if counts else (1, 0)
    )
    rows = list(hours(tmp_path, NOON, NOON + 600))
    assert {(row.target, row.identity[IDENTITY_LABELS.index("model")]) for row in rows} == {(target.name, target.model)}


async def test_cancelled_probes_come_back_as_such_and_old_ones_not_at_all(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON - 3 * 3600), a_probe(NOON, Outcome.CANCELLED), a_probe(NOON + 5)])
    assert seen(recent(tmp_path)) == [(0.0, "cancelled", "excluded", "scheduled"), (5.0, "ok", "good", "scheduled")]


async def test_the_newest_results_of_each_target_are_kept_where_there_are_too_many(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON + at, Outcome.CONNECT if at % 2 else Outcome.OK) for at in range(20)])
    assert [at for at, *_ in seen(recent(tmp_path, most=6))] == [14, 15, 16, 17, 18, 19]


async def test_midnight_divides_nothing(tmp_path: Path) -> None:
    midnight = NOON + DAY / 2
    await write(tmp_path, [a_probe(midnight - 30), a_probe(midnight + 30)])
    assert len(recent(tmp_path, now=midnight + 60)) == 2


def test_without_a_journal_nothing_comes_back(tmp_path: Path) -> None:
    assert recent(tmp_path / "absent") == []


async def test_failures_come_back_with_their_attempt_and_the_first_hour_of_their_target(tmp_path: Path) -> None:
    other = a_target(name="other")
    await write(tmp_path, [
        a_probe(NOON - 2 * DAY),
        a_probe(NOON - DAY, Outcome.OVERLOADED, verdict=Verdict.BAD),
        a_probe(NOON - DAY + 3, Outcome.OVERLOADED, attempt=Attempt.CONFIRM, verdict=Verdict.BAD),
        a_probe(NOON, Outcome.DNS, verdict=Verdict.EXCLUDED, egress_down=True),
        a_probe(NOON + 60, Outcome.OVERLOADED, verdict=Verdict.BAD),
        a_probe(NOON - 7200, target=other),
    ])  # fmt: skip
    targets = [A_TARGET, other, a_target(name="a third")]
    found = failures(tmp_path, targets, NOON + 600, seconds=28 * DAY, most=100)
    assert {name: (one.since - NOON, list(one.failures)) for name, one in found.items()} == {
        A_TARGET.name: (-2 * DAY, [(NOON - DAY, True), (NOON - DAY + 3, False), (NOON + 60, True)]),
        "other": (-7200, []),
    }
    few = failures(tmp_path, targets, NOON + 600, seconds=DAY - 1, most=1)
    assert {name: (one.since - NOON, list(one.failures)) for name, one in few.items()} == {
        A_TARGET.name: (601 - DAY, [(NOON + 60, True)]),
        "other": (-7200, []),
    }
