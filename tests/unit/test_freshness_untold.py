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
from workflow_exporter.inventory import AbsentWorkload, Expectation, WorkloadKind


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


def test_component_that_the_catalog_does_not_know_is_unknown_and_without_any_release_unversioned() -> None:
    shown = [workload("router", "deis/router:v2.0.0")]

    unlisted, empty = only(shown), only(shown, on=grounds(catalog({"router": component(title="Router")})))
    none = only(shown, on=Grounds(None, None, "stable", frozenset(), {}, {"router": "The Router"}))

    assert (unlisted.verdict, unlisted.reason) == (Verdict.UNKNOWN, "the catalog does not list router")
    assert (empty.verdict, empty.reason) == (
        Verdict.UNVERSIONED,
        "the catalog lists no release of router",
    )
    assert (none.verdict, none.reason) == (Verdict.UNKNOWN, "there is no catalog of releases")
    assert (unlisted.title, empty.title, none.title) == ("router", "Router", "The Router")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"problem": "the catalog expired on 2018-04-01"}, "the catalog expired on 2018-04-01"),
        ({"train": "nightly"}, "the catalog has no train nightly"),
    ],
)
def test_component_without_any_release_is_unknown_where_the_catalog_cannot_be_judged_by(
    changes: dict[str, Any], reason: str
) -> None:
    on = grounds(catalog({"router": component(title="Router")}), **changes)

    found = only([workload("router", "deis/router:v2.0.0")], on=on)

    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, reason)


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


DEPLOYMENT = AbsentWorkload(WorkloadKind.DEPLOYMENT, "deis-minio", ("deployments", "replicationcontrollers"))
CRON_JOB = AbsentWorkload(WorkloadKind.CRON_JOB, "deis-minio-cleanup", ("cronjobs",))
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


GRAFANA = AbsentWorkload(WorkloadKind.DEPLOYMENT, "deis-monitor-grafana", ("deployments",))
TELEGRAF = AbsentWorkload(WorkloadKind.DAEMON_SET, "deis-monitor-telegraf", ("daemonsets",))


@pytest.mark.parametrize(
    ("down", "off_cluster", "missing", "reason"),
    [
        ({}, set(), (GRAFANA,), "not there: Deployment deis-monitor-grafana"),
        ({"daemonsets": "forbidden"}, set(), (GRAFANA,), "not there: Deployment deis-monitor-grafana"),
        ({"deployments": "forbidden"}, set(), (), "cannot be seen: Deployment deis-monitor-grafana"),
        ({}, {"builder/grafana"}, (), None),
        ({}, {"builder/deis-monitor-grafana"}, (), None),
        ({}, {"builder/monitor-grafana"}, (), None),
        ({}, {"builder"}, (), None),
        ({}, {"builder/afana"}, (GRAFANA,), "not there: Deployment deis-monitor-grafana"),
        ({}, {"router/grafana"}, (GRAFANA,), "not there: Deployment deis-monitor-grafana"),
    ],
)
def test_workload_that_a_component_has_lost_is_told_unless_it_is_unseen_or_elsewhere(
    down: dict[str, str], off_cluster: set[str], missing: tuple[AbsentWorkload, ...], reason: str | None
) -> None:
    part = expectation("builder", absent_workloads=[GRAFANA])

    found = only(
        [workload("builder", "deis/builder:v3.0.0")],
        [part],
        grounds(down=down, off_cluster=frozenset(off_cluster)),
    )

    assert (found.verdict, found.missing_workloads, found.reason) == (Verdict.CURRENT, missing, reason)


@pytest.mark.parametrize(
    ("off_cluster", "verdict"),
    [
        ({"builder/grafana", "builder/telegraf"}, Verdict.ABSENT),
        ({"builder/grafana"}, Verdict.MISSING),
        (set(), Verdict.MISSING),
    ],
)
def test_component_all_of_whose_workloads_are_elsewhere_is_absent(
    off_cluster: set[str], verdict: Verdict
) -> None:
    part = expectation("builder", absent_workloads=[GRAFANA, TELEGRAF])

    found = only([], [part], grounds(off_cluster=frozenset(off_cluster)))

    assert (found.verdict, found.missing_workloads) == (verdict, ())


def test_workload_of_a_kind_that_was_not_recorded_is_not_lost() -> None:
    part = expectation("builder", absent_workloads=[GRAFANA, TELEGRAF])

    found = only(
        [workload("builder", "deis/builder:v3.0.0")], [part], grounds(unrecorded=frozenset({"daemonsets"}))
    )

    assert found.missing_workloads == (GRAFANA,)
    assert found.reason == (
        "not there: Deployment deis-monitor-grafana; not recorded: DaemonSet deis-monitor-telegraf"
    )


def test_component_is_judged_by_its_template_where_pods_are_not_recorded() -> None:
    shown = workload("builder", "deis/builder:v3.0.0", pods=[], replicas_desired=1)

    found = only([shown], on=grounds(unrecorded=frozenset({"pods"})))

    assert (found.verdict, found.version, found.reason) == (Verdict.CURRENT, "v3.0.0", None)
