"""AWS by its standard chain (environment, profile, web identity, container, IMDS), and Signature Version 4.

Needs the extra `aws` (botocore), which implements both. The keeper reads the chain; signing needs no network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from aiprobe.core.credential import Asked, Headers
from aiprobe.core.secret import Secret
from aiprobe.credentials.base import Lease, SourceError

RECHECK_SECONDS: Final = 90.0
"""botocore renews keys 15 minutes before they expire, but only when they are read; so they are read every minute."""
STATIC_SECONDS: Final = 900.0
"""Keys without an expiry are read again after this time, because a file may hold new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsKeys:
    """What signs."""

    access_key: str
    secret_key: Secret
    session_token: Secret | None = None


class AwsChain:
    """The standard chain of credential providers."""

    def __init__(self, *, profile: str | None, wall: Callable[[], float]) -> None:
        self._profile = profile
        self._wall = wall
        self._found: Any = None

    def fetch(self) -> Lease[AwsKeys]:
        """Return the keys that hold now."""
        errors: Any = import_module("botocore.exceptions")
        try:
            if self._found is None:
                self._found = self._search()
            frozen = self._found.get_frozen_credentials()
        except (errors.BotoCoreError, OSError, ValueError) as error:
            self._found = None
            raise SourceError(f"AWS gives no credentials: {type(error).__name__}") from error
        keys = AwsKeys(
            access_key=frozen.access_key,
            secret_key=Secret(frozen.secret_key),
            session_token=Secret(frozen.token) if frozen.token else None,
        )
        secrets = tuple(filter(None, (keys.secret_key, keys.session_token)))
        return Lease(value=keys, lifetime_seconds=self._lifetime(), secrets=secrets)

    def _search(self) -> Any:
        session: Any = import_module("botocore.session")
        found = session.Session(profile=self._profile).get_credentials()
        if found is None:
            raise SourceError("AWS has no credentials: no environment, profile, web identity, container or instance")
        return found

    def _lifetime(self) -> float:
        """Return how long the keys are valid for certain; keys without an expiry are searched for again after that."""
        ends = getattr(self._found, "_expiry_time", None)  # botocore has no public name for it
        if ends is None:
            self._found = None
            return STATIC_SECONDS
        return min(RECHECK_SECONDS, float(ends.timestamp() - self._wall()))


def signed(asked: Asked, keys: AwsKeys, *, region: str, service: str) -> Headers:
    """Return the headers that sign a request: authorization, x-amz-date and, with a session, its token."""
    auth: Any = import_module("botocore.auth")
    requests: Any = import_module("botocore.awsrequest")
    credentials: Any = import_module("botocore.credentials")
    own = {"content-type": asked.content_type} if asked.content_type else {}
    request = requests.AWSRequest(method=asked.method, url=asked.url, data=asked.body, headers=dict(own))
    token = keys.session_token.reveal() if keys.session_token else None
    frozen = credentials.Credentials(keys.access_key, keys.secret_key.reveal(), token)
    auth.SigV4Auth(frozen, service, region).add_auth(request)
    return tuple((name.lower(), str(value)) for name, value in request.headers.items() if name.lower() not in own)
