"""What is remembered of each target is bounded, for one and for all together."""

from aiprobe.core.model import Attempt, Finished, Result
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.web.history import KEPT_AT_LEAST, KEPT_IN_ALL, KEPT_RESULTS, History
from tests.builders import a_target


def a_finished(name: str, second: int, outcome: Outcome = Outcome.OK) -> Finished:
    result = Result(outcome=outcome, started_timestamp_seconds=float(second))
    verdict = Verdict.GOOD if outcome is Outcome.OK else Verdict.BAD
    return Finished(
        target=a_target(name=name), result=result, attempt=Attempt.SCHEDULED, verdict=verdict, slo_verdicts={}
    )


def test_few_targets_keep_their_last_sixty_results_and_failures_longer() -> None:
    history = History()
    history.keep_only(["a"])
    history.add(a_finished("a", 0, Outcome.OVERLOADED))
    for second in range(1, 100):
        history.add(a_finished("a", second))
    kept = [int(one.result.started_timestamp_seconds) for one in history.newest("a", 1000)]
    assert kept == [*range(99, 99 - KEPT_RESULTS, -1), 0]


def test_many_targets_share_the_room() -> None:
    names = [f"t{number}" for number in range(1000)]
    history = History()
    for second in range(30):
        history.add(a_finished("t0", second))
    history.keep_only(names)
    history.add(a_finished("t0", 30))
    history.add(a_finished("t1", 30))
    assert [len(history.newest(name, 1000)) for name in ("t0", "t1")] == [KEPT_IN_ALL // 1000, 1]
    assert history.newest("t0", 1) == [a_finished("t0", 30)]


def test_each_target_keeps_some_however_many_there_are() -> None:
    history = History()
    history.keep_only(f"t{number}" for number in range(50_000))
    for second in range(30):
        history.add(a_finished("t0", second))
    assert len(history.newest("t0", 1000)) == KEPT_AT_LEAST
