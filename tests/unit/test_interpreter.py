"""What a settled interpreter refuses, in a process of its own: the settings apply to all of it."""

import subprocess
import sys

import pytest

from aiprobe.interpreter import LONGEST_NUMBER

CONVERT = """
import sys
from aiprobe.interpreter import settle
from aiprobe.protocols.jsonvalues import UnreadableError, load
settle()
try:
    print(len(str(load(b"1" * int(sys.argv[1])))))
except UnreadableError as problem:
    print(problem)
"""


@pytest.mark.parametrize(("digits", "told"), [(LONGEST_NUMBER, "640"), (LONGEST_NUMBER + 1, "not JSON")])
def test_a_number_of_more_digits_than_a_moment_converts_is_no_json(digits: int, told: str) -> None:
    command = [sys.executable, "-c", CONVERT, str(digits)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{told}\n"
