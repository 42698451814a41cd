"""Where the platform runs and which one it is, when no setting says it. Pure.

Both are decided here for a live cluster and for a recording, from the same evidence: the workloads that a
candidate profile knows.

Hephy kept the namespace, names and annotation of Deis. Versions tell them apart: each component of Hephy
begins where that of Deis ended. Image paths do not, since a private mirror may be named after either, and
Hephy's first charts name images of Deis.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from workflow_exporter.cluster.objects import ClusterObjects, ConfigMapObject, Resource
from workflow_exporter.cluster.workloads import config_map_workload, found_workloads, workload_of
from workflow_exporter.errors import ImageReferenceError
from workflow_exporter.image import parse_image
from workflow_exporter.inventory import Workload
from workflow_exporter.observation import read_image, read_tag
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.version import Version, parse_version

_OTHERWISE = "deis"  # the platform that the others grew from

# The resources that tell which namespace a platform is in.
WORKLOADS = (
    Resource.DEPLOYMENTS,
    Resource.DAEMON_SETS,
    Resource.STATEFUL_SETS,
    Resource.CRON_JOBS,
    Resource.REPLICATION_CONTROLLERS,
)


# --- the namespace -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A platform that also runs, in a namespace that is not looked at."""

    platform_title: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Located:
    """The namespace to look at, and where else a platform was seen."""

    namespace: str
    elsewhere: tuple[Elsewhere, ...] = ()


def locate(
    seen: Mapping[str, ClusterObjects], existing: Iterable[str], profiles: Sequence[Profile]
) -> Located:
    """The namespace with most of the platform's workloads, a profile's own before any other.

    `seen`: the workloads of each namespace that was looked at. `existing`: namespaces that are known to
    exist; the first profile's own of them is taken where no workload was seen, else the first profile's own.
    """
    own = own_namespaces(profiles)
    counts = {namespace: sum(1 for _ in found_workloads(objects)) for namespace, objects in seen.items()}
    running = {namespace: count for namespace, count in counts.items() if count}
    candidates = [namespace for namespace in own if namespace in running] or list(running)
    if not candidates:
        there = set(existing)
        return Located(next((namespace for namespace in own if namespace in there), own[0]))
    chosen = max(candidates, key=lambda namespace: running[namespace])  # ties: in the profiles' order
    elsewhere = (
        Elsewhere(choose_profile(seen[namespace], namespace, profiles).title, namespace)
        for namespace in sorted(running, key=lambda one: (own.index(one) if one in own else len(own), one))
        if namespace != chosen
    )
    return Located(chosen, tuple(elsewhere))


def own_namespaces(profiles: Sequence[Profile]) -> tuple[str, ...]:
    """Where the profiles' platforms are usually installed, each namespace once."""
    return tuple(dict.fromkeys(profile.namespace for profile in profiles))


# --- the platform ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a cluster shows of one profile's platform."""

    annotated: int  # workloads with one of its annotation keys
    named: int  # workloads with one of its names
    own_versions: int  # workloads at or above the component's first version that is the platform's own
    older_versions: int  # workloads below that
    images: int  # containers whose image is of one of its organisations


def choose_profile(objects: ClusterObjects, namespace: str, profiles: Sequence[Profile]) -> Profile:
    """The profile that fits; of several that fit alike `deis`, else the first. `profiles` is not empty.

    Decides by annotation key; where nothing is annotated by the workloads' names, then by namespace; then
    by the majority of versions, and last by the majority of images' organisations.
    """
    evidence = {profile.name: _evidence(objects, profile) for profile in profiles}
    candidates = _most(profiles, lambda profile: evidence[profile.name].annotated)
    if not any(one.annotated for one in evidence.values()):
        candidates = _most(profiles, lambda profile: evidence[profile.name].named)
        candidates = [profile for profile in candidates if profile.namespace == namespace] or candidates
    candidates = _by_versions(candidates, evidence)
    candidates = _most(candidates, lambda profile: evidence[profile.name].images)
    return next((profile for profile in candidates if profile.name == _OTHERWISE), candidates[0])


def _most(profiles: Sequence[Profile], count: Callable[[Profile], int]) -> list[Profile]:
    """Those of which most is counted; all of them where nothing is."""
    most = max(count(profile) for profile in profiles)
    return [profile for profile in profiles if count(profile) == most]


def _by_versions(candidates: list[Profile], evidence: Mapping[str, _Evidence]) -> list[Profile]:
    """The forks whose own versions are the majority; else all but those whose own are the minority."""
    lead = {p.name: evidence[p.name].own_versions - evidence[p.name].older_versions for p in candidates}
    forks = [profile for profile in candidates if lead[profile.name] > 0]
    return forks or [profile for profile in candidates if lead[profile.name] == 0] or candidates


def _evidence(objects: ClusterObjects, profile: Profile) -> _Evidence:
    workloads = list(_workloads(objects, profile))
    images = [container.image for workload in workloads for container in workload.containers]
    versions = [(profile.components[one.component].first_version, _version(one)) for one in workloads]
    own = [parse_version(first) <= version for first, version in versions if first and version]
    names = {row.name for row in profile.rows}
    return _Evidence(
        annotated=sum(1 for obj in _annotations(objects) if not obj.isdisjoint(profile.version_annotations)),
        named=sum(1 for found in found_workloads(objects) if found.name in names),
        own_versions=sum(own),
        older_versions=len(own) - sum(own),
        images=sum(1 for image in images if _organisation(image) in profile.image_organisations),
    )


def _workloads(objects: ClusterObjects, profile: Profile) -> Iterable[Workload]:
    rows = {(kind, row.name): row for row in profile.rows for kind in row.kinds}
    for found in found_workloads(objects):
        if (row := rows.get(found.key)) is not None:
            yield workload_of(found, row, profile.version_annotations, ())
    config_maps = {row.name: row for row in profile.config_maps}
    for obj in objects.known.get(Resource.CONFIG_MAPS, {}).values():
        if isinstance(obj, ConfigMapObject) and obj.metadata.name in config_maps:
            yield config_map_workload(config_maps[obj.metadata.name], obj)


def _annotations(objects: ClusterObjects) -> Iterable[frozenset[str]]:
    for found in found_workloads(objects):
        yield frozenset(found.object.metadata.annotations or ())


def _organisation(image: str) -> str | None:
    """`deis` of `quay.io/deis/builder`, and of `mirror.example/quay/deis/builder`."""
    try:
        organisation = parse_image(image).organisation
    except ImageReferenceError:
        return None
    return organisation.rpartition("/")[2] if organisation else None


def _version(workload: Workload) -> Version | None:
    """Declared, else the tag of the main container; None where neither is a version."""
    declared = read_tag(workload.declared).version if workload.declared else None
    if declared is not None or workload.main is None:
        return declared
    return read_image(workload.main.image).version
