"""The generated pages of docs/ are what the code would write now; the fault table's own test holds its page."""

import pytest

from docs.src.__main__ import DOCS, PAGES

BY_RUNNING = {"fault-table.md"}


@pytest.mark.parametrize("name", sorted(PAGES.keys() - BY_RUNNING))
def test_a_generated_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "say `make docs`"
