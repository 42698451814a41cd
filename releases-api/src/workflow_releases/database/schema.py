"""Bringing the schema to what this program needs, and refusing to run on anything else."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from workflow_releases.database.engine import Database
from workflow_releases.database.tables import metadata
from workflow_releases.errors import DatabaseStateError, DatabaseUnavailableError, SettingsError

_UPGRADE = "workflow-releases database upgrade"
_ADVISORY_LOCK = 0x5752_4C53  # any number, the same in every replica: two upgrades at once take turns


def create_file_if_missing(database: Database) -> None:
    """Makes an empty file for SQLite, for the owner only: it will hold the hashes of tokens."""
    if database.path is None or database.path.exists():
        return
    try:
        os.close(os.open(database.path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise SettingsError(
            f"DATABASE_URL: {database.path} cannot be made: {os.strerror(error.errno or 0).lower()}"
        ) from error


def upgrade(database: Database) -> tuple[str | None, str]:
    """Runs the missing migrations in one transaction; returns the revisions before and after."""
    with database.writing() as connection:
        if database.kind == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        before = MigrationContext.configure(connection).get_current_revision()
        _check_known(before)
        _check_not_foreign(connection, before)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    check(database)
    return before, head()


def check(database: Database) -> None:
    """Raises DatabaseStateError, saying what to do, unless the schema is just what this program needs."""
    with database.reading() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        _check_known(revision)
        if revision is None:
            _check_not_foreign(connection, revision)
            raise DatabaseStateError(f"the database is empty: run {_UPGRADE}")
        if revision != head():
            raise DatabaseStateError(
                f"the database is at {revision}, not at {head()} as is needed: run {_UPGRADE}"
            )
        lacking = _lacking(connection)
        if lacking:
            raise DatabaseStateError(
                f"the database says {revision} but lacks {lacking}: it was changed by hand or migrated "
                "half-way; put back the last backup (README, Backup and restore)"
            )


def head() -> str:
    """The newest revision this program has."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise DatabaseStateError("this installation lacks its migrations: install it again")
    return revision


def backup(database: Database, target: Path) -> None:
    """Copies a SQLite database while it is in use; the copy is one consistent state."""
    if database.path is None:
        raise SettingsError(f"this copies SQLite only; for {database.place} use pg_dump --format=custom")
    if target.exists():
        raise SettingsError(f"{target} exists: give the name of a new file")
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise SettingsError(f"{target} cannot be written: {os.strerror(error.errno or 0).lower()}") from error
    try:
        address = f"file:{quote(str(database.path))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.Error as error:
        raise DatabaseUnavailableError(f"{target} could not be written whole: {error}") from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _check_known(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise DatabaseStateError(
            f"the database is at {revision}, which this program does not know: a newer version made it; "
            "run that version, or put back a backup made before it"
        )


def _check_not_foreign(connection: Connection, revision: str | None) -> None:
    """Tables without a revision: half of a migration, or somebody else's."""
    ours = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if revision is None and ours:
        raise DatabaseStateError(
            f"the database has tables ({', '.join(ours)}) but no revision: it was migrated half-way "
            "or is another program's; put back the last backup, or give an empty database"
        )


def _lacking(connection: Connection) -> str:
    inspector = inspect(connection)
    tables = set(inspector.get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in tables:
            return f"table {table.name}"
        missing = {column.name for column in table.columns} - {
            column["name"] for column in inspector.get_columns(table.name)
        }
        if missing:
            return f"column {table.name}.{min(missing)}"
    return ""
