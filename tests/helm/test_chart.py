"""The chart, rendered by Helm: valid objects, restricted pods, a configuration that loads, the plain manifests."""

import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from aiprobe.known import read_settings
from tests.helm.chart import CHART, PARTS, PLAIN, ROOT, ChartError, objects, plain
from tests.unit.documentation.pages import AnyVariable

pytestmark = [pytest.mark.e2e, pytest.mark.built]

VERSIONS = ("1.35", "1.36", "1.37")
SPREAD = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
EVERYTHING: dict[str, Any] = {
    "nameOverride": "prober",
    "image": {"repository": "registry.example/aiprobe", "digest": "sha256:" + "a" * 64},
    "imagePullSecrets": ["pull"],
    "shards": 3,
    "vantages": [
        {"name": "eu", "nodeSelector": {"zone": "eu"}, "tolerations": [{"operator": "Exists"}]},
        {"name": "us", "proxy": {"https": "http://proxy.us:3128", "noProxy": ".internal"}},
    ],
    "secrets": ["one", "two"],
    "envSecrets": ["three"],
    "extraEnv": [{"name": "X", "value": "y"}],
    "extraArgs": ["--log.format=json"],
    "extraCA": {"configMap": "ca"},
    "persistence": {"enabled": True, "size": "5Gi", "storageClass": "fast"},
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "x"},
    "priorityClassName": "high",
    "affinity": {"podAntiAffinity": {}},
    "topologySpreadConstraints": [SPREAD],
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {"enabled": True, "egressPorts": [443, 8443], "egressExcept": [], "egressExcept6": [],
                      "extraEgress": [{"ports": [{"port": 3128, "protocol": "TCP"}]}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}, "runbookUrl": "https://runbooks.test",
                       "grafanaUrl": "https://grafana.test"},
    "dashboards": {"enabled": True, "annotations": {"grafana_folder": "AI"}},
}  # fmt: skip
MATRIX: dict[str, dict[str, Any]] = {
    "defaults": {},
    "everything": EVERYTHING,
    "shards": {"shards": 3},
    "no volume": {"persistence": {"enabled": False}},
    "arbitrary user": {"arbitraryUser": True, "secrets": []},
    "existing configuration": {"existingConfigMap": "mine"},
    "proxy": {"proxy": {"https": "http://proxy:3128", "noProxy": "localhost"}},
    "one vantage without a volume": {"vantages": [{"name": "eu"}], "persistence": {"enabled": False}},
    "dashboards without a folder": {"dashboards": {"enabled": True, "annotations": {}}},
}
OF_KUBERNETES = {"ConfigMap", "Service", "StatefulSet", "NetworkPolicy", "PodDisruptionBudget"}


def pods(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each["spec"]["template"]["spec"] for each in made if each["kind"] == "StatefulSet"]


@pytest.fixture(params=MATRIX)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> list[dict[str, Any]]:
    """Return the objects of one entry of the matrix, which Helm has linted."""
    return objects(MATRIX[request.param], tmp_path, "--namespace", "probes")


def test_every_object_is_valid_in_three_versions_of_kubernetes(made: list[dict[str, Any]]) -> None:
    judged = [each for each in made if each["kind"] in OF_KUBERNETES]
    assert {each["kind"] for each in made} - OF_KUBERNETES <= {"ServiceMonitor", "PrometheusRule"}
    assert {each["kind"] for each in judged} >= {"Service", "StatefulSet"}
    for each in judged:
        for version in VERSIONS:
            kubernetes_validate.validate(each, version, strict=True)


def test_a_wrong_key_of_an_object_is_found() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"prots": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_every_pod_keeps_the_restricted_standard_of_pod_security(made: list[dict[str, Any]]) -> None:
    for pod in pods(made):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["securityContext"].get("runAsUser") != 0
        assert {key for volume in pod["volumes"] for key in volume} <= {"name", "configMap", "projected", "emptyDir"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_names_are_unique_selectors_meet_their_pods_and_every_mount_has_its_volume(made: list[dict[str, Any]]) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in made]
    assert len(set(names)) == len(names)
    sets = [each for each in made if each["kind"] == "StatefulSet"]
    for each in sets:
        labels = each["spec"]["template"]["metadata"]["labels"]
        mine = each["spec"]["selector"]["matchLabels"]
        assert mine.items() <= labels.items()
        others = [one for one in sets if one is not each]
        assert not [one for one in others if mine.items() <= one["spec"]["template"]["metadata"]["labels"].items()]
        pod = each["spec"]["template"]["spec"]
        claims = [claim["metadata"]["name"] for claim in each["spec"].get("volumeClaimTemplates", ())]
        volumes = [volume["name"] for volume in pod["volumes"]] + claims
        assert sorted(volumes) == sorted(mount["name"] for mount in pod["containers"][0]["volumeMounts"])
        (service,) = [one for one in made if one["kind"] == "Service"]
        assert service["spec"]["selector"].items() <= labels.items()
        assert each["spec"]["serviceName"] == service["metadata"]["name"]


def test_the_configuration_loads_as_it_is_rendered(made: list[dict[str, Any]], tmp_path: Path) -> None:
    for text in [each["data"]["aiprobe.yml"] for each in made if "aiprobe.yml" in each.get("data", ())]:
        (tmp_path / "anthropic").write_text("sk-ant-planted-0123456789")
        file = tmp_path / "aiprobe.yml"
        file.write_text(text.replace("/run/secrets/aiprobe", str(tmp_path)))
        assert read_settings(file, AnyVariable()).targets


def test_each_vantage_is_a_statefulset_with_its_place_and_its_share(tmp_path: Path) -> None:
    made = objects(EVERYTHING, tmp_path)

    sets = {each["metadata"]["name"]: each["spec"] for each in made if each["kind"] == "StatefulSet"}
    assert sorted(sets) == ["prober-eu", "prober-us"]
    envs = {name: {one["name"]: one.get("value") for one in spec["template"]["spec"]["containers"][0]["env"]}
            for name, spec in sets.items()}  # fmt: skip
    assert [(envs[name]["VANTAGE"], envs[name].get("HTTPS_PROXY")) for name in sorted(envs)] == [
        ("eu", None),
        ("us", "http://proxy.us:3128"),
    ]
    assert {spec["replicas"] for spec in sets.values()} == {3}
    assert all("--shard=$(SHARD)/3" in spec["template"]["spec"]["containers"][0]["args"] for spec in sets.values())
    assert sets["prober-eu"]["template"]["spec"]["nodeSelector"] == {"zone": "eu"}
    assert "nodeSelector" not in sets["prober-us"]["template"]["spec"]


def test_a_new_configuration_restarts_the_pods_and_the_same_one_does_not(tmp_path: Path) -> None:
    def marks(config: str) -> list[Any]:
        made = objects({"config": config}, tmp_path)
        return [each["spec"]["template"]["metadata"]["annotations"] for each in made if each["kind"] == "StatefulSet"]

    assert marks("a: 1") == marks("a: 1") != marks("a: 2")


def test_rules_and_boards_are_those_of_the_project(tmp_path: Path) -> None:
    made = objects(EVERYTHING, tmp_path, "--namespace", "probes")

    boards = {name: text for each in made if each["kind"] == "ConfigMap" for name, text in each["data"].items()}
    boards.pop("aiprobe.yml")
    assert {name: json.loads(text) for name, text in boards.items()} == {
        path.name: json.loads(path.read_text()) for path in (ROOT / "dashboards").glob("*.json")
    }
    folders = [each["metadata"].get("annotations") for each in made if each["metadata"]["name"].endswith("-dashboard")]
    assert folders == [{"grafana_folder": "AI"}] * len(boards)
    rules = [each["spec"] for each in made if each["kind"] == "PrometheusRule"]
    files = sorted((ROOT / "alerts").glob("*.rules.yml"))
    adapted = [
        path.read_text()
        .replace("kubectl exec statefulset/aiprobe -- ", "kubectl exec -n probes statefulset/prober -- ")
        .replace("https://aiprobe.example/runbooks", "https://runbooks.test")
        .replace("https://grafana.example", "https://grafana.test")
        for path in files
    ]
    assert rules == [{"groups": yaml.safe_load(text)["groups"]} for text in adapted]


def test_the_chart_links_every_board_and_every_file_of_rules() -> None:
    linked = {path.name: path.resolve() for path in (CHART / "files").iterdir()}
    found = [*(ROOT / "dashboards").glob("*.json"), *(ROOT / "alerts").glob("*.rules.yml")]

    assert linked == {path.name: path.resolve() for path in found}


@pytest.mark.parametrize("part", PARTS)
def test_the_plain_manifests_are_the_output_of_the_chart(part: str) -> None:
    assert (PLAIN / f"{part}.yaml").read_bytes() == plain(part).encode()


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"shard": 3}, "shard"),
        ({"shards": 0}, "shards"),
        ({"shards": "3"}, "shards"),
        ({"vantages": [{"nodeSelector": {}}]}, "name"),
        ({"vantages": [{"name": "EU"}]}, "vantages"),
        ({"image": {"digest": "latest"}}, "digest"),
        ({"persistence": {"size": "big"}}, "size"),
        ({"config": {}}, "config"),
        ({"secrets": [{"name": "x"}]}, "secrets"),
        ({"topologySpreadConstraints": [{"maxSkew": 1}]}, "topologyKey"),
        ({"prometheusRule": {"grafanaUrl": "grafana"}}, "grafanaUrl"),
        ({"proxy": {"https": "proxy:3128"}}, "https"),
        ({"networkPolicy": {"egressPorts": [70000]}}, "egressPorts"),
    ],
)
def test_a_wrong_value_is_refused_by_the_schema(values: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(ChartError, match=problem):
        objects(values, tmp_path)


@pytest.mark.parametrize("case", MATRIX)
def test_helm_4_renders_the_same_objects_as_helm_3(case: str, tmp_path: Path) -> None:
    assert objects(MATRIX[case], tmp_path, tool="helm4") == objects(MATRIX[case], tmp_path)
