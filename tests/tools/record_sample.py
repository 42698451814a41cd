"""Records the sample cluster that `make run` shows: what kubectl printed of a real control plane.

    PYTHONPATH=tests .venv/bin/python -m tools.record_sample exporter/sample

The cluster is a believable one: Hephy Workflow v2.22.3, once upgraded from Deis, on four kinds of
nodes, with what operators of such clusters meet. UIDs, times and pod names differ from one recording to
the next; everything else is the same.
"""

import argparse
import asyncio
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clusters import builder_pods, manifests, unknown_workloads
from e2e.control_plane import ControlPlane
from e2e.nodes import AMAZON_LINUX_ARM, DEBIAN, FLATCAR, UBUNTU, node
from e2e.processes import tool
from e2e.rest import until

Manifest = dict[str, Any]

NAMESPACE = "deis"
NODES = {
    "worker-1": UBUNTU,
    "worker-2": UBUNTU,
    "worker-3": DEBIAN,
    "worker-4": FLATCAR,
    "worker-5": AMAZON_LINUX_ARM,
}
# File -> what `kubectl get` is asked for. The agent reads no more than this, and it reads it one by one.
_IN_NAMESPACE = {
    "pods": ["pods"],
    "services": ["services"],
    "replicationcontrollers": ["replicationcontrollers"],
    "deployments": ["deployments"],
    "daemonsets": ["daemonsets"],
    "statefulsets": ["statefulsets"],
    "cronjobs": ["cronjobs"],
    "configmaps": ["configmaps", "slugbuilder-config", "dockerbuilder-config", "slugrunner-config"],
}
_CLUSTER_WIDE = {"nodes": ["nodes", *NODES], "namespaces": ["namespaces", "kube-system", NAMESPACE]}

_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
_DAEMON_SETS = f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_ANNOTATION = "component.deis.io/version"


def sample_cluster() -> list[Manifest]:
    """Hephy v2.22.3 in its default configuration, but for what happened to it since."""
    hephy = [
        manifest
        for manifest in manifests("hephy-v2.22.3")
        # Objects are stored elsewhere, and OFF_CLUSTER does not say so: minio is missing.
        if manifest["kind"] != "Node" and manifest["metadata"]["name"] != "deis-minio"
    ]
    _set_version(_find(hephy, "deis-builder"), "v2.13.5")  # held back: behind the platform's release
    _set_version(_find(hephy, "deis-router"), "v2.19.0")  # upgraded by itself: ahead of it
    _set_version(_find(hephy, "deis-workflow-manager"), "canary")
    fluentd = _find(hephy, "deis-logger-fluentd")
    _set_version(fluentd, "v2.14.2")
    fluentd["spec"]["updateStrategy"] = {"type": "OnDelete"}  # see _roll_fluentd_half_way
    leftovers = [
        manifest
        for manifest in manifests("deis-v2.9.0")
        if manifest["kind"] == "ReplicationController"
        and manifest["metadata"]["name"] in {"deis-builder", "deis-controller", "deis-router"}
    ]
    strangers = [*builder_pods(NAMESPACE)[:2], unknown_workloads(NAMESPACE)[0]]
    nodes = [node(name, kind) for name, kind in NODES.items()]
    return [*nodes, *hephy, *leftovers, *strangers]


async def run_sample(control_plane: ControlPlane) -> None:
    """Returns when the sample cluster is as it is recorded."""
    await control_plane.apply(sample_cluster())
    await control_plane.wait_until_running(NAMESPACE)
    await _roll_fluentd_half_way(control_plane)
    await _break_a_pod(control_plane)


def dump(kubeconfig: Path, folder: Path) -> None:
    """Writes one file for each resource, exactly as kubectl prints it."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, arguments in _IN_NAMESPACE.items():
        _kubectl(kubeconfig, ["get", "-n", NAMESPACE, *arguments, "-o", "yaml"], folder / f"{file}.yaml")
    for file, arguments in _CLUSTER_WIDE.items():
        _kubectl(kubeconfig, ["get", *arguments, "-o", "yaml"], folder / f"{file}.yaml")
    _kubectl(kubeconfig, ["version", "-o", "yaml"], folder / "version.yaml")


async def _roll_fluentd_half_way(control_plane: ControlPlane) -> None:
    """A newer template, and two of five pods made anew since: the pods differ."""
    path = f"{_DAEMON_SETS}/deis-logger-fluentd"
    container = {"name": "deis-logger-fluentd", "image": "hephy/fluentd:v2.15.1"}
    await control_plane.patch(
        path,
        {
            "metadata": {"annotations": {_ANNOTATION: "v2.15.1"}},
            "spec": {"template": {"spec": {"containers": [container]}}},
        },
    )

    async def not_seen() -> str | None:
        daemon_set = await control_plane.get(path)
        seen = daemon_set["status"]["observedGeneration"] == daemon_set["metadata"]["generation"]
        return None if seen else "the new template"

    await until(not_seen, seconds=20)
    for pod in await _pods_of(control_plane, "deis-logger-fluentd"):
        if pod["spec"]["nodeName"] in {"worker-1", "worker-2"}:
            await control_plane.delete(f"{_PODS}/{pod['metadata']['name']}")

    async def not_replaced() -> str | None:
        status = (await control_plane.get(path))["status"]
        counts = (status.get("numberReady"), status.get("updatedNumberScheduled"))
        return None if counts == (len(NODES), 2) else f"(ready, updated) is {counts}"

    await until(not_replaced, seconds=20)


async def _break_a_pod(control_plane: ControlPlane) -> None:
    """The log store's container ended again and again, and is waiting for its next try."""
    (pod,) = await _pods_of(control_plane, "deis-monitor-influxdb")
    (container,) = pod["status"]["containerStatuses"]
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    broken = {**container, "ready": False, "started": False, "restartCount": 12, "state": waiting}
    conditions = [
        {**condition, "status": "False"} if condition["type"] in {"Ready", "ContainersReady"} else condition
        for condition in pod["status"]["conditions"]
    ]
    path = f"{_PODS}/{pod['metadata']['name']}"
    status = {"conditions": conditions, "containerStatuses": [broken]}
    await control_plane.patch_status(path, {"status": status})

    async def still_ready() -> str | None:
        deployment = await control_plane.get(f"{_DEPLOYMENTS}/deis-monitor-influxdb")
        return "influxdb is ready" if deployment["status"].get("readyReplicas") else None

    await until(still_ready, seconds=20)


async def _pods_of(control_plane: ControlPlane, app: str) -> list[Manifest]:
    pods: list[Manifest] = (await control_plane.get(f"{_PODS}?labelSelector=app={app}"))["items"]
    return pods


def _find(among: Iterable[Manifest], name: str) -> Manifest:
    (found,) = (m for m in among if m["metadata"]["name"] == name and "template" in m.get("spec", {}))
    return found


def _set_version(manifest: Manifest, version: str) -> None:
    """Annotation and image of a workload with one container."""
    manifest["metadata"]["annotations"][_ANNOTATION] = version
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    container["image"] = f"{container['image'].rpartition(':')[0]}:{version}"


def _kubectl(kubeconfig: Path, arguments: list[str], file: Path) -> None:
    home = kubeconfig.parent  # kubectl caches discovery there
    with file.open("wb") as output:
        subprocess.run(
            [tool("kubectl"), "--kubeconfig", kubeconfig, *arguments],
            stdout=output,
            check=True,
            env={"HOME": str(home), "KUBECACHEDIR": str(home / "kubectl-cache")},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Records the sample cluster.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with ControlPlane() as control_plane:
        asyncio.run(run_sample(control_plane))
        dump(control_plane.kubeconfig, folder)


if __name__ == "__main__":
    main()
