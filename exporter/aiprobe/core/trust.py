"""The trust store that all HTTP clients share: probes, egress checks and status pages."""

import ssl
from functools import cache


def client_context(ca_file: str | None = None, *more: str, and_system: bool = False) -> ssl.SSLContext:
    """Return a context for HTTP/1.1 that trusts `ca_file`, the system's store, or both, equally on every Python.

    `more`: further files of certificates to trust.

    Python 3.13 checks certificate authorities more strictly than 3.11, curl, Go and Node, and accepts an intermediate
    as the only trust anchor. The version of Python must not decide whether a service is up.

    Raises:
        OSError: a file cannot be read; an `ssl.SSLError` when it holds no certificate.
    """
    context = ssl.create_default_context(cafile=None if and_system else ca_file)
    for file in ([ca_file] if ca_file and and_system else []) + [*more]:
        context.load_verify_locations(file)
    context.set_alpn_protocols(["http/1.1"])
    context.verify_flags = context.verify_flags & ~ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


@cache
def system_context() -> ssl.SSLContext:
    """Return the shared context with the system's trust store; loading it takes tens of milliseconds."""
    return client_context()
