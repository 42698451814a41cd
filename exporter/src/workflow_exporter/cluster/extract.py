"""Raw objects -> Inventory: which components are there, in what, and what is missing. Pure.

What the profile does not know is dropped here and counted by kind; its names go nowhere.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from operator import attrgetter
from typing import TypeVar

from workflow_exporter.cluster.generations import SOURCES, Found, Generations, Key, exists_in
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
from workflow_exporter.cluster.recognition import made_by
from workflow_exporter.cluster.selectors import picks
from workflow_exporter.cluster.workloads import (
    FoundWorkload,
    Rows,
    config_map_workload,
    found_workloads,
    is_idle_controller,
    version_told,
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
from workflow_exporter.observation import read_image
from workflow_exporter.platforms.profile import Profile

_One = TypeVar("_One")

_POD_KIND = "Pod"  # under which pods of no known workload are counted


def extract(
    objects: ClusterObjects, profile: Profile, namespace: str, *, unread: Set[Resource] = frozenset()
) -> Inventory:
    """The inventory of one moment; for a row of moments an Extractor is faster."""
    return Extractor(profile, namespace).extract(objects, unread)


class Extractor:
    """Extracts again and again; what did not change is not converted again. Not for several threads."""

    def __init__(self, profile: Profile, namespace: str) -> None:
        self._profile = profile
        self._namespace = namespace
        self._rows = Rows(profile)
        self._generations = Generations(profile)
        self._nodes = NodeFacts()
        # What everything but nodes was last made of.
        self._last: tuple[ClusterObjects, Set[Resource], Inventory] | None = None

    def extract(self, objects: ClusterObjects, unread: Set[Resource] = frozenset()) -> Inventory:
        """`unread`: resources of which nothing is known, so that nothing follows from their absence."""
        last = self._last
        if last is None or last[1] != unread or not objects.same_but_nodes(last[0]):
            last = self._last = objects, unread, self._extract_all_but_nodes(objects, unread)
        nodes, malformed_nodes = self._nodes.convert(objects.known.get(Resource.NODES, {}))
        return replace(last[2], nodes=nodes, malformed_objects=_malformed(objects, malformed_nodes))

    def _extract_all_but_nodes(self, objects: ClusterObjects, unread: Set[Resource]) -> Inventory:
        everything = list(found_workloads(objects))
        ours = [one for one in everything if self._rows.component(one.name) is not None]
        config_maps = self._config_maps(objects)
        # An idle controller may be what an upgrade left behind: it tells no generation.
        active = [one for one in ours if not is_idle_controller(one)]
        generation = self._generations.installed(self._found(active, config_maps), unread)
        left = self._leftovers(ours, generation)
        left_keys = {one.key for one in left}
        live = [one for one in self._known(ours, generation) if one.key not in left_keys]
        found = self._found(live, config_maps)

        pods, unowned = self._pods(objects, live, unread | objects.malformed.keys())
        workloads = [*self._workloads(live, generation, pods), *config_maps]
        known_keys = left_keys | {one.key for one in live}
        unknown = Counter(one.kind.value for one in everything if one.key not in known_keys)
        unknown[_POD_KIND] += unowned
        components = {workload.component for workload in workloads}
        return Inventory(
            platform=self._profile.name,
            platform_title=self._profile.title,
            namespace=self._namespace,
            cluster=_cluster_facts(objects),
            workloads=tuple(sorted(workloads, key=attrgetter("component", "kind", "name"))),
            expectations=self._generations.expectations(generation, found, components),
            leftovers=tuple(sorted(map(self._leftover, left), key=attrgetter("name"))),
            services=tuple(sorted(self._services(objects, found, generation), key=attrgetter("name"))),
            nodes=(),
            unknown_workloads=_unknown(unknown, objects),
            malformed_objects={},
        )

    def _found(self, live: Iterable[FoundWorkload], config_maps: Iterable[Workload]) -> Found:
        """Key -> the version that it tells, of all that is there."""
        found = {one.key: version_told(one, self._profile.version_annotations) for one in live}
        for one in config_maps:
            found[one.kind, one.name] = read_image(one.main.image).version if one.main else None
        return found

    def _workloads(
        self, live: Iterable[FoundWorkload], generation: str | None, pods: Mapping[Key, list[Pod]]
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

    def _pods(
        self, objects: ClusterObjects, live: list[FoundWorkload], partly_read: Set[Resource]
    ) -> tuple[dict[Key, list[Pod]], int]:
        """(pods of each workload, how many belong to none, not even to one that may not have been read)."""
        owned: dict[Key, list[Pod]] = {}
        unowned = 0
        for obj in objects.known.get(Resource.PODS, {}).values():
            if not isinstance(obj, PodObject):
                continue
            owner = _owner(obj, live)
            if owner is not None:
                owned.setdefault(owner.key, []).append(pod_of(obj))
            elif not self._is_of_unread(obj, partly_read):
                unowned += 1
        return owned, unowned

    def _is_of_unread(self, pod: PodObject, partly_read: Set[Resource]) -> bool:
        """Whether its owner has a name of ours, and a kind of which not all is read."""
        owner = pod.metadata.controller
        kind, name = (owner and made_by(owner, pod.metadata.labels or {})) or ("", "")
        unread = {workload_kind.value for workload_kind, source in SOURCES.items() if source in partly_read}
        return kind in unread and self._rows.component(name) is not None

    def _known(self, ours: list[FoundWorkload], generation: str | None) -> list[FoundWorkload]:
        """Those of a kind that some generation has.

        Beside a workload of the installed generation, one of the same name and another kind must select
        pods as ours do: the controller of an older release that still runs, and not a stranger's.
        """
        current = {one.name for one in ours if self._generations.has(generation, one.key)}
        return [
            one
            for one in ours
            if self._rows.knows(one.key)
            and (
                self._generations.has(generation, one.key)
                or one.name not in current
                or self._rows.selects_as_ours(one)
            )
        ]

    def _leftovers(self, ours: list[FoundWorkload], generation: str | None) -> list[FoundWorkload]:
        """Idle controllers beside a workload of their name, or of a generation that has none of them.

        They are no second component, and their component is missing when its workload is deleted.
        """
        running = {one.name for one in ours if not is_idle_controller(one)}
        return [
            one
            for one in ours
            if is_idle_controller(one)
            and (one.name in running or not self._generations.has(generation, one.key))
        ]

    def _leftover(self, one: FoundWorkload) -> Leftover:
        return Leftover(one.name, self._rows.component(one.name) or "", one.replicas[0] or 0)

    def _services(self, objects: ClusterObjects, found: Found, generation: str | None) -> Iterable[Service]:
        for obj in objects.known.get(Resource.SERVICES, {}).values():
            component = self._component_of(obj, found, generation) if isinstance(obj, ServiceObject) else None
            if component is not None and isinstance(obj, ServiceObject):
                yield Service(
                    name=obj.metadata.name,
                    component=component,
                    type=obj.spec.type,
                    ports=tuple(ServicePort(p.name, p.port, p.protocol) for p in obj.spec.ports or ()),
                    created=obj.metadata.creation_timestamp,
                )

    def _component_of(self, service: ServiceObject, found: Found, generation: str | None) -> str | None:
        """Whose pods it selects, those that are there before others; None: not of this platform."""
        selector = dict(service.spec.selector or {})
        rows = self._rows.selected(selector)
        there = [row for row in rows if any((kind, row.name) in found for kind in row.kinds)]
        current = [row for row in rows if exists_in(row, generation)]
        if there or current:
            both = [row for row in there if row in current]
            return (both or there or current)[0].component
        for component in self._profile.components.values():
            for row in component.services:
                if (row.name, dict(row.selector)) == (service.metadata.name, selector):
                    return component.name
        return None


def _owner(pod: PodObject, live: list[FoundWorkload]) -> FoundWorkload | None:
    """The workload that made the pod, by its owner and, but for a CronJob's, by selector too.

    A pod that tells no owner is told by selector and name: of all workloads whose name begins the pod's
    name, the longest made it.
    """
    labels, owner = pod.metadata.labels or {}, pod.metadata.controller
    if owner is not None:
        key = made_by(owner, labels)
        made = (one for one in live if (one.kind.value, one.name) == key)
        return next(
            (one for one in made if one.kind is WorkloadKind.CRON_JOB or picks(one.selector, labels)), None
        )
    picking = [
        one for one in live if pod.metadata.name.startswith(f"{one.name}-") and picks(one.selector, labels)
    ]
    return max(picking, key=lambda one: len(one.name), default=None)


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
