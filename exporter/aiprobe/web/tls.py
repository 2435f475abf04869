"""TLS of our own listeners: the `tls_server_config` of a web config file as an `ssl.SSLContext`.

A setting that Python's ssl module cannot apply exactly is an error, never a silent approximation.
Reading the file itself belongs in `webconfig.py`.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VERSIONS: Final = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
CLIENT_AUTH: Final = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
UNVERIFIED_CLIENT_AUTH: Final = ("RequestClientCert", "RequireAnyClientCert")
"""Policies that accept a certificate nobody checked; Python's ssl always checks one that it asked for."""

# Go's names (crypto/tls, func CipherSuites) to OpenSSL's, for TLS 1.2 and below.
CIPHERS: Final = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
TLS13_CIPHERS: Final = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
"""Always on in TLS 1.3; the format lets them be listed and ignores that."""
CURVES: Final = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """The section `tls_server_config`, checked; paths are absolute."""

    cert_file: Path
    key_file: Path
    client_auth_type: str = "NoClientCert"
    client_ca_file: Path | None = None
    client_ca: str | None = None
    """PEM text in place of `client_ca_file`."""
    client_allowed_sans: frozenset[str] = frozenset()
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve: str | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files whose change means new contexts."""
        return tuple(path for path in (self.cert_file, self.key_file, self.client_ca_file) if path is not None)


def build_context(settings: TlsSettings) -> ssl.SSLContext:
    """Read the files and build a server context.

    Raises:
        ValueError: a file cannot be read or used; the text names the setting and the file, not what is in it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = VERSIONS[settings.min_version]
    context.maximum_version = VERSIONS[settings.max_version]
    context.set_alpn_protocols(["http/1.1"])
    if not settings.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if settings.cipher_suites:
        context.set_ciphers(":".join(CIPHERS[name] for name in settings.cipher_suites))
    if settings.curve is not None:
        context.set_ecdh_curve(CURVES[settings.curve])
    _load_certificate(context, settings)
    context.verify_mode = CLIENT_AUTH[settings.client_auth_type]
    _load_client_ca(context, settings)
    return context


def _load_certificate(context: ssl.SSLContext, settings: TlsSettings) -> None:
    for key, path in (("cert_file", settings.cert_file), ("key_file", settings.key_file)):
        _check_readable(path, key)
    try:
        # An encrypted key would make OpenSSL ask on the terminal; with an empty passphrase it fails instead.
        context.load_cert_chain(settings.cert_file, settings.key_file, password="")
    except (OSError, ValueError) as error:
        raise ValueError(
            f"cert_file, key_file: {settings.cert_file} and {settings.key_file} are not a certificate and its"
            f" unencrypted key in PEM form ({_reason(error)})"
        ) from error


def _load_client_ca(context: ssl.SSLContext, settings: TlsSettings) -> None:
    if settings.client_ca_file is not None:
        _check_readable(settings.client_ca_file, "client_ca_file")
        try:
            context.load_verify_locations(cafile=settings.client_ca_file)
        except (OSError, ValueError) as error:
            raise ValueError(f"client_ca_file: {settings.client_ca_file} holds no PEM certificate") from error
    elif settings.client_ca is not None:
        try:
            context.load_verify_locations(cadata=settings.client_ca)
        except (OSError, ValueError) as error:
            raise ValueError("client_ca: this is no PEM certificate") from error


def _check_readable(path: Path, key: str) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise ValueError(f"{key}: cannot read {path}: {error.strerror}") from error


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return reason.replace("_", " ").lower() if isinstance(reason, str) else "wrong format"
