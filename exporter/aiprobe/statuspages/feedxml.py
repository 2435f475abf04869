"""A first, strict look at a feed's XML, before the feed library sees it: whole, shallow, without entities of its own.

The library forgives broken XML by guessing, slowly; a status page that was cut short must not be guessed at. The look
also shortens a long feed to its newest entries, because reading one costs about a millisecond of CPU per entry.
"""

from typing import Final
from xml.parsers import expat

from aiprobe.statuspages.base import PageError
from aiprobe.statuspages.values import check_body

MAX_ENTRIES: Final = 40
MAX_DEPTH: Final = 50
MAX_ELEMENTS: Final = 20_000
_ENTRY_DEPTH: Final = {"rss": 3, "feed": 2, "RDF": 2}
"""How deep the entries of each format stand, by the local name of its root."""
_ENTRIES: Final = frozenset({"item", "entry"})


class _Look:
    """What one pass over the XML finds."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.root = ""
        self.entries = 0
        self.elements = 0
        self.cut: tuple[int, list[str]] | None = None
        """Where the first entry too many begins, and what is open there."""
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self.elements += 1
        if len(self.path) >= MAX_DEPTH or self.elements > MAX_ELEMENTS:
            raise PageError("XML nested too deeply, or too much of it")
        local = name.rpartition(":")[2]
        if not self.path:
            self.root = local
        elif local in _ENTRIES and len(self.path) + 1 == _ENTRY_DEPTH.get(self.root):
            self.entries += 1
            if self.entries == MAX_ENTRIES + 1:
                self.cut = (self.parser.CurrentByteIndex, list(self.path))
        self.path.append(name)

    def _end(self, _name: str) -> None:
        self.path.pop()

    def _entity(self, *_: object) -> None:
        raise PageError("XML that defines entities")


def checked(body: bytes) -> bytes:
    """Return a feed that is safe to read: the body itself, or its newest `MAX_ENTRIES` entries.

    Raises:
        PageError: for what is no well-formed RSS or Atom.
    """
    check_body(body)
    look = _Look()
    try:
        look.parser.Parse(body, True)  # noqa: FBT003 - expat takes no keywords
    except expat.ExpatError as error:
        raise PageError(f"not well-formed XML: {expat.ErrorString(error.code)}") from None
    except (ValueError, LookupError) as error:
        if isinstance(error, PageError):
            raise
        raise PageError("XML in an unknown encoding") from None
    if look.root not in _ENTRY_DEPTH:
        raise PageError("XML that is neither RSS nor Atom")
    if look.cut is None or body.startswith((b"\xfe\xff", b"\xff\xfe")):
        return body
    at, still_open = look.cut
    return body[:at] + "".join(f"</{name}>" for name in reversed(still_open)).encode()
