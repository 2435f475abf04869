"""The file `meta.rules.yml`."""

from typing import Final

from alerts.src import absence, prober
from alerts.src.rule import File, Group

FILE: Final = File(
    "meta",
    """\
The prober itself: absence means that the prober is broken, never that a provider is well.

Every alert says its `for`, 0s too: it is a decision, not an omission.
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
