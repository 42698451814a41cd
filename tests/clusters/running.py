"""What a control plane makes of manifests: UIDs, status, and the pods of each workload.

For tests without one. The shapes are those that kubectl prints from a real API server.
"""

import hashlib
import uuid
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from clusters.objects import Manifest, namespace

CREATED = "2026-01-05T10:00:00Z"
CLUSTER_CREATED = "2025-11-03T08:00:00Z"
_UIDS = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 4122's namespace for URLs; any would do


def as_running_objects(manifests: Iterable[Manifest]) -> list[Manifest]:
    """The objects that an API server shows once everything runs, `kube-system` among them."""
    objects = [_admitted(manifest) for manifest in manifests]
    nodes = [obj["metadata"]["name"] for obj in objects if obj["kind"] == "Node"]
    pods: list[Manifest] = []
    for obj in objects:
        made = _pods(obj, nodes)
        pods += made
        obj.update(_status(obj, len(made)))
    kube_system = _admitted(namespace("kube-system"))
    kube_system["metadata"]["creationTimestamp"] = CLUSTER_CREATED
    return [kube_system, *objects, *pods]


def uid(kind: str, name: str) -> str:
    """The UID that an object of this kind and name is given here."""
    return str(uuid.uuid5(_UIDS, f"{kind}/{name}"))


def controlled_by(kind: str, name: str) -> Manifest:
    """What a pod says of the controller that made it; a Deployment's pods name its ReplicaSet."""
    if kind == "Deployment":
        kind, name = "ReplicaSet", f"{name}-{uid('ReplicaSet', name)[:8]}"
    return {"kind": kind, "name": name, "uid": uid(kind, name), "controller": True}


def digest(image: str) -> str:
    """The digest that an image is given here: the same for the same text."""
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _admitted(manifest: Manifest) -> Manifest:
    obj = deepcopy(manifest)
    metadata = obj["metadata"]
    metadata["uid"] = uid(obj["kind"], metadata["name"])
    metadata["creationTimestamp"] = CREATED
    metadata["resourceVersion"] = str(int(metadata["uid"][:6], 16))
    if obj["kind"] == "Pod":
        obj["status"] = _pod_status(obj)
    return obj


def _status(obj: Manifest, pods: int) -> Manifest:
    if obj["kind"] == "DaemonSet":
        return {"status": {"desiredNumberScheduled": pods, "numberReady": pods}}
    if obj["kind"] in ("Deployment", "StatefulSet", "ReplicationController"):
        return {"status": {"replicas": pods, "readyReplicas": pods} if pods else {"replicas": 0}}
    return {}


def _pods(obj: Manifest, nodes: list[str]) -> list[Manifest]:
    if obj["kind"] == "DaemonSet":
        count = len(nodes)
    elif obj["kind"] in ("Deployment", "StatefulSet", "ReplicationController"):
        count = obj["spec"]["replicas"]
    else:
        return []
    return [_pod(obj, number) for number in range(count)]


def _pod(owner: Manifest, number: int) -> Manifest:
    suffix = (
        f"{number}"
        if owner["kind"] == "StatefulSet"
        else uid("Pod", f"{owner['kind']}{owner['metadata']['name']}{number}")[:5]
    )
    template = deepcopy(owner["spec"]["template"])
    metadata = {
        **template["metadata"],
        "name": f"{owner['metadata']['name']}-{suffix}",
        "namespace": owner["metadata"]["namespace"],
        "ownerReferences": [controlled_by(owner["kind"], owner["metadata"]["name"])],
    }
    return _admitted({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})


def _pod_status(pod: Manifest) -> dict[str, Any]:
    statuses = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": f"{container['image'].rpartition(':')[0]}@{digest(container['image'])}",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": CREATED}},
        }
        for container in pod["spec"]["containers"]
    ]
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": CREATED}
    return {"phase": "Running", "conditions": [condition], "containerStatuses": statuses}
