"""The trust store that all HTTP clients share: probes, egress checks and status pages."""

import ssl
from functools import cache


def client_context(ca_file: str | None = None, *, and_system: bool = False) -> ssl.SSLContext:
    """Make a context for HTTP/1.1 that trusts `ca_file`, or what the system trusts, or both, alike on every Python.

    Python 3.13 asks more of a certificate authority than 3.11 does, or curl, Go and Node do, and lets an intermediate
    be all that is trusted. Which Python the exporter runs on must not decide whether a service is up.

    Raises:
        OSError: `ca_file` cannot be read; an `ssl.SSLError` when it holds no certificate.
    """
    context = ssl.create_default_context(cafile=None if and_system else ca_file)
    if and_system:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(["http/1.1"])
    context.verify_flags = context.verify_flags & ~ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


@cache
def system_context() -> ssl.SSLContext:
    """Return the one context of whoever trusts what the system trusts; loading it takes tens of milliseconds."""
    return client_context()
