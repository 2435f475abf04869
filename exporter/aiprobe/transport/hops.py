"""Combines the exchanges of one probe into one record: redirects of a page, the steps of a handshake."""

from collections.abc import Sequence
from dataclasses import replace

from aiprobe.transport.transport import Exchange


def followed(first: Exchange, then: Exchange) -> Exchange:
    """Return one exchange that begins with `first`, a redirect, and ends with `then`: the sums of their phases.

    The time of the redirect's own body counts as waiting for the reply: it is part of `first_byte`.
    """
    whole, _ = joined((first, then))
    before = then.started - first.started - sum(first.phases.values())
    whole.phases = {
        name: first.phases.get(name, 0.0) + then.phases.get(name, 0.0) for name in first.phases | then.phases
    }
    whole.phases["first_byte"] = whole.phases.get("first_byte", 0.0) + max(0.0, before)
    return whole


def joined(hops: Sequence[Exchange]) -> tuple[Exchange, dict[str, float]]:
    """Return the last exchange with the start of the first and the sums of all, and the sum of each phase."""
    phases: dict[str, float] = {}
    for hop in hops:
        for phase, seconds in hop.phases.items():
            phases[phase] = phases.get(phase, 0.0) + seconds
        if hop.status is not None:
            rest = hop.ended - hop.started - sum(hop.phases.values())
            phases["stream"] = phases.get("stream", 0.0) + max(0.0, rest)
    whole = replace(
        hops[-1],
        started=hops[0].started,
        bytes_received=sum(hop.bytes_received for hop in hops),
        connections_tried=sum(hop.connections_tried for hop in hops) - len(hops) + 1,
        tls_certificate_not_after_timestamp_seconds=hops[0].tls_certificate_not_after_timestamp_seconds,
    )
    return whole, phases
