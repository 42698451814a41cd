"""What runs in the cluster, without any judgement: the values that `cluster.extract` makes.

Nothing here may hold a name that the platform's profile does not know: applications are customers'
and stay out, see design section 3 "Customers' names must not even be kept".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

_Amount = TypeVar("_Amount", int, float)


class WorkloadKind(StrEnum):
    """Kubernetes kinds that carry a component's image. Values are Kubernetes' own spelling."""

    DEPLOYMENT = "Deployment"
    DAEMON_SET = "DaemonSet"
    STATEFUL_SET = "StatefulSet"
    CRON_JOB = "CronJob"
    REPLICATION_CONTROLLER = "ReplicationController"
    CONFIG_MAP = "ConfigMap"

    @property
    def source(self) -> str:
        """The plural resource name, by which its source is known: `deployments`."""
        return f"{self.value.lower()}s"

    @property
    def has_pods(self) -> bool:
        return self is not WorkloadKind.CONFIG_MAP


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod template or pod; init containers are never here."""

    name: str
    image: str  # as written in the template, or as the pod's spec has it
    digest: str | None = None  # `sha256:…` from the pod's status; None in a template or before it runs


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that belongs to a workload the profile knows."""

    name: str
    phase: str  # Pending, Running, Succeeded, Failed, Unknown
    ready: bool
    containers: tuple[Container, ...]
    created: datetime | None = None
    restarts: int = 0  # of all containers together
    terminating: bool = False  # has a deletionTimestamp: on its way out, no longer an observation


@dataclass(frozen=True, slots=True)
class Replicas:
    ready: int
    desired: int

    @property
    def short(self) -> bool:
        return self.ready < self.desired


@dataclass(frozen=True, slots=True)
class Workload:
    """One workload of a component, with the pods its selector picks."""

    component: str
    kind: WorkloadKind
    name: str
    declared: str | None  # version by annotation, else by the template's app.kubernetes.io/version
    containers: tuple[Container, ...]  # of the pod template, in its order
    main_container: str | None = None  # the one whose image carries the version; None: the first
    replicas_desired: int | None = None  # None: the kind has no replicas (CronJob, ConfigMap)
    replicas_ready: int | None = None
    pods: tuple[Pod, ...] = ()
    created: datetime | None = None

    @property
    def main(self) -> Container | None:
        """The container whose image carries the version; None: the template has no container."""
        named = (c for c in self.containers if c.name == self.main_container)
        return next(named, self.containers[0] if self.containers else None)

    @property
    def replicas(self) -> Replicas | None:
        """None: the kind has no replicas."""
        if self.replicas_desired is None:
            return None
        return Replicas(ready=self.replicas_ready or 0, desired=self.replicas_desired)


@dataclass(frozen=True, slots=True)
class AbsentWorkload:
    """A workload that a component should have and that is not to be seen."""

    kind: WorkloadKind
    name: str
    sources: tuple[str, ...]  # those that would show it, `deployments` and the like

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"

    def is_named_by(self, word: str) -> bool:
        """Whether an operator's word means it: its name or the end of that, as in OFF_CLUSTER."""
        return self.name == word or self.name.endswith(f"-{word}")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the profile says of one component, reduced to the generation of rows that was found."""

    component: str
    required: bool
    observed: bool  # False: known to exist but never read (Drycc's imagebuilder); no verdict
    # Workloads of required rows that are not there. A component is missing when none of its rows is
    # there; it has lost a part when only some are.
    absent_workloads: tuple[AbsentWorkload, ...] = ()
    # Sources that would show the component, where something of it is not there.
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leftover:
    """A ReplicationController with no replicas beside a workload of the same name (Helm Classic)."""

    name: str
    component: str
    replicas_desired: int


@dataclass(frozen=True, slots=True)
class ServicePort:
    name: str | None
    port: int
    protocol: str


@dataclass(frozen=True, slots=True)
class Service:
    """A Service of the platform: its selector or name belongs to a known component."""

    name: str
    component: str | None
    type: str  # ClusterIP, NodePort, LoadBalancer, ExternalName
    ports: tuple[ServicePort, ...]
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One node; capacities in base units, None where the node does not report one."""

    name: str
    os_image: str
    kernel_version: str
    kubelet_version: str
    container_runtime_version: str
    architecture: str
    operating_system: str
    cpu_cores: float | None
    memory_bytes: int | None
    ephemeral_storage_bytes: int | None
    pods: int | None
    ready: bool
    created: datetime | None


def known_sum(amounts: Iterable[_Amount | None]) -> _Amount | None:
    """Of the amounts that are known; None: none of them is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The cluster's and the installation's own facts; None where RBAC or the source forbids."""

    cluster_uid: str | None = field(default=None, repr=False)  # UID of kube-system
    cluster_created: datetime | None = None
    instance_uid: str | None = field(default=None, repr=False)  # UID of the platform's namespace
    instance_created: datetime | None = None
    kubernetes_version: str | None = None  # gitVersion, `v1.37.2`


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that is shown of the cluster. Tuples are sorted by what identifies their items."""

    platform: str  # the profile's name
    platform_title: str
    namespace: str
    cluster: ClusterFacts
    workloads: tuple[Workload, ...] = ()  # by component, kind, name
    expectations: tuple[Expectation, ...] = ()  # by component
    leftovers: tuple[Leftover, ...] = ()
    services: tuple[Service, ...] = ()
    nodes: tuple[Node, ...] = ()  # by name
    # Kind -> how many objects in the platform's namespace the profile does not know. Never their names.
    unknown_workloads: Mapping[str, int] = field(default_factory=dict)
    malformed_objects: Mapping[str, int] = field(default_factory=dict)  # source -> objects skipped
