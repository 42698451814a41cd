"""Connections and transactions. SQLite flushes to disk at each commit, so a commit survives a kill."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from workflow_releases.errors import DatabaseUnavailableError, SettingsError

_BUSY_SECONDS = 5.0
_CONNECT_SECONDS = 5
_POOL_SECONDS = 5.0  # how long a request waits for one of the pool's connections


class Database:
    """One database; every error of a driver leaves here as DatabaseUnavailableError, in one line."""

    def __init__(self, url: str, *, busy_seconds: float = _BUSY_SECONDS) -> None:
        """`url` as in DATABASE_URL; connects to nothing yet. Raises SettingsError.

        `busy_seconds`: how long a change waits for another one before it gives up.
        """
        parsed = _parse(url)
        self.kind = parsed.get_backend_name()
        self.path = Path(parsed.database).absolute() if self.kind == "sqlite" and parsed.database else None
        self._engine = (
            _sqlite_engine(self.path, busy_seconds) if self.path else _postgresql_engine(parsed, busy_seconds)
        )

    def __repr__(self) -> str:
        return f"Database({self.place})"

    @property
    def place(self) -> str:
        """Where it is, for people, without a password."""
        return str(self.path) if self.path else self._engine.url.render_as_string(hide_password=True)

    @property
    def file(self) -> tuple[int, int] | None:
        """Which file lies at `path` now: another one is another history. None: none does, or PostgreSQL."""
        return _identity(self.path) if self.path else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of all tables."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block, and is undone by any exception."""
        with self._transaction(writes=True) as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        options: dict[str, Any] = {"writes": writes}
        if self.kind == "postgresql":
            options["isolation_level"] = "READ COMMITTED" if writes else "REPEATABLE READ"
        try:
            with self._engine.connect() as fresh:
                connection = fresh.execution_options(**options)
                with connection.begin():
                    yield connection
        except (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.DatabaseError) as error:
            if isinstance(error, exc.IntegrityError | exc.ProgrammingError | exc.DataError):
                raise  # a fault of this program, not of the database
            raise DatabaseUnavailableError(f"the database cannot be used: {_one_line(error)}") from error
        except (exc.TimeoutError, exc.DisconnectionError) as error:
            raise DatabaseUnavailableError(f"the database cannot be used: {_one_line(error)}") from error


def _parse(raw: str) -> URL:
    try:
        url = make_url(raw)
        kind = url.get_backend_name()
    except (exc.ArgumentError, exc.NoSuchModuleError, ValueError) as error:
        raise SettingsError("DATABASE_URL is not an address such as sqlite:///releases.db") from error
    if kind == "sqlite":
        if not url.database or url.database == ":memory:" or url.query:
            raise SettingsError("DATABASE_URL names no file: SQLite needs one, as in sqlite:///releases.db")
        return url
    if kind in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    raise SettingsError(f"DATABASE_URL names {kind}; sqlite and postgresql are the two that work")


def _postgresql_engine(url: URL, busy_seconds: float) -> Engine:
    return create_engine(
        url,
        pool_size=4,
        max_overflow=4,
        pool_pre_ping=True,  # a restarted server costs no failed request
        pool_timeout=_POOL_SECONDS,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "workflow-releases",
            # A statement that hangs would hold the change counter, and with it every publisher.
            "options": f"-c lock_timeout={busy_seconds * 1000:.0f} -c statement_timeout=30s "
            "-c idle_in_transaction_session_timeout=60s",
        },
    )


def _sqlite_engine(path: Path, busy_seconds: float) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect_sqlite(path, busy_seconds),
        pool_size=4,
        max_overflow=4,
        pool_timeout=_POOL_SECONDS,
        poolclass=QueuePool,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once: a change that read first could not be sure of it.
        writes = connection.get_execution_options().get("writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine, "connect")
    def remember(_connection: sqlite3.Connection, record: Any) -> None:
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def still_the_same(_connection: sqlite3.Connection, record: Any, _proxy: Any) -> None:
        # SQLite goes on writing to a file that somebody deleted or replaced; nobody would read it again.
        if record.info.get("file") != _identity(path):
            raise exc.DisconnectionError("the database file was replaced")

    return engine


def _connect_sqlite(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Opens the file, never makes one: an empty file in place of a lost one would hide the loss."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def _one_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())[:300]
