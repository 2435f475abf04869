"""The file `providers.rules.yml`."""

from typing import Final

from alerts.src import declarations
from alerts.src.rule import File, Group

FILE: Final = File(
    "providers",
    """\
What the providers say and owe: status pages and contracts.

A status page never silences an alert: pages lag, and stay green during outages.

Every alert says its `for`, 0s too: it is a decision, not an omission.
pint file/disable alerts/for
""",
    (Group("aiprobe-providers", (*declarations.DECLARATIONS,), "1m"),),
)
