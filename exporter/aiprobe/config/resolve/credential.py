"""From a provider's `credential` section to the domain's `CredentialSource`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.schema.credential import CredentialSection
from aiprobe.core.credential import CredentialSource

_ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "google": frozenset({"file", "scope"}),
    "azure": frozenset({"scope"}),
    "aws": frozenset({"profile", "region", "service"}),
    "command": frozenset({"command", "lifetime"}),
    "file": frozenset({"file", "lifetime"}),
}
"""Which keys mean something to which source."""
_SERVICES: Final = {"bedrock-mantle": "bedrock-mantle"}
"""Hosts whose signatures are for another service than `bedrock`, which signs for Bedrock's runtime as well."""
_REGION: Final = re.compile(
    r"^(?P<service>bedrock[a-z-]*)\.(?P<aws>[a-z]{2}(?:-[a-z]+)+-\d)\."
    r"|^(?P<gcp>[a-z]+-[a-z]+\d+|us|eu|global)-aiplatform\.googleapis\.com$"
    r"|^aiplatform\.(?P<multi>us|eu)\.rep\.googleapis\.com$"
    r"|(?P<world>^)aiplatform\.googleapis\.com$"
)


def region_in(base_url: str) -> str:
    """Return the region that the host of a cloud's endpoint names, or an empty text."""
    found = _REGION.search(urlsplit(base_url).hostname or "")
    if found is None:
        return ""
    if found["world"] is not None:
        return "global"
    return found["aws"] or found["gcp"] or found["multi"] or ""


def resolve_credential(
    section: CredentialSection | None,
    *,
    where: Where,
    base: Path,
    base_url: str,
    missing_extras: Mapping[str, str],
    findings: Findings,
) -> CredentialSource | None:
    """Return the source, or None where there is none or it has an error."""
    if section is None:
        return None
    errors_before = len(findings.errors)
    kind = section.source
    for name in sorted(section.model_fields_set - {"source"} - _ALLOWED[kind]):
        findings.error(where.at(name), f"means nothing to `source: {kind}`", "leave it out")
    if kind in missing_extras:
        extra = missing_extras[kind]
        findings.error(
            where.at("source"), f"{kind} needs a library that is not installed", f"pip install 'aiprobe[{extra}]'"
        )
    file = _file(section, where, base, findings)
    command = _command(section, where, findings)
    region, service = _signed_for(section, where, base_url, findings) if kind == "aws" else ("", "")
    if len(findings.errors) > errors_before:
        return None
    return CredentialSource(
        kind=kind,
        file=file,
        command=command,
        scope=section.scope,
        profile=section.profile,
        region=region,
        service=service,
        lifetime_seconds=section.lifetime,
    )


def _file(section: CredentialSection, where: Where, base: Path, findings: Findings) -> str | None:
    if section.source not in {"file", "google"}:
        return None
    if section.file is None:
        if section.source == "file":
            findings.error(where, "`source: file` needs a file", "give `file:`")
        return None
    path = base / section.file
    try:
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (getattr(error, "strerror", None) or "not a path").lower()
        findings.error(where.at("file"), f"{path} cannot be read: {reason}", "check the path and who may read it")
        return None
    return str(path)


def _command(section: CredentialSection, where: Where, findings: Findings) -> tuple[str, ...]:
    if section.source != "command":
        return ()
    command = tuple(section.command or ())
    if not command or not command[0]:
        findings.error(where, "`source: command` needs a command", "such as [gcloud, auth, print-access-token]")
    return command


def _signed_for(section: CredentialSection, where: Where, base_url: str, findings: Findings) -> tuple[str, str]:
    region = section.region or region_in(base_url)
    if not region:
        findings.error(where, "no region: base_url names none", "give `region:`, such as us-east-1")
    found = _REGION.search(urlsplit(base_url).hostname or "")
    host_service = (found["service"] or "") if found else ""
    return region, section.service or _SERVICES.get(host_service, "bedrock")
