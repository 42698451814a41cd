"""The agent, started with exactly what its chart renders, reads the real cluster by its own account."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import clusters
from e2e.agent import CATALOGS
from e2e.control_plane import ControlPlane
from e2e.helm_exporter import CHART, AgentAsRendered
from e2e.helm_releases import Helm, restricted_namespace, secret
from e2e.processes import Program

HOME, PLATFORM, NAME = "agent-as-rendered", "deis", "agent-workflow-exporter"
_SECONDS = 90  # on a busy machine
VALUES = {
    "platform.namespace": PLATFORM,
    "platform.offCluster": "{registry}",
    "checks.catalog.configMap": "catalogs",
    "caBundle.configMap": "ca",
    # Nobody listens there either: the API server must be reached without it.
    "proxy.https": "http://127.0.0.1:1",
    "reporting.enabled": "true",
    # Nobody listens there: what is sent at some moment of the hour reaches no one.
    "reporting.url": "http://127.0.0.1:1/api/v1/write",
    "reporting.allowHttp": "true",
    "reporting.audience": "test",
    "reporting.bearerToken.existingSecret": "receiver",
}
ENVIRONMENT = {
    "HOST": "0.0.0.0",  # noqa: S104 - a pod's own addresses
    "PORT": "8080",
    "METRICS_PORT": "8081",
    "WORKFLOW_NAMESPACE": PLATFORM,
    "PLATFORM": "auto",
    "OFF_CLUSTER": "registry",
    "CHECK_VERSIONS": "true",
    "CATALOG_FILE": "/etc/workflow-exporter/catalog",
    "TRAIN": "stable",
    "REPORTING_ENABLED": "true",
    "REPORT_URL": "http://127.0.0.1:1/api/v1/write",
    "REPORT_AUDIENCE": "test",
    "REPORT_ALLOW_HTTP": "true",
    "REPORT_BEARER_TOKEN_FILE": "/etc/workflow-exporter/report/token",
    "ID_KEY_FILE": "/etc/workflow-exporter/id/key",
    "CA_BUNDLE_FILE": "/etc/workflow-exporter/ca/ca.crt",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "NO_PROXY": "127.0.0.1,.svc,.cluster.local",  # the first is the API server's address
    "LOG_LEVEL": "info",
    "LOG_FORMAT": "json",
}


@pytest.fixture(scope="module")
def pod(
    control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[AgentAsRendered, Program]]:
    """Of the chart, installed beside a Hephy; the program runs and is ready."""
    asyncio.run(control_plane.apply([restricted_namespace(HOME), *clusters.manifests("hephy-v2.22.3")]))
    asyncio.run(control_plane.wait_until_running(PLATFORM))
    catalogs = {path.name: path.read_text() for path in CATALOGS.glob("*.json")}
    maps = {"catalogs": catalogs, "ca": {"ca.crt": (control_plane.ca_file or Path()).read_text()}}
    asyncio.run(control_plane.apply([secret(HOME, "receiver", token="word"), *config_maps(maps)]))
    folder = tmp_path_factory.mktemp("chart")
    helm = Helm(control_plane, folder)
    sets = [word for name, value in VALUES.items() for word in ("--set", f"{name}={value}")]
    helm("install", "agent", CHART, "--wait", *sets, namespace=HOME)
    deployment = asyncio.run(control_plane.get(f"/apis/apps/v1/namespaces/{HOME}/deployments/{NAME}"))
    rendered = AgentAsRendered(control_plane, HOME, deployment["spec"]["template"]["spec"], folder / "pod")
    program = rendered.program("agent")
    program.start()
    try:
        wait_until(lambda: rendered.probe("readinessProbe") == 200, program)
        yield rendered, program
    finally:
        program.kill()
        helm("uninstall", "agent", "--wait", namespace=HOME)
        asyncio.run(control_plane.rest().clear_namespace(PLATFORM))


def config_maps(contents: dict[str, dict[str, str]]) -> list[dict[str, object]]:
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": HOME}, "data": data}
        for name, data in contents.items()
    ]


def wait_until(holds: Callable[[], bool], program: Program) -> None:
    deadline = time.monotonic() + _SECONDS
    while not holds():
        program.check_running()
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {_SECONDS} s\n{program.log_tail()}")
        time.sleep(0.1)  # the interval of polling, not a wait for luck


def test_it_is_given_these_settings_ports_and_files_and_nothing_more(
    pod: tuple[AgentAsRendered, Program],
) -> None:
    rendered, _program = pod

    assert rendered.environment() == ENVIRONMENT
    assert [(port["name"], port["containerPort"]) for port in rendered.container["ports"]] == [
        ("http", 8080),
        ("metrics", 8081),
    ]
    assert [mount["mountPath"] for mount in rendered.container["volumeMounts"]] == [
        f"/etc/workflow-exporter/{folder}" for folder in ("id", "report", "ca", "catalog")
    ]
    assert {"command", "args", "envFrom"} & set(rendered.container) == set()  # the image's entry point


def test_all_probes_are_answered_and_metrics_are_on_their_port_alone(
    pod: tuple[AgentAsRendered, Program],
) -> None:
    rendered, _program = pod

    probes = [rendered.probe(kind) for kind in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert probes == [200, 200, 200]
    assert [rendered.answers(port, "/metrics") for port in ("metrics", "http")] == [200, 404]


def test_by_its_account_every_source_is_up_and_every_version_is_judged(
    pod: tuple[AgentAsRendered, Program],
) -> None:
    rendered, program = pod

    up = sources_up(rendered.get("metrics", "/metrics"))
    assert set(up.values()) == {1.0}, (up, program.log_tail())
    assert len(up) > 8
    document = rendered.get("http", "/api/v1/components").json()
    verdicts = {component["component"]: component["verdict"] for component in document["components"]}
    assert verdicts["controller"] == "outdated"
    assert verdicts["router"] in {"current", "outdated"}


def test_its_ids_are_made_with_the_chart_s_key(
    pod: tuple[AgentAsRendered, Program], control_plane: ControlPlane
) -> None:
    rendered, _program = pod
    made = asyncio.run(control_plane.get(f"/api/v1/namespaces/{HOME}/secrets/{NAME}-id-key"))
    key = base64.b64decode(made["data"]["id.key"])
    uids = [
        asyncio.run(control_plane.get(f"/api/v1/namespaces/{name}"))["metadata"]["uid"]
        for name in ("kube-system", PLATFORM)
    ]

    secret_of_instance = hmac.digest(key, "\n".join(["instance", *uids]).encode(), "sha256")
    instance_id = hashlib.sha256(secret_of_instance).hexdigest()[:32]
    assert instance_id in rendered.get("metrics", "/api/v1/report").text
    assert instance_id not in rendered.get("http", "/report").text


def sources_up(answer: httpx.Response) -> dict[str, float]:
    return {
        sample.labels["source"]: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "workflow_exporter_source_up"
    }
