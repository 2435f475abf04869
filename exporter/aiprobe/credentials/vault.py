"""Holds every credential of the running configuration, by its source, for probes and across reloads."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiprobe.core.clock import Clock
from aiprobe.core.credential import Asked, Credential, CredentialSource, Headers
from aiprobe.core.model import Auth, Provider
from aiprobe.core.secret import Redactor, Secret
from aiprobe.credentials.aws import AwsChain, AwsKeys, signed
from aiprobe.credentials.azure import EntraToken
from aiprobe.credentials.base import Lease, Source, Token
from aiprobe.credentials.google import GoogleToken
from aiprobe.credentials.keeper import Keeper
from aiprobe.credentials.tokens import TokenCommand, TokenFile

_REMEMBERED: Final = 8
"""How many old secrets of a source, and how many removed sources, stay redacted: a server may echo a secret late."""

_BUILD: Final[dict[str, Callable[[CredentialSource, Callable[[], float]], Source[Token]]]] = {
    "file": lambda source, wall: TokenFile(source.file or "", lifetime_seconds=source.lifetime_seconds, wall=wall),
    "command": lambda source, wall: TokenCommand(source.command, lifetime_seconds=source.lifetime_seconds, wall=wall),
    "google": lambda source, wall: GoogleToken(file=source.file, scope=source.scope, wall=wall),
    "azure": lambda source, wall: EntraToken(scope=source.scope, wall=wall),
}
"""The sources of tokens; `aws` has keys that sign requests."""


class _Bearer:
    """Sends a token in the header that the provider uses for a key; a `core.credential.Credential`."""

    def __init__(self, keeper: Keeper[Token], auth: Auth) -> None:
        self._keeper = keeper
        self._auth = auth

    async def headers(self, asked: Asked) -> Headers:  # noqa: ARG002 - a token fits every request
        """Return the header with the token."""
        token = await self._keeper.get()
        return ((self._auth.header.lower(), self._auth.prefix + token.secret.reveal()), *token.headers)

    def refused(self) -> None:
        """Fetch anew."""
        self._keeper.refused()


class _Signer:
    """Signs each request; a `core.credential.Credential`."""

    def __init__(self, keeper: Keeper[AwsKeys], source: CredentialSource) -> None:
        self._keeper = keeper
        self._source = source

    async def headers(self, asked: Asked) -> Headers:
        """Return the signature; it is calculated in a thread."""
        keys = await self._keeper.get()
        return await asyncio.to_thread(signed, asked, keys, region=self._source.region, service=self._source.service)

    def refused(self) -> None:
        """Fetch new keys."""
        self._keeper.refused()


class Vault:
    """Keeps credentials fresh until closed; the `Credentials` of `probes/base.py`. Belongs to one event loop."""

    def __init__(self, *, clock: Clock, redactor: Redactor) -> None:
        """`redactor` gets every secret before the secret is used."""
        self._clock = clock
        self._redactor = redactor
        self._keepers: dict[CredentialSource, Keeper[Any]] = {}
        self._secrets: dict[CredentialSource, tuple[Secret, ...]] = {}

    def of(self, provider: Provider) -> Credential:
        """Return the provider's credential and start renewing it. Raises ValueError if it has no source."""
        source = provider.credential
        if source is None:
            raise ValueError(f"{provider.key} has a fixed key")
        keeper = self._keepers.get(source)
        if keeper is None:
            keeper = self._keepers[source] = self._new_keeper(source, provider.key)
            keeper.start()
        return _Signer(keeper, source) if source.kind == "aws" else _Bearer(keeper, provider.auth)

    async def keep_only(self, providers: Iterable[Provider]) -> None:
        """Stop renewing the credentials that none of these providers uses."""
        used = {provider.credential for provider in providers}
        gone = [source for source in self._keepers if source not in used]
        for source in gone:
            await self._keepers.pop(source).close()
        ended = [source for source in self._secrets if source not in self._keepers]
        for source in ended[:-_REMEMBERED]:
            del self._secrets[source]
            self._redactor.keep(source, ())

    async def close(self) -> None:
        """Stop renewing."""
        await self.keep_only(())

    def _new_keeper(self, source: CredentialSource, name: str) -> Keeper[Any]:
        def on_lease(lease: Lease[Any]) -> None:
            self._remember(source, lease.secrets)

        made: Source[Any]
        if source.kind == "aws":
            made = AwsChain(profile=source.profile, wall=self._clock.wall)
        else:
            made = _BUILD[source.kind](source, self._clock.wall)
        return Keeper(made, name=name, clock=self._clock, on_lease=on_lease)

    def _remember(self, source: CredentialSource, secrets: tuple[Secret, ...]) -> None:
        known = dict.fromkeys((*secrets, *self._secrets.get(source, ())))
        kept = tuple(known)[:_REMEMBERED]
        if kept != self._secrets.get(source):
            self._secrets[source] = kept
            self._redactor.keep(source, kept)
