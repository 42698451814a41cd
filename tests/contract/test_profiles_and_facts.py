"""The shipped profiles say what is established of the platforms, row by row, and nothing beyond it."""

from collections import Counter
from typing import Any

import pytest

from clusters import CLUSTERS, facts, manifests
from workflow_exporter.inventory import WorkloadKind
from workflow_exporter.platforms.profile import Profile, WorkloadRow
from workflow_exporter.platforms.reader import shipped_profiles

PROFILES = {profile.name: profile for profile in shipped_profiles()}
PLATFORMS = ("deis", "hephy", "drycc")
DEIS_GENERATIONS = ("v2.3.0", "v2.2.0", "v2.1.0", "v2.0.0")
# Deployments since v2.3.0; the others were ReplicationControllers until v2.6.0 (facts: `legacy`).
FIRST_DEPLOYMENTS = {"builder", "controller", "registry", "router", "workflow-manager"}
# Required by the charts; this agent is installed in its place, so its absence is no fault.
REPLACED = "workflow-manager"

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
    only_once = [row["component"] for row in established["legacy"].get("only_in_v2.0.0", ())]

    assert set(PROFILES[platform].components) == {row["component"] for row in rows} | set(only_once)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_row_of_the_profile_follows_from_the_facts(platform: str) -> None:
    expected = {"deis": _deis_rows, "hephy": _hephy_rows, "drycc": _drycc_rows}[platform]()

    assert sorted(map(_flat, PROFILES[platform].rows)) == sorted(expected)


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

    assert {name: set(c.images) for name, c in PROFILES[platform].components.items()} == expected


@pytest.mark.parametrize("platform", PLATFORMS)
def test_config_maps_are_those_of_the_facts_and_only_plain_references_are_read(platform: str) -> None:
    established = facts.platform(platform)["config_maps"]
    plain = {
        (row["component"], row["name"], row["key"], row["required"])
        for row in established
        if row["value_form"] == "plain image reference"
    }
    unobserved = {row["component"] for row in established if row["value_form"] != "plain image reference"}
    profile = PROFILES[platform]

    assert {(row.component, row.name, row.key, row.required) for row in profile.config_maps} == plain
    assert {name for name, c in profile.components.items() if not c.observed} == unobserved


@pytest.mark.parametrize("platform", ["deis", "hephy"])
def test_first_workflow_manager_is_optional_where_this_agent_runs(platform: str) -> None:
    component = PROFILES[platform].components[REPLACED]

    assert [component.required, *(row.required for row in component.rows)] == [False] * (
        len(component.rows) + 1
    )


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
    told = " ".join(facts.platform(platform)["not_components"])

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


Flat = tuple[str, str, tuple[str, ...], bool, str, tuple[tuple[str, str], ...], tuple[str, ...]]


def _flat(row: WorkloadRow) -> Flat:
    return (
        row.component,
        row.name,
        tuple(kind.value for kind in row.kinds),
        row.required or row.component == REPLACED,
        row.container or "",
        tuple(sorted(row.pod_labels.items())),
        row.generations,
    )


def _expected(row: Row, kinds: tuple[str, ...], generations: tuple[str, ...]) -> Flat:
    # Builders' pods carry `heritage` too, so it identifies nothing.
    labels = {key: value for key, value in row["pod_labels"].items() if key != "heritage"}
    container = row["container"].replace("<queue>", "*")
    return (
        row["component"],
        row["name"],
        kinds,
        row["required"],
        container,
        tuple(sorted(labels.items())),
        generations,
    )


def _deis_rows() -> list[Flat]:
    legacy = facts.platform("deis")["legacy"]
    rows: list[Flat] = []
    for row in facts.platform("deis")["components"]:
        since = legacy["first_seen"].get(row["component"], "v2.0.0")
        generations = DEIS_GENERATIONS[: DEIS_GENERATIONS.index(since) + 1]
        if row["kind"] == "DaemonSet" or not row["required"]:
            rows.append(_expected(row, (row["kind"],), generations))
            continue
        later = () if row["component"] in FIRST_DEPLOYMENTS else ("ReplicationController",)
        rows.append(_expected(row, ("Deployment", *later), generations[:1]))
        rows.append(_expected(row, ("ReplicationController",), generations[1:]))
    once = legacy["only_in_v2.0.0"]
    return rows + [(row["component"], row["name"], (row["kind"],), True, "", (), ("v2.0.0",)) for row in once]


def _hephy_rows() -> list[Flat]:
    return [
        _expected(row, tuple(e["kind"] for e in reversed(row.get("kind_history", ()))) or (row["kind"],), ())
        for row in facts.platform("hephy")["components"]
    ]


def _drycc_rows() -> list[Flat]:
    rows: list[Flat] = []
    for row in facts.platform("drycc")["components"]:
        at_release = {**row, **row.get("at_newest_release", {})}
        newest = _expected(row, (row["kind"],), ("newest_commit",)) if row["in_newest_commit"] else None
        release = (
            _expected(at_release, (row["kind"],), ("newest_release",)) if row["in_newest_release"] else None
        )
        if newest and release and newest[:-1] == release[:-1]:
            rows.append((*newest[:-1], ("newest_commit", "newest_release")))
        else:
            rows += [one for one in (newest, release) if one]
    rows += [_expected(row, (row["kind"],), ("retired",)) for row in facts.platform("drycc")["retired"]]
    return rows


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
