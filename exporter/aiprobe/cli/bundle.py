"""Writes the dashboards and the rules that ship with aiprobe, as files or as Kubernetes objects.

They live once, in `dashboards/` and `alerts/` of the project; the wheel carries a copy in `aiprobe/bundle/`, and of the
examples, the deployment files and the documentation, so that `pip install` is enough. Files are copied byte for byte,
except for what an `Installation` asks for.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from aiprobe.cli.tailored import Installation

Kind = Literal["dashboards", "rules", "all"]
Form = Literal["files", "configmap", "prometheusrule"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
FORMS: Final[tuple[str, ...]] = get_args(Form)

_PACKAGE: Final = Path(__file__).parents[1]
_FOLDERS: Final[Mapping[str, str]] = {"dashboards": "dashboards", "rules": "alerts", "all": "."}
_ALL: Final = ("alerts", "dashboards", "deploy", "docs", "examples", "spec")
_SUFFIXES: Final = frozenset({".yml", ".yaml", ".json", ".ndjson", ".tmpl", ".md", ".png", ".service"})
_RULES: Final = "*.rules.yml"
_LABELS: Final = {"app.kubernetes.io/name": "aiprobe"}
_BOARD_LABELS: Final = {**_LABELS, "grafana_dashboard": "1"}
"""The label that the sidecar of Grafana's Helm chart looks for."""


_AS_SHIPPED: Final = Installation()


class ExportError(Exception):
    """Nothing was exported. The text is for the user."""


class _Dumper(yaml.SafeDumper):
    """Writes multi-line strings as YAML blocks, which people can read and compare."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def write_bundle(kind: Kind, form: Form, directory: Path, installation: Installation = _AS_SHIPPED) -> list[Path]:
    """Write the boards or the rules into `directory`, which is made if it is missing; return what was written.

    Existing files of the same name are replaced; other files stay. `prometheusrule` is for rules only.

    Raises:
        ExportError: the form or an option does not fit, the bundle is not in this installation, or the disk refused.
    """
    writer = _WRITERS.get((kind, form))
    if writer is None:
        raise ExportError(f"{kind} cannot be written as {form}; use files{'' if kind == 'all' else ' or configmap'}")
    if kind != "rules" and installation.changes_rules:
        raise ExportError(f"--runbook-url, --grafana-url, --job and --label change rules; they do not change {kind}")
    if form == "files" and (installation.namespace or installation.object_labels):
        raise ExportError(
            "--namespace and --object-label are for Kubernetes objects; use --format configmap or prometheusrule"
        )
    source = find(kind)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return [_write(directory / name, content) for name, content in writer(source, installation)]
    except OSError as error:
        raise ExportError(f"cannot write to {directory}: {error.strerror}") from error


def find(kind: Kind) -> Path:
    """Return the folder of the boards or the rules: of the wheel, else of the checkout. Raises ExportError."""
    folder = _FOLDERS[kind]
    for place in (_PACKAGE / "bundle" / folder, _PACKAGE.parents[1] / folder):
        if all((place / each).is_dir() for each in (_ALL if kind == "all" else (".",))):
            return place
    raise ExportError(f"this installation carries no {kind}")


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


_Files = Iterator[tuple[str, bytes]]


def _board_files(source: Path, _: Installation) -> _Files:
    for path in sorted(source.glob("*.json")):
        yield path.name, path.read_bytes()


def _rule_files(source: Path, installation: Installation) -> _Files:
    """Yield all that alerting needs: rules, Alertmanager's configuration, templates, runbooks."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and path.suffix in {".yml", ".tmpl", ".md"}:
            content = path.read_bytes()
            yield path.relative_to(source).as_posix(), installation.tailor(content.decode()).encode()
    for name, text in installation.more_files().items():
        yield name, text.encode()


def _all_files(source: Path, _: Installation) -> _Files:
    """Yield everything in the folders of the project, so that links and mounts between them hold."""
    for path in sorted(path for folder in _ALL for path in (source / folder).rglob("*")):
        if path.is_file() and path.suffix in _SUFFIXES and "src" not in path.relative_to(source).parts:
            yield path.relative_to(source).as_posix(), path.read_bytes()


def _board_configmaps(source: Path, installation: Installation) -> _Files:
    """Yield one object per board: all of them in one would come near the limit of 1 MiB."""
    for path in sorted(source.glob("*.json")):
        metadata = _metadata(f"{path.stem}-dashboard", installation, _BOARD_LABELS)
        yield f"{metadata['name']}.yaml", _configmap(metadata, {path.name: path.read_text(encoding="utf-8")})


def _rules(source: Path, installation: Installation) -> dict[str, str]:
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(source.glob(_RULES))}
    tailored = {name: installation.in_cluster(installation.tailor(text)) for name, text in texts.items()}
    return tailored | installation.more_files()


def _rule_configmap(source: Path, installation: Installation) -> _Files:
    yield "aiprobe-rules.yaml", _configmap(_metadata("aiprobe-rules", installation), _rules(source, installation))


def _prometheus_rules(source: Path, installation: Installation) -> _Files:
    for file, text in _rules(source, installation).items():
        name = f"aiprobe-{file.removesuffix('.rules.yml')}"
        body = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": _metadata(name, installation),
            "spec": {"groups": yaml.safe_load(text)["groups"]},
        }
        yield f"{name}.yaml", _dumped(body)


def _metadata(name: str, installation: Installation, labels: Mapping[str, str] = _LABELS) -> dict[str, Any]:
    namespace = {"namespace": installation.namespace} if installation.namespace else {}
    return {"name": name, **namespace, "labels": {**labels, **installation.metadata}}


def _configmap(metadata: Mapping[str, Any], data: Mapping[str, str]) -> bytes:
    return _dumped({"apiVersion": "v1", "kind": "ConfigMap", "metadata": dict(metadata), "data": dict(data)})


def _dumped(body: dict[str, Any]) -> bytes:
    text: str = yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text.encode()


_WRITERS: Final[Mapping[tuple[str, str], Callable[[Path, Installation], _Files]]] = {
    ("dashboards", "files"): _board_files,
    ("dashboards", "configmap"): _board_configmaps,
    ("rules", "files"): _rule_files,
    ("all", "files"): _all_files,
    ("rules", "configmap"): _rule_configmap,
    ("rules", "prometheusrule"): _prometheus_rules,
}
