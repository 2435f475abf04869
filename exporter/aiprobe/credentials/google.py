"""Google's application default credentials, or an account file: service accounts, workload identity, metadata server.

Needs the extra `gcp` (google-auth and requests).
"""

import json
from collections.abc import Callable
from datetime import UTC
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from aiprobe.credentials.base import Lease, SourceError, Token, sendable

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_USUAL_LIFETIME_SECONDS: Final = 300.0
"""The assumed lifetime of a token without an expiry; Google's own tokens last an hour and carry their expiry."""


_ACCOUNTS: Final = {
    "service_account": ("google.oauth2.service_account", "from_service_account_info"),
    "authorized_user": ("google.oauth2.credentials", "from_authorized_user_info"),
    "external_account": ("google.auth.identity_pool", "from_info"),
}
"""Types of account files. Each type has its own loader, as google-auth recommends, so a file cannot select another."""


class GoogleToken:
    """An access token of Google Cloud."""

    def __init__(self, *, file: str | None, scope: str | None, wall: Callable[[], float]) -> None:
        self._file = file
        self._scopes = [scope or SCOPE]
        self._wall = wall
        self._account: Any = None

    def fetch(self) -> Lease[Token]:
        """Request a token; find the account first."""
        transport: Any = import_module("google.auth.transport.requests")
        errors: Any = import_module("google.auth.exceptions")
        try:
            if self._account is None:
                self._account = self._found()
            self._account.refresh(transport.Request())
        except (errors.GoogleAuthError, OSError, ValueError) as error:
            self._account = None  # the next fetch may find another account
            raise SourceError(f"Google gives no token: {type(error).__name__}") from error
        secret = sendable(str(self._account.token))
        project = getattr(self._account, "quota_project_id", None)
        headers = (("x-goog-user-project", str(project)),) if project else ()
        return Lease(value=Token(secret=secret, headers=headers), lifetime_seconds=self._lifetime(), secrets=(secret,))

    def _found(self) -> Any:
        if self._file is None:
            account, _ = import_module("google.auth").default(scopes=self._scopes)
            return account
        info = json.loads(Path(self._file).read_text("utf-8"))
        kind = str(info.get("type", "")) if isinstance(info, dict) else ""
        if kind not in _ACCOUNTS:
            raise SourceError(f"{self._file} is no account of a kind in {', '.join(_ACCOUNTS)}")
        module, method = _ACCOUNTS[kind]
        read: Any = getattr(import_module(module).Credentials, method)
        account = read(info, scopes=self._scopes)
        payer = info.get("quota_project_id")
        return account.with_quota_project(payer) if payer and not account.quota_project_id else account

    def _lifetime(self) -> float:
        ends = self._account.expiry  # google-auth returns UTC without a zone
        if ends is None:
            return _USUAL_LIFETIME_SECONDS
        return float(ends.replace(tzinfo=UTC).timestamp() - self._wall())
