"""One verdict for several workloads and pods, and for pods that cannot be seen."""

from dataclasses import replace

import pytest

from factories import (
    catalog,
    component,
    pod,
    workload,
)
from judging import grounds, only
from workflow_exporter.freshness import Observed, Verdict
from workflow_exporter.inventory import Workload, WorkloadKind


def monitor(grafana: str, telegraf: str) -> list[Workload]:
    return [
        workload("monitor", f"deis/grafana:{grafana}", name="deis-monitor-grafana"),
        workload(
            "monitor", f"deis/telegraf:{telegraf}", name="deis-monitor-telegraf", kind=WorkloadKind.DAEMON_SET
        ),
    ]


MONITOR = catalog({"monitor": component("v2.9.0", "v2.10.0", title="Monitor")})


def test_oldest_workload_speaks_for_a_component_with_several() -> None:
    found = only(monitor("v2.10.0", "v2.9.0"), on=grounds(MONITOR))

    assert (found.verdict, found.version, found.rolling) == (Verdict.OUTDATED, "v2.9.0", True)
    assert found.reason == "workloads differ: deis-monitor-telegraf v2.9.0, deis-monitor-grafana v2.10.0"
    assert [(one.workload.name, one.version) for one in found.workloads] == [
        ("deis-monitor-telegraf", "v2.9.0"),
        ("deis-monitor-grafana", "v2.10.0"),
    ]


def test_workloads_that_agree_are_not_remarked_upon() -> None:
    found = only(monitor("v2.10.0", "2.10.0"), on=grounds(MONITOR))

    assert (found.verdict, found.rolling, found.reason) == (Verdict.CURRENT, False, None)


def test_one_unversioned_workload_makes_the_component_unversioned() -> None:
    found = only(monitor("v2.10.0", "canary"), on=grounds(MONITOR))

    assert (found.verdict, found.version) == (Verdict.UNVERSIONED, "canary")


def test_pods_that_differ_are_rolling_and_the_oldest_is_judged() -> None:
    shown = workload(
        "builder",
        "deis/builder:v3.0.0",
        declared="v3.0.0",
        name="deis-builder",
        pods=[pod("deis/builder:v3.0.0"), pod("deis/builder:v2.12.1")],
    )

    found = only([shown])

    assert found.observed == Observed(declared="v3.0.0", template="v3.0.0", running="v2.12.1")
    assert (found.verdict, found.version, found.rolling) == (Verdict.OUTDATED, "v2.12.1", True)
    assert found.reason == "pods of deis-builder differ: v2.12.1, v3.0.0"


def test_terminating_pods_of_the_old_version_do_not_make_a_component_rolling() -> None:
    shown = workload(
        "builder",
        "deis/builder:v3.0.0",
        pods=[pod("deis/builder:v3.0.0"), pod("deis/builder:v2.12.1", terminating=True)],
    )

    assert (only([shown]).verdict, only([shown]).rolling) == (Verdict.CURRENT, False)


@pytest.mark.parametrize(
    ("desired", "reason"),
    [(1, "no pod runs: deis-builder is judged by its template"), (0, None), (None, None)],
)
def test_component_without_running_pods_is_judged_by_its_template_and_says_so(
    desired: int | None, reason: str | None
) -> None:
    shown = workload("builder", "deis/builder:v3.0.0", pods=[], replicas_desired=desired, replicas_ready=0)

    found = only([shown])

    assert (found.verdict, found.observed.running, found.reason) == (Verdict.CURRENT, None, reason)


@pytest.mark.parametrize(
    ("ready", "malformed"), [(1, {}), (0, {"pods": 1}), (1, {"pods": 1})], ids=["ready", "odd pod", "both"]
)
def test_no_pod_is_said_not_to_run_where_one_is_ready_or_cannot_be_read(
    ready: int, malformed: dict[str, int]
) -> None:
    shown = workload("builder", "deis/builder:v3.0.0", pods=[], replicas_desired=1, replicas_ready=ready)

    found = only([shown], on=grounds(malformed=malformed))

    assert found.verdict is Verdict.CURRENT
    assert found.reason == "no pod of deis-builder is seen: it is judged by its template"


@pytest.mark.parametrize("kind", sorted(set(WorkloadKind) - {WorkloadKind.CONFIG_MAP}))
@pytest.mark.parametrize("version", ["v3.0.0", "v2.12.0", "canary"])
def test_component_whose_pods_cannot_be_seen_is_unknown_and_never_current(
    kind: WorkloadKind, version: str
) -> None:
    shown = workload("builder", f"deis/builder:{version}", kind=kind, pods=[])

    found = only([shown], on=grounds(down={"pods": "forbidden"}))

    assert (found.verdict, found.version) == (Verdict.UNKNOWN, version)
    assert found.reason == "cannot be seen: pods: forbidden"


def test_one_workload_whose_pods_cannot_be_seen_makes_the_component_unknown() -> None:
    seen, unseen = monitor("v2.10.0", "v2.10.0")

    found = only([seen, replace(unseen, pods=())], on=grounds(MONITOR, down={"pods": "forbidden"}))

    assert found.verdict is Verdict.UNKNOWN


def test_last_good_pods_of_a_source_that_is_down_are_still_judged() -> None:
    shown = workload("builder", "deis/builder:v3.0.0")

    found = only([shown], on=grounds(down={"pods": "the API server hangs"}))

    assert (found.verdict, found.reason) == (Verdict.CURRENT, None)


def test_config_map_has_no_pods_to_be_seen() -> None:
    shown = workload(
        "builder", "deis/builder:v3.0.0", kind=WorkloadKind.CONFIG_MAP, pods=[], replicas_desired=None
    )

    assert only([shown], on=grounds(down={"pods": "forbidden"})).verdict is Verdict.CURRENT


def by_digest(workload_name: str, image: str, *digits: str, tag: str = "") -> Workload:
    """A workload whose pods run these digests of `image`; its template asks for the first."""
    images = [f"{image}{tag}@sha256:{digit * 64}" for digit in digits]
    pods = [pod(one, name=f"{workload_name}-{number}") for number, one in enumerate(images)]
    return workload("monitor", images[0], name=workload_name, pods=pods, declared="v2.10.0")


def test_digests_of_different_images_do_not_differ() -> None:
    shown = [
        by_digest("deis-monitor-grafana", "deis/grafana", "1"),
        by_digest("deis-monitor-influxdb", "deis/influxdb", "2"),
        workload(
            "monitor", "deis/telegraf:v2.10.0", name="deis-monitor-telegraf", kind=WorkloadKind.DAEMON_SET
        ),
    ]

    found = only(shown, on=grounds(MONITOR))

    # The annotation says what was meant to run, not what the digests are: nobody can compare.
    assert (found.verdict, found.observed.declared) == (Verdict.UNVERSIONED, "v2.10.0")
    assert (found.rolling, found.reason) == (False, "the image is given by digest only")


def test_two_digests_of_one_image_in_a_workload_are_rolling() -> None:
    found = only([by_digest("deis-monitor-grafana", "deis/grafana", "1", "2")], on=grounds(MONITOR))

    assert found.rolling
    assert f"pods of deis-monitor-grafana differ: sha256:{'1' * 64}, sha256:{'2' * 64}" in str(found.reason)


def test_two_workloads_with_different_digests_of_one_image_differ() -> None:
    shown = [
        by_digest("deis-monitor-a", "deis/grafana", "1"),
        by_digest("deis-monitor-b", "deis/grafana", "2"),
    ]

    found = only(shown, on=grounds(MONITOR))

    assert found.rolling
    assert "workloads differ" in str(found.reason)


def test_tag_beside_a_digest_is_a_version_and_the_digest_makes_no_difference() -> None:
    shown = [by_digest("deis-monitor-grafana", "deis/grafana", "1", "2", tag=":v2.10.0")]

    found = only(shown, on=grounds(MONITOR))

    assert (found.verdict, found.rolling, found.reason) == (Verdict.CURRENT, False, None)
