"""Which pods belong to a workload, what they tell, and what is only counted."""

from dataclasses import replace

import pytest

from clusters import as_running_objects, builder_pods, held, unknown_workloads
from clusters.objects import Owner, Template, pod, workload
from extracting import PROFILES, inventory, router
from workflow_exporter.cluster.extract import extract
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.inventory import (
    Container,
)

DEIS = PROFILES["deis"]


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
        "ownerReferences": [
            {"kind": "Job", "name": "drycc-database-cronjob-backup-29312345", "controller": True}
        ],
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


KINDS = [
    ("Deployment", Resource.DEPLOYMENTS),
    ("StatefulSet", Resource.STATEFUL_SETS),
    ("ReplicationController", Resource.REPLICATION_CONTROLLERS),
]


@pytest.mark.parametrize(("kind", "resource"), KINDS)
def test_pod_is_not_unknown_while_the_kind_of_its_owner_is_not_read(kind: str, resource: Resource) -> None:
    pods = held([obj for obj in as_running_objects([router(kind)]) if obj["kind"] == "Pod"], (DEIS,))

    assert extract(pods, DEIS, "deis", unread={resource}).unknown_workloads == {}
    assert extract(replace(pods, malformed={resource: 1}), DEIS, "deis").unknown_workloads == {}
    assert extract(pods, DEIS, "deis", unread={Resource.CRON_JOBS}).unknown_workloads == {"Pod": 1}


def test_pod_of_a_workload_that_another_platform_has_is_unknown_whatever_is_read() -> None:
    template = Template({"app": "drycc-builder"}, [("drycc-builder", "drycc/builder:1.8.1")])
    drycc = workload(
        "Deployment", Owner("deis").metadata("drycc-builder"), template, selector={"app": "drycc-builder"}
    )
    running = [obj for obj in as_running_objects([drycc]) if obj["kind"] == "Pod"]

    found = extract(
        held(running, tuple(PROFILES.values())), DEIS, "deis", unread=frozenset({Resource.DEPLOYMENTS})
    )

    assert found.unknown_workloads == {"Pod": 1}
