"""What all measurements share: a folder, certificates, the endpoint, the peers, and the durations."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import trustme

from benchmarks.load.processes import endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One run of the benchmark."""

    directory: Path
    ca_file: Path
    ports: dict[str, int]
    """The ports of the endpoint, `plain` and `tls`."""
    peers: dict[str, Path]
    """blackbox_exporter's binaries by name. If empty, bars that need one are not evaluated."""
    quick: bool
    say: Callable[[str], None]
    _numbers: "count[int]" = field(default_factory=count)

    @property
    def rounds(self) -> int:
        """Return how often each figure is measured, in turns with its peers and controls."""
        return 1 if self.quick else 3

    def seconds(self, full: float) -> float:
        """Return how long to measure."""
        return max(4.0, full / 3) if self.quick else full

    def folder(self) -> Path:
        """Return a new folder."""
        path = self.directory / f"run-{next(self._numbers)}"
        path.mkdir()
        return path


@contextmanager
def bench(directory: Path, *, peers: dict[str, Path], quick: bool, say: Callable[[str], None]) -> Iterator[Bench]:
    """Make certificates and run the endpoint until the block ends."""
    authority, ca_file, certificate = trustme.CA(), directory / "ca.pem", directory / "certificate.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    with endpoint(certificate) as ports:
        yield Bench(directory=directory, ca_file=ca_file, ports=ports, peers=peers, quick=quick, say=say)
