"""The file `services.rules.yml`."""

from typing import Final

from alerts.src import answers, evidence, outages, speed
from alerts.src.rule import File, Group

FILE: Final = File(
    "services",
    """\
The services themselves: down, throttled, refused, wrong, slow.

Computed per vantage, then by quorum: more than half of the vantages that could measure at all. What a vantage without
egress says does not count, and neither does what is left over from before all attempts were excluded.
Who inhibits in Alertmanager keeps firing longer than whom it inhibits (provider 20m, surface 17m, model 15m), or the end
of an outage would be told as a smaller one.
While egress is down in a quorum, alerts that fire are frozen (aiprobe:alerts:frozen): Alertmanager inhibits them then, and
an alert that resolved while it is inhibited would never be told as resolved.

Every alert says its `for`, 0s too: it is a decision, not an omission.
pint file/disable alerts/for
""",
    (
        Group(
            "aiprobe-services",
            (
                *evidence.EVIDENCE,
                *outages.OUTAGES,
                *answers.ANSWERS,
            ),
        ),
        Group("aiprobe-speed", (*speed.SPEED,), "1m"),
    ),
)
