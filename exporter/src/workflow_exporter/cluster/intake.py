"""What may be kept of an object: decoded to the fields in use if some profile knows it, else a UID.

The builders start pods named after customers' applications in the platform's own namespace. So an
object that no candidate profile knows, by name (workloads, config maps), labels and owner (pods) or
selector (services), is reduced to its UID on arrival, before it is stored; its images are not even decoded.

Kept values hold nothing that a heartbeat changes (no resourceVersion, no condition's time), so that
an update which changes nothing shown compares equal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from workflow_exporter.cluster.objects import (
    Condition,
    ConfigMapObject,
    Metadata,
    Moment,
    NamespaceObject,
    NodeInfo,
    NodeObject,
    NodeStatus,
    OwnerReference,
    PodObject,
    ReplicationControllerObject,
    Resource,
    ServiceObject,
    VersionObject,
    WorkloadObject,
)
from workflow_exporter.cluster.recognition import (
    Recognition,
    Standing,
    kept_template,
    kept_workload_spec,
)
from workflow_exporter.errors import ImageReferenceError
from workflow_exporter.image import parse_image
from workflow_exporter.platforms.profile import Profile

_Raw = bytes | msgspec.Raw
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

VERSION_UID = "version"  # the single key of Resource.VERSION
_MAX_SHARED = 4096  # distinct node facts that are remembered; beyond, remembering starts anew


@dataclass(frozen=True, slots=True)
class Accepted:
    """One object on arrival. `value` None: it is not kept, only counted if `counted`."""

    uid: str
    resource_version: str
    value: object | None
    counted: bool = True  # False: this agent's own, or of an installation Job


class _Wire(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Base of what is decoded first, to decide whether the rest may be."""


class _Headed(_Wire, frozen=True):
    metadata: Metadata


class _NodeMetadata(_Wire, frozen=True):
    name: str
    uid: str
    resource_version: str = ""
    creation_timestamp: Moment | None = None


class _Capacity(msgspec.Struct, frozen=True, gc=False, rename={"ephemeral_storage": "ephemeral-storage"}):
    cpu: str | None = None
    memory: str | None = None
    ephemeral_storage: str | None = None
    pods: str | None = None


class _NodeStatusOnArrival(_Wire, frozen=True):
    node_info: NodeInfo = NodeInfo()
    capacity: _Capacity | None = None
    conditions: tuple[Condition, ...] | None = None


class _NodeOnArrival(_Wire, frozen=True):
    """A node without its labels, annotations and images, which are nine tenths of it."""

    metadata: _NodeMetadata
    status: _NodeStatusOnArrival = _NodeStatusOnArrival()


class _ConfigMapOnArrival(_Wire, frozen=True):
    metadata: Metadata
    data: dict[str, msgspec.Raw] | None = None  # values stay bytes: beside the image may be credentials


class Intake:
    """Decides for all resources; the candidates are one profile, or all shipped ones for `auto`."""

    def __init__(self, candidates: tuple[Profile, ...]) -> None:
        self._recognition = Recognition(candidates)
        self._nodes = _NodeIntake()
        self._head = msgspec.json.Decoder(_Headed)
        self._workload = msgspec.json.Decoder(WorkloadObject)
        self._replication_controller = msgspec.json.Decoder(ReplicationControllerObject)
        self._pod = msgspec.json.Decoder(PodObject)
        self._service = msgspec.json.Decoder(ServiceObject)
        self._config_map = msgspec.json.Decoder(_ConfigMapOnArrival)
        self._text = msgspec.json.Decoder(str)
        self._namespace = msgspec.json.Decoder(NamespaceObject)
        self._version = msgspec.json.Decoder(VersionObject)

        self._by_resource: Mapping[Resource, Callable[[_Raw], Accepted]] = {
            Resource.PODS: self._accept_pod,
            Resource.SERVICES: self._accept_service,
            Resource.REPLICATION_CONTROLLERS: self._accept_replication_controller,
            Resource.DEPLOYMENTS: self._accept_workload,
            Resource.DAEMON_SETS: self._accept_workload,
            Resource.STATEFUL_SETS: self._accept_workload,
            Resource.CRON_JOBS: self._accept_workload,
            Resource.CONFIG_MAPS: self._accept_config_map,
            Resource.NODES: self._nodes.accept,
            Resource.KUBE_SYSTEM: self._accept_namespace,
            Resource.NAMESPACE: self._accept_namespace,
            Resource.VERSION: self._accept_version,
        }

    def accept(self, resource: Resource, raw: bytes | msgspec.Raw) -> Accepted:
        """Decodes one object; raises msgspec.DecodeError (or its ValidationError) where it is malformed.

        A part that is null is read as one that is absent, as the API server does.
        """
        try:
            return self._by_resource[resource](raw)
        except msgspec.ValidationError:
            return self._by_resource[resource](_without_nulls(raw))

    def _accept_workload(self, raw: _Raw) -> Accepted:
        metadata = _identified(self._head.decode(raw).metadata)
        standing = self._recognition.workload(metadata)
        if standing is not Standing.KNOWN:
            return _not_kept(metadata, standing)
        workload = self._workload.decode(raw)
        kept = self._kept_workload(metadata)
        spec = kept_workload_spec(workload.spec)
        return _accepted(metadata, msgspec.structs.replace(workload, metadata=kept, spec=spec))

    def _accept_replication_controller(self, raw: _Raw) -> Accepted:
        metadata = _identified(self._head.decode(raw).metadata)
        standing = self._recognition.workload(metadata)
        if standing is not Standing.KNOWN:
            return _not_kept(metadata, standing)
        controller = self._replication_controller.decode(raw)
        kept = self._kept_workload(metadata)
        template = controller.spec.template
        selector = controller.spec.selector or (template.metadata.labels if template else None)
        spec = msgspec.structs.replace(controller.spec, selector=selector, template=kept_template(template))
        return _accepted(metadata, msgspec.structs.replace(controller, metadata=kept, spec=spec))

    def _kept_workload(self, metadata: Metadata) -> Metadata:
        return _kept(metadata, annotations=self._recognition.version_annotations(metadata.annotations))

    def _accept_namespace(self, raw: _Raw) -> Accepted:
        metadata = _identified(self._namespace.decode(raw).metadata)
        return _accepted(metadata, NamespaceObject(metadata=_kept(metadata)))

    def _accept_version(self, raw: _Raw) -> Accepted:
        return Accepted(VERSION_UID, "", self._version.decode(raw))

    def _accept_pod(self, raw: _Raw) -> Accepted:
        metadata = _identified(self._head.decode(raw).metadata)
        standing = self._recognition.pod(metadata)
        if standing is not Standing.KNOWN:
            return _not_kept(metadata, standing)
        pod = self._pod.decode(raw)
        # Any label may be what a selector asks for, so a known pod keeps all of them.
        owner = metadata.controller
        kept = _kept(metadata, labels=metadata.labels, owners=(owner,) if owner else None)
        ready = tuple(c for c in pod.status.conditions or () if c.type == "Ready")
        status = msgspec.structs.replace(pod.status, conditions=ready)
        return _accepted(metadata, msgspec.structs.replace(pod, metadata=kept, status=status))

    def _accept_service(self, raw: _Raw) -> Accepted:
        service = self._service.decode(raw)
        metadata = _identified(service.metadata)
        standing = self._recognition.service(metadata, service.spec.selector or {})
        if standing is not Standing.KNOWN:
            return _not_kept(metadata, standing)
        return _accepted(metadata, msgspec.structs.replace(service, metadata=_kept(metadata)))

    def _accept_config_map(self, raw: _Raw) -> Accepted:
        config_map = self._config_map.decode(raw)
        metadata = _identified(config_map.metadata)
        keys = self._recognition.config_map_keys(metadata.name)
        if not keys:
            return _not_kept(metadata, Standing.UNKNOWN)
        texts = {
            key: self._text.decode(value) for key, value in (config_map.data or {}).items() if key in keys
        }
        data = {key: image for key, text in texts.items() if (image := _image_text(text)) is not None}
        return _accepted(metadata, ConfigMapObject(metadata=_kept(metadata), data=data))


class _NodeIntake:
    """Nodes by the thousand: few fields are decoded, and facts that repeat are held once."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_NodeOnArrival)
        self._info: dict[NodeInfo, NodeInfo] = {}
        self._capacity: dict[_Capacity, dict[str, str]] = {}
        self._conditions: dict[tuple[Condition, ...], tuple[Condition, ...]] = {}

    def accept(self, raw: _Raw) -> Accepted:
        node = self._decoder.decode(raw)
        metadata, status = node.metadata, node.status
        if not metadata.uid:
            raise msgspec.ValidationError("object has no UID")
        value = NodeObject(
            metadata=Metadata(
                name=metadata.name, uid=metadata.uid, creation_timestamp=_in_utc(metadata.creation_timestamp)
            ),
            status=NodeStatus(
                node_info=_shared(self._info, status.node_info, status.node_info),
                capacity=self._needed_capacity(status.capacity),
                conditions=self._readiness(status.conditions),
            ),
        )
        return Accepted(metadata.uid, metadata.resource_version, value)

    def _needed_capacity(self, capacity: _Capacity | None) -> dict[str, str] | None:
        if capacity is None:
            return None
        known = self._capacity.get(capacity)
        return known if known is not None else _shared(self._capacity, capacity, _as_mapping(capacity))

    def _readiness(self, conditions: tuple[Condition, ...] | None) -> tuple[Condition, ...]:
        ready = tuple(condition for condition in conditions or () if condition.type == "Ready")
        return _shared(self._conditions, ready, ready)


def _without_nulls(raw: _Raw) -> bytes:
    """The JSON without the members that are null. No value is decoded, so that secrets stay bytes."""
    text = bytes(raw).lstrip()
    if text.startswith(b"{"):
        members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        kept = {name: value for name, value in members.items() if bytes(value) != b"null"}
        return msgspec.json.encode({name: msgspec.Raw(_without_nulls(value)) for name, value in kept.items()})
    if text.startswith(b"["):
        items = msgspec.json.decode(text, type=list[msgspec.Raw])
        return msgspec.json.encode([msgspec.Raw(_without_nulls(item)) for item in items])
    return text


def _shared(held: dict[_Key, _Value], key: _Key, value: _Value) -> _Value:
    """The value first seen for this key, so that equal ones are one object in memory."""
    if len(held) >= _MAX_SHARED:
        held.clear()
    return held.setdefault(key, value)


def _as_mapping(capacity: _Capacity) -> dict[str, str]:
    quantities = {
        "cpu": capacity.cpu,
        "memory": capacity.memory,
        "ephemeral-storage": capacity.ephemeral_storage,
        "pods": capacity.pods,
    }
    return {name: quantity for name, quantity in quantities.items() if quantity is not None}


def _identified(metadata: Metadata) -> Metadata:
    if not metadata.uid:
        raise msgspec.ValidationError("object has no UID")
    return metadata


def _kept(
    metadata: Metadata,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    owners: tuple[OwnerReference, ...] | None = None,
) -> Metadata:
    """What is held of metadata: no resourceVersion, moments in UTC, only the labels and annotations named."""
    return Metadata(
        name=metadata.name,
        uid=metadata.uid,
        namespace=metadata.namespace,
        creation_timestamp=_in_utc(metadata.creation_timestamp),
        deletion_timestamp=_in_utc(metadata.deletion_timestamp),
        labels=labels,
        annotations=annotations,
        owner_references=owners,
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    """Here, where one odd object can still be refused alone: year 1 in +05:00 is no moment in UTC."""
    if moment is None or moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise msgspec.ValidationError("a moment outside the years 1 to 9999") from error


def _accepted(metadata: Metadata, value: object) -> Accepted:
    return Accepted(metadata.uid, metadata.resource_version, value)


def _not_kept(metadata: Metadata, standing: Standing) -> Accepted:
    return Accepted(metadata.uid, metadata.resource_version, None, counted=standing is not Standing.BESIDE)


def _image_text(text: str) -> str | None:
    """The image reference that a config map's value is; None for anything else, whatever it is."""
    try:
        return str(parse_image(text.strip()))
    except ImageReferenceError:
        return None
