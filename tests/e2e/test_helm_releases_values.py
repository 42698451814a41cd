"""Values of the releases API's chart: each arrives where it belongs, and what cannot work says why."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from charts import RELEASES
from e2e import test_helm_rendering as helms
from e2e.test_helm_rendering import HELMS


def template(helm: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return helms.template(helm, RELEASES, *arguments)


def rendered(helm: str, *arguments: str | Path) -> list[dict[str, Any]]:
    return helms.rendered(helm, RELEASES, *arguments)


def test_rules_and_boards_are_the_files_own() -> None:
    objects = rendered("helm", "--values", RELEASES.values("monitoring"))

    groups = [obj["spec"]["groups"] for obj in objects if obj["kind"] == "PrometheusRule"]
    files = sorted((RELEASES.folder / "files" / "rules").glob("*.yaml"))
    assert groups == [yaml.safe_load(path.read_text())["groups"] for path in files]
    boards = {name: text for obj in objects for name, text in (obj.get("data") or {}).items()}
    assert {name: json.loads(text) for name, text in boards.items()} == {
        path.name: json.loads(path.read_text())
        for path in (RELEASES.folder / "files" / "boards").glob("*.json")
    }


@pytest.mark.parametrize(
    ("sets", "sentence"),
    [
        (
            ["replicas=2"],
            "replicas is greater than 1, but a SQLite file has one writer: set database.existingSecret",
        ),
        (["expose=ingress", "trustedProxyCount=1"], "expose is ingress, but ingress.host is empty"),
        (["expose=ingress", "ingress.host=a.example"], "expose is ingress, but trustedProxyCount is not set"),
        (
            ["expose=ingress", "ingress.host=a.example", "trustedProxyCount=0"],
            "expose is ingress, but trustedProxyCount is 0",
        ),
        (["expose=httproute", "trustedProxyCount=1"], "expose is httproute, but httpRoute.host is empty"),
        (
            ["expose=httproute", "trustedProxyCount=1", "httpRoute.host=a.example"],
            "expose is httproute, but httpRoute.parentRefs is empty",
        ),
        (["ingest.bearerToken.existingSecret=x"], "but not ingest.upstreamWriteUrl that it is for"),
        (["service.metricsPort=80"], "service.port and service.metricsPort are both 80"),
        (
            ["database.existingSecret=x", "persistence.existingClaim=y"],
            "persistence.existingClaim and database.existingSecret are both set",
        ),
    ],
)
def test_impossible_combination_fails_with_a_sentence(sets: list[str], sentence: str) -> None:
    done = template("helm", *(word for value in sets for word in ("--set", value)))

    assert done.returncode != 0
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("sets", "group", "kind"),
    [
        (["metrics.serviceMonitor.enabled=true"], "monitoring.coreos.com/v1", "ServiceMonitor"),
        (["metrics.prometheusRule.enabled=true"], "monitoring.coreos.com/v1", "PrometheusRule"),
        (
            [
                *("expose=httproute", "trustedProxyCount=1"),
                *("httpRoute.host=a.example", "httpRoute.parentRefs[0].name=public"),
            ],
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
        ),
    ],
)
def test_kind_that_the_cluster_lacks_is_named_before_anything_is_installed(
    sets: list[str], group: str, kind: str
) -> None:
    arguments = [word for value in sets for word in ("--set", value)]

    refused = template("helm", *arguments)
    served = template("helm", *arguments, "--api-versions", group)

    assert refused.returncode != 0
    assert f"but this cluster has no {kind}: install the" in refused.stderr
    assert (served.returncode, f"kind: {kind}" in served.stdout) == (0, True)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("replica=2", "replica"),
        ("image.tags=1", "tags"),
        ("metrics.serviceMonitor.enable=true", "enable"),
        ("replicas=two", "/replicas"),
        ("replicas=0", "/replicas"),
        ("log.level=loud", "/log/level"),
        ("expose=nodeport", "/expose"),
        ("service.port=70000", "/service/port"),
        ("trustedProxyCount=17", "/trustedProxyCount"),
        ("persistence.keepOnUninstall=maybe", "/persistence/keepOnUninstall"),
        ("ingest.upstreamWriteUrl=http://a b/write", "/ingest/upstreamWriteUrl"),
        ("networkPolicy.metricsFrom[0].podSelectr.x=y", "podSelectr"),
        ("resources.limit.cpu=1", "limit"),
    ],
)
@pytest.mark.parametrize("helm", HELMS)
def test_unknown_value_or_wrong_type_is_refused_by_name(helm: str, value: str, named: str) -> None:
    done = template(helm, "--set", value)

    assert done.returncode != 0
    assert named in done.stderr


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize(
    "version", ["v1.24.17", "1.24.17-gke.100", "v1.25.0", "1.25.3-gke.100", "v1.37.2+k3s1"]
)
def test_kubernetes_before_1_25_is_refused_by_its_version(helm: str, version: str) -> None:
    done = template(helm, "--kube-version", version)

    old = "1.24" in version
    assert (done.returncode != 0) is old
    sentence = "requires kubeVersion: >=1.25.0-0 which is incompatible with Kubernetes v1.24.17"
    assert (sentence in done.stderr) is old


def test_release_name_that_is_as_long_as_helm_allows_still_fits() -> None:
    name = "r" * 53
    done = helms.run("helm", "template", name, RELEASES.folder, "--values", RELEASES.values("postgresql"))

    names = [obj["metadata"]["name"] for obj in yaml.safe_load_all(done.stdout) if obj]
    assert names
    assert [each for each in names if len(each) > 63] == []


@pytest.mark.parametrize(
    "awkward", ['say "hi"', "two\nlines", "it's {{ .Values }}", "yes", "0x10", "a: b # c"]
)
def test_text_arrives_in_the_pod_as_it_was_given(awkward: str, tmp_path: Path) -> None:
    given = tmp_path / "values.yaml"
    given.write_text(
        yaml.safe_dump({"podAnnotations": {"note": awkward}, "database": {"existingSecret": awkward}})
    )

    (deployment,) = [obj for obj in rendered("helm", "--values", given) if obj["kind"] == "Deployment"]

    template_of_pod = deployment["spec"]["template"]
    assert template_of_pod["metadata"]["annotations"]["note"] == awkward
    environment = {v["name"]: v for v in template_of_pod["spec"]["containers"][0]["env"]}
    assert environment["DATABASE_URL"]["valueFrom"]["secretKeyRef"]["name"] == awkward


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://receiver/write", 80),
        ("https://receiver/write", 443),
        ("https://receiver:9090/api/v1/write", 9090),
        ("http://[fd00::1]:9009/write", 9009),
    ],
)
def test_policy_lets_reports_out_to_the_port_of_the_receiver(url: str, port: int) -> None:
    objects = rendered("helm", "--set", f"ingest.upstreamWriteUrl={url}")

    (policy,) = [obj for obj in objects if obj["kind"] == "NetworkPolicy"]
    assert [[p["port"] for p in rule["ports"]] for rule in policy["spec"]["egress"]] == [[53, 53], [port]]


def test_what_the_readme_says_the_hosting_team_runs_can_be_rendered(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (RELEASES.folder / "README.md").read_text(), re.DOTALL)
    given = tmp_path / "values.yaml"
    given.write_text(example)

    kinds = {obj["kind"] for obj in rendered("helm", "--values", given, "--set", "requireKinds=false")}

    assert kinds >= {
        "Deployment",
        "Job",
        "PodDisruptionBudget",
        "Ingress",
        "ServiceMonitor",
        "PrometheusRule",
    }


def test_policy_without_gateway_and_database_lets_nothing_out() -> None:
    (policy,) = [obj for obj in rendered("helm") if obj["kind"] == "NetworkPolicy"]

    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert policy["spec"]["egress"] == []
