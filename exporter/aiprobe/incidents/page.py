"""What a status page shows for one surface over time, kept for the incidents of that surface.

Texts from pages are cut and sanitised here, once, before they are stored.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from aiprobe.core.state import State
from aiprobe.core.statuspage import Component, DeclaredIncident
from aiprobe.incidents.declaration import RETROACTIVE_WITHIN_SECONDS, Declaration, PageWatch, declaration
from aiprobe.incidents.record import MAX_NOTICES, PageNotice, PageRecord, PageWord, Word

_REMEMBERED: Final = 50
"""Changes of the page's word that are kept per surface."""
_MAX_NAME: Final = 200
_MAX_URL: Final = 500

_WORDS: Final = {
    State.OPERATIONAL: Word.OPERATIONAL,
    State.DEGRADED: Word.DEGRADED,
    State.PARTIAL_OUTAGE: Word.PARTIAL_OUTAGE,
    State.MAJOR_OUTAGE: Word.MAJOR_OUTAGE,
}


def clean(text: str, *, limit: int = _MAX_NAME) -> str:
    """Return an external text as one printable line of at most `limit` characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


@dataclass(slots=True)
class PageLog:
    """The page's words for one surface. Times are Unix seconds."""

    watch: PageWatch = field(default_factory=PageWatch)
    _words: deque[PageWord] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _answered: tuple[int, float] = (0, 0.0)
    """The number of the last declaration that was matched with an incident, and the start of that incident."""
    _seen: dict[str, tuple[DeclaredIncident, float]] = field(default_factory=dict)
    """The last notices by id, with the time of their last reading: many pages remove them when they are resolved."""

    def read(
        self, at: float, component: Component | None, incidents: Sequence[DeclaredIncident], *, readable: bool
    ) -> None:
        """Take one reading; `component` is None if the page does not list it."""
        declared = declaration(component, incidents) if readable else None
        self.watch.read(at, declared)
        if declared is not None:
            self._remember(at, declared.notices)
        own = component.word if component is not None and readable else ""
        word = PageWord(timestamp_seconds=at, word=_word(declared, readable=readable), page_word=clean(own, limit=50))
        if not self._words or (self._words[-1].word, self._words[-1].page_word) != (word.word, word.page_word):
            self._words.append(word)

    def record(self, start: float, end: float | None) -> PageRecord:
        """Return the page's words and notices from `start` to `end`, without `first_declared_timestamp_seconds`."""
        until = float("inf") if end is None else end
        words = [
            replace(word, timestamp_seconds=max(word.timestamp_seconds, start))
            for word, following in [*pairwise(self._words), *((word, None) for word in list(self._words)[-1:])]
            if word.timestamp_seconds <= until and (following is None or following.timestamp_seconds > start)
        ]
        return PageRecord(notices=self.notices(start, until)).with_words(words)

    def first_word(self, start: float, at: float) -> float | None:
        """Return when the page first declared an open incident that began at `start`; None if it has not.

        If the current declaration is about an earlier incident, a notice that was posted since then is used instead.
        """
        watch = self.watch
        posted = watch.word_about(start, at)
        word, began = self._answered
        if not watch.words or (watch.ended is not None and watch.ended < start):
            return posted
        if word == watch.words and began != start and posted is not None:
            return posted
        if word != watch.words:
            self._answered = (watch.words, start)
        return watch.first_read if watch.since is None else watch.since

    def late_word(self, start: float, end: float) -> float | None:
        """Return when the page first declared the incident that ended at `end`, by the last reading."""
        word = self.watch.first_read if self.watch.since is None else self.watch.since
        if self.watch.declaring and word is not None and start <= word <= end + RETROACTIVE_WITHIN_SECONDS:
            return word
        return self.watch.word_about(start, end)

    def notices(self, start: float, until: float) -> tuple[PageNotice, ...]:
        """Return the incidents that were open on the page at some time from `start` to `until`, oldest first."""
        about = [
            notice
            for notice, read_at in self._seen.values()
            if notice.declared_timestamp_seconds <= until and start <= (_closed_at(notice) or read_at)
        ]
        about.sort(key=lambda notice: notice.declared_timestamp_seconds)
        return tuple(
            PageNotice(
                id=clean(notice.id),
                name=clean(notice.name),
                impact=clean(notice.impact, limit=20),
                status=clean(notice.status, limit=20),
                declared_timestamp_seconds=notice.declared_timestamp_seconds,
                url=notice.url
                if notice.url.startswith(("http://", "https://")) and len(notice.url) <= _MAX_URL
                else "",
            )
            for notice in about[:MAX_NOTICES]
        )

    def _remember(self, at: float, notices: Sequence[DeclaredIncident]) -> None:
        for notice in notices[-_REMEMBERED:]:
            self._seen.pop(notice.id, None)
            self._seen[notice.id] = (notice, at)
        for identifier in list(self._seen)[:-_REMEMBERED]:
            del self._seen[identifier]


def _closed_at(notice: DeclaredIncident) -> float | None:
    """Return when the page closed a notice; None while it is open."""
    return None if notice.is_open else notice.resolved_timestamp_seconds or notice.declared_timestamp_seconds


def _word(declared: Declaration | None, *, readable: bool) -> Word:
    if not readable:
        return Word.UNREADABLE
    if declared is not None and declared.maintenance:
        return Word.MAINTENANCE
    return Word.UNKNOWN if declared is None or declared.state is None else _WORDS[declared.state]
