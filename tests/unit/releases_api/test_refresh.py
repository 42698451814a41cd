"""Editions: replicas agree, changes show, and reads outlive the database."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from releases_factories import INSTANCE, NOW, add_catalog, clock, document, moment, open_store
from workflow_releases.catalog.publish import Publisher
from workflow_releases.database.engine import Database
from workflow_releases.errors import DatabaseUnavailableError
from workflow_releases.instances.audience import Marker
from workflow_releases.refresh import POLL_SECONDS, Editions, follow


def up(editions: Editions) -> bool:
    """A function, so that the type checker does not take the first answer for the last."""
    return editions.database_up


class Hand:
    """A clock that is set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def test_change_elsewhere_shows_after_a_refresh_and_both_replicas_serve_the_same_bytes(
    store: Database, other_replica: Database
) -> None:
    here, elsewhere = Editions(store, clock, None), Editions(other_replica, clock, None)
    before = here.current

    Publisher(store, clock).release("ci", "deis", "router", "v2.2.0", {})
    Marker(store, clock).mark("ci", INSTANCE, "staff")
    assert here.current is before
    here.refresh()
    elsewhere.refresh()

    assert here.current.audiences == {INSTANCE: "staff"}
    assert here.current.catalogs["deis"].components["router"].releases[-1].version == "v2.2.0"
    assert {path: body.identity.body for path, body in here.current.bodies.items()} == {
        path: body.identity.body for path, body in elsewhere.current.bodies.items()
    }


def test_nothing_changed_keeps_the_edition(store: Database) -> None:
    editions = Editions(store, clock, None)
    before = editions.current

    editions.refresh()

    assert editions.current is before


def test_new_week_moves_the_expiry_of_every_catalog(store: Database) -> None:
    hand = Hand(NOW)
    editions = Editions(store, hand, None)

    hand.now = moment("2017-09-25T00:00:01")
    editions.refresh()

    assert editions.current.catalogs["deis"].expires == moment("2017-10-25")


def test_reads_outlive_the_database_and_what_comes_back_is_read_anew(
    store: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert store.path is not None
    add_catalog(store, document(platform="other"))
    editions = Editions(store, clock, None)
    before, backup = editions.current, tmp_path / "aside"

    store.path.rename(backup)
    editions.refresh()
    editions.refresh()
    assert editions.current is before
    assert up(editions) is False
    backup.rename(store.path)
    Publisher(store, clock).release("ci", "deis", "router", "v2.2.0", {})
    editions.refresh()

    assert up(editions) is True
    assert editions.current.catalogs["deis"].components["router"].releases[-1].version == "v2.2.0"
    assert editions.current.bodies["/v1/catalogs/other"] is before.bodies["/v1/catalogs/other"]
    refresh_lines = [record for record in caplog.records if record.name == "workflow_releases.refresh"]
    assert [record.levelname for record in refresh_lines] == ["ERROR"]


def test_platform_that_is_gone_after_a_restore_is_served_no_more(
    store: Database, migrated_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert store.path is not None
    editions = Editions(store, clock, None)

    store.path.unlink()
    for suffix in ("-wal", "-shm"):
        Path(f"{store.path}{suffix}").unlink(missing_ok=True)
    editions.refresh()
    store.path.write_bytes(migrated_file.read_bytes())
    editions.refresh()

    assert dict(editions.current.catalogs) == {}


@pytest.mark.parametrize("more_changes", [0, 1, 2])
def test_file_that_is_replaced_while_nobody_looked_is_another_history(
    store: Database, tmp_path: Path, more_changes: int
) -> None:
    """Whatever its change number says: the same here, or a higher one."""
    assert store.path is not None
    editions = Editions(store, clock, None)
    other = open_store(tmp_path / "other.db")
    add_catalog(other, document(platform="other"))
    for patch in range(more_changes):
        Publisher(other, clock).release("ci", "other", "router", f"v9.0.{patch}", {})
    other.close()

    for suffix in ("-wal", "-shm"):
        Path(f"{store.path}{suffix}").unlink(missing_ok=True)
    (tmp_path / "other.db").replace(store.path)
    editions.refresh()

    assert list(editions.current.catalogs) == ["other"]


def test_change_number_that_went_back_is_another_history(store: Database) -> None:
    editions = Editions(store, clock, None)
    publisher = Publisher(store, clock)
    publisher.release("ci", "deis", "router", "v2.2.0", {})
    editions.refresh()

    with store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM releases WHERE version = 'v2.2.0'")
        connection.exec_driver_sql("UPDATE change_counter SET number = number - 1")
        connection.exec_driver_sql("UPDATE platforms SET change_number = change_number - 1")
    editions.refresh()

    versions = [one.version for one in editions.current.catalogs["deis"].components["router"].releases]
    assert "v2.2.0" not in versions


def test_what_comes_back_with_another_history_is_read_whole(
    store: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its change number says nothing then: here it is higher, and the platform served so far is not in it."""
    assert store.path is not None
    editions = Editions(store, clock, None)
    other = open_store(tmp_path / "other.db")
    for platform in ("one", "two"):
        add_catalog(other, document(platform=platform))
    other.close()

    store.path.unlink()
    for suffix in ("-wal", "-shm"):
        Path(f"{store.path}{suffix}").unlink(missing_ok=True)
    editions.refresh()
    (tmp_path / "other.db").rename(store.path)
    editions.refresh()

    assert list(editions.current.catalogs) == ["one", "two"]


def test_database_that_says_nothing_is_away_while_it_is_still_waited_for(store: Database) -> None:
    seconds = [0.0]
    editions = Editions(store, clock, None, monotonic=lambda: seconds[0])

    seconds[0] = 5.9
    assert up(editions) is True
    seconds[0] = 6.0
    assert up(editions) is False
    editions.refresh()
    assert up(editions) is True


def test_database_that_answers_and_stores_nothing_is_not_up_and_is_followed(
    migrated_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "releases.db"
    path.write_bytes(migrated_file.read_bytes())
    database = Database(f"sqlite:///{path}", busy_seconds=0.05)
    add_catalog(database, document())
    editions = Editions(database, clock, None)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        editions.refresh()
        editions.refresh()
        assert up(editions) is False
        other.execute("ROLLBACK")
    before = editions.current
    editions.refresh()

    assert up(editions) is True
    assert editions.current is before  # nothing was read again
    assert [record.levelname for record in caplog.records if "locked" in record.message] == ["ERROR"]
    database.close()


def test_catalog_that_a_wrong_clock_dated_is_ahead_until_it_is_corrected(store: Database) -> None:
    Publisher(store, lambda: moment("2035-01-01")).release("ci", "deis", "router", "v2.2.0", {})
    editions = Editions(store, clock, None)
    assert editions.ahead()

    Publisher(store, clock).correct_future()
    editions.refresh()

    assert not editions.ahead()
    assert editions.current.catalogs["deis"].generated == NOW


def test_catching_up_says_when_it_could_not(store: Database, tmp_path: Path) -> None:
    assert store.path is not None
    editions = Editions(store, clock, None)
    store.path.rename(tmp_path / "aside")

    with pytest.raises(DatabaseUnavailableError):
        editions.catch_up()


@pytest.mark.anyio
async def test_round_that_fails_does_not_end_the_following(caplog: pytest.LogCaptureFixture) -> None:
    rounds: list[float] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 3:
            enough.set()
            await asyncio.Event().wait()

    async def refresh() -> None:
        raise RuntimeError("on purpose")

    following = asyncio.create_task(follow(refresh, sleep))
    await enough.wait()
    following.cancel()

    assert rounds == [POLL_SECONDS] * 3
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
