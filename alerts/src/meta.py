"""The file `meta.rules.yml`."""

from typing import Final

from alerts.src import absence, prober
from alerts.src.rule import File, Group

FILE: Final = File(
    "meta",
    """\
The prober itself: missing series mean that the prober is broken, never that a provider works.

Every alert states its `for`, also 0s: it is a decision, not an omission.
pint file/disable alerts/for
""",
    (
        Group(
            "aiprobe-meta",
            (
                *absence.ABSENCE,
                *prober.PROBER,
            ),
        ),
    ),
)
