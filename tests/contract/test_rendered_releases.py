"""Every release that was rendered is recognised whole, and whatever it loses is told.

`tests/data/rendered` has the objects of the platforms' own charts; nothing of them is typed here.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from clusters import Manifest, as_running_objects, held
from clusters.rendered import RENDERINGS, Rendering, rendering
from factories import NOW, source_states
from workflow_exporter.catalog_document import parse_catalog
from workflow_exporter.cluster.extract import extract
from workflow_exporter.cluster.objects import OwnerReference, Resource
from workflow_exporter.cluster.recognition import made_by
from workflow_exporter.freshness import Verdict
from workflow_exporter.inventory import Inventory, WorkloadKind
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.snapshot import CatalogReading, Choices, Snapshot, make_snapshot
from workflow_exporter.terminal import ExitStatus, exit_status

CATALOGS = Path(__file__).parents[2] / "releases-api" / "catalogs"
PROFILES = {profile.name: profile for profile in shipped_profiles()}
# Optional in every release: one replaces the registry, the other is what this agent replaces.
OPTIONAL = {"registry-token-refresher", "workflow-manager"}
INFLUX = {"deis-monitor-influxapi", "deis-monitor-influxui"}  # of Helm Classic the facts name no component

Key = tuple[str, str]  # kind and name


@dataclass(frozen=True)
class Told:
    """What is said of the components that are not whole."""

    missing: frozenset[str]
    lost: frozenset[tuple[str, str, str]]  # component, kind, name


# What a variant's values take out: required until OFF_CLUSTER names it.
LEFT_OUT: dict[str, Told] = {
    "ecr": Told(frozenset({"registry", "registry-proxy"}), frozenset()),
    "gcr": Told(frozenset({"registry", "registry-proxy"}), frozenset()),
    "native": Told(frozenset({"router"}), frozenset()),
    "off-db-s3": Told(frozenset({"database", "minio"}), frozenset()),
    "off-redis": Told(frozenset({"redis"}), frozenset()),
    "off-graf": Told(frozenset(), frozenset({("monitor", "Deployment", "deis-monitor-grafana")})),
    "off-influx": Told(frozenset(), frozenset({("monitor", "Deployment", "deis-monitor-influxdb")})),
    "off-all": Told(
        frozenset({"database", "minio", "redis", "registry", "registry-proxy"}),
        frozenset(
            {
                ("monitor", "Deployment", "deis-monitor-grafana"),
                ("monitor", "Deployment", "deis-monitor-influxdb"),
            }
        ),
    ),
    "no-ne": Told(
        frozenset(),
        frozenset(
            {
                ("victoriametrics", "DaemonSet", "drycc-node-exporter"),
                ("victoriametrics", "StatefulSet", "drycc-kube-state-metrics"),
            }
        ),
    ),
    "no-database": Told(frozenset({"database"}), frozenset()),
    "no-grafana": Told(frozenset({"grafana"}), frozenset()),
    "no-passport": Told(frozenset({"passport"}), frozenset()),
    "no-registry": Told(frozenset({"registry"}), frozenset()),
    "no-valkey": Told(frozenset({"valkey"}), frozenset()),
    "no-victoriametrics": Told(frozenset({"victoriametrics"}), frozenset()),
}
NOTHING = Told(frozenset(), frozenset())


def left_out(cluster: Rendering) -> Told:
    return LEFT_OUT.get(cluster.variant or "", NOTHING)


def read(
    cluster: Rendering, gone: frozenset[Key] = frozenset(), unrecorded: WorkloadKind | None = None
) -> Inventory:
    """The inventory of the rendering without some objects, and without the pods that they had made.

    `unrecorded`: the recording has nothing of this kind.
    """
    running = [
        one
        for one in as_running_objects(cluster.manifests())
        if not _is_gone(one, gone) and one["kind"] != unrecorded
    ]
    profile = PROFILES[cluster.platform]
    unread = {Resource(unrecorded.source)} if unrecorded else set()
    return extract(held(running, (profile,)), profile, cluster.namespace, unread=unread)


def _is_gone(one: Manifest, gone: frozenset[Key]) -> bool:
    owners = one["metadata"].get("ownerReferences", ())
    made = {made_by(OwnerReference(owner["kind"], owner["name"]), {}) for owner in owners}
    return (one["kind"], one["metadata"]["name"]) in gone or not made.isdisjoint(gone)


def judged(
    cluster: Rendering, gone: frozenset[Key] = frozenset(), unrecorded: WorkloadKind | None = None
) -> Snapshot:
    return make_snapshot(
        now=NOW,
        inventory=read(cluster, gone, unrecorded),
        sources=tuple(
            replace(state, up=None, last_success=None, recorded=False)
            if unrecorded and state.source == unrecorded.source
            else state
            for state in source_states()
        ),
        reading=CatalogReading(
            parse_catalog((CATALOGS / f"{cluster.platform}.json").read_bytes(), cluster.platform)
        ),
        identity="none here",
        choices=Choices(),
        titles={},
    )


def told(snapshot: Snapshot) -> Told:
    return Told(
        frozenset(one.component for one in snapshot.components if one.verdict is Verdict.MISSING),
        frozenset(
            (one.component, lost.kind.value, lost.name)
            for one in snapshot.components
            for lost in one.missing_workloads
        ),
    )


@pytest.mark.parametrize("name", RENDERINGS)
def test_every_workload_and_image_is_of_the_component_whose_chart_made_it(name: str) -> None:
    cluster = rendering(name)

    found = read(cluster)

    shown: dict[str, set[Key]] = {}
    for one in found.workloads:
        shown.setdefault(one.component, set()).add((one.kind.value, one.name))
    assert shown == cluster.components


@pytest.mark.parametrize("name", RENDERINGS)
def test_every_component_is_listed_with_the_version_of_its_chart(name: str) -> None:
    cluster = rendering(name)

    shown = {one.component: one.version for one in judged(cluster).components if one.workloads}

    assert shown == dict(_versions(cluster))


def _versions(cluster: Rendering) -> Iterator[tuple[str, str]]:
    for one in cluster.workloads:
        yield one["component"], one["containers"][0]["image"].rpartition(":")[2]
    for one in cluster.raw["config_maps"]:
        yield one["component"], one["image_keys"]["image"].rpartition(":")[2]


@pytest.mark.parametrize("name", RENDERINGS)
def test_nothing_of_a_release_counts_as_unknown(name: str) -> None:
    assert read(rendering(name)).unknown_workloads == {}


@pytest.mark.parametrize("name", RENDERINGS)
def test_every_service_is_of_its_component(name: str) -> None:
    cluster = rendering(name)
    expected = {
        one["name"]: one["component"] or ("monitor" if one["name"] in INFLUX else None)
        for one in cluster.raw["services"]
    }

    assert {one.name: one.component for one in read(cluster).services} == expected


@pytest.mark.parametrize("name", RENDERINGS)
def test_pods_of_a_release_belong_to_the_workload_that_made_them(name: str) -> None:
    found = read(rendering(name))

    assert all(len(one.pods) == one.replicas_desired for one in found.workloads if one.replicas_desired)


@pytest.mark.parametrize("name", RENDERINGS)
def test_a_whole_release_lacks_only_what_its_values_left_out(name: str) -> None:
    cluster = rendering(name)

    assert told(judged(cluster)) == left_out(cluster)


@pytest.mark.parametrize("name", RENDERINGS)
def test_each_required_component_that_is_removed_is_missing_and_nothing_else_is(name: str) -> None:
    cluster, before = rendering(name), left_out(rendering(name))
    results, expected = {}, {}

    for component, keys in cluster.components.items():
        snapshot = judged(cluster, frozenset(keys))
        results[component] = told(snapshot), exit_status(snapshot) is ExitStatus.OUTDATED_OR_MISSING
        lost = frozenset(one for one in before.lost if one[0] != component)
        missing = before.missing | ({component} - OPTIONAL)
        # Of an old release each remaining component is outdated, whatever else is missing.
        expected[component] = Told(missing, lost), bool(missing or lost) or _is_outdated(snapshot)

    assert results == expected


def _is_outdated(snapshot: Snapshot) -> bool:
    return any(one.verdict is Verdict.OUTDATED for one in snapshot.components)


@pytest.mark.parametrize("name", RENDERINGS)
def test_each_workload_that_a_component_loses_is_told_and_nothing_else_is(name: str) -> None:
    cluster, before = rendering(name), left_out(rendering(name))
    results, expected = {}, {}

    for component, keys in cluster.components.items():
        for key in keys if len(keys) > 1 else ():
            snapshot = judged(cluster, frozenset({key}))
            results[key] = told(snapshot), exit_status(snapshot)
            expected[key] = (
                replace(before, lost=before.lost | {(component, *key)}),
                ExitStatus.OUTDATED_OR_MISSING,
            )

    assert results == expected


DEFAULT_VALUES = [name for name in RENDERINGS if rendering(name).variant in {None, "orghephy"}]
# Without Deployments what is left is as near to v2.19.0, whose nsqd was one: it is then not recorded either.
NEAR_ANOTHER = {("hephy-v2.23.0", WorkloadKind.DEPLOYMENT, "nsqd")}
IN_PODS = [kind for kind in WorkloadKind if kind is not WorkloadKind.CONFIG_MAP]


@pytest.mark.parametrize("name", DEFAULT_VALUES)
def test_kind_that_was_not_recorded_makes_nothing_missing_and_hides_no_other_loss(name: str) -> None:
    cluster = rendering(name)
    results, expected = {}, {}

    for unrecorded in IN_PODS:
        elsewhere = {
            component: keys
            for component, keys in cluster.components.items()
            if unrecorded.value not in {kind for kind, _ in keys} and component not in OPTIONAL
        }
        for component, keys in {"nothing": set(), **elsewhere}.items():
            snapshot = judged(cluster, frozenset(keys), unrecorded)
            results[unrecorded, component] = told(snapshot).missing
            hidden = (name, unrecorded, component) in NEAR_ANOTHER
            expected[unrecorded, component] = frozenset(() if hidden else elsewhere) & {component}

    assert results == expected


@pytest.mark.parametrize("name", [name for name in RENDERINGS if name.startswith("classic")])
def test_component_whose_deployment_was_deleted_is_missing_though_its_idle_controller_stays(
    name: str,
) -> None:
    cluster = rendering(name)
    idle = {one["name"] for one in cluster.raw["workloads"]} - {one["name"] for one in cluster.workloads}
    beside = [
        one
        for one in cluster.workloads
        if one["kind"] == "Deployment"
        and sum(other["name"] == one["name"] for other in cluster.raw["workloads"]) == 2
    ]

    assert not idle
    for one in beside:
        missing = told(judged(cluster, frozenset({("Deployment", one["name"])}))).missing
        assert missing == {one["component"]} - OPTIONAL


@pytest.mark.parametrize("name", RENDERINGS)
def test_half_of_a_release_is_recognised_as_far_as_it_is_there(name: str) -> None:
    cluster = rendering(name)
    half = sorted((one["kind"], one["name"]) for one in cluster.workloads)[::2]

    found = read(cluster, frozenset(half))

    assert found.unknown_workloads == {}
    assert {(one.kind.value, one.name) for one in found.workloads}.isdisjoint(half)


def test_the_renderings_are_all_of_them() -> None:
    assert len(RENDERINGS) == 51
    assert {json.dumps(rendering(name).variant) for name in RENDERINGS} >= {'"ecr"', '"off-all"', "null"}


def between(base: str, release: str, without: frozenset[str] = frozenset(), **added: str) -> Rendering:
    """A release that was not rendered: the objects of one that was, in the versions of the catalog's bundle.

    `without`: names of workloads and components to leave out. `added`: rendering by the workload to take.
    """
    raw = deepcopy(rendering(base).raw)
    raw["workloads"] += [
        deepcopy(one)
        for name, source in added.items()
        for one in rendering(source).raw["workloads"]
        if one["name"] == name.replace("_", "-")
    ]
    bundles = json.loads((CATALOGS / f"{raw['platform']}.json").read_text())["bundles"]
    versions = next(one["components"] for one in bundles if one["version"] == release)
    for key in ("workloads", "config_maps", "services"):
        raw[key] = [one for one in raw[key] if not {one["component"], one["name"]} & without]
    for one in raw["workloads"]:
        version = versions.get(one["component"])
        for container in one["containers"] if version else ():
            container["image"] = f"{container['image'].rpartition(':')[0]}:{version.removeprefix('v')}"
        one["annotations"] = {}
    return Rendering(f"{base} as {release}", raw["platform"], release, None, raw)


BETWEEN = {
    "drycc-v1.8.2": between("drycc-v1.8.3", "v1.8.2", frozenset({"quickwit"}), drycc_logger="drycc-v1.8.1"),
    "drycc-v1.8.2-with-quickwit": between("drycc-v1.8.3", "v1.8.2", drycc_logger="drycc-v1.8.1"),
    "drycc-v1.7.2": between(
        "drycc-v1.7.12",
        "v1.7.2",
        frozenset({"drycc-controller-mutate"}),
        drycc_controller_webhook="drycc-v1.6.0",
    ),
    "drycc-v1.7.7-with-mutate": between("drycc-v1.7.12", "v1.7.7"),
    "drycc-v1.7.7-with-webhook": between(
        "drycc-v1.7.12",
        "v1.7.7",
        frozenset({"drycc-controller-mutate"}),
        drycc_controller_webhook="drycc-v1.6.0",
    ),
    "drycc-v1.6.1": between("drycc-v1.6.0", "v1.6.1"),
    "drycc-v1.5.1": between("drycc-v1.5.0", "v1.5.1"),
    "drycc-v1.3.0": between("drycc-v1.2.0", "v1.3.0"),
    "drycc-v1.1.0": between("drycc-v1.0.0", "v1.1.0", frozenset({"router"})),
    "drycc-v1.1.0-without-config-maps": between("drycc-v1.2.0", "v1.1.0"),
    "deis-v2.1.0": between("classic-v2.2.0", "v2.1.0", frozenset({"redis"})),
    "deis-v2.5.0": between("classic-v2.4.1", "v2.5.0"),
    "deis-v2.12.0": between("deis-v2.18.0", "v2.12.0"),
    "hephy-v2.20.2": between("hephy-v2.21.4", "v2.20.2"),
}


@pytest.mark.parametrize("name", BETWEEN)
def test_release_between_two_rendered_ones_lacks_nothing_and_nothing_of_it_is_unknown(name: str) -> None:
    snapshot = judged(BETWEEN[name])

    assert told(snapshot) == NOTHING
    assert snapshot.inventory.unknown_workloads == {}
    assert {one.component for one in snapshot.components if one.workloads} == set(BETWEEN[name].components)


@pytest.mark.parametrize(
    ("name", "gone", "expected"),
    [
        # What is left is v1.8.3 without quickwit, in the same versions.
        ("drycc-v1.8.2", {"logger"}, Told(frozenset({"quickwit"}), frozenset())),
        ("drycc-v1.8.2-with-quickwit", {"quickwit"}, NOTHING),
        (
            "drycc-v1.7.2",
            {"drycc-controller-webhook"},
            Told(frozenset(), frozenset({("controller", "Deployment", "drycc-controller-webhook")})),
        ),
        ("deis-v2.1.0", {"nsqd"}, Told(frozenset({"nsqd"}), frozenset())),
        (
            "deis-v2.12.0",
            {"dockerbuilder", "slugbuilder", "slugrunner"},
            Told(frozenset({"dockerbuilder", "slugbuilder", "slugrunner"}), frozenset()),
        ),
    ],
)
def test_what_a_release_between_two_rendered_ones_loses_is_told(
    name: str, gone: set[str], expected: Told
) -> None:
    cluster = BETWEEN[name]
    keys = {key for component, found in cluster.components.items() for key in found if component in gone}
    keys |= {("Deployment", one) for one in gone}

    assert told(judged(cluster, frozenset(keys))) == expected


def test_idle_controllers_alone_are_no_installation() -> None:
    cluster = rendering("classic-v2.9.0")
    running = frozenset(
        (one["kind"], one["name"]) for one in cluster.workloads if one["kind"] == "Deployment"
    )

    snapshot = judged(cluster, running)

    gone = {one["component"] for one in cluster.workloads if one["kind"] == "Deployment"}
    assert told(snapshot).missing == gone - OPTIONAL - {"monitor"}  # telegraf is a DaemonSet
    assert {one.component for one in snapshot.components if one.workloads} == {
        "fluentd",
        "monitor",
        "registry-proxy",
    }


def test_service_that_selects_pods_of_another_release_is_not_shown() -> None:
    cluster = rendering("drycc-v1.8.3")
    raw = {
        **cluster.raw,
        "services": [{"component": None, "name": "shop", "selector": {"app": "drycc-router"}}],
    }

    assert read(replace(cluster, raw=raw)).services == ()
