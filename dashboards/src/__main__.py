"""Write every board: `python -m dashboards.src [FOLDER]`; files of removed boards are deleted."""

import json
import sys
from pathlib import Path
from typing import Any, Final

from dashboards.src.boards import BOARDS

HOME: Final = Path(__file__).parents[1]


def render(board: dict[str, Any]) -> str:
    """Return the text of a board's file; keys are in the order of the code, so a diff shows the change."""
    return json.dumps(board, indent=1, ensure_ascii=False) + "\n"


def write(folder: Path) -> list[Path]:
    """Write all boards into `folder` and delete any other JSON there; returns the files."""
    files = {folder / f"{board.uid}.json": render(board.as_json()) for board in (make() for make in BOARDS)}
    for orphan in set(folder.glob("*.json")) - set(files):
        orphan.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return list(files)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME)
