"""The pages of the repository and their fenced blocks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

from tests.prose.texts import PAGES, ROOT, files

_FENCE: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block of a page."""

    page: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}#{self.number}"


class AnyVariable(Mapping[str, str]):
    """An environment in which every variable has a value."""

    def __getitem__(self, name: str) -> str:
        return f"value-of-{name.lower()}"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def fences() -> list[Fence]:
    """Return every fenced block with a language, in the order of the pages."""
    return [
        Fence(str(path.relative_to(ROOT)), number, language, text)
        for path in files(PAGES)
        for number, (language, text) in enumerate(_FENCE.findall(path.read_text("utf-8")), 1)
    ]


def write_with_certificates(text: str, folder: Path, name: str) -> Path:
    """Write a text and the certificates that examples name into a folder."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "internal-ca.pem"))
    server = authority.issue_cert("localhost")
    server.private_key_pem.write_to_path(str(folder / "server.key"))
    server.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def page_text(name: str) -> str:
    """Return a page, by its path in the repository."""
    return (ROOT / Path(name)).read_text("utf-8")
