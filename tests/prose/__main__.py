"""Prints banned phrases and dead links: `python -m tests.prose [--all] [PATH ...]`; exits 1 if there are any.

`--all` includes the folders that `phrases.toml` lists as unsettled.
"""

import sys
from collections.abc import Sequence

from tests.prose.links import every_dead_link
from tests.prose.phrases import banned_in, unsettled
from tests.prose.texts import every_text


def main(arguments: Sequence[str] = ()) -> int:
    """Print every finding below these paths, or all of them, and return the exit code."""
    skipped: tuple[str, ...] = () if "--all" in arguments else unsettled()
    paths = tuple(argument for argument in arguments if argument != "--all")
    phrases = [line for line in banned_in(every_text()) if not line.startswith(skipped)]
    findings = [line for line in (*phrases, *every_dead_link()) if not paths or line.startswith(paths)]
    sys.stdout.writelines(f"{line}\n" for line in findings)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
