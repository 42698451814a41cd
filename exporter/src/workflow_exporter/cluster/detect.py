"""Which platform a cluster runs, when nobody said so: a choice among the candidate profiles. Pure.

Hephy kept the namespace, names and annotation of Deis, so what tells them apart is where the images
come from, and, behind a private mirror that renames those, that Hephy's versions begin where those of
Deis ended.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workflow_exporter.cluster.objects import ClusterObjects, ConfigMapObject, Resource
from workflow_exporter.cluster.workloads import config_map_workload, found_workloads, workload_of
from workflow_exporter.errors import ImageReferenceError
from workflow_exporter.image import parse_image
from workflow_exporter.inventory import Workload
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.version import Version, parse_version, version_or_none

_OTHERWISE = "deis"  # the platform that the others grew from


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a cluster shows of one profile's platform."""

    annotated: int  # workloads with one of its annotation keys
    images: int  # containers whose image is of one of its organisations
    own_versions: int  # workloads at or above the component's first version that is the platform's own
    older_versions: int  # workloads below that


def choose_profile(objects: ClusterObjects, namespace: str, profiles: Sequence[Profile]) -> Profile:
    """The profile that fits; of several that fit alike `deis`, else the first. `profiles` is not empty.

    Decides by annotation key, or by namespace where nothing is annotated; then by the majority of
    images' organisations; then by versions.
    """
    evidence = {profile.name: _evidence(objects, profile) for profile in profiles}
    candidates = _most(profiles, lambda profile: evidence[profile.name].annotated)
    if len(candidates) == len(profiles):
        candidates = [profile for profile in profiles if profile.namespace == namespace] or candidates
    candidates = _most(candidates, lambda profile: evidence[profile.name].images)
    newer = [p for p in candidates if evidence[p.name].own_versions > evidence[p.name].older_versions]
    candidates = newer or [p for p in candidates if not _grew_from_another(p)] or candidates
    return next((profile for profile in candidates if profile.name == _OTHERWISE), candidates[0])


def _most(profiles: Sequence[Profile], count: Callable[[Profile], int]) -> list[Profile]:
    """Those of which most is counted; all of them where nothing is."""
    most = max(count(profile) for profile in profiles)
    return [profile for profile in profiles if count(profile) == most]


def _evidence(objects: ClusterObjects, profile: Profile) -> _Evidence:
    workloads = list(_workloads(objects, profile))
    images = [container.image for workload in workloads for container in workload.containers]
    versions = [(profile.components[one.component].first_version, _version(one)) for one in workloads]
    own = [parse_version(first) <= version for first, version in versions if first and version]
    return _Evidence(
        annotated=sum(1 for obj in _annotations(objects) if not obj.isdisjoint(profile.version_annotations)),
        images=sum(1 for image in images if _organisation(image) in profile.image_organisations),
        own_versions=sum(own),
        older_versions=len(own) - sum(own),
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
    main = workload.main
    try:
        return version_or_none(workload.declared or (parse_image(main.image).tag if main else None))
    except ImageReferenceError:
        return None


def _grew_from_another(profile: Profile) -> bool:
    return any(component.first_version for component in profile.components.values())
