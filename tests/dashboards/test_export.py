"""What a user of a wheel gets from `aiprobe export`."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiprobe.cli import bundle as room
from aiprobe.cli.bundle import ExportError, Form, Kind, find, write_bundle
from aiprobe.cli.tailored import Installation, OptionError
from tests.dashboards.boards import ALL

ROOT = Path(__file__).parents[2]
A_RULE = """\
groups:
  - name: a
    rules:
      - alert: AIModelDown
        expr: |
          up == 0
          or up == 2
"""


@pytest.fixture
def a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an installed package with a bundle, and no checkout around it."""
    package = tmp_path / "site-packages" / "aiprobe"
    for folder, name, text in (
        ("dashboards", "aiprobe-wall.json", '{"uid": "aiprobe-wall"}\n'),
        ("alerts", "slo.rules.yml", A_RULE),
        ("alerts", "alertmanager.yml", "route: {}\n"),
        ("alerts/runbooks", "AIModelDown.md", "# AIModelDown\n"),
    ):
        path = package / "bundle" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(room, "_PACKAGE", package)
    return package


def objects(paths: list[Path]) -> list[Any]:
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths]


def test_the_boards_of_a_checkout_are_copied_byte_for_byte(tmp_path: Path) -> None:
    written = write_bundle("dashboards", "files", tmp_path / "new" / "folder")
    assert {path.name for path in written} == {f"{uid}.json" for uid in ALL}
    assert all(path.read_bytes() == (ROOT / "dashboards" / path.name).read_bytes() for path in written)


def test_a_wheel_brings_its_own_copy(a_wheel: Path, tmp_path: Path) -> None:
    assert find("dashboards") == a_wheel / "bundle" / "dashboards"
    (board,) = write_bundle("dashboards", "files", tmp_path / "out")
    assert json.loads(board.read_text(encoding="utf-8")) == {"uid": "aiprobe-wall"}


def test_the_rules_bring_alertmanager_and_runbooks(a_wheel: Path, tmp_path: Path) -> None:
    written = write_bundle("rules", "files", tmp_path)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in written)
    assert names == ["alertmanager.yml", "runbooks/AIModelDown.md", "slo.rules.yml"]


def test_a_board_becomes_a_configmap_that_the_sidecar_finds(tmp_path: Path) -> None:
    made = objects(write_bundle("dashboards", "configmap", tmp_path))
    assert {one["kind"] for one in made} == {"ConfigMap"}
    assert {one["metadata"]["labels"]["grafana_dashboard"] for one in made} == {"1"}
    assert {json.loads(text)["uid"] for one in made for text in one["data"].values()} == set(ALL)


def test_a_configmap_stays_below_the_limit_of_kubernetes(tmp_path: Path) -> None:
    sizes = [path.stat().st_size for path in write_bundle("dashboards", "configmap", tmp_path)]
    assert max(sizes) < 1024 * 1024 / 2


def test_rules_become_one_configmap(a_wheel: Path, tmp_path: Path) -> None:
    (made,) = objects(write_bundle("rules", "configmap", tmp_path))
    assert made["data"] == {"slo.rules.yml": A_RULE}


def test_rules_become_prometheusrules(a_wheel: Path, tmp_path: Path) -> None:
    (made,) = objects(write_bundle("rules", "prometheusrule", tmp_path))
    assert (made["kind"], made["metadata"]["name"]) == ("PrometheusRule", "aiprobe-slo")
    assert made["spec"]["groups"] == yaml.safe_load(A_RULE)["groups"]


def test_boards_are_no_prometheusrule(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="dashboards cannot be written as prometheusrule; use files or configmap"):
        write_bundle("dashboards", "prometheusrule", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_installation_without_the_bundle_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_PACKAGE", tmp_path / "lib" / "aiprobe")
    with pytest.raises(ExportError, match="this installation carries no rules"):
        write_bundle("rules", "files", tmp_path)


def test_a_directory_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("", encoding="utf-8")
    with pytest.raises(ExportError, match="cannot write to"):
        write_bundle("dashboards", "files", taken)


def test_all_is_written_with_the_folders_of_the_project(tmp_path: Path) -> None:
    names = {path.relative_to(tmp_path).as_posix() for path in write_bundle("all", "files", tmp_path)}
    assert {
        "deploy/kubernetes/statefulset.yaml", "deploy/compose/compose.yml", "deploy/systemd/aiprobe.service",
        "docs/howto/teams.md", "docs/wall.png", "examples/minimal.yml", "alerts/examples/teams.yml",
        "dashboards/provisioning/datasources/aiprobe.yml", "dashboards/aiprobe-wall.json",
    } <= names  # fmt: skip
    assert [name for name in names if "/src/" in name] == []


def test_every_link_and_mount_of_what_is_written_holds(tmp_path: Path) -> None:
    write_bundle("all", "files", tmp_path)
    links = [
        (page.parent / link).resolve()
        for page in tmp_path.rglob("*.md")
        for link in re.findall(r"\]\(([^)#:\s]+)[#)]", page.read_text(encoding="utf-8"))
    ]
    folders = [folder.name for folder in tmp_path.iterdir()]
    missing = [link for link in links if link.relative_to(tmp_path).parts[0] in folders and not link.exists()]
    assert len(links) > 100
    assert missing == []
    compose = yaml.safe_load((tmp_path / "deploy/compose/compose.yml").read_text(encoding="utf-8"))
    mounts = [mount.split(":")[0] for service in compose["services"].values() for mount in service.get("volumes", ())]
    assert [each for each in mounts if each[0] == "." and not (tmp_path / "deploy/compose" / each).exists()] == []


def test_what_is_written_twice_is_the_same(tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in write_bundle("dashboards", "configmap", tmp_path)}
    assert {path.name: path.read_bytes() for path in write_bundle("dashboards", "configmap", tmp_path)} == first


def test_an_operator_selects_the_objects_by_their_labels(tmp_path: Path) -> None:
    installation = Installation(namespace="monitoring", object_labels=("release=kube-prometheus-stack",))
    forms: list[tuple[Kind, Form]] = [("rules", "prometheusrule"), ("rules", "configmap"), ("dashboards", "configmap")]
    for kind, form in forms:
        for made in objects(write_bundle(kind, form, tmp_path / kind / form, installation)):
            assert made["metadata"]["namespace"] == "monitoring"
            assert made["metadata"]["labels"]["release"] == "kube-prometheus-stack"
            assert made["metadata"]["labels"]["app.kubernetes.io/name"] == "aiprobe"


@pytest.mark.parametrize(("namespace", "place"), [("", ""), ("monitoring", "-n monitoring ")])
def test_the_commands_in_the_alerts_run_in_the_pod_of_the_manifests(tmp_path: Path, namespace: str, place: str) -> None:
    made = objects(write_bundle("rules", "prometheusrule", tmp_path, Installation(namespace=namespace)))
    rules = [rule for one in made for group in one["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    (pod,) = yaml.safe_load_all((ROOT / "deploy/kubernetes/statefulset.yaml").read_text(encoding="utf-8"))
    exec_in_pod = f"kubectl exec {place}statefulset/{pod['metadata']['name']} -- "
    (config,) = (each for each in pod["spec"]["template"]["spec"]["containers"][0]["args"] if "--config.file" in each)
    file = config.partition("=")[2]
    commands = {rule["annotations"][name] for rule in rules for name in rule["annotations"] if "_command" in name}
    assert commands == {
        f"{exec_in_pod}aiprobe probe {{{{ $labels.target }}}} --config.file {file}", f"{exec_in_pod}aiprobe incidents",
    }  # fmt: skip


def test_labels_of_targets_bring_a_prometheusrule_of_their_own(tmp_path: Path) -> None:
    written = write_bundle("rules", "prometheusrule", tmp_path, Installation(labels=("team",)))
    (made,) = [one for one in objects(written) if one["metadata"]["name"] == "aiprobe-labels"]
    assert [rule["record"] for rule in made["spec"]["groups"][0]["rules"]] == ["aiprobe:target_labels:info"]


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("runbook_url", ["wiki", "ftp://wiki", "https://", "https://u:p@wiki", "https://wiki/?a=b", "https://wiki/#a",
                         "https://wiki/ a", 'https://wiki/"', "https://wiki/{{ . }}",
                         "https://wiki\n", "javascript:a()"]),
        ("grafana_url", ["grafana", "https://grafana/ x", "https://grafana/\\"]),
        ("job", ["a b", 'a"b', "a\n", "{a}"]),
        ("labels", [("te am",), ("1team",), ("te-am",), ("__team",), ("exported_team",), ("team", "provider"),
                    ("severity",), ("vantage",), ("job",), ("team\n",), ("équipe",), ("",), ("team", "team")]),
        ("namespace", ["Monitoring", "a_b", "-a", "a" * 64]),
        ("object_labels", [("release",), ("",), ("=x",), ("release=a b",), ("release=-a",)]),
    ],
)  # fmt: skip
def test_a_value_that_no_file_could_hold_is_refused_with_its_option(option: str, values: list[Any]) -> None:
    name = {"labels": "--label", "object_labels": "--object-label"}.get(option, f"--{option.replace('_', '-')}")
    for value in values:
        with pytest.raises(OptionError, match=f"^{name}: "):
            Installation(**{option: value})


def test_good_values_are_taken() -> None:
    for url in ("http://wiki", "https://wiki.internal:8443/a/b-c_d/~x", "https://[::1]:3000/grafana/"):
        Installation(runbook_url=url, grafana_url=url)
    Installation(
        job="serviceMonitor/monitoring/aiprobe/0",
        labels=("team", "_x", "tier2"),
        object_labels=("a.b/c=", "release=x.y"),
    )


@pytest.mark.parametrize(
    ("kind", "form", "installation", "problem"),
    [
        ("dashboards", "files", Installation(labels=("team",)), "change rules; they do not change dashboards"),
        (
            "dashboards",
            "configmap",
            Installation(grafana_url="https://g"),
            "change rules; they do not change dashboards",
        ),
        ("rules", "files", Installation(namespace="a"), "are for Kubernetes objects"),
        ("dashboards", "files", Installation(object_labels=("a=b",)), "are for Kubernetes objects"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(
    tmp_path: Path, kind: Kind, form: Form, installation: Installation, problem: str
) -> None:
    with pytest.raises(ExportError, match=problem):
        write_bundle(kind, form, tmp_path / "out", installation)
    assert not (tmp_path / "out").exists()
