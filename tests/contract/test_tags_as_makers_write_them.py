"""Whole clusters of rebuilt images, of builds without a version, and of images by digest."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import factories as make
from clusters import Manifest, as_running_objects, held, manifests, platform_namespace
from workflow_exporter.catalog import Affects, Notice, Severity
from workflow_exporter.catalog_document import parse_catalog
from workflow_exporter.cluster.detect import choose_profile
from workflow_exporter.cluster.extract import Extractor
from workflow_exporter.freshness import Verdict
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.report import Report
from workflow_exporter.reporter.series import make_report
from workflow_exporter.reporter.table import Material
from workflow_exporter.reporter.words import Words
from workflow_exporter.snapshot import CatalogReading, Choices, Snapshot, make_snapshot
from workflow_exporter.terminal import ExitStatus, exit_status

CATALOGS = Path(__file__).parents[2] / "releases-api" / "catalogs"
PROFILES = shipped_profiles()
WORDS = Words.of_profiles(PROFILES)

Retag = Callable[[str, str], str]  # repository, tag -> image


NOTICE = Notice(
    id="router-hole",
    severity=Severity.WARNING,
    title="A hole in the router",
    affects=Affects(components=("router",), versions=("v2.19.0",)),
)


def _containers(manifest: Manifest) -> list[dict[str, str]]:
    spec = manifest.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    containers: list[dict[str, str]] = spec.get("template", {}).get("spec", {}).get("containers", [])
    return containers


def _retagged(image: str, retag: Retag) -> str:
    repository, _, tag = image.rpartition(":")
    return retag(repository, tag)


def snapshot_of(cluster: str, retag: Retag) -> Snapshot:
    """The cluster with each image of the platform's own as `retag` makes it; annotations stay."""
    changed = manifests(cluster)
    for manifest in changed:
        for container in _containers(manifest):
            container["image"] = _retagged(container["image"], retag)
        if manifest["kind"] == "ConfigMap" and "image" in manifest["data"]:
            manifest["data"]["image"] = _retagged(manifest["data"]["image"], retag)
    namespace, objects = platform_namespace(cluster), held(as_running_objects(changed), PROFILES)
    profile = choose_profile(objects, namespace, PROFILES)
    catalog = parse_catalog((CATALOGS / f"{profile.name}.json").read_bytes(), profile.name)
    return make_snapshot(
        now=make.NOW,
        inventory=Extractor(profile, namespace).extract(objects),
        sources=make.source_states(),
        reading=CatalogReading(msgspec.structs.replace(catalog, notices=(NOTICE,))),
        identity=make.identity(),
        choices=Choices(),
        titles={},
    )


def as_written(repository: str, tag: str) -> str:
    return f"{repository}:{tag}"


def by_digest(repository: str, tag: str) -> str:
    return f"{repository}@sha256:{hashlib.sha256(f'{repository}:{tag}'.encode()).hexdigest()}"


def report_of(snapshot: Snapshot) -> Report:
    made = make_report(Material(snapshot, make.NOW.replace(minute=0), "customer", "0.1.0"), WORDS)
    assert made is not None
    return made


def reported_versions(snapshot: Snapshot) -> set[str]:
    labels = [dict(series.labels) for series in report_of(snapshot).series]
    return {each["version"] for each in labels if "version" in each}


def judgement(snapshot: Snapshot) -> dict[str, object]:
    return {
        one.component: (one.verdict, one.newest, one.outdated_since, one.security, one.rolling, one.reason)
        for one in snapshot.components
    }


@pytest.mark.parametrize("cluster", ["hephy-v2.23.0", "drycc-stable"])
@pytest.mark.parametrize(
    "suffix",
    ["-alpine", "-debian-12-r5", "-r1", "-ubi9.3-1", "-linux-amd64-v3", "-ubuntu22.04", "-alpine_amd64"],
)
def test_rebuilt_cluster_is_judged_and_reported_as_what_it_rebuilds(cluster: str, suffix: str) -> None:
    plain = snapshot_of(cluster, as_written)

    rebuilt = snapshot_of(cluster, lambda repository, tag: f"{repository}:{tag}{suffix}")

    assert rebuilt.inventory.platform == plain.inventory.platform
    assert judgement(rebuilt) == judgement(plain)
    assert (rebuilt.bundle, rebuilt.catalog.notices) == (plain.bundle, plain.catalog.notices)
    assert report_of(rebuilt) == report_of(plain)
    running = {one.version for one in rebuilt.components if one.version}
    assert running
    assert all(version.endswith(suffix) for version in running)  # shown as written


def test_notice_about_a_version_is_shown_where_a_rebuild_of_it_runs() -> None:
    rebuilt = snapshot_of("hephy-v2.23.0", lambda repository, tag: f"{repository}:{tag}-alpine")

    assert rebuilt.catalog.notices == (NOTICE,)


@pytest.mark.parametrize("suffix", ["-63-gc1cfb6864", "-c1cfb68", "-sha.1a2b3c4", "-hotfix.1"])
def test_cluster_of_builds_after_its_releases_is_never_outdated_by_them(suffix: str) -> None:
    plain = snapshot_of("hephy-v2.23.0", as_written)

    described = snapshot_of("hephy-v2.23.0", lambda repository, tag: f"{repository}:{tag}{suffix}")

    verdicts = {one.component: one.verdict for one in described.components}
    expected = {one.component: one.verdict for one in plain.components}
    assert verdicts == {
        name: Verdict.AHEAD if verdict is Verdict.CURRENT else verdict for name, verdict in expected.items()
    }
    assert described.bundle.version is None  # nothing that runs is the release itself
    assert reported_versions(described) == {"other"}


@pytest.mark.parametrize(
    "tag", ["main", "master", "edge", "dev", "nightly", "stable", "sha-1a2b3c4", "pr-12", "main-1a2b3c4"]
)
def test_cluster_of_a_branch_is_unversioned_and_fine(tag: str) -> None:
    snapshot = snapshot_of("hephy-v2.23.0", lambda repository, _: f"{repository}:{tag}")

    found = [one for one in snapshot.components if one.workloads]
    assert {(one.verdict, one.reason) for one in found} == {
        (Verdict.UNVERSIONED, f"{tag} is a build without a version")
    }
    assert exit_status(snapshot) is ExitStatus.FINE
    assert reported_versions(snapshot) == {"other"}


@pytest.mark.parametrize("tag", ["v2", "2.19", "v2.19-latest", "2.19-alpine", "2.x"])
def test_cluster_of_floating_tags_is_unversioned_and_fine(tag: str) -> None:
    snapshot = snapshot_of("hephy-v2.23.0", lambda repository, _: f"{repository}:{tag}")

    found = [one for one in snapshot.components if one.workloads]
    assert {(one.verdict, one.reason) for one in found} == {
        (Verdict.UNVERSIONED, f"{tag} does not say which release")
    }
    assert exit_status(snapshot) is ExitStatus.FINE
    assert reported_versions(snapshot) == {"other"}


def test_images_by_digest_do_not_differ() -> None:
    snapshot = snapshot_of("hephy-v2.23.0", by_digest)

    found = [one for one in snapshot.components if one.workloads]
    assert {(one.verdict, one.rolling, one.reason) for one in found} == {
        (Verdict.UNVERSIONED, False, "the image is given by digest only")
    }
    assert exit_status(snapshot) is ExitStatus.FINE
