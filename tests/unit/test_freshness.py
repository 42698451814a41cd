"""Verdicts on a version by the releases that are listed: object in, whole assessment out."""

from datetime import datetime

import pytest

from factories import (
    DIGEST,
    bundle,
    catalog,
    component,
    inventory,
    moment,
    pod,
    release,
    workload,
)
from judging import BUILDER, grounds, only, running, verdict
from workflow_exporter.catalog import Release
from workflow_exporter.freshness import Assessment, Newest, Observed, Verdict, assess


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
        ("v3", ("unversioned", "v3 does not say which release")),
        ("3.0-alpine", ("unversioned", "3.0-alpine does not say which release")),
        ("V3.0.0", ("current", None)),
        ("main", ("unversioned", "main is a build without a version")),
        ("foo", ("unknown", "'foo' is not a SemVer version")),
        ("v3.0.0-alpine", ("current", None)),
        ("v3.0.0-63-gc1cfb68", ("ahead", "newer than any release offered in train stable")),
        ("v3.0.0-c1cfb68", ("ahead", "newer than any release offered in train stable")),
        ("v3.0.0-dirty", ("ahead", "newer than any release offered in train stable")),
    ],
)
def test_verdict_on_one_version(version: str, expected: tuple[str, str | None]) -> None:
    assert verdict(version) == expected


def test_build_after_a_release_is_outdated_by_the_next_release_only() -> None:
    found = running("v2.12.0-63-gc1cfb68")

    assert (found.verdict, found.version) == (Verdict.OUTDATED, "v2.12.0-63-gc1cfb68")
    assert found.newest == Newest("v2.12.1", "v2.13.0", "v3.0.0")


@pytest.mark.parametrize(
    ("version", "expected", "newest"),
    [
        ("v2.1.0-rc.1-alpine", "outdated", "v2.1.0-rc.2"),
        ("v2.1.0-rc.2-debian-12-r5", "current", None),
        ("v2.1.0-rc.1-5-gc1cfb68", "outdated", "v2.1.0-rc.2"),
        ("v2.1.0-rc.2-5-gc1cfb68", "ahead", None),
        ("v2.0.0-5-gc1cfb68", "ahead", None),  # no pre-release: none is offered
        ("v2.0.0-custom", "outdated", "v2.0.0"),  # a suffix that nobody knows is SemVer's pre-release
    ],
)
def test_rebuilds_and_later_builds_of_pre_releases(version: str, expected: str, newest: str | None) -> None:
    found = running(version, "v2.0.0", "v2.1.0-rc.1", "v2.1.0-rc.2")

    assert (found.verdict.value, found.newest.major) == (expected, newest)


def test_withdrawn_release_is_outdated_when_it_was_rebuilt_too() -> None:
    assert verdict("v2.1.0-alpine", release("v2.1.0", yanked=True), release("v2.1.1")) == (
        "outdated",
        "v2.1.0-alpine was withdrawn",
    )


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


def test_leftover_of_another_bundle_does_not_touch_verdicts() -> None:
    listed = catalog({"builder": BUILDER}, [bundle("v2.18.0", {"builder": "v2.11.0"})])

    assert only([workload("builder", "deis/builder:v3.0.0")], on=grounds(listed)).verdict is Verdict.CURRENT
