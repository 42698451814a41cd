"""Verdicts: object in, whole assessment out."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from factories import (
    DIGEST,
    bundle,
    catalog,
    component,
    expectation,
    inventory,
    moment,
    pod,
    release,
    workload,
)
from workflow_exporter.catalog import Catalog, Release
from workflow_exporter.freshness import Assessment, Grounds, Newest, Observed, Verdict, assess
from workflow_exporter.inventory import Expectation, Workload, WorkloadKind

BUILDER = component(
    release("v2.11.0", "2017-05-01"),
    release("v2.12.0", "2017-07-06"),
    release("v2.12.1", "2017-07-20"),
    release("v2.13.0", None),
    release("v3.0.0", "2017-09-01", notes_url="https://example.org/v3"),
)


def grounds(listed: Catalog | None = None, **changes: Any) -> Grounds:
    fields: dict[str, Any] = {
        "catalog": listed or catalog({"builder": BUILDER}),
        "problem": None,
        "train": "stable",
        "off_cluster": frozenset(),
        "down": {},
        "titles": {},
    }
    return Grounds(**(fields | changes))


def only(
    workloads: Iterable[Workload] = (),
    expectations: Iterable[Expectation] | None = None,
    on: Grounds | None = None,
) -> Assessment:
    (found,) = assess(inventory(workloads, expectations), on or grounds())
    return found


def running(version: str, *releases: Release | str, **changes: Any) -> Assessment:
    """The builder running `version`, against these releases or BUILDER's."""
    listed = catalog({"builder": component(*releases) if releases else BUILDER}, trains=["stable", "edge"])
    return only([workload("builder", f"deis/builder:{version}")], on=grounds(listed, **changes))


def verdict(version: str, *releases: Release | str, **changes: Any) -> tuple[str, str | None]:
    found = running(version, *releases, **changes)
    return (found.verdict.value, found.reason)


def test_outdated_component_says_since_when_and_what_is_newest_in_reach() -> None:
    shown = workload("builder", "deis/builder:v2.12.0", declared="v2.12.0")

    (found,) = assess(inventory([shown]), grounds())

    assert found == Assessment(
        component="builder",
        title="Builder",
        verdict=Verdict.OUTDATED,
        version="v2.12.0",
        observed=Observed("v2.12.0", "v2.12.0", "v2.12.0"),
        newest=Newest(patch="v2.12.1", minor="v2.13.0", major="v3.0.0"),
        outdated_since=moment("2017-07-20"),
        notes_url="https://example.org/v3",
        workloads=found.workloads,
    )
    assert [(one.workload, one.version) for one in found.workloads] == [(shown, "v2.12.0")]


@pytest.mark.parametrize(
    ("version", "newest", "since"),
    [
        ("v2.11.0", Newest(None, "v2.13.0", "v3.0.0"), "2017-07-06"),
        ("v2.11.9", Newest(None, "v2.13.0", "v3.0.0"), "2017-07-06"),  # unlisted, ordered among the listed
        ("v2.12.1", Newest(None, "v2.13.0", "v3.0.0"), None),  # the first newer one's day is not established
        ("v2.13.0", Newest(None, None, "v3.0.0"), "2017-09-01"),
        ("v1.0.0", Newest(None, None, "v3.0.0"), "2017-05-01"),
        ("2.12.0", Newest("v2.12.1", "v2.13.0", "v3.0.0"), "2017-07-20"),  # Drycc's spelling
    ],
)
def test_newest_is_null_where_it_is_not_newer(version: str, newest: Newest, since: str | None) -> None:
    found = running(version)

    day: datetime | None = moment(since) if since else None
    assert (found.verdict, found.newest, found.outdated_since) == (Verdict.OUTDATED, newest, day)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("v3.0.0", ("current", None)),
        ("3.0.0", ("current", None)),
        ("v3.0.1", ("ahead", "newer than any release offered in train stable")),
        ("canary", ("unversioned", "canary is a build without a version")),
        ("latest", ("unversioned", "latest is a build without a version")),
        ("git-1a2b3c4", ("unversioned", "git-1a2b3c4 is a build without a version")),
        ("1234567", ("unversioned", "1234567 is a build without a version")),
        ("v3", ("unknown", "'v3' is not a SemVer version")),
        ("stable", ("unknown", "'stable' is not a SemVer version")),
    ],
)
def test_verdict_on_one_version(version: str, expected: tuple[str, str | None]) -> None:
    assert verdict(version) == expected


def test_notes_of_the_newest_release_are_linked_when_current_too() -> None:
    assert running("v3.0.0").notes_url == "https://example.org/v3"


@pytest.mark.parametrize(
    ("image", "shown", "reason"),
    [
        (f"deis/builder@{DIGEST}", DIGEST, "the image is given by digest only"),
        ("deis/builder", "latest", "the image has no tag, which means latest"),
    ],
)
def test_digest_only_and_untagged_images_cannot_be_compared_by_choice(
    image: str, shown: str, reason: str
) -> None:
    found = only([workload("builder", image)])

    assert (found.verdict, found.version, found.reason) == (Verdict.UNVERSIONED, shown, reason)


def test_image_that_cannot_be_read_is_unknown_and_not_shown() -> None:
    found = only([workload("builder", "registry.example/Deis/Builder:v3.0.0")])

    assert (found.verdict, found.version) == (Verdict.UNKNOWN, None)
    assert found.observed == Observed(None, None, None)
    assert "registry.example" not in str(found.reason)


@pytest.mark.parametrize(
    ("version", "releases", "expected"),
    [
        # never newest
        ("v2.0.0", [release("v2.0.0"), release("v2.1.0", yanked=True)], ("current", None)),
        # running one is outdated
        (
            "v2.1.0",
            [release("v2.1.0", yanked=True), release("v2.1.1")],
            ("outdated", "v2.1.0 was withdrawn"),
        ),
        (
            "v2.1.0",
            [release("v2.0.0"), release("v2.1.0", yanked=True)],
            ("outdated", "v2.1.0 was withdrawn, and nothing newer is released"),
        ),
        # between a release and a yanked one: not listed, and nothing newer is offered
        (
            "v2.0.5",
            [release("v2.0.0"), release("v2.1.0", yanked=True)],
            ("ahead", "newer than any release offered in train stable"),
        ),
        # all of them yanked: nothing to compare with
        (
            "v2.2.0",
            [release("v2.1.0", yanked=True)],
            ("unknown", "the catalog lists no release in train stable"),
        ),
    ],
)
def test_yanked_releases(version: str, releases: list[Release], expected: tuple[str, str | None]) -> None:
    assert verdict(version, *releases) == expected


def test_first_newer_release_that_counts_since_when_is_not_a_yanked_one() -> None:
    found = running(
        "v2.0.0", release("v2.1.0", "2017-01-01", yanked=True), release("v2.1.1", "2017-02-01"), "v2.0.0"
    )

    assert found.outdated_since == moment("2017-02-01")


@pytest.mark.parametrize(
    ("version", "expected", "newest"),
    [
        ("v2.0.0", "current", None),  # a pre-release is not offered to a release
        ("v2.1.0-rc.1", "outdated", "v2.1.0-rc.2"),  # of the same line it is
        ("v2.1.0-rc.2", "current", None),
        ("v2.1.0-rc.3", "ahead", None),
        ("v2.0.0-rc.1", "outdated", "v2.0.0"),
    ],
)
def test_pre_releases(version: str, expected: str, newest: str | None) -> None:
    found = running(version, "v2.0.0", "v2.1.0-rc.1", "v2.1.0-rc.2")

    assert (found.verdict.value, found.newest.major) == (expected, newest)


@pytest.mark.parametrize(
    ("releases", "security"),
    [
        ([release("v2.1.0", security=True), release("v2.2.0")], True),  # closed on the way to the newest
        ([release("v2.0.0", security=True), release("v2.2.0")], False),  # the one that runs
        ([release("v2.1.0", security=True, yanked=True), release("v2.2.0")], False),
        ([release("v2.1.0-rc.1", security=True), release("v2.2.0")], False),  # not offered
        ([release("v2.1.0", security=True, train="edge"), release("v2.2.0")], False),  # not this train's
    ],
)
def test_newer_security_release_is_marked(releases: list[Release], *, security: bool) -> None:
    assert running("v2.0.0", *releases).security is security


TWO_TRAINS = [release("v2.0.0"), release("v2.1.0", train="edge"), release("v2.2.0", train="edge")]


@pytest.mark.parametrize(
    ("train", "version", "expected", "newest"),
    [
        ("stable", "v2.0.0", "current", None),
        ("edge", "v2.0.0", "outdated", "v2.2.0"),
        ("stable", "v2.1.0", "outdated", "v2.2.0"),  # listed in edge: on that train with this component
        ("stable", "v2.2.0", "current", None),
        ("stable", "v2.1.5", "ahead", None),  # unlisted, newer than all of the operator's train
        ("edge", "v2.2.1", "ahead", None),
    ],
)
def test_releases_of_the_operators_train_and_of_the_running_one_are_offered(
    train: str, version: str, expected: str, newest: str | None
) -> None:
    found = running(version, *TWO_TRAINS, train=train)

    assert (found.verdict.value, found.newest.major) == (expected, newest)


def test_lines_of_a_restarted_numbering_go_before_numbers() -> None:
    storage = [release("v1.3.0"), release("v0.2.1", line=1), release("v4.0.2", "2025-05-15", line=1)]

    old = running("1.3.0", *storage)
    middle = running("0.2.1", *storage)

    assert (old.verdict, old.newest) == (Verdict.OUTDATED, Newest(None, None, "v4.0.2"))
    assert (middle.verdict, middle.outdated_since) == (Verdict.OUTDATED, moment("2025-05-15"))
    assert running("4.0.2", *storage).verdict is Verdict.CURRENT
    assert running("4.0.3", *storage).verdict is Verdict.AHEAD
    assert running("1.4.0", *storage).verdict is Verdict.OUTDATED


def test_newest_of_the_same_minor_or_major_is_of_the_same_line() -> None:
    found = running("v1.3.0", release("v1.3.0"), release("v1.3.5", line=1), release("v1.4.0", line=1))

    assert found.newest == Newest(patch=None, minor=None, major="v1.4.0")


def test_oldest_of_several_pods_is_the_one_of_the_older_line() -> None:
    listed = catalog({"storage": component(release("v1.3.0"), release("v4.0.2", line=1))})
    shown = workload(
        "storage", "drycc/storage:0.0.1", pods=[pod("drycc/storage:0.0.1"), pod("drycc/storage:1.3.0")]
    )

    assert only([shown], on=grounds(listed)).version == "1.3.0"


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
    ],
    ids=[
        "missing",
        "off cluster",
        "optional",
        "source down",
        "optional, source down",
        "off, down",
        "other down",
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
    shown = workload("builder", "deis/builder:v3.0.0", pods=[], replicas_desired=desired)

    found = only([shown])

    assert (found.verdict, found.observed.running, found.reason) == (Verdict.CURRENT, None, reason)


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


@pytest.mark.parametrize(
    "newer",
    [release("v2.18.0", yanked=True), release("v2.18.0", train="edge"), release("v2.18.0-rc.1")],
    ids=["withdrawn", "another train's", "pre-release"],
)
def test_ahead_is_not_said_to_be_newer_than_all_that_is_listed(newer: Release) -> None:
    assert verdict("v2.17.5", "v2.17.0", newer) == ("ahead", "newer than any release offered in train stable")


@pytest.mark.parametrize(
    ("newest", "furthest"),
    [(Newest("v1", "v2", "v3"), "v3"), (Newest("v1", "v2"), "v2"), (Newest("v1"), "v1"), (Newest(), None)],
)
def test_furthest_is_the_newest_of_all_in_reach(newest: Newest, furthest: str | None) -> None:
    assert newest.furthest == furthest


@pytest.mark.parametrize(
    ("down", "told"), [({}, "not there"), ({"deployments": "forbidden"}, "cannot be seen")]
)
def test_part_of_a_component_that_is_not_there_is_told(down: dict[str, str], told: str) -> None:
    part = expectation("builder", absent_workloads=[(WorkloadKind.DEPLOYMENT, "deis-monitor-influxdb")])

    found = only([workload("builder", "deis/builder:v3.0.0")], [part], grounds(down=down))

    assert found.verdict is Verdict.CURRENT
    assert found.reason == f"{told}: Deployment deis-monitor-influxdb"


def test_leftover_of_another_bundle_does_not_touch_verdicts() -> None:
    listed = catalog({"builder": BUILDER}, [bundle("v2.18.0", {"builder": "v2.11.0"})])

    assert only([workload("builder", "deis/builder:v3.0.0")], on=grounds(listed)).verdict is Verdict.CURRENT
