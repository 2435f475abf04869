"""Distinguishes an outage from a typing error if a router or proxy answers instead of the API.

The reply alone is ambiguous: a proxy answers 404 both to a wrong `base_url` and when the API behind it is gone.
"""

from dataclasses import replace
from typing import Final

from aiprobe.core.model import Result
from aiprobe.core.outcomes import Outcome

_STATUSES: Final = frozenset({403, 404, 410})


def judged_by_history(result: Result, *, has_answered: bool) -> Result:
    """Return the result as the target's history has it.

    A reply from in front of the API is `server_error` if the API ever answered there (`Tracked.has_answered`), because
    it no longer answers. Otherwise it stays `not_found` or `auth`: a user's typing error must not page as an outage.
    """
    return replace(result, outcome=Outcome.SERVER_ERROR) if result.from_in_front and has_answered else result


def is_lost(outcome: str, http_status: int | None) -> bool:
    """Return whether a failure counts as an error of the API under a contract's terms: the API was lost."""
    return outcome == Outcome.SERVER_ERROR and http_status in _STATUSES
