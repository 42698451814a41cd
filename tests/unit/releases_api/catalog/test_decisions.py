"""What a publication makes of a catalog: values in, a value or a refusal out."""

from collections.abc import Mapping
from typing import Any

import pytest

from releases_factories import (
    NOW,
    make_bundle,
    make_catalog,
    make_component,
    make_notice,
    make_release,
    moment,
)
from workflow_releases.catalog.decisions import with_bundle, with_notice, with_release, without_notice
from workflow_releases.catalog.model import MAX_NOTICES, Release
from workflow_releases.errors import (
    ConflictError,
    Fault,
    InvalidError,
    MissingPreconditionError,
    NotFoundError,
    RefusedError,
)


def test_new_release_stands_in_its_order_and_is_published_now() -> None:
    catalog = make_catalog()

    changed, release = with_release(catalog, "router", "v2.0.1", {}, NOW)

    assert release == make_release("v2.0.1", released=NOW)
    assert changed.components["router"].releases == (
        make_release("v2.0.0"),
        make_release("v2.0.1", released=NOW),
        make_release("v2.1.0"),
    )
    assert changed.components["builder"] is catalog.components["builder"]


def test_day_that_is_not_established_stays_unknown() -> None:
    _, release = with_release(make_catalog(), "router", "v2.0.1", {"released": None}, NOW)

    assert release.released is None


@pytest.mark.parametrize(
    ("version", "given"),
    [
        ("v2.0.0", {}),
        ("2.0.0", {}),
        ("v2.0.0", {"released": moment("2017-01-01")}),
        ("v2.0.0", {"train": "stable", "security": False, "line": 0, "digests": {}, "notes_url": None}),
        ("v2.0.0", {"yanked": False}),
    ],
)
def test_publishing_again_what_is_published_changes_nothing(version: str, given: Mapping[str, Any]) -> None:
    catalog = make_catalog()

    changed, release = with_release(catalog, "router", version, given, NOW)

    assert changed is catalog
    assert release is catalog.components["router"].releases[0]


@pytest.mark.parametrize(
    ("version", "given", "faults"),
    [
        (
            "v2.0.0",
            {"released": NOW},
            [Fault("released", 'was published as "2017-01-01T00:00:00Z" and never changes')],
        ),
        (
            "v2.0.0",
            {"released": None},
            [Fault("released", 'was published as "2017-01-01T00:00:00Z" and never changes')],
        ),
        (
            "v2.0.0",
            {"security": True, "train": "beta", "yanked": True},
            [
                Fault("security", "was published as false and never changes"),
                Fault("train", 'was published as "stable" and never changes'),
            ],
        ),
        (
            "v2.0.0",
            {"digests": {"amd64": "sha256:" + "0" * 64}},
            [Fault("digests", "was published as {} and never changes")],
        ),
        ("v2.0.0+b", {}, [Fault("version", "was published as v2.0.0; build metadata does not differ")]),
    ],
)
def test_published_release_never_changes(version: str, given: Mapping[str, Any], faults: list[Fault]) -> None:
    with pytest.raises(ConflictError) as refused:
        with_release(make_catalog(), "router", version, given, NOW)

    assert list(refused.value.faults) == faults


def test_release_is_yanked_and_restored_and_nothing_else() -> None:
    catalog, yanked = with_release(make_catalog(), "router", "v2.1.0", {"yanked": True}, NOW)
    assert yanked == make_release("v2.1.0", yanked=True)

    again, same = with_release(catalog, "router", "v2.1.0", {}, NOW)
    assert again is catalog
    assert same.yanked

    restored, release = with_release(catalog, "router", "v2.1.0", {"yanked": False}, NOW)
    assert release == make_release("v2.1.0")
    assert restored == make_catalog()


@pytest.mark.parametrize(
    ("component", "version", "given", "must_exist", "error"),
    [
        (
            "storage",
            "v1.0.0",
            {},
            False,
            NotFoundError("platform deis has no component storage; an import can add it"),
        ),
        (
            "router",
            "v9.0.0",
            {"yanked": True},
            True,
            MissingPreconditionError("router v9.0.0 is not published"),
        ),
        ("router", "v9.0.0", {"train": "nightly"}, False, InvalidError("the train is unknown")),
    ],
)
def test_release_that_fits_nowhere_is_refused(
    component: str, version: str, given: Mapping[str, Any], must_exist: bool, error: RefusedError
) -> None:
    with pytest.raises(type(error), match=f"^{error}$"):
        with_release(make_catalog(), component, version, given, NOW, must_exist=must_exist)


def test_restarted_numbering_sorts_by_its_line() -> None:
    catalog = make_catalog(components={"storage": make_component(make_release("v1.3.0"))})

    changed, _ = with_release(catalog, "storage", "v0.1.0", {"line": 1}, NOW)

    assert [release.version for release in changed.components["storage"].releases] == ["v1.3.0", "v0.1.0"]


def test_bundle_of_published_releases_is_added() -> None:
    members = {"builder": "v2.0.0", "router": "v2.1.0"}

    changed, bundle = with_bundle(make_catalog(), "v2.1.0", {"components": members}, NOW)

    assert bundle == make_bundle("v2.1.0", released=NOW, components=members)
    assert [item.version for item in changed.bundles] == ["v2.0.0", "v2.1.0"]


def test_bundle_that_names_what_is_not_published_is_refused_with_each_name() -> None:
    members = {"builder": "v9.0.0", "router": "v2.1.0", "storage": "v1.0.0"}

    with pytest.raises(InvalidError) as refused:
        with_bundle(make_catalog(), "v2.1.0", {"components": members}, NOW)

    assert list(refused.value.faults) == [
        Fault("components.builder", "v9.0.0 is not a release of builder"),
        Fault("components.storage", "is not a component of the platform"),
    ]


def test_published_bundle_never_changes() -> None:
    catalog = make_catalog()
    same, _ = with_bundle(catalog, "2.0.0", {"components": {"builder": "v2.0.0", "router": "v2.0.0"}}, NOW)
    assert same is catalog

    with pytest.raises(ConflictError) as refused:
        with_bundle(catalog, "v2.0.0", {"components": {"builder": "v2.0.0"}}, NOW)

    published = 'was published as {"builder":"v2.0.0","router":"v2.0.0"} and never changes'
    assert list(refused.value.faults) == [Fault("components", published)]


def test_notice_is_published_replaced_and_deleted() -> None:
    catalog, first = with_notice(make_catalog(), "n1", {"severity": "info", "title": "One"}, NOW)
    assert first == make_notice("n1", title="One")

    later = moment("2017-10-01")
    replaced, second = with_notice(catalog, "n1", {"severity": "critical", "title": "Two"}, later)
    assert second == make_notice("n1", severity="critical", title="Two")  # still published when it was

    same, _ = with_notice(replaced, "n1", {"severity": "critical", "title": "Two"}, later)
    assert same is replaced
    assert without_notice(replaced, "n1") == make_catalog()
    with pytest.raises(NotFoundError):
        without_notice(make_catalog(), "n1")


def test_platform_with_the_most_notices_takes_a_replacement_but_not_one_more() -> None:
    full = make_catalog(notices=tuple(make_notice(f"n{number:03d}") for number in range(MAX_NOTICES)))

    changed, _ = with_notice(full, "n000", {"severity": "info", "title": "New"}, NOW)

    assert len(changed.notices) == MAX_NOTICES
    with pytest.raises(InvalidError, match="200 notices, which is the most"):
        with_notice(full, "another", {"severity": "info", "title": "New"}, NOW)


def test_given_values_replace_every_default() -> None:
    given: dict[str, Any] = {
        "train": "beta",
        "released": moment("2017-02-01"),
        "security": True,
        "yanked": True,
        "line": 2,
        "digests": {"amd64": "sha256:" + "0" * 64},
        "notes_url": "https://example.org/",
    }

    _, release = with_release(make_catalog(), "router", "v3.0.0", given, NOW)

    assert release == Release(version="v3.0.0", **given)
