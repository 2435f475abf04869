"""Write every file of rules: `python -m alerts.src [FOLDER]`; removed files of rules are deleted."""

import sys
from pathlib import Path
from typing import Final

from alerts.src import meta, providers, services, slo

HOME: Final = Path(__file__).parents[1]
FILES: Final = (meta.FILE, providers.FILE, services.FILE, slo.FILE)


def write(folder: Path) -> list[Path]:
    """Write all files of rules into `folder` and delete any other file of rules there; return the files."""
    files = {folder / f"{file.name}.rules.yml": file.text() for file in FILES}
    for orphan in set(folder.glob("*.rules.yml")) - set(files):
        orphan.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return list(files)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME)
