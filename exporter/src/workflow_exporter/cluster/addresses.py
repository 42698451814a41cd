"""Where the API serves what the agent reads: paths, newest group first, and their names in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from workflow_exporter.cluster.objects import Resource

_CORE = "/api/v1"
_APPS = "/apis/apps/v1"
_EXTENSIONS = "/apis/extensions/v1beta1"  # Deployments and DaemonSets until Kubernetes 1.15
_OLD_APPS = "/apis/apps/v1beta1"  # StatefulSets from 1.5 until 1.15
_BATCH = "/apis/batch/v1"
_OLD_BATCH = "/apis/batch/v1beta1"  # CronJobs from 1.8 until 1.24

# What is listed and watched, and the groups that serve it.
_GROUPS: Mapping[Resource, tuple[str, ...]] = {
    Resource.PODS: (_CORE,),
    Resource.SERVICES: (_CORE,),
    Resource.REPLICATION_CONTROLLERS: (_CORE,),
    Resource.DEPLOYMENTS: (_APPS, _EXTENSIONS),
    Resource.DAEMON_SETS: (_APPS, _EXTENSIONS),
    Resource.STATEFUL_SETS: (_APPS, _OLD_APPS),
    Resource.CRON_JOBS: (_BATCH, _OLD_BATCH),
    Resource.NODES: (_CORE,),
}
WATCHED: tuple[Resource, ...] = tuple(_GROUPS)


@dataclass(frozen=True, slots=True)
class Address:
    """One path of the API."""

    path: str
    words: str  # `pods in namespace deis`: for reasons shown to operators

    @property
    def always_served(self) -> bool:
        """Whether a 404 means that this is no Kubernetes API at all, and not an API group it lacks."""
        return self.path.startswith(_CORE)


def collections(resource: Resource, namespace: str) -> tuple[Address, ...]:
    """Where a watched resource may be listed, the newest API group first."""
    if resource is Resource.NODES:
        return (Address(f"{_CORE}/nodes", "nodes"),)
    words = f"{resource} in namespace {namespace}"
    return tuple(Address(f"{group}/namespaces/{namespace}/{resource}", words) for group in _GROUPS[resource])


def namespace_address(name: str) -> Address:
    return Address(f"{_CORE}/namespaces/{name}", f"namespace {name}")


def config_map_address(namespace: str, name: str) -> Address:
    return Address(
        f"{_CORE}/namespaces/{namespace}/configmaps/{name}", f"config map {name} in namespace {namespace}"
    )


VERSION_ADDRESS = Address("/version", "the API server's version")
