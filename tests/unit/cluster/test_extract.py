"""The rules of extracting workloads, one by one. Whole clusters are in test_extract_clusters."""

import pytest

from clusters import as_running_objects, held, manifests
from clusters.objects import Owner, Template, workload
from clusters.running import digest
from extracting import ANNOTATION, DEIS, LABEL, PROFILES, inventory, router
from workflow_exporter.cluster.extract import extract
from workflow_exporter.inventory import (
    Container,
    Leftover,
    WorkloadKind,
)
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.platforms.reader import load_profile


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


def test_controller_scaled_to_zero_is_the_component_itself_in_a_release_of_controllers() -> None:
    found = inventory(
        router("ReplicationController", name="deis-builder"), router("ReplicationController", replicas=0)
    )

    assert [(one.name, one.replicas_desired) for one in found.workloads] == [
        ("deis-builder", 1),
        ("deis-router", 0),
    ]


def test_controllers_scaled_to_zero_are_leftovers_where_nothing_else_is() -> None:
    found = inventory(router("ReplicationController", replicas=0))

    assert ([one.name for one in found.leftovers], found.workloads) == (["deis-router"], ())


def test_strangers_controller_of_our_name_beside_our_workload_is_unknown() -> None:
    stranger = router("ReplicationController", replicas=1)
    stranger["spec"]["selector"] = {"app": "shop"}
    stranger["spec"]["template"]["metadata"]["labels"] = {"app": "shop"}

    found = inventory(router(), stranger)

    assert [one.kind.value for one in found.workloads] == ["Deployment"]
    assert found.unknown_workloads == {"Pod": 1, "ReplicationController": 1}


def test_controller_with_replicas_beside_a_workload_of_its_name_is_seen() -> None:
    found = inventory(router(), router("ReplicationController", replicas=1))

    assert [one.kind.value for one in found.workloads] == ["Deployment", "ReplicationController"]


def test_controller_beside_a_workload_of_a_kind_without_rows_is_still_the_component() -> None:
    found = inventory(router("ReplicationController", replicas=2), router("StatefulSet", replicas=1))

    assert [one.kind.value for one in found.workloads] == ["ReplicationController"]


def _profile(component: str) -> Profile:
    return load_profile(
        "name: acme\ntitle: Acme\nnamespace: acme\nversion_annotations: []\ncomponents:\n  api:\n"
        f"    title: API\n    description: Talks.\n    required: true\n    {component}\n",
        "acme.yaml",
    )
