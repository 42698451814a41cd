"""Newest is by line, then by version; never by date."""

import pytest

from releases_factories import make_bundle, make_release, moment
from workflow_releases.catalog.model import Release
from workflow_releases.catalog.newest import newest_bundle, newest_release, release_order

LATE, EARLY = moment("2020-01-01"), moment("2016-01-01")

CASES = [
    ((), "stable", None),
    ((make_release("v2.9.0"), make_release("v2.10.0")), "stable", "v2.10.0"),
    ((make_release("v2.9.0", released=LATE), make_release("v2.10.0", released=EARLY)), "stable", "v2.10.0"),
    ((make_release("v2.0.0"), make_release("v2.1.0", yanked=True)), "stable", "v2.0.0"),
    ((make_release("v2.0.0"), make_release("v2.1.0-rc.1")), "stable", "v2.0.0"),
    ((make_release("v2.1.0-rc.1"), make_release("v2.1.0-rc.2")), "stable", "v2.1.0-rc.2"),
    ((make_release("v2.0.0"), make_release("v3.0.0", train="beta")), "stable", "v2.0.0"),
    ((make_release("v2.0.0"), make_release("v3.0.0", train="beta")), "beta", "v3.0.0"),
    ((make_release("v2.0.0"),), "nightly", None),
    ((make_release("v1.3.0"), make_release("v0.1.0", line=1)), "stable", "v0.1.0"),
]


@pytest.mark.parametrize(("releases", "train", "version"), CASES)
def test_newest_release_of_a_train(releases: tuple[Release, ...], train: str, version: str | None) -> None:
    newest = newest_release(sorted(releases, key=release_order), train)

    assert (newest.version if newest else None) == version


def test_newest_bundle_is_by_version_too() -> None:
    bundles = (make_bundle("v2.9.0"), make_bundle("v2.10.0"), make_bundle("v3.0.0", train="beta"))

    assert newest_bundle(bundles, "stable") == bundles[1]
