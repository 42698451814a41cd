"""Publishing into a real store: all of it or nothing, with a line in the audit trail."""

import threading
from datetime import datetime, timedelta

import msgspec
import pytest

from releases_factories import (
    NOW,
    add_catalog,
    clock,
    document,
    make_catalog,
    make_notice,
    make_release,
    moment,
)
from workflow_releases.catalog import store as rows
from workflow_releases.catalog import validation
from workflow_releases.catalog.model import (
    Catalog,
)
from workflow_releases.catalog.newest import bundle_order, release_order
from workflow_releases.catalog.publish import Imported, Published, Publisher
from workflow_releases.catalog.shipped import add_shipped, shipped_files
from workflow_releases.database import changes
from workflow_releases.database.engine import Database
from workflow_releases.errors import ConflictError, InvalidError, NotFoundError


def load(database: Database, platform: str = "deis") -> Catalog:
    with database.reading() as connection:
        catalog = rows.load(connection, platform)
    assert catalog is not None
    return catalog


def audit(database: Database) -> list[tuple[str, str, str]]:
    with database.reading() as connection:
        return [(entry.actor, entry.action, entry.subject) for entry in changes.read_audit(connection, 100)]


def change_number(database: Database) -> int:
    with database.reading() as connection:
        return changes.current_number(connection)


def test_release_is_stored_dated_and_audited(store: Database) -> None:
    published = Publisher(store, clock).release("ci", "deis", "router", "v2.2.0", {"security": True})

    release = make_release("v2.2.0", released=NOW, security=True)
    assert published == Published("created", release)
    catalog = load(store)
    assert catalog.components["router"].releases[-1] == release
    assert catalog.generated == NOW
    assert audit(store)[-1] == ("ci", "release.published", "deis/router/v2.2.0")


def test_same_release_again_is_no_change_and_leaves_no_trace(store: Database) -> None:
    publisher = Publisher(store, clock)
    publisher.release("ci", "deis", "router", "v2.2.0", {})
    trail = audit(store)

    assert publisher.release("ci", "deis", "router", "v2.2.0", {}).effect == "unchanged"
    assert audit(store) == trail


def test_yank_and_restore_are_audited_as_what_they_are(store: Database) -> None:
    publisher = Publisher(store, clock)

    assert publisher.release("ann", "deis", "router", "v2.1.0", {"yanked": True}).effect == "changed"
    assert load(store).components["router"].releases[-1] == make_release("v2.1.0", yanked=True)
    assert publisher.release("bob", "deis", "router", "v2.1.0", {"yanked": False}).effect == "changed"

    assert audit(store)[-2:] == [
        ("ann", "release.yanked", "deis/router/v2.1.0"),
        ("bob", "release.restored", "deis/router/v2.1.0"),
    ]
    assert load(store).components == make_catalog_as_stored().components


def make_catalog_as_stored() -> Catalog:
    catalog = make_catalog()
    builder = msgspec.structs.replace(catalog.components["builder"], images=())
    return msgspec.structs.replace(catalog, components={**catalog.components, "builder": builder})


def test_notice_is_stored_replaced_and_deleted(store: Database) -> None:
    publisher = Publisher(store, clock)
    given = validation.read_notice(
        {"severity": "warning", "title": "<b>", "affects": {"versions": ["v1.0.0"]}}, "n1", NOW
    )

    assert publisher.notice("ci", "deis", "n1", given).effect == "created"
    assert load(store).notices == (
        make_notice("n1", severity="warning", title="<b>", affects={"versions": ["v1.0.0"]}),
    )
    assert publisher.notice("ci", "deis", "n1", {"severity": "info", "title": "x"}).effect == "changed"
    assert load(store).notices == (make_notice("n1", title="x"),)
    assert publisher.delete_notice("ci", "deis", "n1") == Published("changed", None)
    assert load(store).notices == ()
    assert [entry[1] for entry in audit(store)[-3:]] == [
        "notice.published",
        "notice.published",
        "notice.deleted",
    ]


def test_refused_publication_leaves_nothing(store: Database) -> None:
    publisher = Publisher(store, clock)
    before, trail, number = load(store), audit(store), change_number(store)

    with pytest.raises(NotFoundError):
        publisher.release("ci", "drycc", "router", "v1.0.0", {})
    with pytest.raises(ConflictError):
        publisher.release("ci", "deis", "router", "v2.0.0", {"security": True})
    with pytest.raises(InvalidError):
        publisher.bundle("ci", "deis", "v9.0.0", {"components": {"router": "v9.0.0"}})

    assert (load(store), audit(store), change_number(store)) == (before, trail, number)


def test_catalog_that_agents_would_refuse_for_its_size_is_not_stored(store: Database) -> None:
    releases = [
        {"version": f"v1.{number}.0", "notes_url": "https://example.org/" + "x" * 470}
        for number in range(4000)
    ]
    given = validation.read_catalog(
        document(
            bundles=[],
            components={f"c{n}": {"title": "x", "releases": releases} for n in range(3)},
        ),
        "deis",
        NOW,
    )

    with pytest.raises(InvalidError, match="agents take at most 4194304"):
        Publisher(store, clock).import_catalog("ci", given)

    assert load(store).components.keys() == {"builder", "router"}


def test_catalogs_own_time_never_goes_back(store: Database) -> None:
    Publisher(store, clock).release("ci", "deis", "router", "v2.2.0", {})
    behind = NOW - timedelta(hours=1)

    Publisher(store, lambda: behind).release("ci", "deis", "router", "v2.3.0", {})

    assert load(store).generated == NOW


def test_import_says_how_much_it_added_and_the_second_time_that_it_added_nothing(
    empty_store: Database,
) -> None:
    publisher = Publisher(empty_store, clock)
    given = validation.read_catalog(document(), "deis", NOW)

    assert publisher.import_catalog("ci", given) == Imported("created", "deis", 2, 3, 1, 0)
    assert publisher.import_catalog("ci", given) == Imported("unchanged", "deis", 0, 0, 0, 0)
    assert audit(empty_store) == [("ci", "catalog.imported", "deis")]


def test_publishers_at_the_same_moment_are_all_heard(store: Database) -> None:
    publisher = Publisher(store, clock)
    outcomes: list[str] = []

    def publish(worker: int) -> None:
        for number in range(3):
            outcomes.append(
                publisher.release(f"w{worker}", "deis", "router", f"v3.{worker}.{number}", {}).effect
            )
            outcomes.append(publisher.release(f"w{worker}", "deis", "router", f"v4.0.{number}", {}).effect)

    threads = [threading.Thread(target=publish, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    versions = [release.version for release in load(store).components["router"].releases]
    assert versions == [
        "v2.0.0",
        "v2.1.0",
        "v3.0.0",
        "v3.0.1",
        "v3.0.2",
        "v3.1.0",
        "v3.1.1",
        "v3.1.2",
        "v3.2.0",
        "v3.2.1",
        "v3.2.2",
        "v4.0.0",
        "v4.0.1",
        "v4.0.2",
    ]
    assert sorted(outcomes) == ["created"] * 12 + ["unchanged"] * 6


def test_shipped_catalogs_are_added_once_with_their_own_dates(empty_store: Database) -> None:
    publisher = Publisher(empty_store, lambda: moment("2026-11-23"))

    assert add_shipped(publisher) == ["deis", "drycc", "hephy"]
    assert add_shipped(publisher) == []
    for path in shipped_files():
        shipped = msgspec.json.decode(path.read_bytes(), type=Catalog)
        loaded = load(empty_store, path.stem)
        assert loaded.generated == shipped.generated
        assert loaded.end_of_life == shipped.end_of_life
        assert loaded.components.keys() == shipped.components.keys()
        for name, component in shipped.components.items():
            assert sorted(component.releases, key=release_order) == list(loaded.components[name].releases)
        assert sorted(shipped.bundles, key=bundle_order) == list(loaded.bundles)


WRONG_CLOCK = moment("2035-01-01")


def publish_at(store: Database, now: datetime, version: str) -> datetime:
    """When the catalog says it changed, after a release at that time."""
    Publisher(store, lambda: now).release("ci", "deis", "router", version, {})
    return load(store).generated


def test_change_after_one_by_a_wrong_clock_is_dated_now_again(store: Database) -> None:
    assert publish_at(store, WRONG_CLOCK, "v2.2.0") == WRONG_CLOCK

    assert publish_at(store, NOW, "v2.2.1") == NOW


@pytest.mark.parametrize(("ahead", "kept"), [(600, True), (601, False)])
def test_ten_minutes_are_how_far_clocks_may_differ(store: Database, ahead: int, *, kept: bool) -> None:
    dated = publish_at(store, NOW + timedelta(seconds=ahead), "v2.2.0")

    Publisher(store, clock).correct_future()

    assert load(store).generated == (dated if kept else NOW)


def test_catalog_of_the_future_is_dated_now_without_a_change_and_others_are_left_alone(
    store: Database,
) -> None:
    add_catalog(store, document(platform="other"))
    publish_at(store, WRONG_CLOCK, "v2.2.0")
    other = load(store, "other")

    Publisher(store, clock).correct_future()
    number = change_number(store)
    Publisher(store, clock).correct_future()

    assert load(store).generated == NOW
    assert load(store, "other") == other
    assert audit(store)[-1] == ("this program", "catalog.dated", "deis")
    assert change_number(store) == number


def test_import_after_one_by_a_wrong_clock_is_dated_now_again(store: Database) -> None:
    publish_at(store, WRONG_CLOCK, "v2.2.0")
    given = validation.read_catalog(document(title="Another"), "deis", NOW)

    Publisher(store, clock).import_catalog("ci", given)

    assert load(store).generated == NOW
