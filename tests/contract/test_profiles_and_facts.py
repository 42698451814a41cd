"""The shipped profiles say what is established of the platforms, row by row, and nothing beyond it."""

import json
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from clusters import CLUSTERS, facts, manifests
from clusters.rendered import RENDERINGS, Rendering, rendering
from workflow_exporter.cluster.generations import exists_in
from workflow_exporter.inventory import WorkloadKind
from workflow_exporter.platforms.profile import Profile, WorkloadRow
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.version import Version, parse_version

PROFILES = {profile.name: profile for profile in shipped_profiles()}
PLATFORMS = ("deis", "hephy", "drycc")
CATALOGS = Path(__file__).parents[2] / "releases-api" / "catalogs"
# The rendering that a generation was read from; the others lie between two of these.
RENDERED = {
    ("deis", "v2.8.0"): "deis-v2.18.0",
    ("deis", "v2.6.0"): "classic-v2.6.0",
    ("deis", "v2.3.0"): "classic-v2.3.0",
    ("deis", "v2.2.0"): "classic-v2.2.0",
    ("deis", "v2.0.0"): "classic-v2.0.0",
    ("hephy", "v2.22.2"): "hephy-v2.23.0",
    ("hephy", "v2.19.0"): "hephy-v2.19.0",
    ("drycc", "newest_commit"): "drycc-HEAD",
    ("drycc", "v1.8.3"): "drycc-v1.8.3",
    ("drycc", "v1.8.1"): "drycc-v1.8.1",
    ("drycc", "v1.7.12"): "drycc-v1.7.12",
    ("drycc", "v1.6.0"): "drycc-v1.6.0",
    ("drycc", "v1.5.0"): "drycc-v1.5.0",
    ("drycc", "v1.4.0"): "drycc-v1.4.0",
    ("drycc", "v1.2.0"): "drycc-v1.2.0",
    ("drycc", "v1.0.0"): "drycc-v1.0.0",
}
NOT_IN_DEFAULT_VALUES = {"deis-registry-token-refresher"}
CHARTS_OWN_LABELS = ("app.kubernetes.io/", "helm.sh/")

Row = dict[str, Any]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_profile_has_the_namespace_and_annotation_of_the_facts(platform: str) -> None:
    profile, established = PROFILES[platform], facts.platform(platform)

    assert profile.namespace == established["namespace"]
    assert profile.version_annotations == (established["version_annotation"],)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_profile_has_exactly_the_components_of_the_facts(platform: str) -> None:
    established = facts.platform(platform)
    rows = [*established["components"], *established.get("retired", ()), *established["config_maps"]]
    rendered = {component for cluster in _renderings(platform) for component in cluster.components}

    assert set(PROFILES[platform].components) == {row["component"] for row in rows} | rendered


@pytest.mark.parametrize(("key", "name"), RENDERED.items(), ids=RENDERED.values())
def test_generation_has_exactly_the_workloads_of_its_rendering(
    key: tuple[str, str | None], name: str
) -> None:
    platform, generation = key
    rows = [row for row in PROFILES[platform].rows if exists_in(row, generation)]
    rows = [row for row in rows if row.required or row.name not in NOT_IN_DEFAULT_VALUES]

    matched = [(row, _matching(row, rendering(name))) for row in rows]

    assert [row.name for row, found in matched if len(found) != 1] == []
    assert len(matched) == len(rendering(name).workloads)
    for row, (found,) in matched:
        labels = (found.get("pod_labels") or {}).items()
        assert row.component == found["component"]
        # Builders' pods carry `heritage` too, so it identifies nothing.
        assert dict(row.pod_labels) == {
            k: v for k, v in labels if k != "heritage" and not k.startswith(CHARTS_OWN_LABELS)
        }
        assert row.container is None or any(
            fnmatch(one["name"], row.container) for one in found["containers"]
        )


def _matching(row: WorkloadRow, cluster: Rendering) -> list[Row]:
    kinds = {kind.value for kind in row.kinds}
    return [one for one in cluster.workloads if one["name"] == row.name and one["kind"] in kinds]


def _renderings(platform: str) -> list[Rendering]:
    return [cluster for cluster in map(rendering, RENDERINGS) if cluster.platform == platform]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_generation_that_was_not_rendered_has_only_rows_of_its_neighbours(platform: str) -> None:
    profile = PROFILES[platform]
    names = [one.name for one in profile.generations]

    for number, name in enumerate(names):
        if (platform, name) not in RENDERED:
            beside = {names[number - 1], names[number + 1]}
            alone = [row.name for row in profile.rows if name in row.generations]
            shared = [row.name for row in profile.rows if beside & set(row.generations)]
            assert set(alone) <= set(shared)


def _bundles(platform: str) -> dict[Version, dict[str, Version]]:
    """Version -> component -> version, as the shipped catalog lists them."""
    document = json.loads((CATALOGS / f"{platform}.json").read_text())
    return {
        parse_version(bundle["version"]): {name: parse_version(v) for name, v in bundle["components"].items()}
        for bundle in document["bundles"]
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_first_versions_are_above_all_that_was_released_before_their_generation(platform: str) -> None:
    bundles = _bundles(platform)
    told = 0

    for generation in PROFILES[platform].generations:
        for component, version in generation.first_versions.items():
            first = parse_version(generation.name)
            assert bundles[first][component] == version
            before = [of[component] for release, of in bundles.items() if release < first and component in of]
            assert all(older < version for older in before), (generation.name, component)
            told += 1
    assert told > 3


def test_last_versions_of_helm_classic_are_those_of_its_last_release() -> None:
    (classic,) = [one for one in PROFILES["deis"].generations if one.last_versions]
    last = _bundles("deis")[parse_version("v2.9.0")]
    in_pods = {row.component for row in PROFILES["deis"].rows}

    assert classic.name == "v2.6.0"
    assert dict(classic.last_versions) == {name: v for name, v in last.items() if name in in_pods}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_components_have_the_images_of_the_facts(platform: str) -> None:
    established = facts.platform(platform)
    rows = [*established["components"], *established.get("retired", ()), *established["config_maps"]]
    rows += established["legacy"].get("only_in_v2.0.0", ())
    expected: dict[str, set[str]] = {}
    for row in rows:
        expected.setdefault(row["component"], set()).update(
            {row["image"], *row.get("image_alternatives", ())}
        )
    if platform == "drycc":  # of its older releases only renderings tell
        for component, image in _rendered_images(platform):
            expected.setdefault(component, set()).add(image)

    assert {name: set(c.images) for name, c in PROFILES[platform].components.items()} == expected


def _rendered_images(platform: str) -> Iterator[tuple[str, str]]:
    for cluster in _renderings(platform):
        for one in cluster.workloads:
            for container in one["containers"]:
                repository = container["image"].rpartition(":")[0]
                if "/org/" not in repository:  # the placeholder of one chart
                    yield one["component"], repository
        for one in cluster.raw["config_maps"]:
            yield one["component"], one["image_keys"]["image"].rpartition(":")[0]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_config_maps_are_those_of_the_facts_and_only_plain_references_are_read(platform: str) -> None:
    established = facts.platform(platform)["config_maps"]
    plain = {
        (row["component"], row["name"], row["key"], row["required"])
        for row in established
        if row["value_form"] == "plain image reference"
    } | {
        (one["component"], one["name"], "image", True)
        for cluster in _renderings(platform)
        for one in cluster.raw["config_maps"]
    }
    unobserved = {row["component"] for row in established if row["value_form"] != "plain image reference"}
    profile = PROFILES[platform]

    assert {(row.component, row.name, row.key, row.required) for row in profile.config_maps} == plain
    assert {name for name, c in profile.components.items() if not c.observed} == unobserved


def test_first_versions_of_hephy_are_its_first_releases_and_above_all_of_deis() -> None:
    released = facts.releases("hephy")["components"]
    first = {name: component["releases"][0]["version"] for name, component in released.items()}

    assert {name: c.first_version for name, c in PROFILES["hephy"].components.items()} == first
    assert {c.first_version for p in ("deis", "drycc") for c in PROFILES[p].components.values()} == {None}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_published_image_is_of_the_profiles_organisations(platform: str) -> None:
    profile = PROFILES[platform]
    organisations = {
        image.split("/")[-2] for component in profile.components.values() for image in component.images
    }

    assert organisations - {"deisci"} == {platform}  # Hephy's chart of the controller names deisci too
    assert platform in profile.image_organisations


@pytest.mark.parametrize("platform", PLATFORMS)
def test_build_pods_of_the_facts_are_never_kept(platform: str) -> None:
    # Drycc grew from Deis, and its first releases built slugs as Deis did.
    told = " ".join(word for name in PLATFORMS for word in facts.platform(name)["not_components"])

    assert [prefix for prefix in PROFILES[platform].build_pod_prefixes if f"{prefix}<app>-" not in told] == []
    assert PROFILES[platform].build_pod_prefixes


@pytest.mark.parametrize(
    ("cluster", "release"),
    [
        ("deis-v2.0.0", "v2.0.0, v2.1.0"),
        ("deis-v2.2.0", "v2.2.0"),
        ("deis-v2.3.0", "v2.3.0 to v2.5.0"),
        ("deis-v2.9.0", "v2.6.0 to v2.9.0 (Helm Classic)"),
        ("deis-v2.18.0", "v2.8.0 and later (Kubernetes Helm)"),
    ],
)
def test_sample_clusters_have_as_many_workloads_of_each_kind_as_counted_in_the_charts(
    cluster: str, release: str
) -> None:
    (counted,) = [
        row for row in facts.platform("deis")["legacy"]["kinds_by_release"] if row["releases"] == release
    ]
    kinds = ("ReplicationController", "DaemonSet", "Deployment")
    built = Counter(manifest["kind"] for manifest in manifests(cluster))

    assert {kind: built[kind] for kind in kinds} == {kind: counted[kind] for kind in kinds}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_selectors_of_sample_clusters_pick_their_own_template(cluster: str) -> None:
    for manifest in manifests(cluster):
        template = manifest.get("spec", {}).get("template")
        if template is not None:
            selector = manifest["spec"]["selector"]
            assert selector.get("matchLabels", selector).items() <= template["metadata"]["labels"].items()


def test_every_kind_of_the_facts_is_one_that_the_agent_reads() -> None:
    kinds = {row["kind"] for name in PLATFORMS for row in facts.platform(name)["components"]}

    assert kinds <= {kind.value for kind in WorkloadKind}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_titles_and_descriptions_are_one_short_sentence_each(profile: Profile) -> None:
    for component in profile.components.values():
        assert 0 < len(component.title) <= 30
        assert len(component.description) <= 100
        assert component.description.endswith(".")
        assert component.description.count(". ") == 0
