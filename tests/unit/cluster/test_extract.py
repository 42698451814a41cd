"""The rules of extraction, one by one. Whole clusters are in test_extract_clusters."""

from typing import Any

import msgspec
import pytest

from clusters import Manifest, as_running_objects, builder_pods, held, manifests, unknown_workloads
from clusters.objects import Owner, Template, config_map, node, pod, service, workload
from clusters.running import digest
from workflow_exporter.cluster.extract import Extractor, extract
from workflow_exporter.cluster.objects import ClusterObjects, Resource
from workflow_exporter.inventory import (
    ClusterFacts,
    Container,
    Expectation,
    Inventory,
    Leftover,
    Service,
    ServicePort,
    Workload,
    WorkloadKind,
)
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.platforms.reader import load_profile, shipped_profiles

PROFILES = {profile.name: profile for profile in shipped_profiles()}
DEIS = Owner("deis", {"heritage": "deis"})
ANNOTATION = "component.deis.io/version"
LABEL = "app.kubernetes.io/version"


def inventory(*built: Manifest, profile: Profile = PROFILES["deis"]) -> Inventory:
    """What is extracted of a namespace with just these objects, all running."""
    running = as_running_objects(built)
    return extract(held(running, (profile,)), profile, profile.namespace)


def router(
    kind: str = "Deployment",
    *,
    name: str = "deis-router",
    replicas: int = 1,
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    image: str = "quay.io/deis/router:v2.13.3",
) -> Manifest:
    template = Template({"app": name, **(labels or {})}, [(name, image)])
    return workload(
        kind, DEIS.metadata(name, annotations), template, replicas=replicas, selector={"app": name}
    )


def expectation(found: Inventory, component: str) -> Expectation | None:
    return next((one for one in found.expectations if one.component == component), None)


@pytest.mark.parametrize(
    ("annotations", "labels", "declared"),
    [
        ({ANNOTATION: "v2.13.3"}, {LABEL: "2.13.4"}, "v2.13.3"),
        ({}, {LABEL: "2.13.4"}, "2.13.4"),
        ({ANNOTATION: ""}, {LABEL: "2.13.4"}, "2.13.4"),
        ({"other.example/version": "v9.9.9"}, {}, None),
        ({}, {}, None),
    ],
)
def test_declared_version_is_the_annotation_else_the_templates_standard_label_else_nothing(
    annotations: dict[str, str], labels: dict[str, str], declared: str | None
) -> None:
    (found,) = inventory(router(annotations=annotations, labels=labels)).workloads

    assert found.declared == declared


def test_workload_is_matched_by_its_name_whatever_its_image() -> None:
    (found,) = inventory(router(image="mirror.internal:5000/a/b@sha256:" + "0" * 64)).workloads

    assert (found.component, found.kind, found.name) == ("router", "Deployment", "deis-router")


def test_workload_of_a_kind_that_no_row_has_is_unknown() -> None:
    found = inventory(router("StatefulSet"))

    assert found.workloads == ()
    assert found.unknown_workloads == {"Pod": 1, "StatefulSet": 1}


def test_component_may_have_several_workloads() -> None:
    found = inventory(
        router(name="deis-monitor-grafana"),
        router(name="deis-monitor-influxdb"),
        router("DaemonSet", name="deis-monitor-telegraf"),
    )

    assert [(one.component, one.name) for one in found.workloads] == [
        ("monitor", "deis-monitor-telegraf"),
        ("monitor", "deis-monitor-grafana"),
        ("monitor", "deis-monitor-influxdb"),
    ]


def test_every_kind_of_workload_counts_and_says_its_replicas() -> None:
    found = extract(
        held(as_running_objects(manifests("drycc-stable")), (PROFILES["drycc"],)), PROFILES["drycc"], "drycc"
    )
    replicas = {
        one.name: (one.kind.value, one.replicas_desired, one.replicas_ready, len(one.pods))
        for one in found.workloads
    }

    assert replicas["drycc-builder"] == ("Deployment", 1, 1, 1)
    assert replicas["drycc-valkey"] == ("StatefulSet", 3, 3, 3)
    assert replicas["drycc-node-exporter"] == ("DaemonSet", 3, 3, 3)
    assert replicas["drycc-registry-cronjob-daily"] == ("CronJob", None, None, 0)


def test_replicas_that_a_manifest_leaves_open_are_one() -> None:
    manifest = router()
    del manifest["spec"]["replicas"]
    objects = held([{**manifest, "metadata": {**manifest["metadata"], "uid": "u"}}], (PROFILES["deis"],))

    (found,) = extract(objects, PROFILES["deis"], "deis").workloads

    assert (found.replicas_desired, found.replicas_ready) == (1, 0)


def test_every_container_counts_and_init_containers_do_not() -> None:
    template = Template(
        {"app": "deis-router"},
        [("istio-proxy", "istio/proxyv2:1.20.0"), ("deis-router", "deis/router:v2.13.3")],
        [("wait", "busybox:1.36")],
    )
    manifest = workload("Deployment", DEIS.metadata("deis-router"), template, selector={"app": "deis-router"})

    (found,) = inventory(manifest).workloads

    assert found.containers == (
        Container("istio-proxy", "istio/proxyv2:1.20.0"),
        Container("deis-router", "deis/router:v2.13.3"),
    )
    assert found.main_container == "deis-router"
    assert found.pods[0].containers == (
        Container("istio-proxy", "istio/proxyv2:1.20.0", digest("istio/proxyv2:1.20.0")),
        Container("deis-router", "deis/router:v2.13.3", digest("deis/router:v2.13.3")),
    )


@pytest.mark.parametrize(
    ("wanted", "containers", "main"),
    [
        ("api", ["proxy", "api"], "api"),
        ("api", ["proxy", "api-2"], None),
        ("api-*", ["proxy", "api-high", "api-low"], "api-high"),
        ("api-*", ["proxy", "api"], None),
    ],
)
def test_main_container_is_the_rows_and_a_star_matches_what_begins_alike(
    wanted: str, containers: list[str], main: str | None
) -> None:
    profile = _profile(f"workloads: [{{name: acme-api, kinds: [Deployment], container: {wanted}}}]")
    template = Template({"app": "acme-api"}, [(name, f"acme/{name}:v1.0.0") for name in containers])
    manifest = workload(
        "Deployment", Owner("acme").metadata("acme-api"), template, selector={"app": "acme-api"}
    )

    (found,) = inventory(manifest, profile=profile).workloads

    assert found.main_container == main


def test_controller_at_zero_beside_a_workload_of_its_name_is_a_leftover() -> None:
    found = inventory(router(), router("ReplicationController", replicas=0))

    assert [one.kind for one in found.workloads] == [WorkloadKind.DEPLOYMENT]
    assert found.leftovers == (Leftover("deis-router", "router", 0),)
    assert found.unknown_workloads == {}


def test_controller_with_replicas_and_no_such_workload_is_the_component_itself() -> None:
    found = inventory(router("ReplicationController", replicas=2))

    assert [(one.kind, one.replicas_desired) for one in found.workloads] == [("ReplicationController", 2)]
    assert found.leftovers == ()


def test_controller_scaled_to_zero_without_such_a_workload_is_the_component_itself() -> None:
    found = inventory(router("ReplicationController", replicas=0))

    assert [(one.kind, one.replicas_desired) for one in found.workloads] == [("ReplicationController", 0)]


def test_controller_with_replicas_beside_a_workload_of_its_name_is_seen() -> None:
    found = inventory(router(), router("ReplicationController", replicas=1))

    assert [one.kind.value for one in found.workloads] == ["Deployment", "ReplicationController"]


def test_controller_beside_a_workload_of_a_kind_without_rows_is_still_the_component() -> None:
    found = inventory(router("ReplicationController", replicas=2), router("StatefulSet", replicas=1))

    assert [one.kind.value for one in found.workloads] == ["ReplicationController"]


def test_pods_are_those_that_the_workloads_own_selector_picks() -> None:
    by_expression = router()
    by_expression["spec"]["selector"] = {
        "matchLabels": {"app": "deis-router"},
        "matchExpressions": [{"key": "canary", "operator": "DoesNotExist"}],
    }
    other = pod({"name": "other", "namespace": "deis", "labels": {"app": "deis-router", "canary": "1"}}, [])

    found = inventory(by_expression, other)

    assert [one.name.rpartition("-")[0] for one in found.workloads[0].pods] == ["deis-router"]
    assert found.unknown_workloads == {"Pod": 1}


def test_pod_that_several_selectors_pick_is_of_the_workload_that_begins_its_name() -> None:
    wide = router(name="deis-logger")
    narrow = router(name="deis-logger-redis", labels={"app": "deis-logger"})
    narrow["spec"]["selector"] = {"matchLabels": {"app": "deis-logger"}}

    found = inventory(wide, narrow)

    assert {one.name: len(one.pods) for one in found.workloads} == {"deis-logger": 1, "deis-logger-redis": 1}


@pytest.mark.parametrize(
    ("image_id", "expected"),
    [
        ("docker-pullable://quay.io/deis/router@sha256:" + "a" * 64, "sha256:" + "a" * 64),
        ("quay.io/deis/router@sha256:" + "b" * 64, "sha256:" + "b" * 64),
        ("docker://sha256:" + "c" * 64, None),
        ("sha256:" + "d" * 64, None),
        ("quay.io/deis/router@sha256:tooshort", None),
        ("", None),
    ],
)
def test_digest_is_that_of_the_repository_as_the_runtime_writes_it(
    image_id: str, expected: str | None
) -> None:
    running = as_running_objects([router()])
    running[-1]["status"]["containerStatuses"][0]["imageID"] = image_id

    (found,) = extract(held(running, (PROFILES["deis"],)), PROFILES["deis"], "deis").workloads

    assert found.pods[0].containers == (Container("deis-router", "quay.io/deis/router:v2.13.3", expected),)


def test_pod_tells_phase_readiness_restarts_and_whether_it_is_on_its_way_out() -> None:
    running = as_running_objects([router()])
    leaving = running[-1]
    leaving["metadata"]["deletionTimestamp"] = "2026-01-06T10:00:00Z"
    leaving["status"]["phase"] = "Failed"
    leaving["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    leaving["status"]["containerStatuses"][0]["restartCount"] = 7

    (found,) = extract(held(running, (PROFILES["deis"],)), PROFILES["deis"], "deis").workloads
    (one,) = found.pods

    assert (one.phase, one.ready, one.restarts, one.terminating) == ("Failed", False, 7, True)


def test_pods_of_a_cron_jobs_jobs_are_its_own() -> None:
    metadata = {
        "name": "drycc-database-cronjob-backup-29312345-x2k",
        "namespace": "drycc",
        "labels": {"batch.kubernetes.io/job-name": "drycc-database-cronjob-backup-29312345"},
    }
    template = Template({}, [("drycc-database-cronjob-backup", "drycc/database:1.3.2")])
    manifest = workload(
        "CronJob", Owner("drycc").metadata("drycc-database-cronjob-backup"), template, selector={}
    )

    found = inventory(manifest, pod(metadata, template.containers), profile=PROFILES["drycc"])

    assert [len(one.pods) for one in found.workloads] == [1]
    assert found.unknown_workloads == {}


def test_unknown_workloads_and_pods_are_counted_by_kind_and_nothing_else_of_them_is_kept() -> None:
    found = inventory(router(), *unknown_workloads("deis"), *builder_pods("deis"))

    assert found.unknown_workloads == {
        "CronJob": 1,
        "DaemonSet": 1,
        "Deployment": 1,
        "Pod": 6,  # three of builders, one each of Deployment, StatefulSet and ReplicationController
        "ReplicationController": 1,
        "StatefulSet": 1,
    }
    assert [one.name for one in found.workloads] == ["deis-router"]


def test_workloads_that_only_another_candidate_knows_are_unknown_too() -> None:
    drycc = workload(
        "Deployment",
        Owner("deis").metadata("drycc-builder"),
        Template({"app": "drycc-builder"}, [("drycc-builder", "drycc/builder:1.8.1")]),
        selector={"app": "drycc-builder"},
    )
    objects = held(as_running_objects([router(), drycc]), tuple(PROFILES.values()))

    found = extract(objects, PROFILES["deis"], "deis")

    assert [one.name for one in found.workloads] == ["deis-router"]
    assert found.unknown_workloads == {"Deployment": 1, "Pod": 1}


def test_component_without_any_workload_is_expected_with_what_is_absent_and_what_would_show_it() -> None:
    assert expectation(inventory(), "router") == Expectation(
        "router",
        required=True,
        observed=True,
        absent_workloads=((WorkloadKind.DEPLOYMENT, "deis-router"),),
        sources=("deployments", "replicationcontrollers"),
    )


def test_component_with_some_of_its_workloads_says_which_are_absent() -> None:
    found = inventory(router(name="deis-monitor-grafana"))

    assert expectation(found, "monitor") == Expectation(
        "monitor",
        required=True,
        observed=True,
        absent_workloads=(
            (WorkloadKind.DEPLOYMENT, "deis-monitor-influxdb"),
            (WorkloadKind.DAEMON_SET, "deis-monitor-telegraf"),
        ),
        sources=("daemonsets", "deployments", "replicationcontrollers"),
    )


def test_component_with_all_its_workloads_lacks_nothing() -> None:
    assert expectation(inventory(router()), "router") == Expectation("router", required=True, observed=True)


def test_optional_component_that_is_not_there_lacks_nothing_either() -> None:
    assert expectation(inventory(router()), "registry-token-refresher") == Expectation(
        "registry-token-refresher", required=False, observed=True, sources=("deployments",)
    )


def test_component_that_is_not_observed_is_told_and_never_looked_for() -> None:
    found = inventory(profile=PROFILES["drycc"])

    assert expectation(found, "imagebuilder") == Expectation("imagebuilder", required=True, observed=False)


def test_either_kind_of_a_row_satisfies_it() -> None:
    for kind in ("Deployment", "StatefulSet"):
        found = inventory(router(kind, name="deis-nsqd"), profile=PROFILES["hephy"])

        assert expectation(found, "nsqd") == Expectation("nsqd", required=True, observed=True)


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
        ("deis-router", {}, "router"),
        ("deis-router", {"app": "deis-builder"}, "builder"),
    ],
)
def test_service_is_of_the_component_it_selects_else_of_the_one_it_is_named_after(
    name: str, selector: dict[str, str], component: str
) -> None:
    found = inventory(service(DEIS.metadata(name), selector, {"http": 80}, "LoadBalancer"))

    (one,) = found.services
    assert one == Service(name, component, "LoadBalancer", (ServicePort("http", 80, "TCP"),), one.created)


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

    assert (found.ready, found.cpu_cores, found.memory_bytes) == (False, 0.0, 0)


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


def _profile(component: str) -> Profile:
    return load_profile(
        "name: acme\ntitle: Acme\nnamespace: acme\nversion_annotations: []\ncomponents:\n  api:\n"
        f"    title: API\n    description: Talks.\n    required: true\n    {component}\n",
        "acme.yaml",
    )
