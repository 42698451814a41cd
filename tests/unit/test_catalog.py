"""Orders, offers and links: what catalog values promise however they were made."""

from datetime import UTC, datetime

import pytest

from factories import bundle, catalog, component, notice, release
from workflow_exporter.catalog import Catalog, ReleaseOrder, Successor
from workflow_exporter.version import parse_version


def order(*releases: str) -> ReleaseOrder:
    return component(*releases).order


def offered(releases: ReleaseOrder, running: str, *trains: str) -> list[str]:
    newer = releases.newer_than(parse_version(running), frozenset(trains or ("stable",)))
    return [item.release.version for item in newer]


DRYCC_STORAGE = component(
    release("v4.0.2", line=1),
    release("v0.2.1", line=1),
    release("v1.3.0", line=0),
    release("v0.0.1", line=1),
).order


def test_releases_are_ordered_by_version_and_not_by_day_or_place() -> None:
    releases = component(
        release("v2.10.0", "2016-12-01"), release("v2.9.1", "2017-05-01"), release("v2.9.0", "2016-11-01")
    )

    assert [item.release.version for item in releases.order.releases] == ["v2.9.0", "v2.9.1", "v2.10.0"]


def test_order_is_made_once_and_kept() -> None:
    listed = catalog()

    assert listed.components["builder"].order is listed.components["builder"].order
    assert listed.ordered_bundles is listed.ordered_bundles


def test_line_goes_before_the_number_where_numbering_restarted() -> None:
    assert [item.release.version for item in DRYCC_STORAGE.releases] == [
        "v1.3.0",
        "v0.0.1",
        "v0.2.1",
        "v4.0.2",
    ]
    assert offered(DRYCC_STORAGE, "1.3.0") == ["v0.0.1", "v0.2.1", "v4.0.2"]


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("v1.3.0", 0),  # listed
        ("1.3.0", 0),  # listed, in Drycc's spelling
        ("v1.2.9", 0),  # unlisted: as the listed one of its major
        ("v0.2.2", 1),
        ("v4.1.0", 1),
        ("v5.0.0", 1),  # no listed one of its major: the newest line
    ],
)
def test_unlisted_version_takes_the_line_of_its_major_or_the_newest(version: str, line: int) -> None:
    assert DRYCC_STORAGE.line_of(parse_version(version)) == line


def test_of_two_lines_with_the_same_major_an_unlisted_version_takes_the_newer() -> None:
    restarted = component(release("v1.9.0", line=0), release("v1.0.0", line=1)).order

    assert restarted.line_of(parse_version("v1.0.1")) == 1


def test_no_release_gives_line_zero_and_no_offers() -> None:
    assert ReleaseOrder().key(parse_version("v1.0.0")) == (0, parse_version("v1.0.0"))
    assert offered(ReleaseOrder(), "v1.0.0") == []


def test_unlisted_version_is_ordered_among_the_listed() -> None:
    assert offered(order("v2.0.0", "v2.1.0", "v2.2.0"), "v2.0.7") == ["v2.1.0", "v2.2.0"]


def test_yanked_and_other_trains_releases_are_not_offered() -> None:
    releases = component(
        release("v2.1.0", yanked=True), release("v2.2.0"), release("v2.3.0", train="edge")
    ).order

    assert offered(releases, "v2.0.0") == ["v2.2.0"]
    assert offered(releases, "v2.0.0", "stable", "edge") == ["v2.2.0", "v2.3.0"]


@pytest.mark.parametrize(
    ("running", "expected"),
    [
        ("v2.0.0", ["v2.1.0"]),  # on a release: no pre-releases
        ("v2.1.0-beta.1", ["v2.1.0-rc.1", "v2.1.0-rc.2", "v2.1.0"]),  # of the same line
        ("v2.1.0-rc.2", ["v2.1.0"]),
        ("v2.0.0-rc.1", ["v2.1.0"]),  # of another line
        ("v2.1.0", []),
    ],
)
def test_pre_releases_are_offered_only_to_those_on_the_same_line(running: str, expected: list[str]) -> None:
    assert offered(order("v2.1.0-rc.1", "v2.1.0-rc.2", "v2.1.0", "v2.2.0-rc.1"), running) == expected


def test_pre_release_after_a_restart_is_not_offered_to_the_release_of_its_number() -> None:
    restarted = component(release("v1.0.0"), release("v1.0.0-rc.1", line=1)).order

    assert offered(restarted, "v1.0.0") == []


def test_bundles_are_ordered_by_version_with_their_versions_parsed() -> None:
    listed = catalog(bundles=[bundle("v2.10.0"), bundle("v2.9.0", {"builder": "2.6.0"})])

    assert [item.bundle.version for item in listed.ordered_bundles] == ["v2.9.0", "v2.10.0"]
    assert listed.ordered_bundles[0].components == {"builder": parse_version("v2.6.0")}


@pytest.mark.parametrize(
    ("now", "expired"), [("2018-03-31T23:59:59", False), ("2018-04-01T00:00:00", True), ("2019-01-01", True)]
)
def test_catalog_is_expired_from_its_moment_on(now: str, *, expired: bool) -> None:
    listed = catalog(expires=datetime(2018, 4, 1, tzinfo=UTC))

    assert listed.is_expired(datetime.fromisoformat(now).replace(tzinfo=UTC)) is expired


def test_catalog_without_an_expiry_never_expires() -> None:
    assert not catalog(expires=None).is_expired(datetime(9999, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://example.org/notes?a=b#c", "https://example.org/notes?a=b#c"),
        (None, None),
        ("http://example.org/", None),
        ("javascript:alert(1)", None),
        ("HTTPS://example.org/", None),
        ("//example.org/", None),
        ("https://example.org/ onclick=x", None),
        ("https://example.org/\n", None),
        ("https://", None),
        ("https://exämple.org/", None),
        ("https://example.org/" + "a" * 2000, None),
        ("https://user:pw@example.org/", None),
        ("https://bank.example@evil.example/", None),
        ("https://@example.org/", None),
        ("https://bank.example\\@evil.example/", None),
        ("https:////bank.example@evil.example/", None),
        ("https://example.org:99999/", None),
        ("https://example.org/@user?a=b@c", "https://example.org/@user?a=b@c"),
    ],
)
def test_link_is_https_or_absent(link: str | None, kept: str | None) -> None:
    assert release(notes_url=link).notes_url == kept
    assert bundle(notes_url=link).notes_url == kept
    assert notice(url=link).url == kept
    assert Successor(platform="hephy", title="Hephy", url=link).url == kept


def test_equal_catalogs_are_equal_whether_or_not_they_were_ordered() -> None:
    one, other = catalog(), catalog()

    assert one.components["builder"].order.releases

    assert one == other
    assert isinstance(other, Catalog)
