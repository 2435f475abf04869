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


HEAPS = """
import ctypes, sys, threading
from aiprobe.interpreter import prepare_heap
if sys.argv[1] == "one":
    prepare_heap()
kept, together = [], threading.Barrier(8)
def work():
    together.wait()
    kept.append([bytearray(2000) for _ in range(1000)])
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads:
    each.start()
for each in threads:
    each.join()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


def heaps(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", HEAPS, how], capture_output=True, text=True, check=True)
    return done.stdout.count("<heap nr=")


def test_all_threads_have_one_heap() -> None:
    assert heaps("many") > heaps("one") == 1
