"""A real HAProxy follows aiprobe's verdict: the short form of benchmarks/router."""

from pathlib import Path

import pytest

from benchmarks.router.__main__ import NO_USER_FAILS, TROUBLES, play
from benchmarks.router.setup import PACES, ROWS, a_setup

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TCP, _, _, QUICK = ROWS
SECONDS = 20.0


async def test_users_leave_a_provider_that_fails_inside_its_answers_and_none_for_the_sake_of_aiprobe(
    tmp_path: Path,
) -> None:
    assert QUICK in PACES
    async with a_setup(tmp_path) as setup:
        failing = await play(setup, TROUBLES["error in the stream"], SECONDS)
        for trouble in NO_USER_FAILS:
            unharmed = await play(setup, TROUBLES[trouble], SECONDS)
            assert {row: count.failed for row, count in unharmed.items()} == dict.fromkeys(ROWS, 0), trouble
            assert all(count.asked > 0 for count in unharmed.values())
    assert failing[TCP].failed == failing[TCP].asked > 0
    assert 0 < failing[QUICK].failed < failing[TCP].failed
