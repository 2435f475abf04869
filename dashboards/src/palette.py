"""Every colour of the boards. States are distinguishable with any of the three colour deficiencies; a test measures it.

Colour is never the only sign: state panels print the state's name, tables the value.
"""

from typing import Final

OPERATIONAL: Final = "#33628A"
"""Muted on purpose: a wall of it is calm, and an outage stands out."""
DEGRADED: Final = "#F5E05A"
PARTIAL: Final = "#D97400"
MAJOR: Final = "#C4122F"
UNKNOWN: Final = "#B4B9C1"
"""Not probed, not readable, not compared: also the base of every threshold, so that no value is never blue.

Light enough for Grafana to write dark letters on it."""

STATES: Final = (UNKNOWN, OPERATIONAL, DEGRADED, PARTIAL, MAJOR)

LOW: Final = "#56B4E9"
MIDDLE: Final = "#B58BD6"
HIGH: Final = "#CC79A7"
"""Of quantiles and of any other series that means neither good nor bad."""
ALERT: Final = MAJOR
NOTE: Final = "#8F7CC0"
"""Of what a status page declares, where it is drawn over a chart."""

OUTCOMES: Final = {
    # Bad: warm, from errors that the provider reports to failures of the network.
    "overloaded": "#F08A00",
    "server_error": "#C4122F",
    "error_in_body": "#E0503A",
    "truncated": "#B5651D",
    "disconnected": "#8C3B1F",
    "stalled": "#D9A066",
    "malformed": "#A34E63",
    "empty": "#E58FA0",
    "timeout_connect": "#F5C451",
    "timeout_first_token": "#F5E05A",
    "timeout_total": "#D6B93C",
    "dns": "#7A5C2E",
    "connect": "#9C7A3C",
    "tls": "#BFA36A",
    # Answered, but wrong.
    "wrong_answer": "#C77CFF",
    "content_filtered": "#9A5FD0",
    # Excluded: cool, because they do not describe the service.
    "rate_limited": "#56B4E9",
    "auth": "#2F7FB8",
    "quota_exhausted": "#2AA6A0",
    "challenged": "#5FC8B8",
    "not_found": "#7A9CC6",
    "bad_request": "#A0B8D8",
    "starved": "#6F7FA8",
    "cancelled": "#A6ABB3",
    "internal_error": "#E5E8EC",
}
"""Every outcome but `ok`."""
PHASES: Final = {
    "resolve": "#A6ABB3", "connect": "#56B4E9", "tls": "#0072B2", "send": "#7A9CC6", "first_byte": "#B58BD6",
    "first_token": "#CC79A7", "stream": "#009E73",
}  # fmt: skip
"""Of a probe: blue is the network in between, purple the provider, green the length of the answer."""
KINDS: Final = {"input": LOW, "cached input": MIDDLE, "output": HIGH, "reasoning": NOTE}
"""Of tokens."""
LIMITS: Final = {"requests": LOW, "tokens": HIGH, "input_tokens": MIDDLE, "output_tokens": NOTE}
"""Of an account."""
REASONS: Final = {"budget": HIGH, "backoff": LOW, "shard": UNKNOWN}
"""Why a probe did not start."""
VERDICTS: Final = {"good": OPERATIONAL, "bad": MAJOR, "excluded": LOW}
