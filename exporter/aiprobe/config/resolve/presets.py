"""The provider catalogue: the presets of providers and model families, read from `providers.yml`.

One more OpenAI-compatible provider is one more entry of that file and no code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal

from aiprobe.config.packaged import packaged
from aiprobe.core.model import Auth
from aiprobe.core.money import DEFAULT_MAX_OUTPUT_TOKENS

OUTPUT_SLACK: Final = 1.5
"""How much longer than asked an answer of `output_tokens` may become."""


_BEARER: Final = Auth()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One provider, as everybody's configuration would begin to describe it."""

    key: str
    name: str
    """OpenTelemetry's `gen_ai.provider.name`."""
    display_name: str
    protocol: str
    base_url: str | None = None
    """None: every account has its own, so the configuration must give it."""
    address: str | None = None
    """How such a base URL looks, in words that the operator replaces."""
    auth: Auth = _BEARER
    key_variable: str | None = None
    """The environment variable in which the provider's own tools look for the key."""
    token_cap_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"  # noqa: S105 - a field name
    include_usage: bool = True
    models_path: str | None = None
    request_id_headers: tuple[str, ...] = ()
    egress: bool = True
    self_hosted: bool = False
    """Tokens are paid for with one's own hardware: no price per token applies."""
    gateway: bool = False
    """It passes requests on to other providers, whose names and prices its models have."""
    lacks: tuple[str, ...] = ()
    """Forms of a question that its protocol has and it has not."""
    status_page: str | None = None
    surface: str = ""
    model: str | None = None
    """The cheapest model that suits a chat probe."""

    @property
    def is_named_by_key(self) -> bool:
        """Whether each entry of the configuration is a provider of its own: no outage is common to two of them."""
        return self.self_hosted or self.gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How a probe of some models stays small."""

    models: tuple[str, ...]
    """Globs."""
    protocols: tuple[str, ...] = ()
    """Empty: any."""
    presets: tuple[str, ...] = ()
    """Empty: any."""
    reasoning: str | None = None
    max_output_tokens: int = DEFAULT_MAX_OUTPUT_TOKENS
    extra_body: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, model: str, *, protocol: str, preset: str | None) -> bool:
        """Return whether a model is of this family, as it is named or behind a gateway's prefix."""
        if self.protocols and protocol not in self.protocols:
            return False
        if self.presets and preset not in self.presets:
            return False
        return bool(self.pattern_of(model))

    def pattern_of(self, model: str) -> str:
        """Return the first glob that fits the name of a model; an empty text if none does."""
        names = {model.lower(), model.lower().rsplit("/", 1)[-1], bare_name(model.lower())}
        return next((each for each in self.models if any(fnmatchcase(name, each) for name in names)), "")


def bare_name(model: str) -> str:
    """Return a model's own name, without what a gateway or Bedrock sets before it (`bedrock/us.anthropic.`)."""
    return model.rsplit("/", 1)[-1].rpartition("anthropic.")[2]


_UNKNOWN_FAMILY: Final = Family(models=("*",))


@cache
def presets() -> Mapping[str, Preset]:
    """Return the catalogue's providers by key."""
    table = {}
    for key, entry in _data()["providers"].items():
        auth = Auth(**entry.pop("auth")) if "auth" in entry else Auth()
        headers, lacks = (tuple(entry.pop(name, ())) for name in ("request_id_headers", "lacks"))
        table[key] = Preset(key=key, auth=auth, request_id_headers=headers, lacks=lacks, **entry)
    return MappingProxyType(table)


@cache
def families() -> tuple[Family, ...]:
    """Return the model families in the order in which they are tried."""
    return tuple(_family(entry) for entry in _data()["families"])


def _family(entry: dict[str, Any]) -> Family:
    lists: dict[str, Any] = {name: tuple(entry.pop(name, ())) for name in ("models", "protocols", "presets")}
    return Family(**lists, **entry)


def family_of(model: str, *, protocol: str, preset: str | None) -> Family:
    """Return the first family that fits; an unknown model gets the small cap and no reasoning value."""
    for family in families():
        if family.fits(model, protocol=protocol, preset=preset):
            return family
    return _UNKNOWN_FAMILY


def token_cap(family: Family, output_tokens: int | None) -> int:
    """Return the token cap of a chat probe: the family's, with room for a longer answer where one is asked for."""
    return family.max_output_tokens + int((output_tokens or 0) * OUTPUT_SLACK)


@cache
def _data() -> Any:
    return packaged("providers.yml")
