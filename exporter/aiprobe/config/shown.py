"""The configuration as people may see it: merged, in YAML, every secret as `***`."""

from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from aiprobe.config.document import ANCHORS, Document
from aiprobe.config.problems import Path
from aiprobe.core.secret import MASK, Redactor

_COLLECTIONS: Final = ("classes", "providers", "targets", "groups")


def show(documents: list[Document], redact: Redactor) -> str:
    """Return the YAML of the first document with the entries of the others added."""
    values = [
        {
            name: part
            for name, part in _hidden(document.value, (), document, redact).items()
            if not name.startswith(ANCHORS)
        }
        for document in documents
    ]
    merged = values[0]
    for document, value in zip(documents[1:], values[1:], strict=True):
        if "defaults" in value:
            merged[f"defaults of {document.name}"] = value["defaults"]
        for name in _COLLECTIONS:
            part = value.get(name)
            if isinstance(part, dict):
                merged[name] = {**(merged.get(name) or {}), **part}
            elif isinstance(part, list):
                merged[name] = [*(merged.get(name) or []), *part]
    merged["providers"] = {key: _provider(section) for key, section in (merged.get("providers") or {}).items()}
    merged["targets"] = [_masked_headers(section) for section in merged.get("targets") or []]
    merged["discover"] = {key: _source(section) for key, section in (merged.get("discover") or {}).items()}
    return yaml.safe_dump(
        {name: part for name, part in merged.items() if part or name != "discover"},
        sort_keys=False,
        allow_unicode=True,
        width=120,
    )


def _provider(section: Any) -> Any:
    if not isinstance(section, dict):
        return section
    shown: dict[str, Any] = _masked_headers(section)
    if isinstance(shown.get("api_key"), str):
        shown["api_key"] = MASK
    credential = shown.get("credential")
    if isinstance(credential, dict) and isinstance(credential.get("command"), list):
        program = credential["command"][:1]  # an argument may be a secret
        shown["credential"] = {**credential, "command": [*program, MASK] if credential["command"][1:] else program}
    if isinstance(shown.get("proxy"), str):
        shown["proxy"] = _without_userinfo(shown["proxy"])
    return shown


def _source(section: Any) -> Any:
    shown = _provider(section)
    if isinstance(shown, dict) and "template" in shown:
        return {**shown, "template": _masked_headers(shown["template"])}
    return shown


def _masked_headers(section: Any) -> Any:
    if not isinstance(section, dict) or not isinstance(section.get("headers"), dict):
        return section
    headers = {name: MASK if isinstance(value, str) else value for name, value in section["headers"].items()}
    return {**section, "headers": headers}


def _without_userinfo(url: str) -> str:
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return url
    return parts._replace(netloc=f"{MASK}@{parts.netloc.rsplit('@', 1)[-1]}").geturl()


def _hidden(node: Any, path: Path, document: Document, redact: Redactor) -> Any:
    if isinstance(node, dict):
        return {name: _hidden(value, (*path, name), document, redact) for name, value in node.items()}
    if isinstance(node, list):
        return [_hidden(item, (*path, index), document, redact) for index, item in enumerate(node)]
    return redact(document.masked.get(path, node)) if isinstance(node, str) else node
