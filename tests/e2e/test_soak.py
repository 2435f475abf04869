"""Three minutes of faults, scrapes and reloads: a reload that leaks descriptors or threads fails here.

Memory is judged by `make soak`, which takes longer, and by tests/unit/app/test_reload_leaves_nothing.py.
"""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("soak")]
MINUTES = 3


def test_nothing_grows_with_the_reloads_of_a_running_exporter() -> None:
    command = [sys.executable, "-m", "benchmarks.soak", "--minutes", str(MINUTES)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=MINUTES * 60 + 120)
    assert done.returncode == 0, done.stdout + done.stderr
