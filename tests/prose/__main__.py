"""Prints banned phrases and dead links: `python -m tests.prose [PATH ...]`; exits 1 if there are any."""

import sys
from collections.abc import Sequence

from tests.prose.links import every_dead_link
from tests.prose.phrases import banned_in
from tests.prose.texts import every_text


def main(paths: Sequence[str] = ()) -> int:
    """Print every finding below these paths, or all of them, and return the exit code."""
    findings = [line for line in (*banned_in(every_text()), *every_dead_link()) if line.startswith(tuple(paths) or "")]
    sys.stdout.writelines(f"{line}\n" for line in findings)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
