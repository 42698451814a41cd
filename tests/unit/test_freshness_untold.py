"""Verdicts without a version to judge, or without releases to judge it by: unknown, missing, absent."""

from typing import Any

import pytest

from factories import (
    catalog,
    component,
    expectation,
    inventory,
    release,
    workload,
)
from judging import grounds, only, verdict
from workflow_exporter.freshness import Assessment, Grounds, Observed, Verdict, assess
from workflow_exporter.inventory import Expectation, WorkloadKind


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"problem": "the catalog expired on 2018-04-01"}, "the catalog expired on 2018-04-01"),
        ({"train": "nightly"}, "the catalog has no train nightly"),
        ({"train": "edge"}, "the catalog lists no release in train edge"),
    ],
)
def test_version_that_cannot_be_judged_is_unknown(changes: dict[str, Any], reason: str) -> None:
    assert verdict("v1.5.0", release("v1.0.0"), **changes) == ("unknown", reason)


def test_component_that_the_catalog_does_not_know_is_unknown() -> None:
    shown = [workload("router", "deis/router:v2.0.0")]

    unlisted, empty = only(shown), only(shown, on=grounds(catalog({"router": component(title="Router")})))
    none = only(shown, on=Grounds(None, None, "stable", frozenset(), {}, {"router": "The Router"}))

    assert (unlisted.verdict, unlisted.reason) == (Verdict.UNKNOWN, "the catalog does not list router")
    assert (empty.verdict, empty.reason) == (Verdict.UNKNOWN, "the catalog lists no release of router")
    assert (none.verdict, none.reason) == (Verdict.UNKNOWN, "there is no catalog of releases")
    assert (unlisted.title, empty.title, none.title) == ("router", "Router", "The Router")


def test_versions_are_shown_and_choices_named_without_any_catalog() -> None:
    nothing = Grounds(None, "update checks are off", "stable", frozenset(), {}, {})
    shown = [workload("builder", "deis/builder:v2.12.0"), workload("router", "deis/router:canary")]

    found = assess(inventory(shown, [expectation("minio"), expectation("database")]), nothing)

    assert [(a.component, a.verdict.value, a.version) for a in found] == [
        ("builder", "unknown", "v2.12.0"),
        ("database", "missing", None),
        ("minio", "missing", None),
        ("router", "unversioned", "canary"),
    ]


DEPLOYMENT = (WorkloadKind.DEPLOYMENT, "deis-minio")
CRON_JOB = (WorkloadKind.CRON_JOB, "deis-minio-cleanup")
NOT_THERE = "required, and not in namespace deis; if it runs outside the cluster, name it in OFF_CLUSTER"


@pytest.mark.parametrize(
    ("expected", "changes", "verdict_and_reason"),
    [
        (
            expectation("minio"),
            {},
            ("missing", NOT_THERE),
        ),
        (
            expectation("minio"),
            {"off_cluster": frozenset({"minio"})},
            ("absent", "runs outside the cluster, says OFF_CLUSTER"),
        ),
        (expectation("minio", required=False), {}, ("absent", "optional, and not installed")),
        (
            expectation("minio", sources=["deployments", "replicationcontrollers"]),
            {"down": {"deployments": "forbidden", "pods": "forbidden"}},
            ("unknown", "cannot be seen: deployments: forbidden"),
        ),
        (
            expectation("minio", required=False),
            {"down": {"deployments": "has not answered yet"}},
            ("unknown", "cannot be seen: deployments: has not answered yet"),
        ),
        (
            expectation("minio"),
            {"down": {"deployments": "forbidden"}, "off_cluster": frozenset({"minio"})},
            ("absent", "runs outside the cluster, says OFF_CLUSTER"),
        ),
        (
            expectation("minio"),
            {"down": {"nodes": "forbidden"}, "problem": "the catalog has expired"},
            ("missing", NOT_THERE),
        ),
        (
            expectation(
                "minio", absent_workloads=[DEPLOYMENT], sources=["deployments", "replicationcontrollers"]
            ),
            {"unrecorded": frozenset({"replicationcontrollers", "version"})},
            ("missing", NOT_THERE),
        ),
        (
            expectation(
                "minio", absent_workloads=[DEPLOYMENT], sources=["deployments", "replicationcontrollers"]
            ),
            {"unrecorded": frozenset({"deployments"})},
            ("unknown", "not recorded: deployments"),
        ),
        (
            expectation(
                "minio", absent_workloads=[DEPLOYMENT, CRON_JOB], sources=["cronjobs", "deployments"]
            ),
            {"unrecorded": frozenset({"cronjobs"})},
            ("missing", NOT_THERE),
        ),
        (
            expectation("minio", required=False, sources=["cronjobs", "deployments"]),
            {"unrecorded": frozenset({"cronjobs", "deployments"})},
            ("unknown", "not recorded: cronjobs, deployments"),
        ),
    ],
    ids=[
        "missing",
        "off cluster",
        "optional",
        "source down",
        "optional, source down",
        "off, down",
        "other down",
        "kind that carries it recorded",
        "kind that carries it not recorded",
        "one of its kinds recorded",
        "optional, not recorded",
    ],
)
def test_component_that_is_not_there(
    expected: Expectation, changes: dict[str, Any], verdict_and_reason: tuple[str, str]
) -> None:
    found = only([], [expected], grounds(**changes))

    verdict, reason = verdict_and_reason
    assert found == Assessment(
        "minio", "minio", Verdict(verdict), None, Observed(None, None, None), reason=reason
    )


def test_component_that_is_there_is_judged_although_off_cluster_names_it() -> None:
    shown = [workload("builder", "deis/builder:v3.0.0")]

    assert only(shown, on=grounds(off_cluster=frozenset({"builder"}))).verdict is Verdict.CURRENT


def test_component_that_the_profile_does_not_observe_has_no_verdict() -> None:
    assert assess(inventory([], [expectation("imagebuilder", observed=False)]), grounds()) == ()


def test_assessments_are_sorted_by_component() -> None:
    found = assess(
        inventory([workload("router"), workload("builder")], [expectation(n) for n in ("minio", "router")]),
        grounds(),
    )

    assert [one.component for one in found] == ["builder", "minio", "router"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "not there"),
        ({"down": {"deployments": "forbidden"}}, "cannot be seen"),
        ({"unrecorded": frozenset({"deployments"})}, "not recorded"),
    ],
)
def test_part_of_a_component_that_is_not_there_is_told(changes: dict[str, Any], told: str) -> None:
    part = expectation("builder", absent_workloads=[(WorkloadKind.DEPLOYMENT, "deis-monitor-influxdb")])

    found = only([workload("builder", "deis/builder:v3.0.0")], [part], grounds(**changes))

    assert found.verdict is Verdict.CURRENT
    assert found.reason == f"{told}: Deployment deis-monitor-influxdb"


def test_component_is_judged_by_its_template_where_pods_are_not_recorded() -> None:
    shown = workload("builder", "deis/builder:v3.0.0", pods=[], replicas_desired=1)

    found = only([shown], on=grounds(unrecorded=frozenset({"pods"})))

    assert (found.verdict, found.version, found.reason) == (Verdict.CURRENT, "v3.0.0", None)
