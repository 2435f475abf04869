"""What turns up while a configuration is resolved: problems, warnings and secrets, gathered in one place."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from aiprobe.config.document import Where
from aiprobe.config.problems import Problem, suggest
from aiprobe.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Findings:
    """A notebook that every step of one load writes in."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def error(self, where: Where, message: str, hint: str = "") -> None:
        """Note what keeps the configuration from being used."""
        self.errors.append(where.problem(message, hint))

    def warn(self, where: Where, message: str, hint: str = "") -> None:
        """Note what the operator should know."""
        self.warnings.append(where.problem(message, hint))

    def check_names(self, names: Iterable[str], known: frozenset[str], where: Where, what: str = "target") -> None:
        """Note every name that no target, or other thing, of the configuration has."""
        for index, name in enumerate(names):
            if name not in known:
                self.error(where.at(index), f'no {what} is named "{name}"', suggest(name, known))

    def keep_secret(self, *values: str) -> None:
        """Remember values that must never be shown."""
        self.secrets.extend(Secret(value) for value in values if value)
