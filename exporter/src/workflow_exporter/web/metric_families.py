"""The table of every family that is read off a snapshot: name, help, labels, and its samples.

Removing or renaming one is a breaking change. Numbers are values and never labels, moments are
`_timestamp_seconds` and never ages. Facts that are not known have no sample; an unknown label is
empty, which to Prometheus is the same as no label. docs/metrics.md tells it to operators.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from workflow_exporter.errors import ImageReferenceError
from workflow_exporter.freshness import AssessedWorkload, Assessment, Verdict
from workflow_exporter.image import parse_image
from workflow_exporter.inventory import Node, Workload
from workflow_exporter.self_metrics import Family
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.exposition import Sample

# Whose version can be compared with a catalog. Of the others nothing is claimed, not even "no".
_COMPARED = (Verdict.CURRENT, Verdict.OUTDATED, Verdict.AHEAD)


@dataclass(frozen=True, slots=True)
class SnapshotFamily:
    """A family of few samples, rendered anew for each snapshot."""

    family: Family
    samples: Callable[[Snapshot], Iterable[Sample]]


@dataclass(frozen=True, slots=True)
class NodeFamily:
    """A family of at most one sample per node, whose labels are the node's own fields."""

    family: Family
    fields: tuple[str, ...]  # of Node, in the order of the family's labels
    value: Callable[[Node], float | None]  # None: no sample


def _gauge(
    name: str, labels: str, samples: Callable[[Snapshot], Iterable[Sample]], meaning: str
) -> SnapshotFamily:
    return SnapshotFamily(Family(name, meaning, tuple(labels.split())), samples)


def _of_node(name: str, value: Callable[[Node], float | None], meaning: str) -> NodeFamily:
    return NodeFamily(Family(name, meaning, ("node",)), ("name",), value)


def _moment(at: datetime | None) -> Iterator[Sample]:
    if at is not None:
        yield (), at.timestamp()


def _cluster_info(snapshot: Snapshot) -> Iterator[Sample]:
    ids = snapshot.identity
    platform, kubernetes = snapshot.inventory.platform, snapshot.inventory.cluster.kubernetes_version
    yield (ids.cluster_id if ids else "", ids.instance_id if ids else "", platform, kubernetes or ""), 1


def _bundle_info(snapshot: Snapshot) -> Iterator[Sample]:
    bundle = snapshot.bundle
    yield (bundle.version or "", bundle.newest or "", bundle.train), 1


def _bundle_components(snapshot: Snapshot) -> Iterator[Sample]:
    bundle = snapshot.bundle
    yield ("matching",), bundle.matching
    yield ("drifted",), bundle.drifted
    yield ("missing",), bundle.missing


def _component_info(snapshot: Snapshot) -> Iterator[Sample]:
    for assessment in snapshot.components:
        yield (assessment.component, assessment.version or ""), 1


def _component_verdict(snapshot: Snapshot) -> Iterator[Sample]:
    for assessment in snapshot.components:
        for verdict in Verdict:
            yield (assessment.component, verdict.value), assessment.verdict is verdict


def _compared(snapshot: Snapshot) -> Iterator[Assessment]:
    return (assessment for assessment in snapshot.components if assessment.verdict in _COMPARED)


def _component_outdated(snapshot: Snapshot) -> Iterator[Sample]:
    for assessment in _compared(snapshot):
        yield (assessment.component,), assessment.verdict is Verdict.OUTDATED


def _component_security_update(snapshot: Snapshot) -> Iterator[Sample]:
    for assessment in _compared(snapshot):
        yield (assessment.component,), assessment.security


def _component_missing_workloads(snapshot: Snapshot) -> Iterator[Sample]:
    for assessment in snapshot.components:
        if assessment.workloads:
            yield (assessment.component,), len(assessment.missing_workloads)


def _component_latest_info(snapshot: Snapshot) -> Iterator[Sample]:
    for assessment in snapshot.components:
        newest = assessment.newest
        for update, version in (("patch", newest.patch), ("minor", newest.minor), ("major", newest.major)):
            if version is not None:
                yield (assessment.component, version, update), 1


def _component_outdated_since(snapshot: Snapshot) -> Iterator[Sample]:
    for assessment in snapshot.components:
        if assessment.verdict is Verdict.OUTDATED and assessment.outdated_since is not None:
            yield (assessment.component,), assessment.outdated_since.timestamp()


def _workloads(snapshot: Snapshot) -> Iterator[AssessedWorkload]:
    return (assessed for assessment in snapshot.components for assessed in assessment.workloads)


def _workload_info(snapshot: Snapshot) -> Iterator[Sample]:
    """One sample a container: the main one with the version that was assessed, others by their tag."""
    for assessed in _workloads(snapshot):
        workload = assessed.workload
        main = workload.main
        for container in workload.containers:
            version = assessed.version if main and container.name == main.name else _tag(container.image)
            yield (*_workload_labels(workload), container.name, container.image, version or ""), 1


def _tag(image: str) -> str | None:
    try:
        return parse_image(image).tag
    except ImageReferenceError:
        return None


def _workload_labels(workload: Workload) -> tuple[str, str, str]:
    return workload.component, workload.kind.value, workload.name


def _replicas_desired(snapshot: Snapshot) -> Iterator[Sample]:
    for assessed in _workloads(snapshot):
        if assessed.workload.replicas_desired is not None:
            yield _workload_labels(assessed.workload), assessed.workload.replicas_desired


def _replicas_ready(snapshot: Snapshot) -> Iterator[Sample]:
    for assessed in _workloads(snapshot):
        if assessed.workload.replicas_ready is not None:
            yield _workload_labels(assessed.workload), assessed.workload.replicas_ready


def _unknown_workloads(snapshot: Snapshot) -> Iterator[Sample]:
    for kind, count in sorted(snapshot.inventory.unknown_workloads.items()):
        yield (kind,), count


def _notices(snapshot: Snapshot) -> Iterator[Sample]:
    for notice in snapshot.catalog.notices:
        yield (notice.id, notice.severity.value), 1


def _end_of_life(snapshot: Snapshot) -> Iterator[Sample]:
    end = snapshot.catalog.end_of_life
    return _moment(end.date if end else None)


def _source_up(snapshot: Snapshot) -> Iterator[Sample]:
    for state in snapshot.sources:
        if state.up is not None:
            yield (state.source,), state.up


def _source_last_success(snapshot: Snapshot) -> Iterator[Sample]:
    for state in snapshot.sources:
        if state.last_success is not None:
            yield (state.source,), state.last_success.timestamp()


def _malformed_objects(snapshot: Snapshot) -> Iterator[Sample]:
    for source, count in sorted(snapshot.inventory.malformed_objects.items()):
        yield (source,), count


def _switch(is_on: Callable[[Snapshot], bool]) -> Callable[[Snapshot], Iterator[Sample]]:
    def samples(snapshot: Snapshot) -> Iterator[Sample]:
        yield (), is_on(snapshot)

    return samples


def _snapshot_timestamp(snapshot: Snapshot) -> Iterator[Sample]:
    return _moment(snapshot.taken_at if snapshot.complete else None)


CLUSTER_FAMILIES: tuple[SnapshotFamily, ...] = (
    _gauge("workflow_cluster_info", "cluster_id instance_id platform kubernetes_version", _cluster_info,
           "The cluster and the installation; ids are empty while none can be formed."),
    _gauge("workflow_bundle_info", "version latest train", _bundle_info,
           "The platform release that runs (empty: none agrees with what runs) and the newest of the train."),
    _gauge("workflow_bundle_components", "state", _bundle_components,
           "Components that match the platform release that runs, drifted from it, or are missing."),
    _gauge("workflow_component_info", "component version", _component_info,
           "Each component once, with the version that was assessed (empty: none runs)."),
    _gauge("workflow_workload_info",
           "component kind workload workload_container image version", _workload_info,
           "Each container of each workload of a component, with its image as written."),
    _gauge("workflow_component_verdict", "component verdict", _component_verdict,
           "1 for the verdict that holds, 0 for the six others."),
    _gauge("workflow_component_outdated", "component", _component_outdated,
           "Whether a newer release exists; absent where versions cannot be compared."),
    _gauge("workflow_component_latest_info", "component version update", _component_latest_info,
           "The newest release of the same minor (patch), of the same major (minor) and of all (major)"
           " where newer than what runs."),
    _gauge("workflow_component_outdated_since_timestamp_seconds", "component", _component_outdated_since,
           "When the first release came out that is newer than what runs."),
    _gauge("workflow_component_security_update", "component", _component_security_update,
           "Whether a newer release fixes a security fault; absent where versions cannot be compared."),
    _gauge("workflow_component_missing_workloads", "component", _component_missing_workloads,
           "Required workloads of an installed component that do not exist."),
    _gauge("workflow_workload_replicas_desired", "component kind workload", _replicas_desired,
           "Pods that the workload asks for."),
    _gauge("workflow_workload_replicas_ready", "component kind workload", _replicas_ready,
           "Pods of the workload that are ready."),
    _gauge("workflow_unknown_workloads", "kind", _unknown_workloads,
           "Objects in the namespace of the platform that its profile does not know."),
    _gauge("workflow_notice_info", "id severity", _notices,
           "Notices of the makers of the platform that concern this cluster."),
    _gauge("workflow_end_of_life_timestamp_seconds", "", _end_of_life,
           "When the line of the platform ended or ends."),
    _gauge("workflow_cluster_created_timestamp_seconds", "",
           lambda snapshot: _moment(snapshot.inventory.cluster.cluster_created),
           "When the cluster was created: the age of its namespace kube-system."),
    _gauge("workflow_instance_created_timestamp_seconds", "",
           lambda snapshot: _moment(snapshot.inventory.cluster.instance_created),
           "When the installation was created: the age of its namespace."),
)  # fmt: skip  # one family a paragraph reads as a table

# Shown from the start: they tell how far the first snapshot has come.
EXPORTER_FAMILIES: tuple[SnapshotFamily, ...] = (
    _gauge("workflow_exporter_update_checks_enabled", "", _switch(lambda s: s.checks_enabled),
           "Whether versions are compared with a catalog, in effect."),
    _gauge("workflow_exporter_reporting_enabled", "", _switch(lambda s: s.reporting_enabled),
           "Whether usage is reported, in effect."),
    _gauge("workflow_exporter_source_up", "source", _source_up,
           "Whether the source answered the last time; absent until it has been asked."),
    _gauge("workflow_exporter_source_last_success_timestamp_seconds", "source", _source_last_success,
           "When the source was last known to be read in full."),
    _gauge("workflow_exporter_malformed_objects", "source", _malformed_objects,
           "Objects of the source that were skipped because they could not be decoded."),
    _gauge("workflow_exporter_catalog_generated_timestamp_seconds", "",
           lambda snapshot: _moment(snapshot.catalog.generated),
           "When the catalog in use last changed."),
    _gauge("workflow_exporter_catalog_expires_timestamp_seconds", "",
           lambda snapshot: _moment(snapshot.catalog.expires),
           "When the catalog in use stops being believed; absent: never."),
    _gauge("workflow_exporter_snapshot_timestamp_seconds", "", _snapshot_timestamp,
           "When the snapshot was taken that all of this was rendered from."),
)  # fmt: skip  # as above

NODE_FAMILIES: tuple[NodeFamily, ...] = (
    NodeFamily(
        Family(
            "workflow_node_info",
            "What each node runs on.",
            ("node", "os_image", "kernel_version", "kubelet_version", "container_runtime_version",
             "architecture", "operating_system"),
        ),
        ("name", "os_image", "kernel_version", "kubelet_version", "container_runtime_version",
         "architecture", "operating_system"),
        lambda _: 1,
    ),
    _of_node("workflow_node_capacity_cpu_cores", lambda node: node.cpu_cores,
             "Processor cores of the node."),
    _of_node("workflow_node_capacity_memory_bytes", lambda node: node.memory_bytes,
             "Memory of the node."),
    _of_node("workflow_node_capacity_ephemeral_storage_bytes", lambda node: node.ephemeral_storage_bytes,
             "Local storage of the node for pods."),
    _of_node("workflow_node_capacity_pods", lambda node: node.pods,
             "Pods that the node takes at most."),
    _of_node("workflow_node_created_timestamp_seconds",
             lambda node: node.created.timestamp() if node.created else None,
             "When the node joined the cluster."),
    _of_node("workflow_node_ready", lambda node: node.ready,
             "Whether the node is ready for pods."),
)  # fmt: skip  # as above
