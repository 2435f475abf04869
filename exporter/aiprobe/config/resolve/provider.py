"""From a provider's section of the YAML to the domain's `Provider`: preset, key, headers, proxy, certificates."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from aiprobe.config.document import Where
from aiprobe.config.endings import needless_ending
from aiprobe.config.findings import Findings
from aiprobe.config.known import Known
from aiprobe.config.problems import suggest
from aiprobe.config.resolve.credential import resolve_credential
from aiprobe.config.resolve.levels import built, given
from aiprobe.config.resolve.presets import Preset, presets
from aiprobe.config.resolve.secrets import (
    SHORTEST_DEFAULT,
    SecretError,
    check_sendable,
    is_sensitive_header,
    read_secret_file,
)
from aiprobe.config.resolve.timeouts import check_defaults
from aiprobe.config.schema.base import SecretFile
from aiprobe.config.schema.provider import AuthSection, ProviderSection
from aiprobe.config.schema.target import DefaultsSection, SharedKeys
from aiprobe.core.model import Auth, Provider
from aiprobe.core.secret import Secret

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
"""A header's name (RFC 9110, section 5.1)."""
_PATH: Final = re.compile(r"/[!-\"$-~]*\Z")
"""A path and a query; a fragment is never sent."""
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*\Z")
_OURS: Final = frozenset(
    {"connection", "content-length", "content-type", "host", "transfer-encoding", "accept-encoding"}
)
_UNKNOWN_PROVIDER: Final = Preset(key="", name="", display_name="", protocol="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A provider of the configuration, with what its targets need to know beside the domain object."""

    provider: Provider
    preset: Preset
    levels: tuple[SharedKeys, ...]
    """What its targets inherit of it, the most specific first."""
    where: Where

    @property
    def unmetered(self) -> bool:
        """Whether its tokens are paid for with one's own hardware."""
        return self.preset.self_hosted or (not self.provider.egress and self.preset is _UNKNOWN_PROVIDER)


def resolve_provider(
    key: str,
    section: ProviderSection,
    *,
    where: Where,
    base: Path,
    known: Known,
    findings: Findings,
) -> Account | None:
    """Return the account, or None when it has an error. `base` is the directory of the file that names it."""
    errors_before = len(findings.errors)
    preset = _preset(key, section, where, findings)
    protocol = _protocol(section, preset, where, known.protocols, findings)
    base_url = _base_url(section, preset, where, findings)
    _check_query(base_url, protocol, where.at("base_url"), findings)
    if ending := needless_ending(base_url, protocol):
        findings.warn(where.at("base_url"), f"ends with {ending}, which {protocol} adds itself", f"leave {ending} out")
    api_key = _secret(section.api_key, where.at("api_key"), base, findings, literal_is="a literal key")
    credential = resolve_credential(
        section.credential,
        where=where.at("credential"),
        base=base,
        base_url=base_url,
        missing_extras=known.missing_extras,
        findings=findings,
    )
    if section.credential is not None and section.api_key is not None:
        findings.error(where.at("credential"), "there is an api_key as well", "give one of the two")
    headers = resolve_headers(section.headers, where.at("headers"), base, findings)
    ca_file = resolve_ca_file(section.ca_file, where.at("ca_file"), base, findings)
    _check_rest(section, where, findings)
    if section.defaults is not None:
        check_defaults(section.defaults.timeouts, where=where.at("defaults"), findings=findings)
    if preset is None or len(findings.errors) > errors_before:
        return None
    name, former_name, display_name = _names(key, section, preset)
    provider = built(
        Provider,
        section,
        preset,
        key=key,
        name=name,
        former_name=former_name,
        is_gateway=preset.is_named_by_key or (preset is _UNKNOWN_PROVIDER and name == key),
        display_name=display_name,
        protocol=protocol,
        base_url=base_url,
        api_key=Secret(api_key) if api_key else None,
        credential=credential,
        auth=_auth(section.auth) if section.auth else Auth() if _has_bearer(section) else preset.auth,
        headers=MappingProxyType(headers),
        proxy=Secret(section.proxy) if section.proxy else None,
        ca_file=ca_file,
        request_id_headers=tuple(name.lower() for name in given("request_id_headers", section, preset)),
    )
    levels = [section.defaults, DefaultsSection.model_construct(slo=section.slo) if section.slo else None]
    return Account(provider=provider, preset=preset, levels=tuple(filter(None, levels)), where=where)


def _names(key: str, section: ProviderSection, preset: Preset) -> tuple[str, str, str]:
    """Return the label `provider`, what it was in journals without accounts, and the name for people."""
    if preset.is_named_by_key and section.name is None:
        shown = preset.display_name if key == preset.key else key
        return key, preset.name, section.display_name or shown
    return section.name or preset.name or key, "", section.display_name or preset.display_name or key


def _auth(section: AuthSection) -> Auth:
    header = section.header.lower()
    usual = "Bearer " if header == "authorization" else ""
    return Auth(header=header, prefix=usual if section.prefix is None else section.prefix)


def _has_bearer(section: ProviderSection) -> bool:
    """Return whether a cloud's identity service gives the token: the service takes it as a bearer token only."""
    return section.credential is not None and section.credential.source in {"google", "azure"}


def adapted(provider: Provider, protocol: str, headers: Mapping[str, str]) -> Provider:
    """Return the same account as one target uses it: in its protocol, with its headers."""
    if provider.protocol == protocol and not headers:
        return provider
    return replace(provider, protocol=protocol, headers=MappingProxyType({**provider.headers, **headers}))


def _preset(key: str, section: ProviderSection, where: Where, findings: Findings) -> Preset | None:
    known = presets()
    if section.preset is None:
        return known.get(key, _UNKNOWN_PROVIDER)
    if section.preset not in known:
        findings.error(where.at("preset"), "is not in the provider catalogue", suggest(section.preset, known))
        return None
    return known[section.preset]


def _protocol(
    section: ProviderSection, preset: Preset | None, where: Where, protocols: frozenset[str], findings: Findings
) -> str:
    if section.protocol is not None:
        if section.protocol not in protocols:
            findings.error(where.at("protocol"), "is not a known protocol", suggest(section.protocol, protocols))
        return section.protocol
    if preset is not None and preset is not _UNKNOWN_PROVIDER and preset.protocol not in protocols:
        findings.error(where, f"speaks {preset.protocol}, which this build does not know", suggest("", protocols))
    if preset is _UNKNOWN_PROVIDER and where.at("protocol").path not in where.document.failed:
        close = suggest(str(where.path[-1]), presets())
        hint = close if close.startswith("did") else f"give `preset:`, or `protocol:` ({', '.join(sorted(protocols))})"
        findings.error(where, "is no preset's name, and has neither a preset nor a protocol", hint)
    return preset.protocol if preset else ""


def _base_url(section: ProviderSection, preset: Preset | None, where: Where, findings: Findings) -> str:
    base_url = section.base_url or (preset.base_url if preset else None) or ""
    unknown = preset is None or (preset is _UNKNOWN_PROVIDER and section.protocol is None)
    if not unknown and not base_url and where.at("base_url").path not in where.document.failed:
        looks = f"such as {preset.address}" if preset and preset.address else "as the provider's official SDK takes it"
        findings.error(where, "has no base_url", f"give `base_url:`, {looks}")
    return base_url


def _check_query(base_url: str, protocol: str, where: Where, findings: Findings) -> None:
    """Keep the query of an MCP server's URL secret: some take their key there. No other base URL has one."""
    parts = urlsplit(base_url)
    if protocol == "mcp":
        findings.keep_secret(*(part.partition("=")[2] for part in parts.query.split("&")))
        findings.keep_secret(*(value for _, value in parse_qsl(parts.query)))
    elif "?" in base_url:
        hint = "leave it out: a base URL ends with a path, as the official SDK takes it"
        findings.error(where, "has a query", hint)


def _secret(
    source: str | SecretFile | None, where: Where, base: Path, findings: Findings, *, literal_is: str | None
) -> str | None:
    """Return a secret's value; None when there is none, or it cannot be used."""
    if source is None:
        return None
    try:
        if isinstance(source, SecretFile):
            path = base / source.file
            value = read_secret_file(path)
            findings.files.append(path)
        else:
            value = source
            if literal_is is not None and where.path not in where.document.variables:
                findings.warn(where, f"{literal_is} in the configuration", 'better "${NAME}", or {file: path}')
        stopgap = where.document.variables.get(where.path) == () and len(value) < SHORTEST_DEFAULT
        findings.keep_secret("" if stopgap else value)
        check_sendable(value)
    except SecretError as error:
        findings.error(where, *error.args)
        return None
    return value


def resolve_headers(
    sources: Mapping[str, str | SecretFile], where: Where, base: Path, findings: Findings
) -> dict[str, str]:
    """Return request headers by their names in lower case; what is wrong with them is noted in `findings`."""
    headers: dict[str, str] = {}
    for name, source in sources.items():
        here = where.at(name)
        if not _TOKEN.match(name):
            findings.error(here, "is not a header name", "letters, digits and dashes")
        elif name.lower() in _OURS:
            findings.error(here, "is a header that aiprobe sets itself", "leave it out")
        else:
            literal_is = "a literal secret" if is_sensitive_header(name) else None
            value = _header_value(source, here, base, findings, literal_is)
            if value is not None:
                headers[name.lower()] = value
    return headers


def _header_value(
    source: str | SecretFile, where: Where, base: Path, findings: Findings, literal_is: str | None
) -> str | None:
    plain = isinstance(source, str) and literal_is is None and where.path not in where.document.variables
    if not plain:
        return _secret(source, where, base, findings, literal_is=literal_is)
    findings.keep_secret(str(source))
    try:
        check_sendable(str(source))
    except SecretError as error:
        findings.error(where, *error.args)
        return None
    return str(source)


def resolve_ca_file(name: str | None, where: Where, base: Path, findings: Findings) -> str | None:
    """Return the path of a file of certificates; None when there is none, or it cannot be used."""
    if name is None:
        return None
    path = base / name
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = "holds no PEM certificate" if isinstance(error, ssl.SSLError) else "cannot be read"
        findings.error(where, f"{path} {reason}", "name a file of PEM certificates")
        return None
    findings.files.append(path)
    return str(path)


def _check_rest(section: ProviderSection, where: Where, findings: Findings) -> None:
    if section.auth is not None and not _TOKEN.match(section.auth.header):
        findings.error(where.at("auth", "header"), "is not a header name", "such as authorization or x-api-key")
    if section.auth is not None and section.auth.prefix and not _PRINTABLE.match(section.auth.prefix):
        findings.error(where.at("auth", "prefix"), "holds a character that a header cannot carry", 'such as "Bearer "')
    for index, name in enumerate(section.request_id_headers or ()):
        if not _TOKEN.match(name):
            findings.error(where.at("request_id_headers", index), "is not a header name", "such as x-request-id")
    if section.models_path is not None and not _PATH.match(section.models_path):
        findings.error(where.at("models_path"), "is not a path of a URL", "such as /models")
    if section.proxy:
        findings.keep_secret(section.proxy)
    if not section.tls_verify:
        hint = "name your authority's certificates in ca_file"
        findings.warn(where.at("tls_verify"), "certificates are not verified", hint)
