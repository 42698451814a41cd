"""Both charts, judged by their goldens: valid for Kubernetes 1.25 to 1.37, hardened, documented."""

import json
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import pytest
import yaml

from charts import CASES, COPIES, EXPORTER, RELEASES, Chart
from tools import chart_files, chart_values

VERSIONS = [f"1.{minor}" for minor in range(25, 38)]
OF_CRDS = ("monitoring.coreos.com/", "gateway.networking.k8s.io/")  # Kubernetes has no schema of these
USER = 65532
each_scenario = pytest.mark.parametrize(("chart", "scenario"), CASES, ids=str)
each_chart = pytest.mark.parametrize("chart", [EXPORTER, RELEASES], ids=str)


@each_chart
def test_every_scenario_has_a_golden_and_every_golden_its_scenario(chart: Chart) -> None:
    assert sorted(path.stem for path in chart.goldens.glob("*.yaml")) == chart.scenarios


@pytest.mark.parametrize("version", VERSIONS)
@each_scenario
def test_scenario_is_valid_and_without_unknown_fields(chart: Chart, scenario: str, version: str) -> None:
    checked = [
        kubernetes_validate.validate(obj, version, strict=True)
        for obj in chart.objects(scenario)
        if not obj["apiVersion"].startswith(OF_CRDS) and obj["metadata"]["name"] != COPIES
    ]

    assert set(checked) == {version}


@each_scenario
def test_pods_may_nothing_that_they_do_not_need(chart: Chart, scenario: str) -> None:
    """Pod Security's `restricted`, and beyond it: a token only for the agent, no writing, no links."""
    pods = chart.pods(scenario)

    assert pods
    for pod in pods:
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (chart == EXPORTER, False)
        security = dict(pod["securityContext"])
        security.pop("fsGroupChangePolicy", None)
        assert security == {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert [container["securityContext"] for container in pod["containers"]] == [
            {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "capabilities": {"drop": ["ALL"]},
            }
        ]
        assert all(set(c["resources"]) == {"limits", "requests"} for c in pod["containers"])


@each_chart
def test_readme_and_schema_are_what_the_comments_of_the_values_say(chart: Chart) -> None:
    """`make generate` writes them."""
    wanted = chart_values.wanted(chart.folder)

    assert {path: path.read_text("utf-8") for path in wanted} == wanted


@each_scenario
def test_scenario_gives_only_values_that_there_are(chart: Chart, scenario: str) -> None:
    """With the defaults, as Helm looks at them."""
    given, defaults = (
        yaml.safe_load(path.read_text("utf-8"))
        for path in (chart.values(scenario), chart.folder / "values.yaml")
    )
    schema = json.loads((chart.folder / "values.schema.json").read_text("utf-8"))

    jsonschema.validate(merged(defaults, given), schema)


def merged(defaults: Any, given: Any) -> Any:
    if not (isinstance(defaults, dict) and isinstance(given, dict)):
        return given
    return {**defaults, **{key: merged(defaults.get(key), value) for key, value in given.items()}}


@each_chart
def test_no_level_of_the_values_takes_a_key_that_is_not_there(chart: Chart) -> None:
    """Free are only maps that are handed on: labels, annotations, and parts of a pod's spec."""
    schema = json.loads((chart.folder / "values.schema.json").read_text("utf-8"))
    handed_on = (
        "Labels",
        "labels",
        "nnotations",
        "Selector",
        "affinity",
        "global",
        "requests",
        "limits",
        "ipBlock",
    )

    free = [path for path in open_objects(schema) if not path.endswith((*handed_on, "tolerations[]"))]

    assert free == []
    defaults = yaml.safe_load((chart.folder / "values.yaml").read_text("utf-8"))
    with pytest.raises(jsonschema.ValidationError, match="'unknown' was unexpected"):
        jsonschema.validate(merged(defaults, {"metrics": {"dashboards": {"unknown": 1}}}), schema)


def open_objects(schema: dict[str, Any], path: str = "") -> list[str]:
    """Every place below that takes an object of any keys."""
    below = {f"{path}.{key}": part for key, part in schema.get("properties", {}).items()}
    below |= {f"{path}[]": schema["items"]} if "items" in schema else {}
    own = [path] if schema.get("type") == "object" and schema.get("additionalProperties") is not False else []
    return own + [found for place, part in below.items() for found in open_objects(part, place)]


def test_rules_and_boards_of_the_charts_are_copies() -> None:
    """`make generate` writes them."""
    assert chart_files.present() == chart_files.wanted()
    assert {str(path.parent.relative_to(chart_files.HELM)) for path in chart_files.present()} == set(
        chart_files.ORIGINALS
    )


def test_a_value_without_a_comment_is_refused() -> None:
    with pytest.raises(chart_values.UndocumentedError, match=r"^image\.tag has no comment$"):
        chart_values.read_values('image:\n  # Where it lies.\n  repository: x\n  tag: ""\n')
