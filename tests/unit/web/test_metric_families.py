"""What each family says of a snapshot, sample by sample."""

from datetime import UTC, datetime
from typing import Any

import pytest

from factories import (
    NOW,
    assessment,
    bundle_assessment,
    cluster_facts,
    container,
    identity,
    inventory,
    notice,
    snapshot,
    source_state,
    workload,
)
from workflow_exporter.catalog import EndOfLife, Severity
from workflow_exporter.freshness import Newest, Verdict
from workflow_exporter.inventory import AbsentWorkload, WorkloadKind
from workflow_exporter.snapshot import CatalogFacts, Snapshot, SourceState
from workflow_exporter.web.metric_families import CLUSTER_FAMILIES, EXPORTER_FAMILIES, NODE_FAMILIES

_TABLE = {entry.family.name: entry for entry in (*CLUSTER_FAMILIES, *EXPORTER_FAMILIES)}
_SINCE = datetime(2017, 9, 1, tzinfo=UTC)


def _samples(name: str, of: Snapshot) -> list[tuple[Any, ...]]:
    """Label values and then the value, of each sample."""
    return [(*labels, float(value)) for labels, value in _TABLE[name].samples(of)]


def test_each_component_has_all_seven_verdicts_and_one_holds() -> None:
    components = [assessment(verdict.value, verdict) for verdict in Verdict]

    samples = _samples("workflow_component_verdict", snapshot(components))

    assert sorted(samples) == sorted(
        (component.value, verdict.value, float(component is verdict))
        for component in Verdict
        for verdict in Verdict
    )


def test_missing_workloads_are_counted_where_something_of_the_component_is_there() -> None:
    lost = AbsentWorkload(WorkloadKind.DEPLOYMENT, "drycc-controller-api", ("deployments",))
    of = snapshot(
        [
            assessment("controller", missing_workloads=[lost]),
            assessment("minio", Verdict.MISSING, None),
            assessment("router"),
        ]
    )

    assert _samples("workflow_component_missing_workloads", of) == [("controller", 1), ("router", 0)]


@pytest.mark.parametrize("family", ["workflow_component_outdated", "workflow_component_security_update"])
@pytest.mark.parametrize("verdict", [Verdict.UNVERSIONED, Verdict.UNKNOWN, Verdict.MISSING, Verdict.ABSENT])
def test_nothing_is_claimed_of_a_component_that_cannot_be_compared(family: str, verdict: Verdict) -> None:
    assert _samples(family, snapshot([assessment("builder", verdict)])) == []


@pytest.mark.parametrize(
    ("verdict", "outdated"), [(Verdict.CURRENT, 0), (Verdict.OUTDATED, 1), (Verdict.AHEAD, 0)]
)
def test_outdated_is_told_of_components_that_can_be_compared(verdict: Verdict, outdated: int) -> None:
    of = snapshot([assessment("builder", verdict, outdated_since=_SINCE)])

    since = [("builder", _SINCE.timestamp())] if outdated else []
    assert _samples("workflow_component_outdated", of) == [("builder", outdated)]
    assert _samples("workflow_component_outdated_since_timestamp_seconds", of) == since


def test_outdated_since_is_absent_where_the_release_has_no_date() -> None:
    of = snapshot([assessment("builder", Verdict.OUTDATED, outdated_since=None)])

    assert _samples("workflow_component_outdated_since_timestamp_seconds", of) == []


@pytest.mark.parametrize("security", [True, False])
def test_a_security_release_is_told(security: bool) -> None:
    of = snapshot([assessment("builder", Verdict.OUTDATED, security=security)])

    assert _samples("workflow_component_security_update", of) == [("builder", security)]


def test_each_component_has_exactly_one_info_even_without_a_version() -> None:
    of = snapshot([assessment("builder"), assessment("router", Verdict.MISSING, None)])

    assert _samples("workflow_component_info", of) == [("builder", "v2.12.0", 1), ("router", "", 1)]


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (Newest(), []),
        (Newest(major="v3.0.0"), [("builder", "v3.0.0", "major", 1)]),
        (
            Newest("v2.12.1", "v2.13.0", "v3.0.0"),
            [
                ("builder", "v2.12.1", "patch", 1),
                ("builder", "v2.13.0", "minor", 1),
                ("builder", "v3.0.0", "major", 1),
            ],
        ),
    ],
)
def test_only_releases_that_exist_and_are_newer_are_latest(newest: Newest, expected: list[Any]) -> None:
    of = snapshot([assessment("builder", Verdict.OUTDATED, newest=newest)])

    assert _samples("workflow_component_latest_info", of) == expected


def test_components_that_are_not_observed_are_in_no_family() -> None:
    of = snapshot([assessment("builder")], unobserved=["imagebuilder"])

    told = [labels for entry in _TABLE.values() for labels, _ in entry.samples(of)]

    assert not any("imagebuilder" in labels for labels in told)


def test_every_container_of_a_workload_is_told_with_a_version_of_its_own() -> None:
    monitor = workload(
        "monitor",
        containers=[
            container("quay.io/deis/grafana:v2.9.0", "grafana"),
            container("registry.local:5000/telegraf:1.2", "telegraf"),
            container("busybox@sha256:" + "a" * 64, "wait"),
            container("NOT AN IMAGE", "broken"),
        ],
    )
    of = snapshot([assessment("monitor", version="v2.9.1", workloads=[monitor])])

    start = ("monitor", "Deployment", "deis-monitor")
    assert _samples("workflow_workload_info", of) == [
        (*start, "grafana", "quay.io/deis/grafana:v2.9.0", "v2.9.1", 1),
        (*start, "telegraf", "registry.local:5000/telegraf:1.2", "1.2", 1),
        (*start, "wait", "busybox@sha256:" + "a" * 64, "", 1),
        (*start, "broken", "NOT AN IMAGE", "", 1),
    ]


def test_the_container_that_the_profile_names_bears_the_assessed_version() -> None:
    database = workload(
        "database",
        containers=[container("x/proxy:1.0", "proxy"), container("x/postgres:v2.7.0", "postgres")],
        main_container="postgres",
    )
    of = snapshot([assessment("database", version="v2.6.0", workloads=[database])])

    assert [sample[3:] for sample in _samples("workflow_workload_info", of)] == [
        ("proxy", "x/proxy:1.0", "1.0", 1),
        ("postgres", "x/postgres:v2.7.0", "v2.6.0", 1),
    ]


def test_first_container_bears_the_assessed_version_where_the_named_one_is_not_there() -> None:
    database = workload(
        "database", containers=[container("x/postgres:v2.7.0", "renamed")], main_container="postgres"
    )
    of = snapshot([assessment("database", version="v2.6.0", workloads=[database])])

    assert [sample[3:] for sample in _samples("workflow_workload_info", of)] == [
        ("renamed", "x/postgres:v2.7.0", "v2.6.0", 1)
    ]


def test_replicas_are_told_of_kinds_that_have_them() -> None:
    of = snapshot(
        [
            assessment(
                "monitor",
                workloads=[
                    workload("monitor", replicas_desired=3, replicas_ready=0),
                    workload(
                        "monitor",
                        kind=WorkloadKind.CRON_JOB,
                        name="deis-monitor-tidy",
                        replicas_desired=None,
                        replicas_ready=None,
                    ),
                ],
            )
        ]
    )

    assert _samples("workflow_workload_replicas_desired", of) == [
        ("monitor", "Deployment", "deis-monitor", 3)
    ]
    assert _samples("workflow_workload_replicas_ready", of) == [("monitor", "Deployment", "deis-monitor", 0)]


def test_ids_are_told_only_where_there_is_an_identity() -> None:
    assert _samples("workflow_cluster_info", snapshot(identity=identity())) == [
        ("c" * 32, "1" * 32, "deis", "v1.7.5", 1)
    ]
    assert _samples("workflow_cluster_info", snapshot(identity=None)) == [("", "", "deis", "v1.7.5", 1)]


def test_the_secret_and_the_local_id_are_in_no_family() -> None:
    of = snapshot(identity=identity())

    told = {value for entry in _TABLE.values() for labels, _ in entry.samples(of) for value in labels}

    assert told.isdisjoint({identity().instance_secret, identity().local_id})


def test_the_bundle_is_told_with_its_drift() -> None:
    of = snapshot(bundle=bundle_assessment("v2.17.0", newest="v2.18.0", matching=14, drifted=2, missing=1))

    assert _samples("workflow_bundle_info", of) == [("v2.17.0", "v2.18.0", "stable", 1)]
    assert _samples("workflow_bundle_components", of) == [
        ("matching", 14),
        ("drifted", 2),
        ("missing", 1),
    ]


def test_a_bundle_that_cannot_be_told_is_empty() -> None:
    of = snapshot(bundle=bundle_assessment(None, newest=None, matching=0))

    assert _samples("workflow_bundle_info", of) == [("", "", "stable", 1)]


def test_unknown_workloads_and_malformed_objects_are_counts_without_names() -> None:
    of = snapshot(
        inventory=inventory(unknown_workloads={"Pod": 3, "Deployment": 1}, malformed_objects={"nodes": 2})
    )

    assert _samples("workflow_unknown_workloads", of) == [("Deployment", 1), ("Pod", 3)]
    assert _samples("workflow_exporter_malformed_objects", of) == [("nodes", 2)]


def test_notices_are_told_by_id_and_severity_alone() -> None:
    of = snapshot(
        catalog=CatalogFacts(notices=(notice("1"), notice("2", severity=Severity.CRITICAL, title="secret")))
    )

    assert _samples("workflow_notice_info", of) == [("1", "warning", 1), ("2", "critical", 1)]


@pytest.mark.parametrize(
    ("family", "of"),
    [
        (
            "workflow_end_of_life_timestamp_seconds",
            snapshot(catalog=CatalogFacts(end_of_life=EndOfLife(date=NOW))),
        ),
        (
            "workflow_cluster_created_timestamp_seconds",
            snapshot(inventory=inventory(cluster=cluster_facts(cluster_created=NOW, instance_created=None))),
        ),
        (
            "workflow_instance_created_timestamp_seconds",
            snapshot(inventory=inventory(cluster=cluster_facts(cluster_created=None, instance_created=NOW))),
        ),
        (
            "workflow_exporter_catalog_generated_timestamp_seconds",
            snapshot(catalog=CatalogFacts(generated=NOW)),
        ),
        ("workflow_exporter_catalog_expires_timestamp_seconds", snapshot(catalog=CatalogFacts(expires=NOW))),
        ("workflow_exporter_snapshot_timestamp_seconds", snapshot(taken_at=NOW)),
    ],
)
def test_moments_are_seconds_since_1970(family: str, of: Snapshot) -> None:
    assert _samples(family, of) == [(NOW.timestamp(),)]


@pytest.mark.parametrize(
    "family",
    [
        "workflow_end_of_life_timestamp_seconds",
        "workflow_cluster_created_timestamp_seconds",
        "workflow_instance_created_timestamp_seconds",
        "workflow_exporter_catalog_generated_timestamp_seconds",
        "workflow_exporter_catalog_expires_timestamp_seconds",
    ],
)
def test_moments_that_are_not_known_are_absent_and_not_1970(family: str) -> None:
    facts = cluster_facts(cluster_created=None, instance_created=None)

    assert _samples(family, snapshot(inventory=inventory(cluster=facts), catalog=CatalogFacts())) == []


@pytest.mark.parametrize("on", [True, False])
def test_switches_show_their_effective_state(on: bool) -> None:
    of = snapshot(checks_enabled=on, reporting_enabled=not on)

    assert _samples("workflow_exporter_update_checks_enabled", of) == [(on,)]
    assert _samples("workflow_exporter_reporting_enabled", of) == [(not on,)]


def test_sources_are_up_or_down_once_they_have_answered() -> None:
    of = snapshot(
        sources=[
            source_state("pods", up=True, last_success=NOW),
            source_state("nodes", up=False),
            source_state("services", up=None),
            SourceState("version", up=None, reason="not recorded", recorded=False),
        ]
    )

    assert _samples("workflow_exporter_source_up", of) == [("pods", 1), ("nodes", 0)]
    assert _samples("workflow_exporter_source_last_success_timestamp_seconds", of) == [
        ("pods", NOW.timestamp())
    ]


def test_an_incomplete_snapshot_has_no_time() -> None:
    of = snapshot(sources=[source_state("pods", up=None)])

    assert _samples("workflow_exporter_snapshot_timestamp_seconds", of) == []


def test_names_and_labels_are_each_used_once() -> None:
    families = [entry.family for entry in _TABLE.values()] + [entry.family for entry in NODE_FAMILIES]

    assert len({family.name for family in families}) == len(families)
    assert len(_TABLE) == len(CLUSTER_FAMILIES) + len(EXPORTER_FAMILIES)
    assert all(len(set(family.labels)) == len(family.labels) for family in families)
    assert all(len(entry.fields) == len(entry.family.labels) for entry in NODE_FAMILIES)
