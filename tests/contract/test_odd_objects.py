"""One odd object among good ones: skipped and counted, and every output still answers."""

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import clusters
from representative import representative_self_metrics
from web_client import PUBLIC_PATHS, ask, metrics, public
from workflow_exporter.cluster.recorded import RecordedCluster
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.refresh import Composer
from workflow_exporter.snapshot import CatalogReading, Choices, Snapshot
from workflow_exporter.web.metrics import MetricsEndpoint

NOW = datetime(2026, 2, 1, tzinfo=UTC)
PROFILES = shipped_profiles()
INSIDE_PATHS = ("/api/v1/components", "/api/v1/workloads", "/api/v1/nodes", "/api/v1/status")


def running() -> list[dict[str, Any]]:
    return clusters.as_running_objects(clusters.manifests("deis-v2.18.0"))


def odd(kind: str, *path: str | int, value: Any) -> dict[str, Any]:
    """A second object like the first of its kind, with a name of its own and one value that is odd."""
    obj = copy.deepcopy(next(one for one in running() if one["kind"] == kind))
    obj["metadata"] |= {"name": f"{obj['metadata']['name']}-odd", "uid": "odd"}
    if kind in {"Deployment", "ReplicationController"}:  # known by its name, and so decoded
        obj["metadata"]["name"] = "deis-router"
    *way, last = path
    inner: Any = obj
    for step in way:
        inner = inner[step]
    inner[last] = value
    return obj


def composed(folder: Path, *objects: dict[str, Any]) -> Snapshot:
    file = folder / "cluster.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    recording = RecordedCluster(file, PROFILES, namespace="deis", read_at=NOW)
    composer = Composer(recording, PROFILES, "deis", choices=Choices(), identity_key=b"k" * 32)
    return composer.compose(NOW, CatalogReading(None, None), None)


NO_ZONE, YEAR_ONE = "2026-01-05T10:00:00", "0001-01-01T00:00:00+05:00"
ENDLESS = 10**400


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("source", "obj"),
    [
        ("nodes", odd("Node", "status", "capacity", "memory", value="1e999")),
        ("nodes", odd("Node", "status", "capacity", "cpu", value="1e999")),
        ("nodes", odd("Node", "status", "capacity", "pods", value="-1")),
        ("nodes", odd("Node", "metadata", "creationTimestamp", value=NO_ZONE)),
        ("nodes", odd("Node", "metadata", "creationTimestamp", value=YEAR_ONE)),
        ("deployments", odd("Deployment", "spec", "replicas", value=ENDLESS)),
        ("deployments", odd("Deployment", "spec", "replicas", value=-1)),
        ("deployments", odd("Deployment", "status", "readyReplicas", value=ENDLESS)),
        ("deployments", odd("Deployment", "metadata", "creationTimestamp", value=NO_ZONE)),
        ("deployments", odd("Deployment", "metadata", "creationTimestamp", value=YEAR_ONE)),
        ("daemonsets", odd("DaemonSet", "status", "desiredNumberScheduled", value=-1)),
        ("pods", odd("Pod", "metadata", "creationTimestamp", value=NO_ZONE)),
        ("pods", odd("Pod", "metadata", "deletionTimestamp", value=YEAR_ONE)),
        ("pods", odd("Pod", "status", "containerStatuses", 0, "restartCount", value=ENDLESS)),
        ("pods", odd("Pod", "status", "containerStatuses", 0, "restartCount", value=-1)),
        ("services", odd("Service", "spec", "ports", 0, "port", value=ENDLESS)),
        ("services", odd("Service", "metadata", "creationTimestamp", value=YEAR_ONE)),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
async def test_object_with_an_odd_amount_or_moment_is_counted_and_fails_no_output(
    tmp_path: Path, source: str, obj: dict[str, Any]
) -> None:
    if source == "daemonsets":
        obj["metadata"]["name"] = next(o for o in running() if o["kind"] == "DaemonSet")["metadata"]["name"]

    without, snapshot = composed(tmp_path, *running()), composed(tmp_path, *running(), obj)

    assert snapshot.inventory.malformed_objects == {source: 1}
    assert snapshot.components == without.components
    assert snapshot.inventory.nodes == without.inventory.nodes
    endpoint = MetricsEndpoint(lambda: snapshot, representative_self_metrics().registry)
    answers = [await ask(public(snapshot, lambda: NOW), path) for path in PUBLIC_PATHS]
    answers += [await ask(metrics(snapshot), path) for path in INSIDE_PATHS]
    answers.append(await ask(endpoint, "/metrics"))  # type: ignore[arg-type] # an ASGI app of another type
    assert {answer.url.path: answer.status_code for answer in answers if answer.status_code != 200} == {}
    assert f'workflow_exporter_malformed_objects{{source="{source}"}} 1' in answers[-1].text


@pytest.mark.anyio
async def test_moment_of_another_zone_is_shown_in_utc(tmp_path: Path) -> None:
    objects = running()
    pod = next(obj for obj in objects if obj["kind"] == "Pod")
    pod["metadata"]["creationTimestamp"] = "2026-01-05T12:00:00+02:00"

    snapshot = composed(tmp_path, *objects)

    created = [
        one.created
        for workload in snapshot.inventory.workloads
        for one in workload.pods
        if one.name == pod["metadata"]["name"]
    ]
    assert created == [datetime(2026, 1, 5, 10, tzinfo=UTC)]
    assert created[0] is not None
    assert created[0].utcoffset() == timedelta(0)
