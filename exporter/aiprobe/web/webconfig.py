"""The web config file: TLS, users, headers and a rate limit, in the Prometheus exporter-toolkit format.

Parsed strictly and reported all at once. The format is described in prometheus/exporter-toolkit,
document `web-configuration.md`. Applying the settings to requests belongs in `security.py`.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from aiprobe.web.tls import (
    CIPHERS,
    CLIENT_AUTH,
    CURVES,
    TLS13_CIPHERS,
    UNVERIFIED_CLIENT_AUTH,
    VERSIONS,
    TlsSettings,
    build_context,
)
from aiprobe.web.yamlfile import Section, WebError

_BCRYPT: Final = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+|0")
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Content-Security-Policy": (),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": (),
    "Strict-Transport-Security": (),
}
"""The headers that the format allows, each with its accepted values; none listed means any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """A token bucket over all requests: one token every `interval_seconds`, at most `burst` kept."""

    interval_seconds: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """The settings of the file, ready for use. Without a file: plain HTTP, no users, our own headers."""

    users: Mapping[str, bytes] = field(default_factory=dict)
    """bcrypt hash by name."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Replacements for response headers of ours; an empty value leaves the header out."""
    rate_limit: RateLimit | None = None
    tls: TlsSettings | None = None
    context: ssl.SSLContext | None = None


def load(path: Path) -> WebConfig:
    """Read and check a web config file and the certificates that it names.

    Raises:
        WebError: every problem of the file, one a line.
    """
    problems: list[str] = []
    from aiprobe.web.strictyaml import parse  # noqa: PLC0415 - most exporters need no YAML here

    top = Section("", parse(path), problems)
    tls_section = top.take_section("tls_server_config")
    settings = _read_tls(tls_section, path.parent) if tls_section is not None else None
    config = WebConfig(users=_read_users(top), headers=_read_http(top), rate_limit=_read_rate_limit(top), tls=settings)
    top.finish("tls_server_config, http_server_config, basic_auth_users, rate_limit")
    context = None
    if settings is not None and not problems:
        try:
            context = build_context(settings)
        except (ValueError, ssl.SSLError) as error:
            problems.append(f"tls_server_config.{error}")
    if problems:
        raise WebError("\n".join(f"{path}: {problem}" for problem in problems))
    return replace(config, context=context)


def _read_tls(section: Section, folder: Path) -> TlsSettings | None:
    for inline in ("cert", "key"):
        if section.take(inline, str, ""):
            section.complain(inline, f"not supported inline: Python's ssl reads it from a file; use {inline}_file")
    cert, key = (section.take(name, str, "") for name in ("cert_file", "key_file"))
    for name, value in (("cert_file", cert), ("key_file", key)):
        if not value:
            section.complain(name, "is missing")
    ca_file, ca_text = section.take("client_ca_file", str, ""), section.take("client_ca", str, "")
    settings = TlsSettings(
        cert_file=folder / cert,
        key_file=folder / key,
        client_auth_type=section.take("client_auth_type", str, "NoClientCert") or "NoClientCert",
        client_ca_file=folder / ca_file if ca_file else None,
        client_ca=ca_text or None,
        client_allowed_sans=frozenset(section.take_strings("client_allowed_sans")),
        min_version=_one_of(section, "min_version", "TLS12", VERSIONS),
        max_version=_one_of(section, "max_version", "TLS13", VERSIONS),
        cipher_suites=_read_ciphers(section),
        prefer_server_cipher_suites=section.take("prefer_server_cipher_suites", bool, True),  # noqa: FBT003 - a default
        curve=_read_curve(section),
    )
    _check_client_auth(section, settings)
    if VERSIONS[settings.min_version] > VERSIONS[settings.max_version]:
        section.complain("min_version", "is above max_version")
    section.finish(
        "cert_file, key_file, client_auth_type, client_ca_file, client_ca, client_allowed_sans, min_version,"
        " max_version, cipher_suites, prefer_server_cipher_suites, curve_preferences"
    )
    return settings


def _check_client_auth(section: Section, settings: TlsSettings) -> None:
    policy = settings.client_auth_type
    has_ca = settings.client_ca_file is not None or settings.client_ca is not None
    if policy in UNVERIFIED_CLIENT_AUTH:
        section.complain(
            "client_auth_type",
            f"{policy} accepts unverified certificates, which Python's ssl cannot do;"
            " use RequireAndVerifyClientCert or VerifyClientCertIfGiven",
        )
    elif policy not in CLIENT_AUTH:
        section.complain("client_auth_type", f"{policy!r} is none of {', '.join(CLIENT_AUTH)}")
    elif policy == "NoClientCert" and has_ca:
        section.complain("client_ca_file", "is given, but client_auth_type asks for no certificate")
    elif policy != "NoClientCert" and not has_ca:
        section.complain("client_ca_file", f"is missing: {policy} has nothing to verify with")
    if settings.client_ca_file is not None and settings.client_ca is not None:
        section.complain("client_ca", "is given twice: keep client_ca_file or client_ca")
    if settings.client_allowed_sans and policy != "RequireAndVerifyClientCert":
        section.complain("client_allowed_sans", "needs client_auth_type: RequireAndVerifyClientCert")


def _one_of(section: Section, key: str, default: str, known: Mapping[str, object]) -> str:
    value = section.take(key, str, default) or default
    if value in known:
        return value
    section.complain(key, f"{value!r} is none of {', '.join(known)}")
    return default


def _read_ciphers(section: Section) -> tuple[str, ...]:
    names = section.take_strings("cipher_suites")
    for name in names:
        if name not in CIPHERS and name not in TLS13_CIPHERS:
            section.complain("cipher_suites", f"{name!r} is none of {', '.join(CIPHERS)}")
    chosen = tuple(name for name in names if name in CIPHERS)
    if names and not chosen:
        section.complain("cipher_suites", "lists none of TLS 1.2, and those of TLS 1.3 are always on; leave it out")
    return chosen


def _read_curve(section: Section) -> str | None:
    names = section.take_strings("curve_preferences")
    if not names:
        return None
    if len(names) > 1 or names[0] not in CURVES:
        section.complain("curve_preferences", f"Python's ssl accepts only one of {', '.join(CURVES)}")
        return None
    return names[0]


def _read_http(top: Section) -> dict[str, str]:
    section = top.take_section("http_server_config")
    if section is None:
        return {}
    section.take("http2", bool, True)  # noqa: FBT003 - read and checked only: the server uses HTTP/1.1 either way
    headers = section.take_section("headers")
    section.finish("http2, headers")
    return _read_headers(headers) if headers is not None else {}


def _read_headers(section: Section) -> dict[str, str]:
    chosen = {}
    for name, accepted in _HEADERS.items():
        if name not in section.values:
            continue
        if isinstance(section.values[name], int | float):  # `X-XSS-Protection: 0`, as the toolkit's own example has it
            section.values[name] = str(section.values[name]).lower()
        value = section.take(name, str, "")
        if not value.isprintable():
            section.complain(name, "holds a character that a header cannot carry")
        elif value and accepted and value.lower() not in accepted:
            section.complain(name, f"should be {' or '.join(accepted)}")
        chosen[name] = value
    section.finish(", ".join(_HEADERS))
    return chosen


def _read_users(top: Section) -> dict[str, bytes]:
    section = top.take_section("basic_auth_users")
    users = {}
    for name, hashed in section.values.items() if section is not None else ():
        if not isinstance(name, str) or not name or ":" in name:
            top.complain("basic_auth_users", f"{name!r} is no user name: a non-empty string without a colon")
        elif not isinstance(hashed, str) or not _BCRYPT.fullmatch(hashed):
            # The value is not quoted: it may be a password that was not hashed.
            top.complain(f"basic_auth_users.{name}", "is no bcrypt hash; make one with `htpasswd -nBC 10 ''`")
        else:
            users[name] = hashed.encode()
    return users


def _read_rate_limit(top: Section) -> RateLimit | None:
    section = top.take_section("rate_limit")
    if section is None:
        return None
    text = str(section.values.pop("interval", "0"))
    burst = section.take("burst", int, 1)
    section.finish("interval, burst")
    if not _DURATION.fullmatch(text):
        section.complain("interval", f"{text!r} is no duration such as 100ms or 1s")
        return None
    if burst < 1:
        section.complain("burst", "should be 1 or more")
    seconds = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _DURATION_PART.findall(text))
    return RateLimit(interval_seconds=seconds, burst=burst) if seconds > 0 else None
