"""A first, strict look at a feed's XML, before the feed library sees it: whole, shallow, without entities of its own.

The library forgives broken XML by guessing, slowly; a status page that was cut short must not be guessed at. The look
also shortens a long feed to its newest entries, because reading one costs about a millisecond of CPU per entry, and
refuses what takes the library a time that grows with the square: long authors, and much before the first element
(feedparser 6.0.14, `mixin.py` and `sanitizer.py`: 32 kB of an author are 5 s, 20 kB of line breaks 2.5 s).
"""

from typing import Final
from xml.parsers import expat

from aiprobe.statuspages.base import PageError
from aiprobe.statuspages.values import check_body

MAX_ENTRIES: Final = 40
MAX_DEPTH: Final = 50
MAX_ELEMENTS: Final = 20_000
MAX_PROLOG: Final = 1_000
"""Bytes before the first element: a declaration, a style sheet, a comment."""
MAX_AUTHOR: Final = 200
MAX_AUTHORS: Final = 20_000
"""Characters of one author and of all of them together."""
_AUTHORS: Final = frozenset(
    {"author", "contributor", "creator", "email", "managingeditor", "name", "owner", "publisher", "webmaster"}
)
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
        self.parser.CharacterDataHandler = self._text
        self.parser.buffer_text = True
        self._author = 0
        self._authors = 0

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self.elements += 1
        if len(self.path) >= MAX_DEPTH or self.elements > MAX_ELEMENTS:
            raise PageError("XML nested too deeply, or too much of it")
        local = name.rpartition(":")[2]
        if not self.path:
            self.root = local
            if self.parser.CurrentByteIndex > MAX_PROLOG:
                raise PageError("XML with too much before its first element")
        elif local in _ENTRIES and len(self.path) + 1 == _ENTRY_DEPTH.get(self.root):
            self.entries += 1
            if self.entries == MAX_ENTRIES + 1:
                self.cut = (self.parser.CurrentByteIndex, list(self.path))
        self.path.append(name)
        if local.lower() in _AUTHORS:
            self._author = 0

    def _text(self, text: str) -> None:
        if self.cut is None and self.path[-1].rpartition(":")[2].lower() in _AUTHORS:
            self._author += len(text)
            self._authors += len(text)
            if self._author > MAX_AUTHOR or self._authors > MAX_AUTHORS:
                raise PageError("XML with an author that is too long, or too many of them")

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
