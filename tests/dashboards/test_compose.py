"""The compose bundle: every path exists, every port is wired to the one who listens, every image is pinned."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dashboards.boards import ALL

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose"
PROVISIONING = ROOT / "dashboards" / "provisioning"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


SERVICES: dict[str, Any] = read(COMPOSE / "compose.yml")["services"]
PORTS = {"aiprobe": 10529, "inbox": 10530, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000}
every_service = pytest.mark.parametrize("name", SERVICES)


def mounts(service: Any) -> list[tuple[str, str]]:
    return [tuple(mount.split(":")[:2]) for mount in service.get("volumes", ())]


@every_service
def test_an_image_is_pinned_to_a_version(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", image) or (
        image == "aiprobe:local" and "build" in SERVICES["aiprobe"]
    )


@every_service
def test_every_mounted_path_exists_and_every_volume_is_declared(name: str) -> None:
    volumes = read(COMPOSE / "compose.yml")["volumes"]
    for source, _ in mounts(SERVICES[name]):
        assert (COMPOSE / source).exists() if source.startswith(".") else source in volumes


@every_service
def test_a_service_is_reached_from_this_machine_only(name: str) -> None:
    port = PORTS[name]
    assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]


@every_service
def test_a_service_tells_its_health_and_keeps_its_data_but_for_the_inbox(name: str) -> None:
    service = SERVICES[name]
    assert "healthcheck" in service
    assert any(not source.startswith(".") for source, _ in mounts(service)) or name == "inbox"
    assert service["restart"] == "unless-stopped"


def test_the_exporter_needs_no_key() -> None:
    assert SERVICES["aiprobe"]["command"][0] == "demo"
    assert "environment" not in SERVICES["aiprobe"]


def test_the_image_is_built_from_the_projects_own_dockerfile() -> None:
    build = SERVICES["aiprobe"]["build"]
    assert (COMPOSE / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()


def test_prometheus_scrapes_the_exporter_and_keeps_exemplars() -> None:
    (job,) = read(COMPOSE / "prometheus.yml")["scrape_configs"]
    assert (job["job_name"], job["honor_labels"]) == ("aiprobe", True)
    assert job["static_configs"] == [{"targets": [f"aiprobe:{PORTS['aiprobe']}"]}]
    assert "--enable-feature=exemplar-storage" in SERVICES["prometheus"]["command"]


def test_prometheus_reads_the_rules_where_they_are_mounted() -> None:
    (pattern,) = read(COMPOSE / "prometheus.yml")["rule_files"]
    inside = {there: here for here, there in mounts(SERVICES["prometheus"])}
    folder, _, name = pattern.rpartition("/")
    assert list((COMPOSE / inside[folder]).glob(name))


def test_prometheus_keeps_what_the_longest_board_shows() -> None:
    kept = next(one for one in SERVICES["prometheus"]["command"] if "retention.time" in one)
    longest = max(int(board["time"]["from"].removeprefix("now-")[:-1]) for board in ALL.values() if
                  board["time"]["from"].endswith("d"))  # fmt: skip
    assert int(kept.partition("=")[2].removesuffix("d")) > longest


def test_prometheus_finds_alertmanager() -> None:
    (one,) = read(COMPOSE / "prometheus.yml")["alerting"]["alertmanagers"]
    assert one["static_configs"] == [{"targets": [f"alertmanager:{PORTS['alertmanager']}"]}]


def test_the_demo_inhibits_exactly_as_the_real_configuration() -> None:
    real, demo = read(ROOT / "alerts" / "alertmanager.yml"), read(COMPOSE / "alertmanager.yml")
    assert demo["inhibit_rules"] == real["inhibit_rules"]
    named = {route["receiver"] for route in (demo["route"], *demo["route"]["routes"])}
    assert named == {receiver["name"] for receiver in demo["receivers"]}
    sent_to = {each["api_url"] for receiver in demo["receivers"] for each in receiver.get("slack_configs", ())}
    assert sent_to == {f"http://inbox:{PORTS['inbox']}/inbox"}, "the demo sends to its own inbox alone"
    assert {kind for receiver in demo["receivers"] for kind in receiver} == {"name", "slack_configs"}


def test_grafana_finds_prometheus_and_opens_on_the_wall() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["PROMETHEUS_URL"] == f"http://prometheus:{PORTS['prometheus']}"
    assert environment["SCRAPE_INTERVAL"] == read(COMPOSE / "prometheus.yml")["global"]["scrape_interval"]
    (provider,) = read(PROVISIONING / "dashboards" / "aiprobe.yml")["providers"]
    inside = {there: here for here, there in mounts(SERVICES["grafana"])}
    assert (COMPOSE / inside[provider["options"]["path"]]).resolve() == ROOT / "dashboards"
    for kind in ("dashboards", "datasources"):
        assert (COMPOSE / inside[f"/etc/grafana/provisioning/{kind}"]).resolve() == PROVISIONING / kind
    home = environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == provider["options"]["path"] + "/aiprobe-wall.json"


KNOWN = {
    "datasources": {"name", "uid", "type", "access", "url", "isDefault", "editable", "jsonData"},
    "dashboards": {"name", "folder", "folderUid", "type", "disableDeletion", "allowUiUpdates", "updateIntervalSeconds",
                   "options"},
}  # fmt: skip


@pytest.mark.parametrize("kind", KNOWN)
def test_provisioning_has_no_key_that_grafana_ignores(kind: str) -> None:
    file = read(PROVISIONING / kind / "aiprobe.yml")
    assert file.pop("apiVersion") == 1
    ((_, (entry,)),) = file.items()
    assert set(entry) == KNOWN[kind]


def test_the_data_source_takes_its_place_and_pace_from_the_environment() -> None:
    text = (PROVISIONING / "datasources" / "aiprobe.yml").read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{(\w+)\}", text))
    assert used == {"PROMETHEUS_URL", "SCRAPE_INTERVAL"}
    assert used <= set(SERVICES["grafana"]["environment"])
