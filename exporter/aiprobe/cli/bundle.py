"""Writes the dashboards and the rules that ship with aiprobe, as files or as Kubernetes objects.

They live once, in `dashboards/` and `alerts/` of the project; the wheel carries a copy in `aiprobe/bundle/`, so that
`pip install` is enough. Files are copied byte for byte.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

Kind = Literal["dashboards", "rules"]
Form = Literal["files", "configmap", "prometheusrule"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
FORMS: Final[tuple[str, ...]] = get_args(Form)

_PACKAGE: Final = Path(__file__).parents[1]
_FOLDERS: Final[Mapping[str, str]] = {"dashboards": "dashboards", "rules": "alerts"}
_RULES: Final = "*.rules.yml"
_LABELS: Final = {"app.kubernetes.io/name": "aiprobe"}
_BOARD_LABELS: Final = {**_LABELS, "grafana_dashboard": "1"}
"""The label that the sidecar of Grafana's Helm chart looks for."""


class ExportError(Exception):
    """Nothing was exported. The text is for the user."""


class _Dumper(yaml.SafeDumper):
    """Writes multi-line strings as YAML blocks, which people can read and compare."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def write_bundle(kind: Kind, form: Form, directory: Path) -> list[Path]:
    """Write the boards or the rules into `directory`, which is made if it is missing; return what was written.

    Existing files of the same name are replaced; other files stay. `prometheusrule` is for rules only.

    Raises:
        ExportError: the form does not fit, the bundle is not in this installation, or the disk refused.
    """
    writer = _WRITERS.get((kind, form))
    if writer is None:
        raise ExportError(f"{kind} cannot be written as {form}; use files or configmap")
    source = find(kind)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return [_write(directory / name, content) for name, content in writer(source)]
    except OSError as error:
        raise ExportError(f"cannot write to {directory}: {error.strerror}") from error


def find(kind: Kind) -> Path:
    """Return the folder of the boards or the rules: of the wheel, else of the checkout. Raises ExportError."""
    folder = _FOLDERS[kind]
    for place in (_PACKAGE / "bundle" / folder, _PACKAGE.parents[1] / folder):
        if place.is_dir():
            return place
    raise ExportError(f"this installation carries no {kind}")


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


_Files = Iterator[tuple[str, bytes]]


def _board_files(source: Path) -> _Files:
    for path in sorted(source.glob("*.json")):
        yield path.name, path.read_bytes()


def _rule_files(source: Path) -> _Files:
    """Yield all that alerting needs: rules, Alertmanager's configuration, templates, runbooks."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and path.suffix in {".yml", ".tmpl", ".md"}:
            yield path.relative_to(source).as_posix(), path.read_bytes()


def _board_configmaps(source: Path) -> _Files:
    """Yield one object per board: all of them in one would come near the limit of 1 MiB."""
    for path in sorted(source.glob("*.json")):
        name = f"{path.stem}-dashboard"
        yield f"{name}.yaml", _configmap(name, _BOARD_LABELS, {path.name: path.read_text(encoding="utf-8")})


def _rule_configmap(source: Path) -> _Files:
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(source.glob(_RULES))}
    yield "aiprobe-rules.yaml", _configmap("aiprobe-rules", _LABELS, texts)


def _prometheus_rules(source: Path) -> _Files:
    for path in sorted(source.glob(_RULES)):
        name = f"aiprobe-{path.name.removesuffix('.rules.yml')}"
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))
        body = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": name, "labels": dict(_LABELS)},
            "spec": {"groups": spec["groups"]},
        }
        yield f"{name}.yaml", _dumped(body)


def _configmap(name: str, labels: Mapping[str, str], data: Mapping[str, str]) -> bytes:
    metadata = {"name": name, "labels": dict(labels)}
    return _dumped({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)})


def _dumped(body: dict[str, Any]) -> bytes:
    text: str = yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text.encode()


_WRITERS: Final[Mapping[tuple[str, str], Callable[[Path], _Files]]] = {
    ("dashboards", "files"): _board_files,
    ("dashboards", "configmap"): _board_configmaps,
    ("rules", "files"): _rule_files,
    ("rules", "configmap"): _rule_configmap,
    ("rules", "prometheusrule"): _prometheus_rules,
}
