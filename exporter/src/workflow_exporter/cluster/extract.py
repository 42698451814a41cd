"""Raw objects -> Inventory: which components are there, in what, and what is missing. Pure.

What the profile does not know is dropped here and counted by kind; its names go nowhere.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import TypeVar

from workflow_exporter.cluster.generations import SOURCES, Found, expectations, generation_found
from workflow_exporter.cluster.node_facts import NodeFacts
from workflow_exporter.cluster.objects import (
    ClusterObjects,
    ConfigMapObject,
    NamespaceObject,
    PodObject,
    Resource,
    ServiceObject,
    VersionObject,
)
from workflow_exporter.cluster.pods import pod_of
from workflow_exporter.cluster.recognition import cron_job_of
from workflow_exporter.cluster.selectors import picks
from workflow_exporter.cluster.workloads import (
    FoundWorkload,
    Rows,
    config_map_workload,
    found_workloads,
    leftovers_among,
    workload_of,
)
from workflow_exporter.inventory import (
    ClusterFacts,
    Inventory,
    Leftover,
    Pod,
    Service,
    ServicePort,
    Workload,
    WorkloadKind,
)
from workflow_exporter.platforms.profile import Profile

_One = TypeVar("_One")
_Key = tuple[WorkloadKind, str]  # kind and name, by which a namespace knows its workloads

_POD_KIND = "Pod"  # under which pods of no known workload are counted


def extract(objects: ClusterObjects, profile: Profile, namespace: str) -> Inventory:
    """The inventory of one moment; for a row of moments an Extractor is faster."""
    return Extractor(profile, namespace).extract(objects)


class Extractor:
    """Extracts again and again; what did not change is not converted again. Not for several threads."""

    def __init__(self, profile: Profile, namespace: str) -> None:
        self._profile = profile
        self._namespace = namespace
        self._rows = Rows(profile)
        self._nodes = NodeFacts()
        self._last: tuple[ClusterObjects, Inventory] | None = (
            None  # what everything but nodes was last made of
        )

    def extract(self, objects: ClusterObjects) -> Inventory:
        if self._last is None or not objects.same_but_nodes(self._last[0]):
            self._last = objects, self._extract_all_but_nodes(objects)
        nodes, malformed_nodes = self._nodes.convert(objects.known.get(Resource.NODES, {}))
        return replace(self._last[1], nodes=nodes, malformed_objects=_malformed(objects, malformed_nodes))

    def _extract_all_but_nodes(self, objects: ClusterObjects) -> Inventory:
        everything = list(found_workloads(objects))
        left = leftovers_among([one for one in everything if self._rows.component(one.name) is not None])
        left_keys = {one.key for one in left}
        live = [one for one in everything if self._rows.knows(one.key) and one.key not in left_keys]
        config_maps = self._config_maps(objects)
        found: Found = {one.key for one in live} | {(one.kind, one.name) for one in config_maps}
        generation = generation_found(self._profile, found)

        pods, unowned = self._pods(objects, live)
        workloads = [*self._workloads(live, generation, pods), *config_maps]
        known_keys = left_keys | {one.key for one in live}
        unknown = Counter(one.kind.value for one in everything if one.key not in known_keys)
        unknown[_POD_KIND] += unowned
        return Inventory(
            platform=self._profile.name,
            platform_title=self._profile.title,
            namespace=self._namespace,
            cluster=_cluster_facts(objects),
            workloads=tuple(sorted(workloads, key=attrgetter("component", "kind", "name"))),
            expectations=expectations(
                self._profile, generation, found, {workload.component for workload in workloads}
            ),
            leftovers=tuple(sorted(self._leftovers(left), key=attrgetter("name"))),
            services=tuple(sorted(self._services(objects), key=attrgetter("name"))),
            nodes=(),
            unknown_workloads=_unknown(unknown, objects),
            malformed_objects={},
        )

    def _workloads(
        self, live: Iterable[FoundWorkload], generation: str | None, pods: Mapping[_Key, list[Pod]]
    ) -> Iterable[Workload]:
        for one in live:
            row = self._rows.row(one.key, generation)
            if row is not None:
                own = tuple(sorted(pods.get(one.key, ()), key=attrgetter("name")))
                yield workload_of(one, row, self._profile.version_annotations, own)

    def _config_maps(self, objects: ClusterObjects) -> list[Workload]:
        rows = {row.name: row for row in self._profile.config_maps}
        return [
            config_map_workload(rows[obj.metadata.name], obj)
            for obj in objects.known.get(Resource.CONFIG_MAPS, {}).values()
            if isinstance(obj, ConfigMapObject) and obj.metadata.name in rows
        ]

    def _pods(self, objects: ClusterObjects, live: list[FoundWorkload]) -> tuple[dict[_Key, list[Pod]], int]:
        """(pods of each workload, how many belong to none)."""
        owned: dict[_Key, list[Pod]] = {}
        unowned = 0
        for obj in objects.known.get(Resource.PODS, {}).values():
            owner = _owner(obj, live) if isinstance(obj, PodObject) else None
            if owner is None or not isinstance(obj, PodObject):
                unowned += 1
            else:
                owned.setdefault(owner.key, []).append(pod_of(obj))
        return owned, unowned

    def _leftovers(self, left: Iterable[FoundWorkload]) -> Iterable[Leftover]:
        for one in left:
            component = self._rows.component(one.name)
            if component is not None:
                yield Leftover(one.name, component, one.replicas[0] or 0)

    def _services(self, objects: ClusterObjects) -> Iterable[Service]:
        for obj in objects.known.get(Resource.SERVICES, {}).values():
            component = self._component_of(obj) if isinstance(obj, ServiceObject) else None
            if component is not None and isinstance(obj, ServiceObject):
                yield Service(
                    name=obj.metadata.name,
                    component=component,
                    type=obj.spec.type,
                    ports=tuple(ServicePort(p.name, p.port, p.protocol) for p in obj.spec.ports or ()),
                    created=obj.metadata.creation_timestamp,
                )

    def _component_of(self, service: ServiceObject) -> str | None:
        """Whose pods it selects, else whose workload has its name; None: not of this platform."""
        selector = service.spec.selector or {}
        for value in selector.values():
            if (component := self._rows.component(value)) is not None:
                return component
        for row in self._profile.rows:
            if row.pod_labels and row.pod_labels.items() & selector.items():
                return row.component
        return self._rows.component(service.metadata.name)


def _owner(pod: PodObject, live: list[FoundWorkload]) -> FoundWorkload | None:
    """The workload whose selector picks the pod; a CronJob's pods tell their Job's name instead.

    Where the selectors of several do, the one whose name begins the pod's name made it.
    """
    labels = pod.metadata.labels or {}
    cron_job = cron_job_of(labels)
    picking = [
        one
        for one in live
        if (one.kind is WorkloadKind.CRON_JOB and one.name == cron_job) or picks(one.selector, labels)
    ]
    named = [one for one in picking if pod.metadata.name.startswith(f"{one.name}-")]
    return max(named or picking, key=lambda one: len(one.name), default=None)


def _cluster_facts(objects: ClusterObjects) -> ClusterFacts:
    kube_system = _only(objects, Resource.KUBE_SYSTEM, NamespaceObject)
    instance = _only(objects, Resource.NAMESPACE, NamespaceObject)
    version = _only(objects, Resource.VERSION, VersionObject)
    return ClusterFacts(
        cluster_uid=kube_system.metadata.uid if kube_system else None,
        cluster_created=kube_system.metadata.creation_timestamp if kube_system else None,
        instance_uid=instance.metadata.uid if instance else None,
        instance_created=instance.metadata.creation_timestamp if instance else None,
        kubernetes_version=version.git_version if version else None,
    )


def _only(objects: ClusterObjects, resource: Resource, type_: type[_One]) -> _One | None:
    """The single object of a resource that has one."""
    held = objects.known.get(resource, {}).values()
    return next((obj for obj in held if isinstance(obj, type_)), None)


def _unknown(counted: Counter[str], objects: ClusterObjects) -> dict[str, int]:
    """Kind -> count, without the kinds of which everything is known."""
    total = counted.copy()
    for kind, resource in SOURCES.items():
        if kind is not WorkloadKind.CONFIG_MAP:  # those of others are never asked for
            total[kind.value] += objects.unknown.get(resource, 0)
    total[_POD_KIND] += objects.unknown.get(Resource.PODS, 0)
    return {kind: count for kind, count in sorted(total.items()) if count}


def _malformed(objects: ClusterObjects, nodes: int) -> dict[str, int]:
    """Source -> objects skipped, without the sources that skipped none."""
    skipped = Counter({resource.value: count for resource, count in objects.malformed.items()})
    skipped[Resource.NODES.value] += nodes
    return {source: count for source, count in sorted(skipped.items()) if count}
