"""Microsoft Entra ID by the default chain: environment, workload identity, managed identity, the command-line tools.

Needs the extra `azure` (azure-identity).
"""

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from aiprobe.credentials.base import Lease, SourceError, Token, sendable

SCOPE: Final = "https://cognitiveservices.azure.com/.default"
_CODE: Final = re.compile(r"AADSTS\d{4,9}")
"""The identity platform's error number. The text of an error is not shown, because it may quote a secret."""


class EntraToken:
    """An access token of Entra ID."""

    def __init__(self, *, scope: str | None, wall: Callable[[], float]) -> None:
        self._scope = scope or SCOPE
        self._wall = wall
        self._chain: Any = None

    def fetch(self) -> Lease[Token]:
        """Request a token. The library caches it and renews it long before it expires."""
        identity: Any = import_module("azure.identity")
        errors: Any = import_module("azure.core.exceptions")
        try:
            if self._chain is None:
                self._chain = identity.DefaultAzureCredential()
            found = self._chain.get_token(self._scope)
        except (errors.AzureError, OSError, ValueError) as error:
            code = _CODE.search(str(error))
            name = f"{type(error).__name__}{f', {code[0]}' if code else ''}"
            raise SourceError(f"Entra ID gives no token: {name}") from error
        secret = sendable(found.token)
        lifetime = float(found.expires_on - self._wall())
        return Lease(value=Token(secret=secret), lifetime_seconds=lifetime, secrets=(secret,))
