"""The file `providers.rules.yml`."""

from typing import Final

from alerts.src import declarations
from alerts.src.rule import File, Group

FILE: Final = File(
    "providers",
    """\
Status pages and contracts of the providers.

A status page never silences an alert: pages are late, and stay green during outages.

Every alert states its `for`, also 0s: it is a decision, not an omission.
pint file/disable alerts/for
""",
    (Group("aiprobe-providers", (*declarations.DECLARATIONS,), "1m"),),
)
