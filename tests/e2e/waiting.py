"""When a workload runs as asked, judged from the API's own objects. Pure."""

from collections.abc import Iterable
from typing import Any


def not_ready(objects: Iterable[dict[str, Any]]) -> list[str]:
    """A line for each object that is not yet as its spec asks; empty: all are.

    Looks at Deployments, DaemonSets, StatefulSets, ReplicationControllers and Pods; a status that is
    older than its spec does not count, nor do pods of finished Jobs.
    """
    return [
        f"{obj['kind']} {obj['metadata']['name']}: {why}"
        for obj in objects
        if (why := _why_not_ready(obj)) is not None
    ]


def _why_not_ready(obj: dict[str, Any]) -> str | None:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    if obj["kind"] == "Pod":
        return _why_pod_not_ready(obj)
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 0):
        return "its controller has not seen the last change"
    if obj["kind"] == "DaemonSet":
        wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        updated = status.get("updatedNumberScheduled", 0)
    else:
        wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
        has_revisions = obj["kind"] in {"Deployment", "StatefulSet"}
        updated = status.get("updatedReplicas", 0) if has_revisions else ready
    if ready != wanted:
        return f"{ready} of {wanted} ready"
    if updated != wanted:
        return f"{updated} of {wanted} updated"
    return None


def _why_pod_not_ready(pod: dict[str, Any]) -> str | None:
    if pod["metadata"].get("deletionTimestamp"):
        return "terminating"
    phase = pod.get("status", {}).get("phase", "Unknown")
    if phase == "Succeeded":
        return None
    conditions = {c["type"]: c["status"] for c in pod.get("status", {}).get("conditions", [])}
    return None if conditions.get("Ready") == "True" else f"{phase}, not ready"
