"""Config maps, services, nodes and the facts of the cluster."""

from typing import Any

import msgspec
import pytest

from clusters import as_running_objects, held, manifests
from clusters.objects import config_map, node, service
from extracting import DEIS, PROFILES, expectation, inventory
from workflow_exporter.cluster.extract import Extractor, extract
from workflow_exporter.cluster.objects import ClusterObjects, Resource
from workflow_exporter.inventory import (
    ClusterFacts,
    Container,
    Expectation,
    Service,
    ServicePort,
    Workload,
    WorkloadKind,
)


def test_config_map_is_a_workload_with_its_image_as_the_one_container() -> None:
    found = inventory(config_map(DEIS.metadata("slugbuilder-config"), {"image": "deis/slugbuilder:v2.5.0"}))

    (one,) = found.workloads
    assert one == Workload(
        component="slugbuilder",
        kind=WorkloadKind.CONFIG_MAP,
        name="slugbuilder-config",
        declared=None,
        containers=(Container("image", "deis/slugbuilder:v2.5.0"),),
        created=one.created,
    )
    assert expectation(found, "slugbuilder") == Expectation("slugbuilder", required=True, observed=True)


def test_config_map_without_an_image_is_a_workload_without_containers() -> None:
    (found,) = inventory(config_map(DEIS.metadata("slugbuilder-config"), {"image": "{}"})).workloads

    assert found.containers == ()


@pytest.mark.parametrize(
    ("name", "selector", "component"),
    [
        ("deis-router", {"app": "deis-router"}, "router"),
        ("web", {"app": "deis-router"}, "router"),
        ("deis-router", {"app": "deis-builder"}, "builder"),
    ],
)
def test_service_is_of_the_component_whose_pods_it_selects(
    name: str, selector: dict[str, str], component: str
) -> None:
    found = inventory(service(DEIS.metadata(name), selector, {"http": 80}, "LoadBalancer"))

    (one,) = found.services
    assert one == Service(name, component, "LoadBalancer", (ServicePort("http", 80, "TCP"),), one.created)


@pytest.mark.parametrize(
    ("name", "selector"),
    [
        ("deis-router", {}),
        ("deis-router", {"app": "shop"}),
        ("deis-router", {"app": "deis-router", "tier": "shop"}),
        ("drycc-database", {"app": "shop"}),
        ("drycc-database-replica", {"app": "drycc-database"}),
    ],
)
def test_service_that_only_bears_a_name_of_ours_or_selects_by_more_labels_is_dropped(
    name: str, selector: dict[str, str]
) -> None:
    profile = PROFILES["drycc" if name.startswith("drycc") else "deis"]
    expected = [name] if name == "drycc-database-replica" else []

    found = inventory(service(DEIS.metadata(name), selector, {"http": 80}), profile=profile)

    assert [one.name for one in found.services] == expected


@pytest.mark.parametrize(
    ("name", "selector"),
    [("drycc-database", {}), ("drycc-database-replica", {"app": "drycc-database", "role": "replica"})],
)
def test_service_that_the_profile_names_is_known_by_name_and_whole_selector(
    name: str, selector: dict[str, str]
) -> None:
    found = inventory(service(DEIS.metadata(name), selector, {"sql": 5432}), profile=PROFILES["drycc"])

    assert [(one.name, one.component) for one in found.services] == [(name, "database")]


def test_service_that_only_another_candidate_knows_is_dropped() -> None:
    running = as_running_objects(
        [service(DEIS.metadata("drycc-builder"), {"app": "drycc-builder"}, {"ssh": 22})]
    )

    assert extract(held(running, tuple(PROFILES.values())), PROFILES["deis"], "deis").services == ()


def test_cluster_facts_are_the_namespaces_uids_and_ages_and_the_version() -> None:
    objects = ClusterObjects()
    assert extract(objects, PROFILES["deis"], "deis").cluster == ClusterFacts()

    running = as_running_objects(manifests("deis-v2.18.0")[:1])
    found = extract(held(running, (PROFILES["deis"],)), PROFILES["deis"], "deis").cluster

    assert (found.cluster_uid, found.instance_uid) == tuple(one["metadata"]["uid"] for one in running)
    assert str(found.cluster_created) == "2025-11-03 08:00:00+00:00"
    assert str(found.instance_created) == "2026-01-05 10:00:00+00:00"


def test_nodes_are_sorted_by_name_with_their_capacity_in_base_units() -> None:
    nodes = inventory(node("b"), node("a")).nodes

    assert [one.name for one in nodes] == ["a", "b"]
    assert (nodes[0].cpu_cores, nodes[0].memory_bytes, nodes[0].ephemeral_storage_bytes, nodes[0].pods) == (
        4.0, 16 * 2**30, 100 * 2**30, 110,
    )  # fmt: skip
    assert nodes[0].ready


def test_node_that_is_not_ready_or_has_no_capacity_yet_is_there() -> None:
    fresh = node("fresh")
    del fresh["status"]["capacity"]
    fresh["status"]["conditions"] = []

    (found,) = inventory(fresh).nodes

    assert (found.ready, found.cpu_cores, found.memory_bytes, found.pods) == (False, None, None, None)


def test_capacity_that_a_node_does_not_report_is_not_known_and_not_0() -> None:
    virtual = node("virtual")
    virtual["status"]["capacity"] = {"cpu": "8", "memory": "32Gi", "pods": "0"}

    (found,) = inventory(virtual).nodes

    assert (found.cpu_cores, found.memory_bytes, found.ephemeral_storage_bytes, found.pods) == (
        8.0, 32 * 2**30, None, 0,
    )  # fmt: skip


def test_node_whose_capacity_is_no_quantity_is_skipped_and_counted() -> None:
    odd = node("odd")
    odd["status"]["capacity"] = {"cpu": "four"}

    found = inventory(node("even"), odd)

    assert [one.name for one in found.nodes] == ["even"]
    assert found.malformed_objects == {"nodes": 1}


def test_objects_that_could_not_be_decoded_are_told_by_source() -> None:
    objects = ClusterObjects(malformed={Resource.PODS: 2, Resource.NODES: 0})

    assert extract(objects, PROFILES["deis"], "deis").malformed_objects == {"pods": 2}


def test_node_that_did_not_change_is_not_converted_again() -> None:
    extractor = Extractor(PROFILES["deis"], "deis")
    objects = held(as_running_objects([node("a"), node("b"), node("c")]), (PROFILES["deis"],))
    before = extractor.extract(objects).nodes
    nodes: dict[str, Any] = dict(objects.known[Resource.NODES])
    (changed,) = [uid for uid, obj in nodes.items() if obj.metadata.name == "b"]
    (gone,) = [uid for uid, obj in nodes.items() if obj.metadata.name == "c"]
    nodes[changed] = msgspec.structs.replace(
        nodes[changed], status=msgspec.structs.replace(nodes[changed].status, conditions=())
    )
    del nodes[gone]

    after = extractor.extract(ClusterObjects({Resource.NODES: nodes})).nodes

    assert [(one.name, one.ready) for one in after] == [("a", True), ("b", False)]
    assert after[0] is before[0]
    assert extractor.extract(ClusterObjects({Resource.NODES: nodes})).nodes is after
    assert extractor.extract(ClusterObjects()).nodes == ()
