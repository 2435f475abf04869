"""The trust store that all HTTP clients share: probes, egress checks and status pages."""

import ssl
from functools import cache


def client_context(*ca_files: str | None, and_system: bool = False) -> ssl.SSLContext:
    """Return a context for HTTP/1.1 that trusts `ca_files`, the system's store, or both, equally on every Python.

    Without a file (None is none), it trusts the system's store.

    Python 3.13 checks certificate authorities more strictly than 3.11, curl, Go and Node, and accepts an intermediate
    as the only trust anchor. The version of Python must not decide whether a service is up.

    Raises:
        OSError: a file cannot be read; an `ssl.SSLError` when it holds no certificate.
    """
    own = None if and_system else next(filter(None, ca_files), None)
    context = ssl.create_default_context(cafile=own)
    for file in filter(None, ca_files):
        if file != own:
            context.load_verify_locations(file)
    context.set_alpn_protocols(["http/1.1"])
    context.verify_flags = context.verify_flags & ~ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


@cache
def system_context() -> ssl.SSLContext:
    """Return the shared context with the system's trust store; loading it takes tens of milliseconds."""
    return client_context()
