"""A cluster recorded in files, read as if it were one: `--from FILE|DIR|-`.

A recording cannot tell "there are none" from "nobody asked": a kind of which it has nothing in the
platform's namespace is not recorded, which is a state of its own. There are none for certain where a typed
list is empty (`kubectl get --raw`), or a `List` in a file that is named after the resource (`cronjobs.yaml`);
but not in a recording of other namespaces alone, whose lists those are, nor in a subfolder of another name
(`kubectl cluster-info dump` makes one for each namespace), nor in a file that also holds an error of kubectl.
Files are parsed whole; of kinds that the agent does not read, Secrets too, nothing is kept afterwards.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from workflow_exporter.cluster.detect import WORKLOADS, Located, locate
from workflow_exporter.cluster.intake import VERSION_UID, Intake
from workflow_exporter.cluster.objects import ClusterObjects, ClusterView, Resource
from workflow_exporter.cluster.recording_files import RecordedFile, RecordedObject, read_files
from workflow_exporter.errors import RecordingError
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.snapshot import SourceState

_UNREADABLE = (msgspec.DecodeError, RecursionError)  # what decoding one odd object may raise
_MOST_NAMED = 5  # namespaces in an error
_WORKLOAD_GROUPS = frozenset({"apps", "extensions"})  # the second until Kubernetes 1.15
_CORE = frozenset({""})
_KINDS: dict[str, tuple[Resource, frozenset[str]]] = {
    "Pod": (Resource.PODS, _CORE),
    "Service": (Resource.SERVICES, _CORE),
    "ReplicationController": (Resource.REPLICATION_CONTROLLERS, _CORE),
    "ConfigMap": (Resource.CONFIG_MAPS, _CORE),
    "Node": (Resource.NODES, _CORE),
    "Deployment": (Resource.DEPLOYMENTS, _WORKLOAD_GROUPS),
    "DaemonSet": (Resource.DAEMON_SETS, _WORKLOAD_GROUPS),
    "StatefulSet": (Resource.STATEFUL_SETS, _WORKLOAD_GROUPS),
    "CronJob": (Resource.CRON_JOBS, frozenset({"batch"})),
}


class RecordedCluster:
    """A ClusterReader that never changes. Everything is read and decided when it is made."""

    def __init__(
        self, path: Path, candidates: tuple[Profile, ...], *, namespace: str | None, read_at: datetime
    ) -> None:
        """Raises RecordingError. `namespace` None: found, as the one that has the platform's workloads."""
        files = read_files(path)
        objects = [obj for file in files for obj in file.objects]
        intake = Intake(candidates)
        self.located = Located(namespace) if namespace else _located(objects, intake, candidates)
        self.namespace = self.located.namespace
        contents = _Contents(intake, self.namespace)
        for obj in objects:
            contents.put(obj)
        elsewhere = _is_of_other_namespaces(objects, self.namespace)
        if namespace and elsewhere:
            others = _namespaces(_workloads(objects, intake), objects)
            raise RecordingError(
                f"{path}: the recording holds nothing of namespace {namespace}; it has: {others}"
            )
        for file in files:
            contents.put_version(file)
            if not elsewhere:
                contents.put_empty_lists(file)
        if not contents.recorded:
            raise RecordingError(f"{path}: holds no object that the agent reads")
        self._view = ClusterView(contents.objects(), contents.sources(read_at))
        # More than a few: the recording is of two clusters, or of two moments.
        self.objects_with_several_uids = contents.objects_with_several_uids()

    def view(self) -> ClusterView:
        return self._view

    async def run(self, on_change: Callable[[], None]) -> None:
        """A recording does not change: says so once, and waits to be cancelled."""
        on_change()
        await asyncio.get_running_loop().create_future()

    def counts(self) -> Mapping[tuple[str, str], int]:
        return {}


_Key = tuple[str, str]  # name and UID as recorded


@dataclass(frozen=True, slots=True)
class _Held:
    uid: str
    value: object | None  # None: no profile knows it, or it is malformed
    counted: bool = True  # as unknown, where no profile knows it
    malformed: bool = False


class _Contents:
    """Objects by resource, filled one by one.

    By name and UID: a recording may hold an object twice, and two objects with one UID where it was edited.
    """

    def __init__(self, intake: Intake, namespace: str) -> None:
        self._intake = intake
        self._namespace = namespace
        self._held: dict[Resource, dict[_Key, _Held]] = {}
        self.recorded: set[Resource] = set()

    def put(self, obj: RecordedObject) -> None:
        """Takes one object in, if it is one that the agent reads in this namespace."""
        resource = _resource(obj, self._namespace)
        if resource is not None and obj.namespace in {None, self._namespace}:
            self._put(resource, (obj.name, obj.uid), _with_uid(obj, resource))

    def _put(self, resource: Resource, key: _Key, raw: bytes | msgspec.Raw) -> None:
        self.recorded.add(resource)
        try:
            accepted = self._intake.accept(resource, raw)
        except _UNREADABLE:
            held = _Held("", None, malformed=True)
        else:
            held = _Held(accepted.uid, accepted.value, counted=accepted.counted)
        self._held.setdefault(resource, {})[key] = held

    def put_empty_lists(self, file: RecordedFile) -> None:
        """Kinds of which there are none. The file's name tells only whose its empty `List` is."""
        if file.folder not in {"", self._namespace}:
            return
        for kind in file.empty_kinds & _KINDS.keys():
            self.recorded.add(_KINDS[kind][0])
        name = file.name.replace("-", "")  # `replication-controllers` of `kubectl cluster-info dump`
        named = name in {resource.value for resource, _ in _KINDS.values()}
        if named and "" in file.empty_kinds and not file.objects:
            self.recorded.add(Resource(name))

    def put_version(self, file: RecordedFile) -> None:
        if file.server_version is not None:
            self._put(Resource.VERSION, ("", VERSION_UID), file.server_version)

    def objects(self) -> ClusterObjects:
        return ClusterObjects(
            {resource: known for resource, held in self._held.items() if (known := _by_uid(held))},
            self._counted(lambda held: held.value is None and held.counted and not held.malformed),
            self._counted(lambda held: held.malformed),
        )

    def objects_with_several_uids(self) -> int:
        """Objects of one kind and name that are recorded with different UIDs; each name counts once."""
        uids: defaultdict[tuple[Resource, str], set[str]] = defaultdict(set)
        for resource, held in self._held.items():
            for name, uid in held:
                if uid:
                    uids[resource, name].add(uid)
        return sum(len(several) > 1 for several in uids.values())

    def _counted(self, which: Callable[[_Held], bool]) -> dict[Resource, int]:
        counts = {resource: sum(map(which, held.values())) for resource, held in self._held.items()}
        return {resource: count for resource, count in counts.items() if count}

    def sources(self, read_at: datetime) -> tuple[SourceState, ...]:
        return tuple(
            SourceState(resource.value, up=True, last_success=read_at)
            if resource in self.recorded
            else SourceState(resource.value, up=None, reason="not recorded", recorded=False)
            for resource in Resource
        )


def _by_uid(held: Mapping[_Key, _Held]) -> dict[str, object]:
    """The known ones; where several objects have one UID, it is told with the name of the later ones."""
    known: dict[str, object] = {}
    for (name, _), one in held.items():
        if one.value is not None:
            known[one.uid if one.uid not in known else f"{one.uid}/{name}"] = one.value
    return known


def _resource(obj: RecordedObject, namespace: str) -> Resource | None:
    """The resource an object belongs to; None: the agent does not read it."""
    if obj.kind == "Namespace" and obj.group == "":
        return {"kube-system": Resource.KUBE_SYSTEM, namespace: Resource.NAMESPACE}.get(obj.name)
    resource, groups = _KINDS.get(obj.kind, (None, frozenset()))
    return resource if obj.group in groups else None


def _located(objects: Sequence[RecordedObject], intake: Intake, candidates: tuple[Profile, ...]) -> Located:
    """Looks for the platform in every namespace of the recording."""
    existing = {obj.namespace for obj in objects} | {obj.name for obj in objects if obj.kind == "Namespace"}
    return locate(_workloads(objects, intake), {name for name in existing if name}, candidates)


def _workloads(objects: Sequence[RecordedObject], intake: Intake) -> dict[str, ClusterObjects]:
    """Namespace -> its workloads."""
    workloads: dict[str, _Contents] = {}
    for obj in objects:
        if obj.namespace and _resource(obj, obj.namespace) in WORKLOADS:
            workloads.setdefault(obj.namespace, _Contents(intake, obj.namespace)).put(obj)
    return {namespace: contents.objects() for namespace, contents in workloads.items()}


def _namespaces(workloads: Mapping[str, ClusterObjects], objects: Sequence[RecordedObject]) -> str:
    """Those that the recording has objects of, in words, and those with workloads of a platform first."""
    platforms = {namespace for namespace, held in workloads.items() if held.known}
    names = sorted({obj.namespace for obj in objects if obj.namespace} - platforms)
    shown = [*sorted(platforms), *names]
    more = f" and {len(shown) - _MOST_NAMED} more" if len(shown) > _MOST_NAMED else ""
    return ", ".join(shown[:_MOST_NAMED]) + more


def _is_of_other_namespaces(objects: Sequence[RecordedObject], namespace: str) -> bool:
    """Whether the recording holds objects of namespaces, and none of this one nor the namespace itself."""
    namespaces = {obj.namespace for obj in objects} - {None}
    itself = any(obj.kind == "Namespace" and obj.name == namespace for obj in objects)
    return bool(namespaces) and namespace not in namespaces and not itself


def _with_uid(obj: RecordedObject, resource: Resource) -> bytes | msgspec.Raw:
    """The object's JSON; one whose UID was taken out of the recording is told by its name instead.

    Not so for namespaces: from their UIDs the cluster's identity is formed.
    """
    if obj.uid or not obj.name or resource in {Resource.KUBE_SYSTEM, Resource.NAMESPACE}:
        return obj.raw
    decoded: dict[str, Any] = msgspec.json.decode(obj.raw)
    decoded["metadata"]["uid"] = f"{obj.kind}/{obj.name}"
    return msgspec.json.encode(decoded)
