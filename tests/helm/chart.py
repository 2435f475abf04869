"""Helm, which Go builds once, and what the chart makes of values.

`python -m tests.helm.chart` writes deploy/kubernetes.
"""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import yaml

from tests.alerts.gotools import built

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "deploy" / "helm" / "aiprobe"
PLAIN: Final = ROOT / "deploy" / "kubernetes"
PLAIN_VALUES: Final = ROOT / "deploy" / "helm" / "plain-values.yaml"
PARTS: Final = ("configmap", "service", "statefulset", "networkpolicy", "servicemonitor")
"""The templates whose output with the plain values are files of deploy/kubernetes."""
KUBERNETES: Final = "1.37.0"


class ChartError(Exception):
    """Helm refused the chart or the values; the text is what it printed."""


def helm(command: str, values: Path, *more: str, tool: str = "helm") -> str:
    """Run `helm template` or `helm lint` of a recipe with a file of values. Raises ChartError."""
    name = () if command == "lint" else ("aiprobe",)
    arguments = [command, *name, str(CHART), "--values", str(values), "--kube-version", KUBERNETES, *more]
    done = subprocess.run([built(tool) / "helm", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ChartError(done.stdout + done.stderr)
    return done.stdout


def objects(values: Any, folder: Path, *more: str, tool: str = "helm") -> list[dict[str, Any]]:
    """Return the objects that the chart makes of values. Raises ChartError."""
    file = folder / "values.json"
    file.write_text(json.dumps(values))
    helm("lint", file, "--strict", tool=tool)
    return [made for made in yaml.safe_load_all(helm("template", file, *more, tool=tool)) if made]


def plain(part: str) -> str:
    """Return one file of deploy/kubernetes as the chart makes it."""
    text = helm("template", PLAIN_VALUES, "--show-only", f"templates/{part}.yaml")
    _, source, rest = text.split("\n", 2)
    assert source == f"# Source: aiprobe/templates/{part}.yaml"
    return rest


if __name__ == "__main__":
    for each in PARTS:
        (PLAIN / f"{each}.yaml").write_text(plain(each))
