"""The templates of the pages, and what they can call."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from aiprobe.web import wording

if TYPE_CHECKING:
    import jinja2

_STEPS_PER_SLICE: Final = 20
"""Template events rendered before the loop gets its turn: about 0.3 ms at most."""


class Templates:
    """Made when a page is first asked for, in a thread: nobody looks at most exporters, and jinja2 takes 2 MB."""

    def __init__(self, static_files: Mapping[str, bytes], **constants: object) -> None:
        """`constants` are there in every template."""
        self._static_files = static_files
        self._constants = constants
        self._making: asyncio.Task[jinja2.Environment] | None = None

    async def get(self, name: str) -> "jinja2.Template":
        """Return a compiled template."""
        if self._making is None:
            self._making = asyncio.create_task(asyncio.to_thread(self._made), name="templates")
        return (await asyncio.shield(self._making)).get_template(name)

    def _made(self) -> "jinja2.Environment":
        """Compile all of them."""
        import jinja2  # noqa: PLC0415

        made = jinja2.Environment(
            loader=jinja2.PackageLoader("aiprobe.web"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made.filters.update(
            duration=wording.duration,
            usd=wording.usd,
            stamp=wording.stamp,
            iso=wording.iso,
            state_words=wording.state_words,
            why_not=wording.why_not,
            segment=lambda name: quote(name, safe=""),
            shortened=wording.shortened,
        )
        made.globals["version_of"] = {
            name: hashlib.sha256(content).hexdigest()[:12] for name, content in self._static_files.items()
        }
        made.globals.update(self._constants)
        for name in made.list_templates():
            made.get_template(name)
        return made


async def rendered(template: "jinja2.Template", **context: Any) -> str:
    """Return what a template makes; the event loop runs between two slices."""
    pieces = []
    for number, piece in enumerate(template.generate(**context)):
        pieces.append(piece)
        if number % _STEPS_PER_SLICE == _STEPS_PER_SLICE - 1:
            await asyncio.sleep(0)
    return "".join(pieces)
