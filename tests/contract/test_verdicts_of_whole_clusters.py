"""Whole clusters, as the platforms' charts make them, judged by the catalogs that ship."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from clusters import CLUSTERS, as_running_objects, held, manifests, platform_namespace
from factories import NOW, source_states
from workflow_exporter.catalog_document import parse_catalog
from workflow_exporter.cluster.detect import choose_profile
from workflow_exporter.cluster.extract import Extractor
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.inventory import WorkloadKind
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.snapshot import CatalogReading, Choices, Snapshot, make_snapshot

CATALOGS = Path(__file__).parents[2] / "releases-api" / "catalogs"
PROFILES = shipped_profiles()


def snapshot_of(cluster: str, choices: Choices, *down: Resource) -> Snapshot:
    """`down`: resources of which nothing was ever to be read."""
    running = held(as_running_objects(manifests(cluster)), PROFILES)
    objects = replace(running, known={r: found for r, found in running.known.items() if r not in down})
    profile = choose_profile(objects, platform_namespace(cluster), PROFILES)
    body = (CATALOGS / f"{profile.name}.json").read_bytes()
    return make_snapshot(
        now=NOW,
        inventory=Extractor(profile, platform_namespace(cluster)).extract(objects),
        sources=source_states(*down),
        reading=CatalogReading(parse_catalog(body, profile.name)),
        identity="none here",
        choices=choices,
        titles={name: component.title for name, component in profile.components.items()},
    )


# Bundle, how many components match it, and all verdicts. Nothing drifts and nothing is missing in any.
EXPECTED: dict[str, tuple[str | None, int, dict[str, int]]] = {
    # Helm Classic had no config maps for slugbuilder, dockerbuilder and slugrunner: three fewer are seen.
    "deis-v2.0.0": ("v2.0.0", 11, {"outdated": 10, "current": 1}),  # stdout-metrics had one release only
    "deis-v2.2.0": ("v2.2.0", 12, {"outdated": 12}),
    "deis-v2.3.0": ("v2.3.0", 14, {"outdated": 14}),
    "deis-v2.9.0": ("v2.9.0", 14, {"outdated": 14}),
    "deis-v2.18.0": ("v2.18.0", 16, {"current": 16, "absent": 1}),
    "hephy-v2.22.3": ("v2.22.3", 16, {"current": 12, "outdated": 4, "absent": 1}),
    "hephy-v2.23.0": (
        "v2.23.0",
        16,
        {"current": 15, "outdated": 1, "absent": 1},
    ),  # slugbuilder v2.8.1 is newer
    # No list was ever published for v1.8.3: its bundle follows from the rule, without quickwit, which has no
    # release.
    "drycc-stable": ("v1.8.3", 10, {"current": 10, "unversioned": 1}),
    "drycc-testing": (None, 0, {"unversioned": 11}),
    "drycc-retired": ("v1.8.1", 12, {"outdated": 10, "current": 2}),
}


def test_every_cluster_has_an_expectation() -> None:
    assert EXPECTED.keys() == CLUSTERS.keys()


@pytest.mark.parametrize("cluster", EXPECTED)
def test_whole_cluster_is_recognised_and_judged(cluster: str) -> None:
    version, matching, verdicts = EXPECTED[cluster]

    snapshot = snapshot_of(cluster, Choices())

    bundle = snapshot.bundle
    assert (bundle.version, bundle.matching, bundle.drifted, bundle.missing) == (version, matching, 0, 0)
    assert Counter(one.verdict.value for one in snapshot.components) == verdicts
    assert not any(one.rolling for one in snapshot.components)


@pytest.mark.parametrize("cluster", EXPECTED)
def test_nothing_that_runs_in_pods_is_current_where_pods_are_forbidden(cluster: str) -> None:
    snapshot = snapshot_of(cluster, Choices(), Resource.PODS)

    kinds = {one.component: {a.workload.kind for a in one.workloads} for one in snapshot.components}
    in_pods = [one for one in snapshot.components if kinds[one.component] - {WorkloadKind.CONFIG_MAP}]
    assert in_pods
    assert {(one.verdict.value, one.reason) for one in in_pods} == {
        ("unknown", "cannot be seen: pods: forbidden")
    }


@pytest.mark.parametrize(
    ("cluster", "unobserved"), [("deis-v2.18.0", ()), ("drycc-stable", ("imagebuilder",))]
)
def test_component_that_is_never_read_has_no_verdict(cluster: str, unobserved: tuple[str, ...]) -> None:
    snapshot = snapshot_of(cluster, Choices())

    assert snapshot.unobserved == unobserved
    assert not {one.component for one in snapshot.components} & set(unobserved)
