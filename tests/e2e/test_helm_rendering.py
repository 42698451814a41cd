"""What both charts render: goldens by helm 4 and 3, and nothing for linters to find."""

import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from charts import CASES, COPIES, EXPORTER, RELEASES, Chart
from e2e.processes import tool

HELMS = ("helm", "helm3")
each_scenario = pytest.mark.parametrize(("chart", "scenario"), CASES, ids=str)
each_chart = pytest.mark.parametrize("chart", [EXPORTER, RELEASES], ids=str)
# Each a name that Kubernetes allows, and something else for YAML.
YAML_WORDS: dict[str, Any] = {"fullnameOverride": "on", "nameOverride": "null"}


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
@each_chart
def test_packaged_chart_renders_what_its_folder_does(helm: str, chart: Chart, tmp_path: Path) -> None:
    """.helmignore leaves out the scenarios, and nothing that a template reads."""
    packaging = run(helm, "package", chart.folder, "--destination", tmp_path)
    assert packaging.returncode == 0, packaging.stderr
    (archive,) = tmp_path.glob(f"{chart}-*.tgz")
    with tarfile.open(archive) as packed:
        assert [name for name in packed.getnames() if "/ci/" in name] == []

    values = ("--values", chart.values("monitoring"), "--kube-version", "1.37.2")
    packaged, unpacked = (
        run(helm, "template", "installed", where, *values) for where in (archive, chart.folder)
    )

    assert packaged.stdout == unpacked.stdout != ""


@each_scenario
def test_scenario_renders_alike_for_the_oldest_kubernetes_and_the_newest(chart: Chart, scenario: str) -> None:
    both = [
        template("helm", chart, "--values", chart.values(scenario), "--kube-version", version).stdout
        for version in ("1.25.0", "1.37.2")
    ]

    assert both[0] == both[1] != ""


@each_scenario
def test_names_that_yaml_takes_for_something_else_stay_names(
    chart: Chart, scenario: str, tmp_path: Path
) -> None:
    own = {"legacyService": {"name": "yes"}} if chart == EXPORTER else {}
    given = tmp_path / "values.yaml"
    given.write_text(yaml.safe_dump({**YAML_WORDS, **own}))

    values = ("--values", chart.values(scenario), "--values", given)
    found = list(names(rendered("helm", chart, *values, "--namespace", "123")))

    assert {"on", "null", "123"} <= {name for name in found if isinstance(name, str)}
    assert [name for name in found if not isinstance(name, str)] == []


def names(part: Any) -> Iterator[Any]:
    """Every name, namespace and label."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part):
        if key in {"labels", "matchLabels"}:
            yield from value.values()
        elif isinstance(value, dict | list):
            yield from names(value)
        elif key in {"name", "namespace", "serviceAccountName", "claimName", "secretName"}:
            yield value


@pytest.mark.parametrize("helm", HELMS)
@each_chart
def test_two_names_that_differ_where_they_are_cut_off_stay_two(helm: str, chart: Chart) -> None:
    made = [
        {
            obj["metadata"]["name"]
            for obj in rendered(helm, chart, "--set", f"fullnameOverride={'n' * 60}{end}")
        }
        for end in "ab"
    ]

    assert made[0] & made[1] == set()
    assert max(len(name) for name in made[0] if ":" not in name) <= 63


@pytest.mark.parametrize("release", ["1agent", "of.a.team"])
@each_chart
def test_release_name_that_no_service_can_have_fails_with_a_sentence(chart: Chart, release: str) -> None:
    refused = run("helm", "template", release, chart.folder, "--namespace", "installed")
    named = run("helm", "template", release, chart.folder, "--set", "fullnameOverride=agent")

    assert refused.returncode != 0
    assert (
        f"release name {release} makes a Service called {release}-{chart}, but such a name" in refused.stderr
    )
    assert named.returncode == 0


@each_chart
def test_labels_and_annotations_of_one_s_own_do_not_repeat_those_of_the_chart(chart: Chart) -> None:
    own = [
        'podLabels={"app.kubernetes.io/name": "x", "app.kubernetes.io/component": "x", "team": "x"}',
        'podAnnotations={"prometheus.io/scrape": "false"}',
        'metrics.dashboards={"enabled": true, "labels": {"app.kubernetes.io/instance": "x"}}',
    ]

    done = template("helm", chart, *(word for value in own for word in ("--set-json", value)))

    assert done.returncode == 0, done.stderr
    assert repeated_keys(done.stdout) == []
    deployment = next(obj for obj in yaml.safe_load_all(done.stdout) if obj and obj["kind"] == "Deployment")
    pod, selector = deployment["spec"]["template"]["metadata"], deployment["spec"]["selector"]["matchLabels"]
    assert selector.items() <= pod["labels"].items()
    assert (pod["labels"]["team"], pod["annotations"]["prometheus.io/scrape"]) == ("x", "false")


def repeated_keys(text: str) -> list[str]:
    """Of every mapping; YAML forbids them, and its readers differ in which they take."""
    found: list[str] = []
    waiting = list(yaml.compose_all(text, yaml.CSafeLoader))
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _value in node.value]
            found += [key for key in set(keys) if keys.count(key) > 1]
            waiting += [value for _key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    return found


@pytest.mark.parametrize("helm", HELMS)
@each_scenario
def test_lint_finds_nothing(helm: str, chart: Chart, scenario: str) -> None:
    done = run(helm, "lint", "--strict", "--quiet", chart.folder, "--values", chart.values(scenario))

    assert (done.returncode, done.stderr) == (0, "")


@each_scenario
def test_kube_score_finds_nothing_critical(chart: Chart, scenario: str, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(template("helm", chart, "--values", chart.values(scenario)).stdout)

    assert critical(manifest) == []


def test_kube_score_would_find_something(tmp_path: Path) -> None:
    """A control: the same pod with a root filesystem that can be written to."""
    manifest = tmp_path / "manifest.yaml"
    text = template("helm", EXPORTER).stdout
    manifest.write_text(text.replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"))

    assert len(critical(manifest)) == 1


def critical(manifest: Path) -> list[str]:
    done = run("kube-score", "score", "--output-format", "ci", manifest)
    assert "[OK]" in done.stdout
    return [line for line in done.stdout.splitlines() if line.startswith("[CRITICAL]")]
