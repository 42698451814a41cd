"""Objects as a reader would hold them after they came in through the intake."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from clusters.objects import Manifest
from workflow_exporter.cluster.intake import Intake
from workflow_exporter.cluster.objects import ClusterObjects, Resource
from workflow_exporter.platforms.profile import Profile

_RESOURCES = {
    "Pod": Resource.PODS,
    "Service": Resource.SERVICES,
    "ReplicationController": Resource.REPLICATION_CONTROLLERS,
    "Deployment": Resource.DEPLOYMENTS,
    "DaemonSet": Resource.DAEMON_SETS,
    "StatefulSet": Resource.STATEFUL_SETS,
    "CronJob": Resource.CRON_JOBS,
    "ConfigMap": Resource.CONFIG_MAPS,
    "Node": Resource.NODES,
}


def held(running: Iterable[Manifest], candidates: tuple[Profile, ...]) -> ClusterObjects:
    """Running objects of one namespace, taken in one by one."""
    intake = Intake(candidates)
    known: dict[Resource, dict[str, object]] = {}
    unknown: Counter[Resource] = Counter()
    for obj in running:
        accepted = intake.accept(resource_of(obj), msgspec.json.encode(obj))
        if accepted.value is None:
            unknown[resource_of(obj)] += accepted.counted
        else:
            known.setdefault(resource_of(obj), {})[accepted.uid] = accepted.value
    return ClusterObjects(known, dict(unknown))


def resource_of(obj: Manifest) -> Resource:
    """The resource by which the agent reads such an object."""
    if obj["kind"] == "Namespace":
        kube_system = obj["metadata"]["name"] == "kube-system"
        return Resource.KUBE_SYSTEM if kube_system else Resource.NAMESPACE
    return _RESOURCES[obj["kind"]]
