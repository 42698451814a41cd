"""Platform profiles: the components of one platform and the workloads they are recognised by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflow_exporter.inventory import WorkloadKind
from workflow_exporter.version import Version


@dataclass(frozen=True, slots=True)
class WorkloadRow:
    """One workload of a component. It is matched by name and kind, never by image (private mirrors)."""

    component: str
    name: str
    kinds: tuple[WorkloadKind, ...]  # alternatives, the newest first: any of them satisfies the row
    required: bool
    container: str | None = None  # whose image carries the version; a trailing `*` matches a prefix
    pod_labels: Mapping[str, str] = field(default_factory=dict)  # of its pod template; a pod has all of them
    generations: tuple[str, ...] = ()  # in which generations it exists; empty: in all
    optional_in: tuple[str, ...] = ()  # generations in which it is not required all the same


@dataclass(frozen=True, slots=True)
class ConfigMapRow:
    """A config map whose value is the image reference of a component that has no workload."""

    component: str
    name: str
    key: str
    required: bool
    generations: tuple[str, ...] = ()  # as of a WorkloadRow


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A Service that selects nothing, or selects by labels that pods get only while they run."""

    name: str
    selector: Mapping[str, str]  # the whole selector; empty: the Service has none


@dataclass(frozen=True, slots=True)
class Generation:
    """One shape that a platform had, named after the first release that had it."""

    name: str
    # Component -> its lowest version in this generation, where that is above those of all older ones.
    # Versions decide between two shapes that differ by little more than what may have been deleted.
    first_versions: Mapping[str, Version] = field(default_factory=dict)
    last_versions: Mapping[str, Version] = field(default_factory=dict)  # the highest, of a line that ended


@dataclass(frozen=True, slots=True)
class ProfileComponent:
    name: str
    title: str
    description: str  # one sentence for operators, and for the legacy `/components`
    required: bool
    observed: bool  # False: known, never read, no verdict (Drycc's imagebuilder)
    images: tuple[str, ...]  # repositories without tag; only `auto` looks at them
    rows: tuple[WorkloadRow, ...] = ()
    config_map: ConfigMapRow | None = None
    services: tuple[ServiceRow, ...] = ()
    # First version that is this platform's own; lower ones belong to the platform it grew from.
    first_version: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything the agent knows of a platform before it has seen a cluster."""

    name: str
    title: str
    namespace: str  # where it is installed unless the operator says otherwise
    version_annotations: tuple[str, ...]  # keys on the workload's metadata, the first found counts
    image_organisations: tuple[str, ...]  # `deis`, `deisci`: `auto` counts them
    generations: tuple[Generation, ...]  # newest first; empty: only one
    components: Mapping[str, ProfileComponent]
    jobs: tuple[str, ...] = ()  # Jobs of an installation or upgrade: theirs, so not counted as unknown
    # Pods of these names build customers' applications, whose names they bear: never kept.
    build_pod_prefixes: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[WorkloadRow, ...]:
        return tuple(row for component in self.components.values() for row in component.rows)

    @property
    def config_maps(self) -> tuple[ConfigMapRow, ...]:
        """Config maps that are read, one right each; those of unobserved components never are."""
        return tuple(c.config_map for c in self.components.values() if c.config_map and c.observed)
