"""What both charts render: goldens by helm 4 and 3, and nothing for linters to find."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from charts import CASES, COPIES, DRAWN, Chart
from e2e.processes import tool

HELMS = ("helm", "helm3")
each_scenario = pytest.mark.parametrize(("chart", "scenario"), CASES, ids=str)


def run(helm: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tool(helm), *arguments],
        env={"PATH": os.defpath, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def template(helm: str, chart: Chart, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """For a Kubernetes of today; what comes later on the line wins."""
    cluster = ("--namespace", "installed", "--kube-version", "1.37.2")
    return run(helm, "template", "installed", chart.folder, *cluster, *arguments)


def rendered(helm: str, chart: Chart, *arguments: str | Path) -> list[dict[str, Any]]:
    """Objects in the order of kind and name."""
    done = template(helm, chart, *arguments)
    assert done.returncode == 0, done.stderr
    objects = [obj for obj in yaml.safe_load_all(done.stdout) if obj]
    return sorted(objects, key=lambda obj: (obj["kind"], obj["metadata"]["name"]))


def golden(objects: list[dict[str, Any]]) -> str:
    """As text; of copies from prometheus/ and grafana/ one object of each kind, without the content."""
    shown: dict[tuple[str, str], dict[str, Any]] = {}
    for obj in objects:
        kind, name = obj["kind"], obj["metadata"]["name"]
        if kind == "PrometheusRule":
            name, obj["spec"]["groups"] = "", "as in its file"
        if kind == "ConfigMap":
            name, obj["data"] = "", "as in its file"
        if kind == "Secret":
            obj["data"] = dict.fromkeys(obj["data"], DRAWN)
        if not name:
            obj["metadata"]["name"] = COPIES
        shown.setdefault((kind, name), obj)
    return yaml.safe_dump_all(shown.values(), sort_keys=True, width=110, allow_unicode=True)


@each_scenario
def test_scenario_renders_as_its_golden_by_helm_4_and_3(
    chart: Chart, scenario: str, rewrite_goldens: bool
) -> None:
    path = chart.goldens / f"{scenario}.yaml"
    four, three = (golden(rendered(helm, chart, "--values", chart.values(scenario))) for helm in HELMS)
    if rewrite_goldens:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(four)

    assert four == path.read_text()
    assert three == four


@pytest.mark.parametrize("helm", HELMS)
@each_scenario
def test_lint_finds_nothing(helm: str, chart: Chart, scenario: str) -> None:
    done = run(helm, "lint", "--strict", "--quiet", chart.folder, "--values", chart.values(scenario))

    assert (done.returncode, done.stderr) == (0, "")


@each_scenario
def test_kube_score_finds_nothing_critical(chart: Chart, scenario: str, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(template("helm", chart, "--values", chart.values(scenario)).stdout)

    done = run("kube-score", "score", "--output-format", "ci", manifest)

    assert [line for line in done.stdout.splitlines() if line.startswith("[CRITICAL]")] == []
    assert "[OK]" in done.stdout
