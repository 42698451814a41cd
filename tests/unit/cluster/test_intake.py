import copy
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from clusters import ENVIRONMENT_MARKER, TELLING_WORD, as_running_objects, builder_pods, unknown_workloads
from clusters.objects import Owner, Template, config_map, namespace, node, pod, service, workload
from clusters.reading import resource_of
from workflow_exporter.cluster.intake import Accepted, Intake
from workflow_exporter.cluster.objects import (
    Condition,
    ConfigMapObject,
    ContainerSpec,
    JobSpec,
    JobTemplate,
    LabelSelector,
    Metadata,
    NamespaceObject,
    NodeInfo,
    NodeObject,
    NodeStatus,
    PodObject,
    PodSpec,
    PodTemplate,
    ReplicationControllerObject,
    ReplicationControllerSpec,
    Resource,
    ServiceObject,
    VersionObject,
    WorkloadObject,
    WorkloadSpec,
    WorkloadStatus,
)
from workflow_exporter.platforms.reader import shipped_profiles

OWNER = Owner("deis", {"heritage": "deis", "team": "acme"})
CREATED = datetime(2026, 1, 5, 10, tzinfo=UTC)
ROUTER = Template(
    {"app": "deis-router", "app.kubernetes.io/version": "2.13.3"}, [("deis-router", "r:v2.13.3")]
)


def accept(manifest: dict[str, Any]) -> Accepted:
    """What the intake of all shipped profiles makes of an object that an API server shows."""
    running = as_running_objects([manifest])[1]
    return Intake(shipped_profiles()).accept(resource_of(running), msgspec.json.encode(running))


def test_deployment_is_kept_with_its_versions_images_and_selector_only() -> None:
    metadata = OWNER.metadata("deis-router", {"component.deis.io/version": "v2.13.3", "owner": "acme"})
    accepted = accept(workload("Deployment", metadata, ROUTER, replicas=2, selector={"app": "deis-router"}))

    assert accepted.value == WorkloadObject(
        metadata=Metadata(
            name="deis-router",
            uid=accepted.uid,
            namespace="deis",
            creation_timestamp=CREATED,
            annotations={"component.deis.io/version": "v2.13.3"},
        ),
        spec=WorkloadSpec(
            replicas=2,
            selector=LabelSelector(match_labels={"app": "deis-router"}),
            template=PodTemplate(
                metadata=Metadata(labels={"app.kubernetes.io/version": "2.13.3"}),
                spec=PodSpec(containers=(ContainerSpec(name="deis-router", image="r:v2.13.3"),)),
            ),
        ),
        status=WorkloadStatus(ready_replicas=2),
    )
    assert accepted.resource_version != ""


def test_cron_job_is_kept_with_the_template_of_its_jobs() -> None:
    template = Template({"app": "x"}, [("backup", "drycc/database:1.3.2")], [("wait", "python-dev:latest")])
    metadata = Owner("drycc").metadata("drycc-database-cronjob-backup")
    accepted = accept(workload("CronJob", metadata, template, selector={}))

    assert isinstance(accepted.value, WorkloadObject)
    assert accepted.value.spec == WorkloadSpec(
        job_template=JobTemplate(
            spec=JobSpec(
                template=PodTemplate(
                    spec=PodSpec(containers=(ContainerSpec(name="backup", image="drycc/database:1.3.2"),))
                )
            )
        )
    )


def test_replication_controller_is_kept_by_the_name_of_a_workload_of_another_kind() -> None:
    template = Template({"app": "deis-builder"}, [("deis-builder", "b:v2.6.1")])
    metadata = OWNER.metadata("deis-builder")
    accepted = accept(
        workload("ReplicationController", metadata, template, replicas=0, selector={"app": "deis-builder"})
    )

    assert isinstance(accepted.value, ReplicationControllerObject)
    assert accepted.value.spec == ReplicationControllerSpec(
        replicas=0,
        selector={"app": "deis-builder"},
        template=PodTemplate(
            spec=PodSpec(containers=(ContainerSpec(name="deis-builder", image="b:v2.6.1"),))
        ),
    )


@pytest.mark.parametrize(
    "manifest", [*builder_pods("deis"), *unknown_workloads("deis")], ids=lambda m: m["kind"]
)
def test_object_that_no_profile_knows_is_a_uid_and_nothing_else(manifest: dict[str, Any]) -> None:
    running = as_running_objects([manifest])[1]

    accepted = Intake(shipped_profiles()).accept(resource_of(running), msgspec.json.encode(running))

    assert accepted == Accepted(running["metadata"]["uid"], running["metadata"]["resourceVersion"], None)
    assert TELLING_WORD not in repr(accepted)


ROUTER_LABELS = {"app": "deis-router"}
CONJOB = {"app": "drycc-controller", "component": "drycc-controller-conjob-daily"}


@pytest.mark.parametrize(
    ("name", "labels", "owner", "known"),
    [
        ("deis-router-x1", ROUTER_LABELS, None, True),
        ("deis-router-x1", {**ROUTER_LABELS, "heritage": "deis"}, None, True),
        ("drycc-controller-x1", {"app": "drycc-controller-api"}, None, True),
        (
            "deis-router-75675f5897-7ci7o",
            {**ROUTER_LABELS, "pod-template-hash": "3123191453"},
            ("ReplicaSet", "deis-router-75675f5897"),
            True,
        ),
        ("shop-debug", ROUTER_LABELS, None, False),
        (
            "deis-router-7f9-x1",
            {**ROUTER_LABELS, "pod-template-hash": "7f9"},
            ("ReplicaSet", "deis-router-7f9"),
            True,
        ),
        (
            "deis-router-shop-x1",
            {**ROUTER_LABELS, "pod-template-hash": "7f9"},
            ("ReplicaSet", "deis-router-shop"),
            False,
        ),
        ("deis-router-6d5-x1", ROUTER_LABELS, ("ReplicaSet", "deis-router-6d5"), True),
        ("deis-nsqd-0", {"app": "deis-nsqd"}, ("StatefulSet", "deis-nsqd"), True),
        ("d-x", {}, ("Job", "drycc-registry-cronjob-daily-29312345"), True),
        ("d-x", CONJOB, ("Job", "drycc-controller-cronjob-daily-29312345"), True),
        ("d-x", {}, ("Job", "drycc-registry-cronjob-daily-by-hand"), False),
        ("d-x", {"job-name": "drycc-registry-cronjob-daily-29312345"}, None, False),
        ("deis-router-x1", {"app.kubernetes.io/name": "deis-router"}, None, False),
        ("drycc-x1", {"component": "drycc-controller-conjob-daily"}, None, False),
        ("shop-x1", {"app": "drycc-controller"}, ("ReplicaSet", "shop-1"), False),
        ("shop-x1", ROUTER_LABELS, ("ReplicaSet", "shop-6d5"), False),
        ("shop-x1", ROUTER_LABELS, ("ReplicaSet", "deis-router-shop-6d5"), False),
        ("shop-x1", ROUTER_LABELS, ("Rollout", "shop"), False),
        ("shop-x1", {"heritage": "drycc"}, None, False),
        ("shop-x1", {"heritage": "deis", "app": "shop"}, None, False),
        ("shop-x1", {}, None, False),
        ("imagebuild-shop-1-x", {"app": "drycc-builder"}, None, False),
        ("slugbuild-shop-x", {"heritage": "deis-builder"}, None, False),
    ],
)
def test_pod_is_known_by_all_labels_of_a_template_and_by_its_owner_and_a_builders_pod_never(
    name: str, labels: dict[str, str], owner: tuple[str, str] | None, *, known: bool
) -> None:
    metadata: dict[str, Any] = {"name": name, "namespace": "deis", "labels": labels}
    if owner is not None:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True}]

    accepted = accept(pod(metadata, [("c", "image:v1.0.0")]))

    assert (accepted.value is not None, accepted.counted) == (known, True)


@pytest.mark.parametrize(
    ("labels", "owner", "counted"),
    [
        (
            {"app.kubernetes.io/part-of": "workflow-manager", "app.kubernetes.io/component": "exporter"},
            "",
            False,
        ),
        ({"app.kubernetes.io/part-of": "workflow-manager"}, "", True),
        ({"app.kubernetes.io/component": "exporter"}, "", True),
        ({"app.kubernetes.io/name": "workflow-exporter"}, "", True),
        ({}, "drycc-controller-job-upgrade", False),
        ({}, "drycc-controller-job-upgrade-2", True),
    ],
)
def test_agents_own_pods_and_those_of_installation_jobs_are_neither_kept_nor_counted(
    labels: dict[str, str], owner: str, *, counted: bool
) -> None:
    metadata: dict[str, Any] = {"name": "w-6d5-x1", "namespace": "deis", "labels": labels}
    if owner:
        metadata["ownerReferences"] = [{"kind": "Job", "name": owner, "controller": True}]

    accepted = accept(pod(metadata, [("c", "image:v1.0.0")]))

    assert (accepted.value, accepted.counted) == (None, counted)


def test_agents_own_deployment_is_neither_kept_nor_counted() -> None:
    own = {"app.kubernetes.io/part-of": "workflow-manager", "app.kubernetes.io/component": "exporter"}
    template = Template(own, [("exporter", "workflow-exporter:0.1.0")])
    manifest = workload("Deployment", OWNER.metadata("w", labels=own), template, selector=own)

    accepted = accept(manifest)

    assert (accepted.value, accepted.counted) == (None, False)


def test_pod_keeps_its_labels_readiness_and_images_but_no_environment() -> None:
    metadata = {"name": "deis-router-x1", "namespace": "deis", "labels": {"app": "deis-router", "a": "b"}}
    value = accept(pod(metadata, [("deis-router", "quay.io/deis/router:v2.13.3")])).value

    assert isinstance(value, PodObject)
    assert value.metadata.labels == {"app": "deis-router", "a": "b"}
    assert value.status.conditions == (Condition(type="Ready", status="True"),)
    assert ENVIRONMENT_MARKER not in repr(value)


@pytest.mark.parametrize(
    ("name", "selector", "known"),
    [
        ("deis-router", {}, False),
        ("deis-router", {"app": "shop"}, False),
        ("deis-router", {"app": "deis-router", "tier": "shop"}, False),
        ("by-selector", {"app": "deis-router"}, True),
        ("drycc-database", {}, True),
        ("drycc-database", {"app": "shop"}, False),
        ("drycc-database-replica", {"app": "drycc-database", "role": "replica"}, True),
        ("replica", {"app": "drycc-database", "role": "replica"}, False),
        ("by-pod-label", {"component": "drycc-controller-conjob-daily"}, True),
        ("shop", {"app": "shop", "heritage": "drycc"}, False),
        ("shop", {}, False),
    ],
)
def test_service_is_known_by_the_pods_it_selects_or_as_a_profile_names_it(
    name: str, selector: dict[str, str], *, known: bool
) -> None:
    accepted = accept(service(OWNER.metadata(name), selector, {"http": 80}))

    assert (accepted.value is not None) is known
    if isinstance(accepted.value, ServiceObject):
        assert accepted.value.metadata.labels is None


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ({"image": "quay.io/deis/slugbuilder:v2.5.0\n"}, {"image": "quay.io/deis/slugbuilder:v2.5.0"}),
        ({"image": "deis/slugbuilder:v2.5.0", "password": "swordfish"}, {"image": "deis/slugbuilder:v2.5.0"}),
        ({"image": '{"auth": "swordfish"}'}, {}),
        ({"other": "swordfish"}, {}),
        ({}, {}),
    ],
)
def test_config_map_keeps_an_image_reference_under_its_profiles_key_and_nothing_else(
    data: dict[str, str], kept: dict[str, str]
) -> None:
    accepted = accept(config_map(OWNER.metadata("slugbuilder-config"), data))

    assert isinstance(accepted.value, ConfigMapObject)
    assert accepted.value.data == kept
    assert "swordfish" not in repr(accepted)


def test_config_map_of_a_component_that_is_not_observed_is_not_read() -> None:
    accepted = accept(config_map(OWNER.metadata("imagebuilder-config"), {"images.json": "[]"}))

    assert accepted.value is None


def test_node_is_kept_with_its_facts_only() -> None:
    accepted = accept(node("node-1"))

    assert accepted.value == NodeObject(
        metadata=Metadata(name="node-1", uid=accepted.uid, creation_timestamp=CREATED),
        status=NodeStatus(
            node_info=NodeInfo(
                os_image="Ubuntu 24.04.1 LTS",
                kernel_version="6.8.0-51-generic",
                kubelet_version="v1.31.4",
                container_runtime_version="containerd://1.7.24",
                architecture="amd64",
                operating_system="linux",
            ),
            capacity={"cpu": "4", "memory": "16384Mi", "ephemeral-storage": "104857600Ki", "pods": "110"},
            conditions=(Condition(type="Ready", status="True"),),
        ),
    )


def test_nodes_that_differ_in_a_heartbeat_only_are_equal_and_share_what_repeats() -> None:
    intake = Intake(shipped_profiles())
    before = as_running_objects([node("node-1")])[1]
    after = copy.deepcopy(before)
    after["metadata"]["resourceVersion"] = "99"
    for condition in after["status"]["conditions"]:
        condition["lastHeartbeatTime"] = "2026-01-05T10:05:00Z"

    first = intake.accept(Resource.NODES, msgspec.json.encode(before))
    second = intake.accept(Resource.NODES, msgspec.json.encode(after))

    assert (first.resource_version, second.resource_version) != ("99", first.resource_version)
    assert first.value == second.value
    assert isinstance(first.value, NodeObject)
    assert isinstance(second.value, NodeObject)
    assert first.value.status.node_info is second.value.status.node_info
    assert first.value.status.capacity is second.value.status.capacity


def test_node_without_capacity_or_conditions_is_kept() -> None:
    value = Intake(()).accept(Resource.NODES, b'{"metadata":{"name":"n","uid":"u"}}').value

    assert value == NodeObject(metadata=Metadata(name="n", uid="u"), status=NodeStatus(conditions=()))


def test_namespace_is_its_uid_and_age() -> None:
    accepted = accept(namespace("deis"))

    assert accepted.value == NamespaceObject(
        metadata=Metadata(name="deis", uid=accepted.uid, creation_timestamp=CREATED)
    )


def test_version_has_one_key() -> None:
    raw = b'{"major":"1","minor":"37","gitVersion":"v1.37.2","platform":"linux/amd64"}'

    assert Intake(()).accept(Resource.VERSION, raw) == Accepted(
        "version", "", VersionObject(git_version="v1.37.2")
    )


@pytest.mark.parametrize(
    ("resource", "raw"),
    [
        (Resource.DEPLOYMENTS, b"{}"),
        (Resource.DEPLOYMENTS, b"not JSON"),
        (Resource.DEPLOYMENTS, b'{"metadata":{"name":"deis-router"}}'),
        (Resource.DEPLOYMENTS, b'{"metadata":{"name":"deis-router","uid":"u"},"spec":{"replicas":"two"}}'),
        (
            Resource.PODS,
            b'{"metadata":{"name":"deis-router-x1","uid":"u","labels":{"app":"deis-router"}},"status":{"phase":1}}',
        ),
        (Resource.NODES, b'{"metadata":{"name":"n"}}'),
        (Resource.NODES, b'{"metadata":{"name":"n","uid":""}}'),
        (Resource.NODES, b'{"metadata":{"name":"n","uid":"u"},"status":{"capacity":{"cpu":4}}}'),
        (Resource.CONFIG_MAPS, b'{"metadata":{"name":"slugbuilder-config","uid":"u"},"data":{"image":1}}'),
        (Resource.VERSION, b"{}"),
        (Resource.NAMESPACE, b'{"metadata":{"name":"deis"}}'),
        (Resource.DEPLOYMENTS, b'{"metadata":{"name":"deis-router","uid":"u"},"spec":{"replicas":-1}}'),
        (
            Resource.DEPLOYMENTS,
            b'{"metadata":{"name":"deis-router","uid":"u"},"spec":{"replicas":2147483648}}',
        ),
        (
            Resource.NAMESPACE,
            b'{"metadata":{"name":"deis","uid":"u","creationTimestamp":"2026-01-05T10:00:00"}}',
        ),
        (
            Resource.NAMESPACE,
            b'{"metadata":{"name":"deis","uid":"u","creationTimestamp":"0001-01-01T00:00:00+05:00"}}',
        ),
    ],
)
def test_malformed_object_is_refused(resource: Resource, raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        Intake(shipped_profiles()).accept(resource, raw)


@pytest.mark.parametrize(
    ("resource", "parts", "with_nulls"),
    [
        (Resource.DEPLOYMENTS, {}, {"spec": None, "status": None}),
        (Resource.REPLICATION_CONTROLLERS, {}, {"spec": None, "status": None}),
        (Resource.PODS, {}, {"spec": None, "status": None}),
        (Resource.SERVICES, {}, {"spec": None}),
        (Resource.NODES, {}, {"status": None}),
        (
            Resource.DEPLOYMENTS,
            {"spec": {"template": {}}},
            {"spec": {"template": {"metadata": None, "spec": {"containers": None}}}},
        ),
        (
            Resource.CRON_JOBS,
            {"spec": {"jobTemplate": {"spec": {}}}},
            {"spec": {"jobTemplate": {"spec": {"template": None}}}},
        ),
        (
            Resource.PODS,
            {"spec": {"containers": [{"name": "c"}]}, "status": {"containerStatuses": [{"name": "c"}]}},
            {
                "spec": {"containers": [{"name": "c", "image": None, "env": [{"value": None}]}]},
                "status": {
                    "phase": None,
                    "containerStatuses": [
                        {"name": "c", "image": None, "imageID": None, "ready": None, "restartCount": None}
                    ],
                },
            },
        ),
        (
            Resource.NODES,
            {"status": {"capacity": {}}},
            {"status": {"nodeInfo": None, "capacity": {"cpu": None}}},
        ),
        (Resource.CONFIG_MAPS, {"data": {}}, {"data": {"image": None}}),
    ],
)
def test_part_that_is_null_is_read_as_one_that_is_absent(
    resource: Resource, parts: dict[str, Any], with_nulls: dict[str, Any]
) -> None:
    names = {
        Resource.PODS: "deis-router-x1",
        Resource.SERVICES: "deis-router",
        Resource.CONFIG_MAPS: "slugbuilder-config",
    }
    metadata = {"name": names.get(resource, "deis-router"), "uid": "u", "labels": {"app": "deis-router"}}
    intake = Intake(shipped_profiles())

    def accepted(obj: dict[str, Any]) -> Accepted:
        return intake.accept(resource, msgspec.json.encode({"metadata": metadata, **obj}))

    assert accepted(with_nulls) == accepted(parts)


def test_malformed_object_of_a_customer_is_only_counted() -> None:
    raw = b'{"metadata":{"name":"shop","uid":"u"},"spec":{"replicas":"two"}}'

    assert Intake(shipped_profiles()).accept(Resource.DEPLOYMENTS, raw) == Accepted("u", "", None)
