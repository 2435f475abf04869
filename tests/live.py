"""Asks live services, once per target, and writes docs/live.md: `make live`, by whoever has keys.

The targets are those of CONFIG, or of what `aiprobe init` writes for the keys of the environment, with the free list of
models beside each chat. No target starts that could take the sum past the budget.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

import aiprobe
from aiprobe.core.model import Target
from aiprobe.core.money import bound_usd
from aiprobe.known import read_settings

PAGE: Final = Path(__file__).parents[1] / "docs" / "live.md"
BUDGET_USD: Final = 0.10
NOT_ASKED: Final = "not asked"
COLUMNS: Final = ("target", "provider", "outcome", "first token, s", "whole answer, s", "tokens in / out",
                  "most it could cost, USD", "by the reply's tokens, USD")  # fmt: skip
HEAD: Final = """# Live services

The results of `make live`: one probe of each target of every provider whose key is in the environment, within a
budget of 0.10 USD. The last column is the price list times the tokens in the reply. Compare its sum with the
provider's bill of that day.

"""
_AIPROBE: Final = (sys.executable, "-m", "aiprobe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One target: what it could cost at most, and what `aiprobe probe --json` returned; None if it was not asked."""

    target: Target
    bound: float | None
    result: Mapping[str, Any] | None

    @property
    def cells(self) -> tuple[str, ...]:
        """Return what the table shows."""
        found = self.result or {}
        tokens = [found.get(name) for name in ("input_tokens", "output_tokens")]
        return (
            self.target.name, self.target.provider.name, str(found.get("outcome", NOT_ASKED)),
            _number(found.get("time_to_first_token_seconds"), 3), _number(found.get("duration_seconds"), 3),
            " / ".join(_number(each, 0) for each in tokens), _number(self.bound, 6), _number(found.get("cost_usd"), 6),
        )  # fmt: skip


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def a_config(folder: Path) -> Path:
    """Write a configuration for the keys of the environment. Exits where there is none."""
    path = folder / "aiprobe.yml"
    subprocess.run([*_AIPROBE, "init", "--output", str(path)], check=True, stdout=subprocess.DEVNULL)
    document = yaml.safe_load(path.read_text("utf-8"))
    if document is None:
        sys.exit(
            f"aiprobe: no key that it can use is in the environment; docs/live.md stays as it is.\n{path.read_text()}"
        )
    names = dict.fromkeys(target["provider"] for target in document["targets"])
    document["targets"] += [{"name": f"{name}-models", "provider": name, "probe": "models"} for name in names]
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def ask(config: Path, targets: Sequence[Target], *, budget_usd: float = BUDGET_USD) -> Iterator[Row]:
    """Yield a row for every target; one without a price is not asked, nor one that could pass the budget."""
    left = budget_usd
    for target in targets:
        bound = bound_usd(target)
        if bound is None or bound > left:
            yield Row(target=target, bound=bound, result=None)
            continue
        command = [*_AIPROBE, "probe", target.name, "--config.file", str(config), "--json"]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        result = json.loads(done.stdout) if done.stdout else None
        # A reply without its tokens is reckoned with the most that it could cost.
        cost = (result or {}).get("cost_usd")
        left -= bound if cost is None else cost
        yield Row(target=target, bound=bound, result=result)


def page(rows: Sequence[Row], when: datetime) -> str:
    """Return docs/live.md for these rows."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *(row.cells for row in rows)]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    cost = sum((row.result or {}).get("cost_usd") or 0.0 for row in rows)
    return f"{HEAD}Run on {when:%Y-%m-%d} with aiprobe {aiprobe.__version__}; together {cost:.6f} USD.\n\n{table}"


def main() -> None:
    """Ask, print the table, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, help="a configuration; by default one for the keys of the environment")
    parser.add_argument("--page", type=Path, default=PAGE)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        config = given.config or a_config(Path(scratch))
        settings = read_settings(config, os.environ)
        rows = list(ask(config, sorted(settings.targets, key=lambda target: (target.provider.name, target.name))))
    text = page(rows, datetime.now(UTC))
    given.page.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
