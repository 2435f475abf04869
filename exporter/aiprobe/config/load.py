"""Reads a configuration with everything that it includes, and either returns settings or every problem at once."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from aiprobe.config.document import IS_EMPTY, MAX_FILE_BYTES, Document, Where, parse
from aiprobe.config.findings import Findings
from aiprobe.config.known import Known
from aiprobe.config.problems import ConfigError, Problem
from aiprobe.config.resolve.root import Source, resolve
from aiprobe.config.schema.root import ConfigFile, IncludedFile
from aiprobe.config.settings import Settings
from aiprobe.config.validate import validate
from aiprobe.core.discovered import Answers
from aiprobe.core.secret import Redactor

HASH_DIGITS: Final = 12
UNNAMED: Final = "(text)"
"""Stands for the file of a configuration that stands in none."""
_MAX_INCLUDED_FILES: Final = 1000


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    known: Known,
    today: dt.date | None = None,
    answers: Answers | None = None,
) -> Settings:
    """Read the configuration at `path`.

    `today` decides which prices are old; it is the present day (UTC) when not given. `answers` are those of the
    sources of discovery; the last good ones, which stand beside the journal, when not given.

    Raises:
        ConfigError: with every problem of every file.
    """
    findings = Findings()
    main, data = _read(path, environ, findings)
    documents, hasher = [main], hashlib.sha256(data)
    bases = [path.parent]
    for file, origin in _included(main, path, findings):
        document, data = _read(file, environ, findings, included_by=origin)
        documents.append(document)
        bases.append(file.parent)
        hasher.update(data)
    return _settings(
        documents,
        bases,
        environ=environ,
        findings=findings,
        known=known,
        today=today or dt.datetime.now(dt.UTC).date(),
        config_hash=hasher.hexdigest()[:HASH_DIGITS],
        answers=answers,
    )


def load_text(
    text: str,
    *,
    environ: Mapping[str, str],
    known: Known,
    today: dt.date | None = None,
) -> Settings:
    """Read a configuration that stands in no file; its paths are relative to the working directory.

    Raises:
        ConfigError: with every problem.
    """
    data = text.encode()
    return _settings(
        [parse(UNNAMED, data, environ)],
        [Path()],
        environ=environ,
        findings=Findings(),
        known=known,
        today=today or dt.datetime.now(dt.UTC).date(),
        config_hash=hashlib.sha256(data).hexdigest()[:HASH_DIGITS],
    )


def _settings(
    documents: list[Document],
    bases: list[Path],
    *,
    environ: Mapping[str, str],
    findings: Findings,
    known: Known,
    today: dt.date,
    config_hash: str,
    answers: Answers | None = None,
) -> Settings:
    main = validate(documents[0], ConfigFile)
    sources = [Source(checked=main, base=bases[0])]
    for document, base in zip(documents[1:], bases[1:], strict=True):
        sources.append(Source(checked=validate(document, IncludedFile), base=base))
    for document in documents:
        findings.errors.extend(document.problems)
        findings.keep_secret(*document.secrets)
    settings = resolve(
        main,
        sources,
        environ=environ,
        findings=findings,
        known=known,
        today=today,
        config_hash=config_hash,
        answers=answers,
    )
    redact = Redactor(findings.secrets)
    order = {document.name: index for index, document in enumerate(documents)}
    if settings is None:
        raise ConfigError(_ordered(findings.errors, redact, order))
    return replace(settings, warnings=_ordered(findings.warnings, redact, order))


def _ordered(problems: Iterable[Problem], redact: Redactor, order: Mapping[str, int]) -> tuple[Problem, ...]:
    """Sort by file and line, mask secrets that were put in place of a name, and drop repeats."""
    clean = dict.fromkeys(
        replace(
            problem,
            path=redact.without_known(problem.path),
            message=redact.without_known(problem.message),
            hint=redact.without_known(problem.hint),
        )
        for problem in problems
    )
    return tuple(sorted(clean, key=lambda problem: (order.get(problem.file, len(order)), problem.line)))


def _read(
    path: Path, environ: Mapping[str, str], findings: Findings, included_by: Where | None = None
) -> tuple[Document, bytes]:
    """Read one file; one that cannot be opened is a problem of whoever named it."""
    document = Document(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (getattr(error, "strerror", None) or "not a path").lower()
        if included_by is None:
            document.report((), f"cannot be read: {reason}", "`aiprobe init` writes a first configuration")
        else:
            findings.error(included_by, f"{path} cannot be read: {reason}", "check the path")
            document.value = {}
        return document, b""
    findings.files.append(path)
    if len(data) > MAX_FILE_BYTES:
        document.report((), f"is larger than {MAX_FILE_BYTES // 1_000_000} MB", "split it with `include:`")
        return document, b""
    document = parse(str(path), data, environ)
    if included_by is not None and [problem.message for problem in document.problems] == [IS_EMPTY]:
        document = Document(str(path), value={})  # a pattern may meet a file that holds only comments
    return document, data


def _included(main: Document, path: Path, findings: Findings) -> list[tuple[Path, Where]]:
    """Return the files that `include:` names, each once, with the place that names it."""
    names = main.value.get("include") if isinstance(main.value, dict) else None
    names = [names] if isinstance(names, str) else names
    files: dict[Path, Where] = {}
    for index, name in enumerate(names if isinstance(names, list) else ()):
        where = Where(main, ("include", index) if ("include", index) in main.lines else ("include",))
        if not isinstance(name, str) or not name:
            continue  # the schema reports it
        for file in _matching(name, path, where, findings):
            files.setdefault(file, where)
    if len(files) > _MAX_INCLUDED_FILES:
        findings.error(Where(main, ("include",)), f"names more than {_MAX_INCLUDED_FILES} files", "narrow the pattern")
        return []
    return [(file, where) for file, where in files.items() if not _same(file, path)]


def _matching(name: str, path: Path, where: Where, findings: Findings) -> list[Path]:
    if not any(character in name for character in "*?["):
        return [path.parent / name]
    pattern = Path(name)
    root = Path(pattern.anchor) if pattern.is_absolute() else path.parent
    inside = str(pattern.relative_to(pattern.anchor)) if pattern.is_absolute() else name
    try:
        found = sorted(file for file in root.glob(inside) if file.is_file())
    except (ValueError, NotImplementedError, OSError):
        findings.error(where, "is not a file pattern", "such as targets/*.yml")
        return []
    if not found:
        findings.warn(where, f"no file matches {name}", "check the pattern")
    return found


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
