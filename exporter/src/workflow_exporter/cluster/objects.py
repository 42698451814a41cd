"""Kubernetes objects, decoded to the fields that are used, and what a cluster's reader holds.

Field names are the API's. `msgspec` skips everything else unread, so a pod template's `env` never
becomes an object here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Protocol

import msgspec

from workflow_exporter.snapshot import SourceState

# int32 in the API. Unbounded, one odd object's number could be one that no output can write.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
# Without a zone it could not be compared with now, nor with any other.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Resource(StrEnum):
    """What the agent reads; each is a source of its own. Values are shown to operators."""

    PODS = "pods"
    SERVICES = "services"
    REPLICATION_CONTROLLERS = "replicationcontrollers"
    DEPLOYMENTS = "deployments"
    DAEMON_SETS = "daemonsets"
    STATEFUL_SETS = "statefulsets"
    CRON_JOBS = "cronjobs"
    CONFIG_MAPS = "configmaps"
    NODES = "nodes"
    KUBE_SYSTEM = "kube-system"  # the one namespace whose UID and age identify the cluster
    NAMESPACE = "namespace"  # the platform's own
    VERSION = "version"  # the API server's


class _Kubernetes(msgspec.Struct, frozen=True, rename="camel", kw_only=True, gc=False):
    """Base: camelCase on the wire, unknown fields skipped."""


class OwnerReference(_Kubernetes, frozen=True):
    kind: str = ""
    name: str = ""
    controller: bool | None = None


class Metadata(_Kubernetes, frozen=True):
    name: str = ""
    uid: str = ""
    namespace: str | None = None
    resource_version: str = ""
    creation_timestamp: Moment | None = None
    deletion_timestamp: Moment | None = None
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None

    @property
    def controller(self) -> OwnerReference | None:
        """The one object that made this one and keeps it, if one did."""
        return next((owner for owner in self.owner_references or () if owner.controller), None)


class ContainerSpec(_Kubernetes, frozen=True):
    name: str
    image: str = ""


class PodSpec(_Kubernetes, frozen=True):
    containers: tuple[ContainerSpec, ...] = ()


class PodTemplate(_Kubernetes, frozen=True):
    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()


class JobSpec(_Kubernetes, frozen=True):
    template: PodTemplate = PodTemplate()


class JobTemplate(_Kubernetes, frozen=True):
    spec: JobSpec = JobSpec()


class LabelSelectorRequirement(_Kubernetes, frozen=True):
    key: str
    operator: str
    values: tuple[str, ...] | None = None


class LabelSelector(_Kubernetes, frozen=True):
    match_labels: Mapping[str, str] | None = None
    match_expressions: tuple[LabelSelectorRequirement, ...] | None = None


class WorkloadSpec(_Kubernetes, frozen=True):
    """`spec` of Deployment, DaemonSet, StatefulSet, CronJob alike."""

    replicas: Count | None = None
    selector: LabelSelector | None = None
    template: PodTemplate | None = None
    job_template: JobTemplate | None = None


class WorkloadStatus(_Kubernetes, frozen=True):
    ready_replicas: Count | None = None
    desired_number_scheduled: Count | None = None  # DaemonSet
    number_ready: Count | None = None  # DaemonSet


class WorkloadObject(_Kubernetes, frozen=True):
    metadata: Metadata
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()


class ReplicationControllerSpec(_Kubernetes, frozen=True):
    replicas: Count | None = None
    selector: Mapping[str, str] | None = None  # a plain map, unlike all later kinds
    template: PodTemplate | None = None


class ReplicationControllerObject(_Kubernetes, frozen=True):
    metadata: Metadata
    spec: ReplicationControllerSpec = ReplicationControllerSpec()
    status: WorkloadStatus = WorkloadStatus()


class ContainerStatus(_Kubernetes, frozen=True):
    name: str
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")
    ready: bool = False
    restart_count: Count = 0


class Condition(_Kubernetes, frozen=True):
    type: str
    status: str


class PodStatus(_Kubernetes, frozen=True):
    phase: str = "Unknown"
    conditions: tuple[Condition, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = None


class PodObject(_Kubernetes, frozen=True):
    metadata: Metadata
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class ServicePortSpec(_Kubernetes, frozen=True):
    port: Count
    name: str | None = None
    protocol: str = "TCP"


class ServiceSpec(_Kubernetes, frozen=True):
    type: str = "ClusterIP"
    selector: Mapping[str, str] | None = None
    ports: tuple[ServicePortSpec, ...] | None = None


class ServiceObject(_Kubernetes, frozen=True):
    metadata: Metadata
    spec: ServiceSpec = ServiceSpec()


class ConfigMapObject(_Kubernetes, frozen=True):
    metadata: Metadata
    data: Mapping[str, str] | None = None  # the reader keeps only the profile's key


class NodeInfo(_Kubernetes, frozen=True):
    os_image: str = ""
    kernel_version: str = ""
    kubelet_version: str = ""
    container_runtime_version: str = ""
    architecture: str = ""
    operating_system: str = ""


class NodeStatus(_Kubernetes, frozen=True):
    node_info: NodeInfo = NodeInfo()
    capacity: Mapping[str, str] | None = None
    conditions: tuple[Condition, ...] | None = None


class NodeObject(_Kubernetes, frozen=True):
    metadata: Metadata
    status: NodeStatus = NodeStatus()


class NamespaceObject(_Kubernetes, frozen=True):
    metadata: Metadata


class VersionObject(_Kubernetes, frozen=True):
    git_version: str


@dataclass(frozen=True, slots=True)
class ClusterObjects:
    """What a reader holds at one moment: a mapping that is never changed afterwards."""

    # UID -> object that some candidate profile knows. VERSION's single key is "version".
    known: Mapping[Resource, Mapping[str, object]] = field(default_factory=dict)
    unknown: Mapping[Resource, int] = field(default_factory=dict)  # objects no profile knows: a count
    malformed: Mapping[Resource, int] = field(default_factory=dict)  # objects that could not be decoded

    def same_but_nodes(self, before: "ClusterObjects") -> bool:
        """Whether nothing but nodes, of which thousands change all the time, can differ from `before`.

        Mappings are never changed, so the same one holds the same.
        """
        resources = set(Resource) - {Resource.NODES}
        return before.unknown == self.unknown and all(
            before.known.get(resource) is self.known.get(resource)
            and before.malformed.get(resource) == self.malformed.get(resource)
            for resource in resources
        )


@dataclass(frozen=True, slots=True)
class ClusterView:
    objects: ClusterObjects
    sources: tuple[SourceState, ...]  # one per Resource, in its order


class ClusterReader(Protocol):
    """The seam between a cluster (live, or recorded in files) and everything above it."""

    def view(self) -> ClusterView:
        """What is known now. Cheap: called for each snapshot, from the event loop."""
        ...

    async def run(self, on_change: Callable[[], None]) -> None:
        """Reads until cancelled; calls `on_change` when `view()` would differ in what is shown."""
        ...

    def counts(self) -> Mapping[tuple[str, str], int]:
        """(source, `lists`, `watches`, …) -> how often since the start; empty where nothing is asked."""
        ...
