"""`python -m tests.fuzz`: throws inputs at every target for some time; see README.md."""

import argparse
import itertools
import random
import sys
import time

from tests.fuzz.engine import Fuzz, keep
from tests.fuzz.targets import TARGETS


def write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Fuzz; return 1 if a target did not stand an input."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("--seconds", type=float, default=60.0, help="how long, over all targets")
    options.add_argument("--seed", type=int, default=None, help="to repeat a run; the time decides how far it goes")
    options.add_argument("--grow", action="store_true", help="add inputs that did something new to the corpus")
    options.add_argument("targets", nargs="*", metavar="TARGET", help=f"any of {', '.join(TARGETS)}; all by default")
    asked = options.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if asked.seed is None else asked.seed
    chance = random.Random(seed)
    write(f"seed {seed}")
    fuzzed = [Fuzz(name, TARGETS[name], chance) for name in asked.targets or TARGETS]
    end, found = time.monotonic() + asked.seconds, {}
    for fuzz in itertools.cycle(fuzzed):
        if time.monotonic() > end:
            break
        if fuzz.name not in found and (problem := fuzz.step()):
            found[fuzz.name] = problem
    for fuzz in fuzzed:
        write(f"{fuzz.name:28} {fuzz.runs:8} inputs, {len(fuzz.new):4} of a new kind")
        for data in fuzz.new if asked.grow else ():
            keep(fuzz.name, data)
    for each in found.values():
        write(f"FAILED {each.target}: {each.problem}\n       {keep(each.target, each.data)}")
    write(f"{sum(fuzz.runs for fuzz in fuzzed)} inputs, {len(found)} targets failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
