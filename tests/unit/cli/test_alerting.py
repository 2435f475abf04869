"""`aiprobe init --alertmanager` and the options of `aiprobe export`, as a user meets them."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from aiprobe.cli import main
from aiprobe.cli.alerting import RECEIVERS


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.mark.parametrize("receiver", sorted(RECEIVERS))
def test_init_writes_the_alerting_of_one_receiver_and_no_secret(tmp_path: Path, receiver: str) -> None:
    done = run("init", "--alertmanager", receiver, "--directory", tmp_path / "alerting")
    assert done.exit_code == 0
    assert f"to {tmp_path}/alerting/{RECEIVERS[receiver].secret}" in done.output
    assert not (tmp_path / "alerting" / RECEIVERS[receiver].secret).exists()
    config = yaml.safe_load((tmp_path / "alerting" / "alertmanager.yml").read_text())
    assert {each["name"] for each in config["receivers"]} == {"everything", "nobody"}
    assert {kind for each in config["receivers"] for kind in each} == {"name", f"{receiver}_configs"}
    scrape = yaml.safe_load((tmp_path / "alerting" / "prometheus.yml").read_text())["scrape_configs"]
    assert [(job["job_name"], job["honor_labels"]) for job in scrape] == [("aiprobe", True)]


def test_init_leaves_the_configuration_of_the_probes_alone(tmp_path: Path) -> None:
    config = tmp_path / "aiprobe.yml"
    config.write_text("vantage: here\n")
    done = run("init", "--alertmanager", "slack", "--directory", tmp_path / "alerting", "-o", config)
    assert (done.exit_code, config.read_text()) == (0, "vantage: here\n")


def test_init_replaces_nothing_without_force(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text("mine\n")
    refused = run("init", "--alertmanager", "slack", "--directory", tmp_path)
    assert (refused.exit_code, sorted(path.name for path in tmp_path.iterdir())) == (1, ["prometheus.yml"])
    assert "prometheus.yml is there already; --force replaces it" in refused.output
    assert run("init", "--alertmanager", "slack", "--directory", tmp_path, "--force").exit_code == 0
    assert "honor_labels" in (tmp_path / "prometheus.yml").read_text()


def test_a_directory_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = run("init", "--alertmanager", "slack", "--directory", tmp_path / "taken" / "inside")
    assert done.exit_code == 1
    assert len(done.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--label", "te am"], "aiprobe: --label: 'te am' is not a label name of letters, digits and _"),
        (["--label", "provider"], "aiprobe: --label: 'provider' is a label of aiprobe or of the rules already"),
        (["--runbook-url", "wiki"],
         "aiprobe: --runbook-url: 'wiki' is not an http or https address without user, query and fragment"),
        (["--namespace", "x"], ("aiprobe: --namespace and --object-label are for Kubernetes objects; use --format "
                               "configmap or prometheusrule")),
    ],
)  # fmt: skip
def test_a_wrong_option_of_export_is_one_line_and_writes_nothing(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = run("export", "rules", tmp_path / "out", *arguments)
    assert (done.exit_code, done.output.strip()) == (1, said)
    assert not (tmp_path / "out").exists()
