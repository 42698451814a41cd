"""Connections: what a driver says leaves as one line; a lost file is noticed."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text

from full_disks import largest_file
from releases_factories import NOW, open_store
from workflow_releases.database import changes
from workflow_releases.database.engine import Database
from workflow_releases.database.tables import change_counter, tokens
from workflow_releases.errors import DatabaseUnavailableError, SettingsError


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("nonsense", "not an address such as sqlite:///releases.db"),
        ("", "not an address"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///x.db?mode=memory", "names no file"),
        ("mysql://root:secret@host/db", "names mysql; sqlite and postgresql are the two that work"),
        ("oracle+made_up://host", "not an address|names oracle"),
    ],
)
def test_address_that_cannot_work_is_refused_without_its_password(url: str, error: str) -> None:
    with pytest.raises(SettingsError, match=error) as refused:
        Database(url)

    assert "secret" not in str(refused.value)


def test_password_is_in_no_repr() -> None:
    database = Database("postgresql://releases:secret@127.0.0.1:1/releases")

    assert repr(database) == "Database(postgresql+psycopg://releases:***@127.0.0.1:1/releases)"


def test_postgresql_that_is_down_is_unavailable() -> None:
    database = Database("postgresql://releases:secret@127.0.0.1:1/releases")

    with pytest.raises(DatabaseUnavailableError, match="cannot be used") as refused, database.reading():
        pass
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_commits_are_flushed_to_disk(empty_store: Database) -> None:
    with empty_store.reading() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
    }  # 2: FULL, sqlite.org/pragma.html


def test_failed_transaction_leaves_nothing(empty_store: Database) -> None:
    with pytest.raises(RuntimeError, match="on purpose"), empty_store.writing() as connection:  # noqa: PT012 - its end matters
        changes.take_turn(connection)
        raise RuntimeError("on purpose")

    with empty_store.reading() as connection:
        assert changes.current_number(connection) == 0


def test_changes_of_many_threads_take_turns(empty_store: Database) -> None:
    numbers: list[int] = []

    def change() -> None:
        for _ in range(5):
            with empty_store.writing() as connection:
                numbers.append(changes.take_turn(connection))

    threads = [threading.Thread(target=change) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == list(range(1, 21))


def test_file_that_was_deleted_is_neither_written_to_nor_made_anew(empty_store: Database) -> None:
    assert empty_store.path is not None
    with empty_store.reading() as connection:
        assert changes.current_number(connection) == 0
    empty_store.path.unlink()

    with pytest.raises(DatabaseUnavailableError, match="unable to open"), empty_store.writing():
        pass

    assert not empty_store.path.exists()


def test_file_that_was_put_back_is_used_again(empty_store: Database, tmp_path: Path) -> None:
    assert empty_store.path is not None
    with empty_store.writing() as connection:
        changes.take_turn(connection)
    other = open_store(tmp_path / "other.db")
    other.close()

    empty_store.path.unlink()
    for suffix in ("-wal", "-shm"):
        Path(f"{empty_store.path}{suffix}").unlink(missing_ok=True)
    (tmp_path / "other.db").rename(empty_store.path)

    with empty_store.reading() as connection:
        assert changes.current_number(connection) == 0


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_companion_file_that_is_deleted_stops_changes_and_what_was_stored_is_in_the_database_file(
    empty_store: Database, tmp_path: Path, suffix: str
) -> None:
    assert empty_store.path is not None
    with empty_store.writing() as connection:
        changes.take_turn(connection)
    Path(f"{empty_store.path}{suffix}").unlink()

    for _ in range(3):
        with pytest.raises(DatabaseUnavailableError, match="restart this program"), empty_store.writing():
            pass

    (tmp_path / "alone.db").write_bytes(empty_store.path.read_bytes())
    with closing(Database(f"sqlite:///{tmp_path}/alone.db")) as alone, alone.reading() as connection:
        assert changes.current_number(connection) == 1


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_change_is_not_confirmed_whose_file_is_deleted_before_its_end(
    empty_store: Database, suffix: str
) -> None:
    with pytest.raises(DatabaseUnavailableError, match="deleted"), empty_store.writing() as connection:  # noqa: PT012 - its end matters
        changes.take_turn(connection)
        Path(f"{empty_store.path}{suffix}").unlink()


def test_second_connection_never_mixes_new_companion_files_with_the_old_ones(empty_store: Database) -> None:
    wal = Path(f"{empty_store.path}-wal")
    with empty_store.writing() as connection:
        changes.take_turn(connection)

    with empty_store.reading() as first:
        wal.unlink()
        with pytest.raises(DatabaseUnavailableError, match="restart this program"), empty_store.reading():
            pass
        assert changes.current_number(first) == 1

    assert not wal.exists()


def test_companion_file_that_was_put_back_is_used_again(empty_store: Database, tmp_path: Path) -> None:
    wal = Path(f"{empty_store.path}-wal")
    with empty_store.writing() as connection:
        changes.take_turn(connection)
    wal.rename(tmp_path / "aside")
    with pytest.raises(DatabaseUnavailableError), empty_store.writing():
        pass

    (tmp_path / "aside").rename(wal)

    with empty_store.writing() as connection:
        assert changes.take_turn(connection) == 2


def test_files_that_were_deleted_are_opened_again_by_a_new_start(empty_store: Database) -> None:
    with empty_store.writing() as connection:
        changes.take_turn(connection)
    Path(f"{empty_store.path}-wal").unlink()
    with pytest.raises(DatabaseUnavailableError), empty_store.writing():
        pass

    empty_store.close()

    with closing(Database(f"sqlite:///{empty_store.path}")) as again, again.writing() as connection:
        assert changes.take_turn(connection) == 2


def test_database_that_somebody_else_locks_is_unavailable_for_changes_only(tmp_path: Path) -> None:
    open_store(tmp_path / "releases.db").close()
    database = Database(f"sqlite:///{tmp_path}/releases.db", busy_seconds=0.05)
    with closing(sqlite3.connect(tmp_path / "releases.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseUnavailableError, match="locked"), database.writing():
            pass
        with database.reading() as connection:
            assert connection.execute(select(change_counter.c.number)).scalar_one() == 0
    database.close()


def test_change_is_known_to_be_impossible_while_somebody_else_locks_the_database(tmp_path: Path) -> None:
    open_store(tmp_path / "releases.db").close()
    database = Database(f"sqlite:///{tmp_path}/releases.db", busy_seconds=0.05)
    changes.check_possible(database)
    with closing(sqlite3.connect(tmp_path / "releases.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(DatabaseUnavailableError, match="locked"):
            changes.check_possible(database)
        other.execute("ROLLBACK")
        changes.check_possible(database)
    database.close()


def test_change_is_known_to_be_impossible_while_there_is_no_room_for_one(empty_store: Database) -> None:
    changes.check_possible(empty_store)

    with largest_file(1000), pytest.raises(DatabaseUnavailableError, match="too large"):
        changes.check_possible(empty_store)

    changes.check_possible(empty_store)
    assert empty_store.path is not None
    assert {path.name for path in empty_store.path.parent.glob("*")} == {
        "releases.db",
        "releases.db-wal",
        "releases.db-shm",
    }


def test_after_a_change_that_failed_one_is_tried_until_it_works(empty_store: Database) -> None:
    """Reading works all the while, and so does looking for room."""
    with empty_store.writing() as connection:
        _fill(connection, 200)  # more than is looked for, less than SQLite moves to its main file
    with largest_file(Path(f"{empty_store.path}-wal").stat().st_size):
        with pytest.raises(DatabaseUnavailableError), empty_store.writing() as connection:
            changes.take_turn(connection)
        for _ in range(2):
            with pytest.raises(DatabaseUnavailableError):
                changes.check_possible(empty_store)

    changes.check_possible(empty_store)
    with empty_store.writing() as connection:
        assert changes.take_turn(connection) == 1


def test_database_that_is_full_is_unavailable_and_whole(empty_store: Database) -> None:
    with pytest.raises(DatabaseUnavailableError, match="full"), empty_store.writing() as connection:  # noqa: PT012 - its end matters
        connection.execute(text("PRAGMA max_page_count = 1"))  # SQLite takes the present size at least
        _fill(connection, 600)

    with empty_store.reading() as connection:
        assert connection.execute(select(tokens.c.id)).all() == []


def _fill(connection: Connection, count: int) -> None:
    rows = [
        {
            "id": f"{number:012x}",
            "name": f"{number:08x}" * 500,
            "secret_sha256": "",
            "scopes": [],
            "created": NOW,
        }
        for number in range(count)
    ]
    connection.execute(insert(tokens), rows)
