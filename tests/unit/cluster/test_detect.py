from collections.abc import Callable
from dataclasses import replace

import pytest

from clusters import CLUSTERS, Manifest, as_running_objects, held, manifests, platform_namespace
from clusters.rendered import RENDERINGS, rendering
from workflow_exporter.cluster.detect import choose_profile
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.platforms.reader import shipped_profiles

PROFILES = shipped_profiles()


def chosen(
    cluster: str, namespace: str, change: Callable[[Manifest], Manifest | None] = lambda manifest: manifest
) -> str:
    changed = [one for manifest in manifests(cluster) if (one := change(manifest)) is not None]
    return choose_profile(held(as_running_objects(changed), PROFILES), namespace, PROFILES).name


def mirrored(manifest: Manifest, prefix: str = "mirror.internal:5000/images") -> Manifest:
    """The same with all images in a mirror that renames their organisation."""
    for container in manifest.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ()):
        container["image"] = f"{prefix}/{container['image'].rpartition('/')[2]}"
    if manifest["kind"] == "ConfigMap" and "image" in manifest["data"]:
        manifest["data"]["image"] = f"{prefix}/{manifest['data']['image'].rpartition('/')[2]}"
    return manifest


def tagged(manifest: Manifest, tag: str) -> Manifest:
    """The same, mirrored, with all images and annotations of one tag."""
    for container in manifest.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ()):
        container["image"] = f"mirror/{container['name']}:{tag}"
    annotations = manifest["metadata"].get("annotations", {})
    annotations.update({key: tag for key in annotations if key.endswith("/version")})
    return manifest if manifest["kind"] != "ConfigMap" else {**manifest, "data": {}}


def unannotated(manifest: Manifest) -> Manifest:
    manifest["metadata"].pop("annotations", None)
    return manifest


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_every_cluster_is_found_in_its_own_namespace_and_in_any_other(cluster: str) -> None:
    platform = cluster.partition("-")[0]

    assert chosen(cluster, platform_namespace(cluster)) == platform
    assert chosen(cluster, "paas") == platform


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_platform_behind_a_mirror_is_found_by_its_versions(cluster: str) -> None:
    assert chosen(cluster, platform_namespace(cluster), mirrored) == cluster.partition("-")[0]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_mirror_that_keeps_the_organisation_tells_the_platform(cluster: str) -> None:
    def change(manifest: Manifest) -> Manifest:
        organisation = cluster.partition("-")[0]
        return unannotated(mirrored(manifest, f"mirror.internal/docker/{organisation}"))

    assert chosen(cluster, "paas", change) == cluster.partition("-")[0]


def test_annotation_outweighs_the_namespace() -> None:
    assert chosen("drycc-stable", "deis") == "drycc"
    assert chosen("deis-v2.18.0", "drycc") == "deis"


def test_versions_outweigh_images() -> None:
    """A mirror may be named after anybody, and Hephy's first charts named Deis' images."""

    def with_versions_of_hephy(manifest: Manifest) -> Manifest:
        tagged(manifest, "v2.99.0")
        return mirrored(manifest, "quay.io/deis")

    assert chosen("deis-v2.18.0", "deis", with_versions_of_hephy) == "hephy"


def test_as_many_versions_of_the_fork_as_of_its_origin_leave_it_to_the_images() -> None:
    def half(manifest: Manifest) -> Manifest | None:
        if manifest["metadata"]["name"] not in {"deis-router", "deis-builder"}:
            return None
        tag = "v2.99.0" if manifest["metadata"]["name"] == "deis-router" else "v2.0.0"
        return mirrored(tagged(manifest, tag), "mirror.internal/hephy")

    assert chosen("deis-v2.18.0", "deis", half) == "hephy"


def test_builds_without_versions_are_told_by_their_images() -> None:
    def canary(manifest: Manifest) -> Manifest:
        return mirrored(tagged(manifest, "canary"), "mirror.internal/hephy")

    assert chosen("deis-v2.18.0", "deis", canary) == "hephy"


MIRRORS = (
    None,
    "quay.io/deis",
    "quay.io/deisci",
    "hephy",
    "mirror.corp/deis",
    "mirror.corp/quay/hephy",
    "mirror/x",
)


@pytest.mark.parametrize("mirror", MIRRORS)
@pytest.mark.parametrize("name", RENDERINGS)
def test_every_rendering_is_found_whatever_its_images_are_called(name: str, mirror: str | None) -> None:
    platform = rendering(name).platform

    def found(namespace: str, *changes: Callable[[Manifest], Manifest]) -> str:
        manifests = rendering(name).manifests(namespace)
        for change in changes:
            manifests = [change(manifest) for manifest in manifests]
        return choose_profile(held(as_running_objects(manifests), PROFILES), namespace, PROFILES).name

    changes = [lambda manifest: mirrored(manifest, mirror)] if mirror else []
    assert found("drycc" if platform == "drycc" else "deis", *changes) == platform
    assert found("paas", *changes) == platform
    assert found("paas", *changes, unannotated) == platform


def test_names_outweigh_the_namespace_where_nothing_is_annotated() -> None:
    assert chosen("drycc-stable", "deis", unannotated) == "drycc"


def sharing_a_row(profile: Profile, other: Profile, name: str) -> Profile:
    """The profile with one row more: it matches a workload of the other platform."""
    row = next(row for row in other.rows if row.name == name)
    component = next(iter(profile.components.values()))
    shared = replace(row, component=component.name)
    more = replace(component, rows=(*component.rows, shared))
    return replace(profile, components={**profile.components, component.name: more})


@pytest.mark.parametrize("cluster", ["deis-v2.18.0", "hephy-v2.23.0", "drycc-stable"])
@pytest.mark.parametrize("namespace", ["deis", "drycc", "paas"])
@pytest.mark.parametrize("change", [lambda manifest: manifest, unannotated])
def test_row_that_matches_objects_of_two_platforms_decides_nothing(
    cluster: str, namespace: str, change: Callable[[Manifest], Manifest]
) -> None:
    deis, hephy, drycc = PROFILES
    profiles = (
        sharing_a_row(deis, drycc, "drycc-builder"),
        sharing_a_row(hephy, drycc, "drycc-builder"),
        sharing_a_row(drycc, deis, "deis-router"),
    )
    objects = held(as_running_objects([change(manifest) for manifest in manifests(cluster)]), profiles)

    assert choose_profile(objects, namespace, profiles).name == cluster.partition("-")[0]


def test_few_components_of_the_fork_do_not_make_the_fork() -> None:
    def one_of_hephy(manifest: Manifest) -> Manifest:
        if manifest["metadata"]["name"] == "deis-router":
            return tagged(manifest, "v2.19.0")
        return mirrored(manifest)

    assert chosen("deis-v2.18.0", "deis", one_of_hephy) == "deis"


def test_fork_whose_tags_are_no_versions_and_whose_images_are_mirrored_is_taken_for_deis() -> None:
    assert chosen("hephy-v2.23.0", "deis", lambda manifest: tagged(manifest, "canary")) == "deis"


@pytest.mark.parametrize(("namespace", "platform"), [("deis", "deis"), ("drycc", "drycc"), ("paas", "deis")])
def test_empty_cluster_is_told_by_its_namespace_else_taken_for_deis(namespace: str, platform: str) -> None:
    assert chosen("deis-v2.18.0", namespace, lambda _: None) == platform


def test_the_only_candidate_is_chosen_whatever_runs() -> None:
    objects = held(as_running_objects(manifests("deis-v2.18.0")), PROFILES)

    assert [choose_profile(objects, "deis", (profile,)).name for profile in PROFILES] == [
        "deis",
        "hephy",
        "drycc",
    ]
