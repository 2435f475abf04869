"""Every input that was ever kept, and a short run of new ones."""

import random

import pytest

from tests.fuzz.engine import CORPUS, Fuzz, judged, kept
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_stands_its_corpus_and_new_inputs(name: str) -> None:
    target = TARGETS[name]
    assert {data: judged(target, data) for data in (*target.seeds, *kept(name)) if judged(target, data)} == {}
    fuzz = Fuzz(name, target, random.Random(1))
    assert [found for found in (fuzz.step() for _ in range(30)) if found] == []


def test_the_corpus_is_of_targets_that_are_there() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= {*TARGETS, "README.md"}


def test_an_exception_that_is_not_declared_is_found() -> None:
    def run(data: bytes) -> int:
        return 1 // (b"null" not in data)

    fuzz = Fuzz("x", Target(run=run, seeds=(b"a",)), random.Random(1))
    found = [found for found in (fuzz.step() for _ in range(2000)) if found]
    assert found
    assert all(each.problem.startswith("ZeroDivisionError") for each in found)


def test_an_input_that_is_slow_each_time_is_found() -> None:
    found = judged(Target(run=lambda data: sum(range(len(data) * 10_000)), seeds=(), most_seconds=0.0001), b"a" * 20)
    assert found is not None
    assert "ms, more than" in found


def test_an_input_of_which_something_new_came_is_kept_for_the_next() -> None:
    fuzz = Fuzz("x", Target(run=lambda data: min(len(data), 50) // 10, seeds=(b"a",)), random.Random(1))
    for _ in range(200):
        fuzz.step()
    assert {fuzz.target.run(data) for data in fuzz.new} == {1, 2, 3, 4, 5}
