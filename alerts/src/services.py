"""The file `services.rules.yml`."""

from typing import Final

from alerts.src import answers, evidence, outages, speed
from alerts.src.rule import File, Group

FILE: Final = File(
    "services",
    """\
The services themselves: down, throttled, refused, wrong, slow.

Computed per vantage, then by quorum: more than half of the vantages that can measure. Results of a vantage without egress
do not count. Results from before all attempts were excluded do not count either.
An inhibiting alert keeps firing longer than those that it inhibits (provider 20m, surface 17m, model 15m). Otherwise the
end of an outage would look like a smaller outage.
While egress is down in a quorum, firing alerts are frozen (aiprobe:alerts:frozen). Alertmanager inhibits them then, and
sends no resolution of an alert that resolves while it is inhibited.

Every alert states its `for`, also 0s: it is a decision, not an omission.
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
