"""What the profile expects of a component, and which of its workloads are absent."""

from extracting import PROFILES, expectation, inventory, router
from workflow_exporter.inventory import AbsentWorkload, Expectation, WorkloadKind


def test_component_without_any_workload_is_expected_with_what_is_absent_and_what_would_show_it() -> None:
    assert expectation(inventory(), "router") == Expectation(
        "router",
        required=True,
        observed=True,
        absent_workloads=(AbsentWorkload(WorkloadKind.DEPLOYMENT, "deis-router", ("deployments",)),),
        sources=("deployments",),
    )


def test_component_with_some_of_its_workloads_says_which_are_absent() -> None:
    found = inventory(router(name="deis-monitor-grafana"))

    assert expectation(found, "monitor") == Expectation(
        "monitor",
        required=True,
        observed=True,
        absent_workloads=(
            AbsentWorkload(WorkloadKind.DEPLOYMENT, "deis-monitor-influxdb", ("deployments",)),
            AbsentWorkload(WorkloadKind.DAEMON_SET, "deis-monitor-telegraf", ("daemonsets",)),
        ),
        sources=("daemonsets", "deployments"),
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
