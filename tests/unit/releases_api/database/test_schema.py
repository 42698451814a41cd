"""Migrations lead to the tables the program uses; on anything else it refuses to run, saying what to do."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from releases_factories import INSTANCE, open_store
from workflow_releases.database import changes, schema
from workflow_releases.database.engine import Database
from workflow_releases.database.tables import metadata
from workflow_releases.errors import (
    DatabaseStateError,
    DatabaseUnavailableError,
    SettingsError,
)
from workflow_releases.instances.audience import audit_subject


def run_sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_migrations_lead_to_the_tables_in_use(empty_store: Database) -> None:
    with empty_store.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []


def test_upgrading_again_changes_nothing(empty_store: Database) -> None:
    assert schema.upgrade(empty_store) == ("0002", "0002")


def test_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    open_store(tmp_path / "releases.db").close()

    assert (tmp_path / "releases.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("statements", "error"),
    [
        (
            ["UPDATE alembic_version SET version_num = '9999'"],
            "at 9999, which this program does not know: a newer",
        ),
        (["DROP TABLE notices"], "says 0002 but lacks table notices: .* put back the last backup"),
        (["ALTER TABLE releases DROP COLUMN digests"], "says 0002 but lacks column releases.digests"),
        (["DELETE FROM alembic_version"], "has tables .* but no revision: it was migrated half-way"),
        (["DROP TABLE alembic_version"], "has tables .* but no revision: it was migrated half-way"),
    ],
)
def test_database_that_is_not_as_needed_is_refused_with_what_to_do(
    empty_store: Database, statements: list[str], error: str
) -> None:
    assert empty_store.path is not None
    run_sql(empty_store.path, *statements)

    with pytest.raises(DatabaseStateError, match=error):
        schema.check(empty_store)
    with pytest.raises(DatabaseStateError, match=error):
        schema.upgrade(empty_store)


def test_empty_database_asks_for_the_upgrade(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/releases.db")
    schema.create_file_if_missing(database)

    with pytest.raises(DatabaseStateError, match="is empty: run workflow-releases database upgrade"):
        schema.check(database)
    database.close()


def test_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/releases.db")
    schema.create_file_if_missing(database)
    # A table of that name is not one of ours, so it is noticed only when the migration reaches it.
    run_sql(tmp_path / "releases.db", "CREATE VIEW audit AS SELECT 1 AS number")

    with pytest.raises(DatabaseUnavailableError, match="audit already exists"):
        schema.upgrade(database)

    with closing(sqlite3.connect(tmp_path / "releases.db")) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert names == []
    database.close()


def test_file_that_is_no_database_is_unavailable_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "releases.db"
    path.write_bytes(b"this is not a database, whatever its name says" * 100)

    with pytest.raises(DatabaseUnavailableError, match="not a database"):
        schema.upgrade(Database(f"sqlite:///{path}"))

    assert path.read_bytes().startswith(b"this is not")


def test_old_lines_on_marks_come_to_tell_a_hash_and_still_cannot_be_changed(store: Database) -> None:
    assert store.path is not None
    columns = "INSERT INTO audit (at, actor, action, subject) VALUES ('2026-11-25 12:00:00'"
    run_sql(
        store.path,
        "UPDATE alembic_version SET version_num = '0001'",  # tables are the same in both
        f"{columns}, 'ann', 'audience.marked', '{INSTANCE}')",
        f"{columns}, 'ann', 'release.published', 'deis/router/v2.19.0')",
        f"{columns}, 'bob', 'audience.unmarked', '{INSTANCE}')",
    )

    assert schema.upgrade(store) == ("0001", "0002")

    hashed = audit_subject(INSTANCE)
    with store.reading() as connection:
        lines = [(entry.actor, entry.action, entry.subject) for entry in changes.read_audit(connection, 10)]
    assert lines == [
        ("a test", "catalog.imported", "deis"),
        ("ann", "audience.marked", hashed),
        ("ann", "release.published", "deis/router/v2.19.0"),
        ("bob", "audience.unmarked", hashed),
    ]
    for verb in ("UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="the audit trail is never changed"):
            run_sql(store.path, verb)


@pytest.mark.parametrize("verb", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_audit_trail_cannot_be_changed(store: Database, verb: str) -> None:
    with pytest.raises(Exception, match="the audit trail is never changed"), store.writing() as connection:
        connection.execute(text(verb))

    with store.reading() as connection:
        assert connection.execute(text("SELECT actor FROM audit")).scalars().all() == ["a test"]


def test_backup_is_a_whole_database_and_restores(store: Database, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"

    schema.backup(store, copy)

    assert copy.stat().st_mode & 0o777 == 0o600
    restored = Database(f"sqlite:///{copy}")
    schema.check(restored)
    with restored.reading() as connection:
        assert connection.execute(text("SELECT platform FROM platforms")).scalars().all() == ["deis"]
    restored.close()
    with pytest.raises(SettingsError, match=re.escape(f"{copy} exists")):
        schema.backup(store, copy)
