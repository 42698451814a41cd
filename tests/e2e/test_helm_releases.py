"""The chart of the releases API on a real control plane, where Pod Security `restricted` is enforced."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from e2e.control_plane import ControlPlane
from e2e.helm_releases import (
    CHART,
    OPERATOR,
    AsRendered,
    Helm,
    HelmError,
    content,
    custom_kinds,
    dry_run,
    restricted_namespace,
    secret,
    volumes,
)
from e2e.postgresql import PostgreSQL
from e2e.processes import Program
from e2e.rest import Object, RefusedError
from workflow_releases.catalog.key_file import make_key_file

_SECONDS = 90  # on a busy machine
OF_CRDS = ("monitoring.coreos.com/", "gateway.networking.k8s.io/")  # whose schemas no API server here knows
UPSTREAM = "http://127.0.0.1:9/api/v1/write"  # nothing is ever sent there
SQLITE = ("releases-a", "releases-b", "releases-env", "releases-kept", "releases-monitored")


@pytest.fixture(scope="module")
def site(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with the namespaces and volumes of these tests."""
    names = [*SQLITE, "releases-postgresql", "releases-refused"]
    made = [*(restricted_namespace(name) for name in names), *volumes(SQLITE)]
    asyncio.run(control_plane.apply(made))
    return control_plane


@pytest.fixture
def helm(site: ControlPlane, tmp_path: Path) -> Helm:
    return Helm(site, tmp_path)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    with PostgreSQL() as running:
        yield running


def wait_until(holds: Callable[[], bool], program: Program | None = None) -> None:
    deadline = time.monotonic() + _SECONDS
    while not holds():
        if program:
            program.check_running()
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {_SECONDS} s\n{program.log_tail() if program else ''}")
        time.sleep(0.1)  # the interval of polling, not a wait for luck


def wait_until_left(site: ControlPlane, namespace: str, left: set[str]) -> None:
    wait_until(lambda: content(site, namespace) == left)


def deployment(site: ControlPlane, namespace: str, name: str) -> Object:
    return asyncio.run(site.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"))


def pod_of(site: ControlPlane, namespace: str, name: str) -> Object:
    pod: Object = deployment(site, namespace, name)["spec"]["template"]["spec"]
    return pod


def test_two_installations_without_values_live_side_by_side_and_leave_nothing(
    site: ControlPlane, helm: Helm
) -> None:
    for namespace in ("releases-a", "releases-b"):
        notes = helm.install("catalogs", namespace)
        assert f"installed as catalogs-workflow-releases in namespace {namespace}" in notes
        assert "SQLite on the claim catalogs-workflow-releases-data; one replica" in notes
    status = deployment(site, "releases-a", "catalogs-workflow-releases")["status"]
    assert (status["readyReplicas"], status["replicas"]) == (1, 1)

    upgrade = ("upgrade", "catalogs", CHART, "--wait", "--set", "log.level=debug")
    helm(*upgrade, namespace="releases-a")
    levels = [_level(site, namespace) for namespace in ("releases-a", "releases-b")]
    helm("rollback", "catalogs", "1", "--wait", namespace="releases-a")

    assert (levels, _level(site, "releases-a")) == (["debug", "info"], "info")
    assert helm.statuses("catalogs", "releases-a") == ["superseded", "superseded", "deployed"]
    for namespace in ("releases-a", "releases-b"):
        helm("uninstall", "catalogs", "--wait", namespace=namespace)
        wait_until_left(site, namespace, set())


def _level(site: ControlPlane, namespace: str) -> str:
    (container,) = pod_of(site, namespace, "catalogs-workflow-releases")["containers"]
    environment = {variable["name"]: variable.get("value") for variable in container["env"]}
    return str(environment["LOG_LEVEL"])


def test_claim_stays_where_a_value_says_so_and_a_second_installation_takes_it_up(
    site: ControlPlane, helm: Helm
) -> None:
    keep = ("--set", "persistence.keepOnUninstall=true")
    helm.install("kept", "releases-kept", *keep)
    helm("uninstall", "kept", "--wait", namespace="releases-kept")
    wait_until_left(site, "releases-kept", {"PersistentVolumeClaim/kept-workflow-releases-data"})

    helm.install("kept", "releases-kept", *keep)

    status = deployment(site, "releases-kept", "kept-workflow-releases")["status"]
    assert status["readyReplicas"] == 1


def test_program_serves_with_exactly_what_the_chart_gives_it(
    site: ControlPlane, helm: Helm, tmp_path: Path
) -> None:
    make_key_file(tmp_path / "key.pem")
    key = secret("releases-env", "signing", signing__pem=(tmp_path / "key.pem").read_text())
    token = secret("releases-env", "upstream", token="of-the-receiver")
    asyncio.run(site.apply([key, token]))
    given = [
        *("signing.existingSecret=signing", "ingest.bearerToken.existingSecret=upstream"),
        *(f"ingest.upstreamWriteUrl={UPSTREAM}", "ingest.sourceRatePerMinute=1000000"),
    ]
    helm.install("env", "releases-env", *(word for value in given for word in ("--set", value)))
    pod = AsRendered(
        site, "releases-env", pod_of(site, "releases-env", "env-workflow-releases"), tmp_path / "pod"
    )
    program = pod.program("releases")

    program.start()
    try:
        wait_until(lambda: pod.probe("startupProbe") == 200, program)
        probes = [pod.probe(kind) for kind in ("livenessProbe", "readinessProbe")]
        catalog = pod.get("http", "/v1/catalogs/deis")
        metrics = [pod.answers(port, "/metrics") for port in ("metrics", "http")]
        gateway = pod.answers("http", "/api/v1/write")
    finally:
        ended = program.stop()

    assert (probes, metrics, gateway, ended) == ([200, 200], [200, 404], 405, 0)
    assert (catalog.status_code, "catalog-signature" in catalog.headers) == (200, True)
    assert pod.environment() == {
        "HOST": "0.0.0.0",  # noqa: S104 - a pod's own addresses
        "PORT": "8090",
        "METRICS_PORT": "8091",
        "DATABASE_URL": "sqlite:////data/releases.db",
        "CATALOG_SIGNING_KEY_FILE": "/etc/workflow-releases/signing/keys.pem",
        "LEGACY_PLATFORM": "deis",
        "UPSTREAM_WRITE_URL": UPSTREAM,
        "UPSTREAM_BEARER_TOKEN_FILE": "/etc/workflow-releases/upstream/token",
        "INGEST_SOURCE_RATE_PER_MINUTE": "1000000",  # not 1e+06
        "INGEST_INSTANCE_RATE_PER_HOUR": "12",
        "TRUSTED_PROXY_COUNT": "0",
        "LOG_LEVEL": "info",
        "LOG_FORMAT": "json",
    }
    assert [(port["name"], port["containerPort"]) for port in pod.container["ports"]] == [
        ("http", 8090),
        ("metrics", 8091),
    ]
    assert (tmp_path / "pod" / "data" / "releases.db").exists()


def test_replicas_on_postgresql_are_migrated_before_they_start(
    site: ControlPlane, helm: Helm, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    namespace, name = "releases-postgresql", "many-workflow-releases"
    asyncio.run(site.apply([secret(namespace, "database", url=postgresql.url)]))
    # helm keeps a release, boards and all, in one Secret of 1 MiB.
    values = ("replicas=3", "database.existingSecret=database", "metrics.dashboards.enabled=true")
    many = [word for value in values for word in ("--set", value)]

    notes = helm.install("many", namespace, *many)

    assert "a Job migrated it before the pods started" in notes
    assert deployment(site, namespace, name)["status"]["readyReplicas"] == 3
    boards = [thing for thing in content(site, namespace) if thing.startswith("ConfigMap/")]
    assert len(boards) == len(list(CHART.glob("files/boards/*.json")))
    # The Job is gone, and what it would run works on an empty database.
    jobs = [event for event in _events(site, namespace) if event["involvedObject"]["kind"] == "Job"]
    assert {event["involvedObject"]["name"] for event in jobs} == {f"{name}-migrate"}
    assert not [thing for thing in content(site, namespace) if thing.startswith("Job/")]
    job = _rendered_job(helm, namespace)
    migration = AsRendered(site, namespace, job["spec"]["template"]["spec"], tmp_path / "job")
    serving = AsRendered(site, namespace, pod_of(site, namespace, name), tmp_path / "pod")
    migrated, program = migration.program("migration"), serving.program("releases")
    migrated.start()
    wait_until(lambda: not migrated.running)
    assert migrated.stop() == 0, migrated.log_tail()
    program.start()
    try:
        wait_until(lambda: serving.probe("readinessProbe") == 200, program)
    finally:
        program.kill()

    helm("upgrade", "many", CHART, "--wait", "--reuse-values", "--set", "replicas=2", namespace=namespace)
    assert helm.statuses("many", namespace) == ["superseded", "deployed"]
    helm("uninstall", "many", "--wait", namespace=namespace)
    wait_until_left(site, namespace, {"Secret/database"})


def _rendered_job(helm: Helm, namespace: str) -> Object:
    """The hook's Job, as helm keeps it."""
    hooks = yaml.safe_load_all(helm("get", "hooks", "many", namespace=namespace))
    (job,) = [hook for hook in hooks if hook and hook["kind"] == "Job"]
    return dict(job)


def _events(site: ControlPlane, namespace: str) -> list[Object]:
    events: list[Object] = asyncio.run(site.get(f"/api/v1/namespaces/{namespace}/events"))["items"]
    return events


def test_a_pod_of_another_make_is_refused_in_such_a_namespace(site: ControlPlane) -> None:
    """The control: these namespaces do enforce it."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "careless"},
        "spec": {"containers": [{"name": "any", "image": "example.org/any:1"}]},
    }

    with pytest.raises(RefusedError, match=r"violates PodSecurity .*restricted"):
        asyncio.run(site.create("/api/v1/namespaces/releases-refused/pods", pod))


@pytest.mark.parametrize("scenario", sorted(path.name for path in CHART.glob("ci/*-values.yaml")))
def test_every_scenario_is_taken_by_a_real_api_server_and_by_pod_security(
    site: ControlPlane, helm: Helm, scenario: str
) -> None:
    """Dry runs that refuse unknown fields; each template is tried as a pod, since only pods are enforced."""
    namespace = "releases-refused"
    rendered = helm("template", "dry", CHART, "--values", CHART / "ci" / scenario, namespace=namespace)
    objects = [obj for obj in yaml.safe_load_all(rendered) if obj]
    known = [obj for obj in objects if not obj["apiVersion"].startswith(OF_CRDS)]
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "dry"},
            "spec": obj["spec"]["template"]["spec"],
        }
        for obj in known
        if obj["kind"] in {"Deployment", "Job"}
    ]

    assert pods
    for obj in (*known, *pods):
        dry_run(site, namespace, obj)


def test_a_prometheus_operator_gets_the_monitor_the_rules_and_the_boards(
    site: ControlPlane, helm: Helm
) -> None:
    """And the chart sees that it is there."""
    namespace = "releases-monitored"
    values = ("--values", str(CHART / "ci" / "monitoring-values.yaml"), "--set", "requireKinds=true")

    with custom_kinds(site, *OPERATOR):
        helm.install("watched", namespace, *values)

        kinds = Counter(thing.split("/")[0] for thing in content(site, namespace))
        rules, boards = (len(list(CHART.glob(f"files/{folder}/*"))) for folder in ("rules", "boards"))
        found = {kind: kinds[kind] for kind in ("ServiceMonitor", "PrometheusRule", "ConfigMap")}
        assert found == {"ServiceMonitor": 1, "PrometheusRule": rules, "ConfigMap": boards}
        helm("uninstall", "watched", "--wait", namespace=namespace)
        wait_until_left(site, namespace, set())


def test_a_cluster_without_the_prometheus_operator_says_so(site: ControlPlane, helm: Helm) -> None:
    with pytest.raises(
        HelmError, match="this cluster has no ServiceMonitor: install the Prometheus Operator"
    ):
        helm.install("refused", "releases-refused", "--set", "metrics.serviceMonitor.enabled=true")

    assert content(site, "releases-refused") == set()
