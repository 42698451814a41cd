"""Connections and transactions. SQLite flushes to disk at each commit, so a commit survives a kill."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, exc, make_url
from sqlalchemy.engine import URL

from workflow_releases.database.postgresql import ANSWER_SECONDS, postgresql_engine
from workflow_releases.database.sqlite import Files, check_files, check_room, sqlite_engine
from workflow_releases.errors import DatabaseUnavailableError, SettingsError

_BUSY_SECONDS = 5.0
_POOL_SECONDS = 5.0  # how long a request waits for one of the pool's connections


class Database:
    """One database; every error of a driver leaves here as DatabaseUnavailableError, in one line."""

    def __init__(
        self, url: str, *, busy_seconds: float = _BUSY_SECONDS, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        """`url` as in DATABASE_URL; connects to nothing yet. Raises SettingsError.

        `busy_seconds`: how long a change waits for another one before it gives up. `answer_seconds`: how
        long PostgreSQL may say nothing before it counts as away.
        """
        parsed = _parse(url)
        self.kind = parsed.get_backend_name()
        self.path = Path(parsed.database).absolute() if self.kind == "sqlite" and parsed.database else None
        self._given_up = threading.Event()
        self._engine = (
            sqlite_engine(self.path, busy_seconds, _POOL_SECONDS)
            if self.path
            else postgresql_engine(parsed, busy_seconds, answer_seconds, _POOL_SECONDS, self._given_up)
        )
        self.change_failed = False  # the last one could not be stored; the next may

    def __repr__(self) -> str:
        return f"Database({self.place})"

    @property
    def place(self) -> str:
        """Where it is, for people, without a password."""
        return str(self.path) if self.path else self._engine.url.render_as_string(hide_password=True)

    @property
    def file(self) -> tuple[int, int] | None:
        """Which file lies at `path` now: another one is another history. None: none does, or PostgreSQL."""
        return Files.at(self.path).main if self.path else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of all tables."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block, and is undone by any exception."""
        try:
            with self._transaction(writes=True) as connection:
                yield connection
        except DatabaseUnavailableError:
            self.change_failed = True
            raise
        self.change_failed = False

    def check_room(self) -> None:
        """Raises DatabaseUnavailableError where SQLite's disk has no room for a change."""
        if self.path:
            check_room(self.path)

    def close(self) -> None:
        """Waits for no answer of the server any more."""
        self._given_up.set()
        self._engine.dispose()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        options: dict[str, Any] = {"writes": writes}
        if self.kind == "postgresql":
            options["isolation_level"] = "READ COMMITTED" if writes else "REPEATABLE READ"
        try:
            with self._engine.connect() as fresh:
                connection = fresh.execution_options(**options)
                if self.path:
                    check_files(connection, self.path)
                with connection.begin():
                    yield connection
                if self.path and writes:
                    check_files(connection, self.path)  # what was stored in a file that is gone is lost
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


def _one_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())[:300]
