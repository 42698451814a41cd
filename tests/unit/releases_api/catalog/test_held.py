"""What is held in memory is what is stored, after every kind of change and whoever made it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, event

from releases_factories import add_catalog, clock, document
from workflow_releases.catalog import store as rows
from workflow_releases.catalog import validation
from workflow_releases.catalog.held import HeldCatalogs
from workflow_releases.catalog.model import Catalog
from workflow_releases.catalog.publish import Publisher
from workflow_releases.database.engine import Database
from workflow_releases.errors import ConflictError

Change = Callable[[Publisher], object]


def _import(publisher: Publisher) -> object:
    raw = document(
        bundles=[{"version": "v2.1.0", "components": {"router": "v2.1.0", "builder": "v2.0.0"}}],
        components={"zebra": {"title": "Z"}, "alpha": {"title": "A", "releases": [{"version": "2.0.0+b1"}]}},
        notices=[
            {"id": "n2", "severity": "info", "title": "B"},
            {"id": "n1", "severity": "info", "title": "A"},
        ],
    )
    return publisher.import_catalog("ci", validation.read_catalog(raw, "deis", clock()))


CHANGES: dict[str, Change] = {
    "a release": lambda p: p.release("ci", "deis", "router", "v2.2.0", {"digests": {"b": "2", "a": "1"}}),
    "an older release": lambda p: p.release("ci", "deis", "router", "v1.0.0", {"released": None}),
    "a yank": lambda p: p.release("ci", "deis", "router", "v2.1.0", {"yanked": True}),
    "nothing": lambda p: p.release("ci", "deis", "router", "v2.1.0", {}),
    "a bundle": lambda p: p.bundle(
        "ci", "deis", "v2.1.0", {"components": {"router": "v2.1.0", "builder": "v2.0.0"}}
    ),
    "a notice": lambda p: p.notice("ci", "deis", "n1", {"severity": "info", "title": "A"}),
    "a notice deleted": lambda p: (
        p.notice("ci", "deis", "n1", {"severity": "info", "title": "A"}),
        p.delete_notice("ci", "deis", "n1"),
    ),
    "an import": _import,
}


def held_and_stored(publisher: Publisher) -> tuple[Catalog | None, Catalog | None]:
    with publisher.database.reading() as connection:
        return publisher.catalogs.load(connection, "deis"), rows.load(connection, "deis")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_held_catalog_is_the_stored_one_after(store: Database, change: Change) -> None:
    publisher = Publisher(store, clock)

    change(publisher)

    held, stored = held_and_stored(publisher)
    assert held == stored
    change(Publisher(store, clock))  # by another replica
    held, stored = held_and_stored(publisher)
    assert held == stored


def test_catalog_is_read_once_until_it_changes(store: Database) -> None:
    held = HeldCatalogs()

    with store.reading() as connection:
        first, second = held.load(connection, "deis"), held.load(connection, "deis")
    Publisher(store, clock).release("ci", "deis", "router", "v2.2.0", {})
    with store.reading() as connection:
        third = held.load(connection, "deis")

    assert second is first
    assert third is not None
    assert third.components["router"].releases[-1].version == "v2.2.0"


def test_platform_that_nobody_added_is_none_until_it_is_there(store: Database) -> None:
    held = HeldCatalogs()

    with store.reading() as connection:
        before = held.load(connection, "drycc")
    add_catalog(store, document(platform="drycc"))
    with store.reading() as connection:
        after = held.load(connection, "drycc")

    assert before is None
    assert after is not None


def test_refused_change_leaves_what_is_held(store: Database) -> None:
    publisher = Publisher(store, clock)
    publisher.release("ci", "deis", "router", "v2.2.0", {})

    with pytest.raises(ConflictError):
        publisher.release("ci", "deis", "router", "v2.2.0", {"security": True})

    held, stored = held_and_stored(publisher)
    assert held == stored


@contextmanager
def commits_that_fail() -> Iterator[None]:
    def fail(_connection: Connection) -> None:
        raise RuntimeError("the power went")

    event.listen(Engine, "commit", fail)
    try:
        yield
    finally:
        event.remove(Engine, "commit", fail)


def test_number_of_an_undone_change_is_not_mistaken_for_that_of_another_replica(
    store: Database, other_replica: Database
) -> None:
    publisher = Publisher(store, clock)
    with commits_that_fail(), pytest.raises(RuntimeError, match="the power went"):
        publisher.release("ci", "deis", "router", "v2.2.0", {})

    Publisher(other_replica, clock).release("ci", "deis", "router", "v2.3.0", {})

    held, stored = held_and_stored(publisher)
    assert held == stored
    assert stored is not None
    assert stored.components["router"].releases[-1].version == "v2.3.0"


def test_forgotten_catalog_is_read_again(store: Database) -> None:
    held = HeldCatalogs()
    with store.reading() as connection:
        first = held.load(connection, "deis")
        held.forget()
        second = held.load(connection, "deis")

    assert second is not first
    assert second == first
