"""Workloads of the platform: recognised by kind and name, declared version and containers told.

Here is decided which object is which component's, and what is a leftover. Never by image: private
mirrors rename those.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workflow_exporter.cluster.generations import SOURCES, Key, exists_in
from workflow_exporter.cluster.objects import (
    ClusterObjects,
    ConfigMapObject,
    LabelSelector,
    PodTemplate,
    ReplicationControllerObject,
    ReplicationControllerSpec,
    WorkloadObject,
)
from workflow_exporter.cluster.recognition import VERSION_LABEL
from workflow_exporter.inventory import Container, Pod, Workload, WorkloadKind
from workflow_exporter.observation import read_image
from workflow_exporter.platforms.profile import ConfigMapRow, Profile, WorkloadRow
from workflow_exporter.version import Version, version_or_none

_DEFAULT_REPLICAS = 1  # where a manifest says nothing, Kubernetes' own default


@dataclass(frozen=True, slots=True)
class FoundWorkload:
    """One workload object, whosever it is."""

    kind: WorkloadKind
    object: WorkloadObject | ReplicationControllerObject

    @property
    def name(self) -> str:
        return self.object.metadata.name

    @property
    def key(self) -> Key:
        return self.kind, self.name

    @property
    def selector(self) -> LabelSelector | Mapping[str, str] | None:
        return self.object.spec.selector

    @property
    def template(self) -> PodTemplate:
        """Of the pods it makes; for a CronJob that of its jobs' pods."""
        spec = self.object.spec
        if isinstance(spec, ReplicationControllerSpec) or spec.job_template is None:
            return spec.template or PodTemplate()
        return spec.job_template.spec.template

    @property
    def replicas(self) -> tuple[int | None, int | None]:
        """(desired, ready); None where the kind has no replicas."""
        spec, status = self.object.spec, self.object.status
        if self.kind is WorkloadKind.CRON_JOB:
            return None, None
        if self.kind is WorkloadKind.DAEMON_SET:
            return status.desired_number_scheduled or 0, status.number_ready or 0
        desired = _DEFAULT_REPLICAS if spec.replicas is None else spec.replicas
        return desired, status.ready_replicas or 0


def found_workloads(objects: ClusterObjects) -> Iterator[FoundWorkload]:
    """Every workload object that some candidate profile knows by name."""
    for kind, resource in SOURCES.items():
        for obj in objects.known.get(resource, {}).values():
            if isinstance(obj, WorkloadObject | ReplicationControllerObject):
                yield FoundWorkload(kind, obj)


def is_idle_controller(found: FoundWorkload) -> bool:
    """A ReplicationController at zero replicas, as Helm Classic left them when it replaced them."""
    return found.kind is WorkloadKind.REPLICATION_CONTROLLER and found.replicas[0] == 0


class Rows:
    """A profile's rows by kind and name; of several, that of the generation found comes first."""

    def __init__(self, profile: Profile) -> None:
        self._labelled = [(frozenset(row.pod_labels.items()), row) for row in profile.rows]
        self._names = {row.name: row.component for row in profile.rows}
        self._rows: dict[Key, list[WorkloadRow]] = {}
        for row in profile.rows:
            for kind in row.kinds:
                self._rows.setdefault((kind, row.name), []).append(row)

    def knows(self, key: Key) -> bool:
        return key in self._rows

    def row(self, key: Key, generation: str | None) -> WorkloadRow | None:
        rows = self._rows.get(key, ())
        of_generation = (row for row in rows if exists_in(row, generation))
        return next(of_generation, rows[0] if rows else None)

    def component(self, name: str) -> str | None:
        """Whose workload bears that name, in whatever kind."""
        return self._names.get(name)

    def selects_as_ours(self, found: FoundWorkload) -> bool:
        """Whether it selects pods by labels of a row of its name."""
        selector = found.selector
        labels = selector.match_labels if isinstance(selector, LabelSelector) else selector
        wanted = frozenset((labels or {}).items())
        return any(row.name == found.name and wanted <= held for held, row in self._labelled)

    def selected(self, selector: Mapping[str, str]) -> list[WorkloadRow]:
        """Those whose pods a Service with this selector selects."""
        wanted = frozenset(selector.items())
        return [row for labels, row in self._labelled if wanted <= labels] if wanted else []


def workload_of(
    found: FoundWorkload, row: WorkloadRow, annotations: tuple[str, ...], pods: tuple[Pod, ...]
) -> Workload:
    """The workload as its component's; `annotations` are the keys that declare a version."""
    containers = tuple(Container(c.name, c.image) for c in found.template.spec.containers)
    desired, ready = found.replicas
    return Workload(
        component=row.component,
        kind=found.kind,
        name=found.name,
        declared=_declared(found, annotations),
        containers=containers,
        main_container=_main_container(row.container, containers),
        replicas_desired=desired,
        replicas_ready=ready,
        pods=pods,
        created=found.object.metadata.creation_timestamp,
    )


def config_map_workload(row: ConfigMapRow, obj: ConfigMapObject) -> Workload:
    """A component that is an image in a config map; its one container is named by the key."""
    image = (obj.data or {}).get(row.key)
    return Workload(
        component=row.component,
        kind=WorkloadKind.CONFIG_MAP,
        name=row.name,
        declared=None,
        containers=(Container(row.key, image),) if image else (),
        created=obj.metadata.creation_timestamp,
    )


def version_told(found: FoundWorkload, annotations: tuple[str, ...]) -> Version | None:
    """The tag of its first container, else what the workload declares; None where neither is a version.

    The standard label may have the chart's version, which is not the component's.
    """
    containers = found.template.spec.containers
    told = read_image(containers[0].image).version if containers else None
    return told or version_or_none(_declared(found, annotations))


def _declared(found: FoundWorkload, annotations: tuple[str, ...]) -> str | None:
    """The workload's annotation, else the template's standard label; the image's tag is no declaration."""
    declared = found.object.metadata.annotations or {}
    values = (declared.get(key) for key in annotations)
    label = (found.template.metadata.labels or {}).get(VERSION_LABEL)
    return next((value for value in values if value), label or None)


def _main_container(wanted: str | None, containers: tuple[Container, ...]) -> str | None:
    """The container whose image carries the version; None where the row names none that is there."""
    if wanted is None:
        return None
    prefix = wanted.removesuffix("*")
    for container in containers:
        if container.name == wanted or (prefix != wanted and container.name.startswith(prefix)):
            return container.name
    return None
