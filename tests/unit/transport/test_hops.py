"""Several exchanges of one probe are told as one."""

from aiprobe.transport.exchange import Exchange
from aiprobe.transport.hops import joined


def a_hop(started: float, **changes: object) -> Exchange:
    phases = {"connect": 0.125, "send": 0.125, "first_byte": 0.5}
    exchange = Exchange(started=started, ended=started + 1.0, status=200, connections_tried=1, bytes_received=100)
    exchange.phases.update(phases)
    for name, value in changes.items():
        setattr(exchange, name, value)
    return exchange


def test_hops_share_the_time_of_one_probe() -> None:
    first = a_hop(10.0, tls_certificate_not_after_timestamp_seconds=7.0)
    whole, phases = joined([first, a_hop(11.5, status=404)])
    assert (whole.started, whole.ended, whole.status) == (10.0, 12.5, 404)
    assert (whole.bytes_received, whole.connections_tried) == (200, 1)
    assert whole.tls_certificate_not_after_timestamp_seconds == 7.0
    assert phases == {"connect": 0.25, "send": 0.25, "first_byte": 1.0, "stream": 0.5}


def test_what_a_hop_without_a_reply_waited_for_is_no_stream() -> None:
    _, phases = joined([a_hop(10.0), a_hop(11.5, status=None)])
    assert phases["stream"] == 0.25
