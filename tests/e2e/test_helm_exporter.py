"""The agent's chart on a real control plane, where Pod Security `restricted` is enforced: its whole life."""

import asyncio
import base64
import shlex
from pathlib import Path

import pytest
import yaml

from charts import EXPORTER
from e2e.control_plane import ControlPlane
from e2e.helm_exporter import CHART
from e2e.helm_releases import (
    GATEWAY,
    OPERATOR,
    Helm,
    HelmError,
    content,
    custom_kinds,
    restricted_namespace,
)
from e2e.reporting import wait_until
from e2e.rest import Object

SECONDS = 90  # on a busy machine
OF_CRDS = ("monitoring.coreos.com/", "gateway.networking.k8s.io/")  # whose schemas no API server here knows
LONG = "agent-" + "n" * 57
HOMES = ("agent-life", "agent-one", "agent-two", "agent-dry", LONG)
PLATFORMS = ("agent-platform", "deis", "123")  # the last two as the scenarios name them
REPORTING = ("--set", "reporting.enabled=true,reporting.url=https://gateway.example.org/api/v1/write")
NAME, KEY = "agent-workflow-exporter", "agent-workflow-exporter-id-key"


@pytest.fixture(scope="module")
def site(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with the namespaces of these tests."""
    plain = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in PLATFORMS]
    asyncio.run(control_plane.apply([*(restricted_namespace(name) for name in HOMES), *plain]))
    return control_plane


@pytest.fixture
def helm(site: ControlPlane, tmp_path: Path) -> Helm:
    return Helm(site, tmp_path)


def install(helm: Helm, name: str, namespace: str, *arguments: str) -> str:
    """Returns when everything is ready, with the notes."""
    return helm("install", name, CHART, "--wait", *arguments, namespace=namespace)


def get(site: ControlPlane, path: str) -> Object:
    return asyncio.run(site.get(path))


def id_key(site: ControlPlane, namespace: str) -> bytes:
    secret = get(site, f"/api/v1/namespaces/{namespace}/secrets/{KEY}")
    return base64.b64decode(secret["data"]["id.key"])


def in_notes(notes: str, begin: str) -> list[str]:
    """The words of the command that the notes tell, after `helm` and with the chart in its place."""
    (line,) = [line.strip() for line in notes.splitlines() if line.strip().startswith(begin)]
    return [str(CHART) if word == "CHART" else word for word in shlex.split(line)[1:]]


def given(site: ControlPlane, namespace: str) -> dict[str, str]:
    """The environment in the Deployment."""
    deployment = get(site, f"/apis/apps/v1/namespaces/{namespace}/deployments/{NAME}")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: variable["value"] for variable in container["env"]}


def cluster_roles(site: ControlPlane) -> set[str]:
    kinds = ("clusterroles", "clusterrolebindings")
    items = [
        item for kind in kinds for item in get(site, f"/apis/rbac.authorization.k8s.io/v1/{kind}")["items"]
    ]
    return {item["metadata"]["name"] for item in items if item["metadata"]["name"].endswith(f":{NAME}")}


def behind(site: ControlPlane, namespace: str, service: str) -> list[tuple[str, int]]:
    """Name and port of each endpoint of a Service."""
    subsets = get(site, f"/api/v1/namespaces/{namespace}/endpoints/{service}").get("subsets", [])
    return sorted((port["name"], port["port"]) for subset in subsets for port in subset["ports"])


def test_it_is_installed_changed_rolled_back_and_leaves_only_the_key_that_the_next_one_takes_up(
    site: ControlPlane, helm: Helm
) -> None:
    namespace = "agent-life"
    notes = install(helm, "agent", namespace, *REPORTING)
    key = id_key(site, namespace)
    assert len(key) == 32
    assert f"The id key is in Secret {KEY}. It stays when the release is uninstalled" in notes
    kept = get(site, f"/api/v1/namespaces/{namespace}/secrets/{KEY}")["metadata"]["annotations"]
    assert kept["helm.sh/resource-policy"] == "keep"

    helm(*in_notes(notes, "helm upgrade"), namespace=namespace)
    assert get(site, f"/api/v1/namespaces/{namespace}/services/{NAME}")["metadata"]["labels"].get(
        "router.deis.io/routable"
    )
    assert id_key(site, namespace) == key

    everything = ("--set", "legacyService.enabled=true", "--set", "expose=router", "--set", "log.level=debug")
    notes = helm(
        "upgrade", "agent", CHART, "--wait", *everything, namespace=namespace
    )  # reporting is off again
    assert "Reports: off; nothing is sent" in notes
    assert "without a login" in notes
    assert {"ID_KEY_FILE", "REPORT_URL"} & set(given(site, namespace)) == set()
    assert given(site, namespace)["LOG_LEVEL"] == "debug"
    wait_until(lambda: behind(site, namespace, "deis-workflow-manager") == [("http", 8080)], SECONDS)
    assert behind(site, namespace, NAME) == [("http", 8080), ("metrics", 8081)]
    helm("rollback", "agent", "1", "--wait", namespace=namespace)
    assert (given(site, namespace)["LOG_LEVEL"], given(site, namespace)["REPORTING_ENABLED"]) == (
        "info",
        "true",
    )
    helm("upgrade", "agent", CHART, "--wait", *REPORTING, namespace=namespace)
    assert id_key(site, namespace) == key
    assert helm.statuses("agent", namespace) == [*["superseded"] * 4, "deployed"]

    helm("uninstall", "agent", "--wait", namespace=namespace)
    wait_until(lambda: content(site, namespace) == {f"Secret/{KEY}"}, SECONDS)
    assert cluster_roles(site) == set()
    with pytest.raises(HelmError, match=f"Secret {KEY} has no key other: restore it, or name another Secret"):
        install(helm, "agent", namespace, *REPORTING, "--set", "reporting.idKey.secretKey=other")
    install(helm, "agent", namespace, *REPORTING)
    assert id_key(site, namespace) == key
    helm("uninstall", "agent", "--wait", namespace=namespace)


def test_releases_of_one_name_in_two_namespaces_share_a_platform_and_nothing_else(
    site: ControlPlane, helm: Helm
) -> None:
    for namespace in ("agent-one", "agent-two"):
        install(helm, "agent", namespace, "--set", "platform.namespace=agent-platform")

    assert cluster_roles(site) == {f"agent-one:{NAME}", f"agent-two:{NAME}"}
    assert given(site, "agent-one")["WORKFLOW_NAMESPACE"] == "agent-platform"
    roles = {f"{kind}/{ns}:{NAME}" for kind in ("Role", "RoleBinding") for ns in ("agent-one", "agent-two")}
    assert content(site, "agent-platform") == roles

    helm("uninstall", "agent", "--wait", namespace="agent-one")
    wait_until(lambda: content(site, "agent-one") == set(), SECONDS)
    assert content(site, "agent-platform") == {role for role in roles if "agent-two" in role}
    assert cluster_roles(site) == {f"agent-two:{NAME}"}
    helm("uninstall", "agent", "--wait", namespace="agent-two")
    wait_until(lambda: content(site, "agent-two") | content(site, "agent-platform") == set(), SECONDS)


def test_helm_3_installs_it_too_and_helm_4_goes_on_with_what_it_left(
    site: ControlPlane, helm: Helm, tmp_path: Path
) -> None:
    namespace, helm_3 = "agent-life", Helm(site, tmp_path, "helm3")
    notes = install(helm_3, "third", namespace, *REPORTING)
    key = get(site, f"/api/v1/namespaces/{namespace}/secrets/third-workflow-exporter-id-key")["data"]
    assert "The id key is in Secret third-workflow-exporter-id-key." in notes

    helm("upgrade", "third", CHART, "--wait", *REPORTING, "--set", "log.level=debug", namespace=namespace)
    helm_3("rollback", "third", "1", "--wait", namespace=namespace)
    helm_3("uninstall", "third", "--wait", namespace=namespace)
    install(helm, "third", namespace, *REPORTING)

    held = get(site, f"/api/v1/namespaces/{namespace}/secrets/third-workflow-exporter-id-key")["data"]
    assert held == key
    helm("uninstall", "third", "--wait", namespace=namespace)
    asyncio.run(site.delete(f"/api/v1/namespaces/{namespace}/secrets/third-workflow-exporter-id-key"))
    wait_until(lambda: {thing for thing in content(site, namespace) if "third" in thing} == set(), SECONDS)


@pytest.mark.parametrize("scenario", EXPORTER.scenarios)
def test_every_scenario_is_taken_by_a_real_api_server_and_by_pod_security(
    site: ControlPlane, helm: Helm, scenario: str
) -> None:
    """Dry runs that refuse unknown fields; the template is tried as a pod, since only pods are enforced."""
    rendered = helm("template", "dry", CHART, "--values", EXPORTER.values(scenario), namespace="agent-dry")
    objects = [obj for obj in yaml.safe_load_all(rendered) if obj]
    known = [obj for obj in objects if not obj["apiVersion"].startswith(OF_CRDS)]
    (spec,) = [obj["spec"]["template"]["spec"] for obj in known if obj["kind"] == "Deployment"]
    metadata = {"name": "dry", "namespace": "agent-dry"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    for obj in (*known, pod):
        dry_run(site, obj)


def test_names_fit_where_release_and_namespace_are_as_long_as_they_may_be(
    site: ControlPlane, helm: Helm
) -> None:
    """Rendered with the cluster at hand, so with an id key of the chart's own."""
    whole = (*REPORTING, "--set", "metrics.dashboards.enabled=true")

    rendered = helm("template", "r" * 53, CHART, "--dry-run=server", *whole, namespace=LONG)

    objects = [obj for obj in yaml.safe_load_all(rendered) if obj]
    assert {"Secret", "ConfigMap", "ClusterRole"} <= {obj["kind"] for obj in objects}
    for obj in objects:
        dry_run(site, obj)


def dry_run(site: ControlPlane, obj: Object) -> None:
    """Fails with the API server's reason."""
    version, namespace = obj["apiVersion"], obj["metadata"].get("namespace")
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    with site.rest().blocking_client() as client:
        resources = client.get(root).raise_for_status().json()["resources"]
        (plural,) = [r["name"] for r in resources if r["kind"] == obj["kind"] and "/" not in r["name"]]
        scope = f"/namespaces/{namespace}" if namespace else ""
        answer = client.post(
            f"{root}{scope}/{plural}", params={"dryRun": "All", "fieldValidation": "Strict"}, json=obj
        )
    assert answer.status_code == 201, answer.text


def test_a_cluster_with_operator_and_gateway_gets_monitor_alerts_board_and_route(
    site: ControlPlane, helm: Helm
) -> None:
    """And the chart sees that they are there."""
    namespace = "agent-dry"
    scenarios = [word for name in ("monitoring", "httproute") for word in ("--values", EXPORTER.values(name))]

    with custom_kinds(site, *OPERATOR, *GATEWAY):
        install(helm, "agent", namespace, *map(str, scenarios), "--set", "requireKinds=true")

        assert {f"ServiceMonitor/{NAME}", f"PrometheusRule/{NAME}-operators", f"HTTPRoute/{NAME}"} | {
            f"ConfigMap/{NAME}-workflow-cluster"
        } <= content(site, namespace)
        helm("uninstall", "agent", "--wait", namespace=namespace)
        wait_until(lambda: content(site, namespace) == set(), SECONDS)


def test_a_cluster_without_the_prometheus_operator_says_so_before_anything_is_made(
    site: ControlPlane, helm: Helm
) -> None:
    with pytest.raises(
        HelmError, match="this cluster has no ServiceMonitor: install the Prometheus Operator"
    ):
        install(helm, "agent", "agent-dry", "--set", "metrics.serviceMonitor.enabled=true")

    assert content(site, "agent-dry") == set()
