"""SQLite: an engine on one file that is there, and the signs that its files are no longer those in use.

SQLite keeps the last changes in `-wal` and shares what is in it through `-shm`. It goes on using all three
files when one is deleted, and what is stored from then on is lost with the last connection.
"""

import contextlib
import errno
import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import QueuePool

from workflow_releases.errors import DatabaseUnavailableError

# More than a publication writes at once, so that it is known before one fails.
_ROOM_BYTES = 1 << 20  # 1 MiB
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})

COMPANION_GONE = "its -wal or -shm file was deleted or replaced while in use; restart this program"

Identity = tuple[int, int]  # device and inode


@dataclass(frozen=True, slots=True)
class Files:
    """Which files lie at the three paths; None: none does."""

    main: Identity | None
    wal: Identity | None
    shm: Identity | None

    @classmethod
    def at(cls, path: Path) -> "Files":
        real = os.path.realpath(path)  # beside which SQLite puts the others
        return cls(_identity(path), _identity(Path(f"{real}-wal")), _identity(Path(f"{real}-shm")))


def check_files(connection: Connection, path: Path) -> None:
    """Raises DatabaseUnavailableError unless the files at `path` are those that this connection uses.

    What is only in a lost `-wal` is first written to the database file: this connection can still read it.
    """
    held: Files = connection.info["files"]
    found = Files.at(path)
    if held == found:
        return
    if held.main != found.main:
        raise DatabaseUnavailableError("the database cannot be used: its file was deleted or replaced")
    if "saved" not in connection.info:
        connection.info["saved"] = True  # once: others may write to the new files
        with contextlib.suppress(sqlite3.Error), closing(connection.connection.cursor()) as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
    raise DatabaseUnavailableError(f"the database cannot be used: {COMPANION_GONE}")


def check_room(path: Path) -> None:
    """Raises DatabaseUnavailableError where the disk has no room for a change; leaves nothing there."""
    try:
        with tempfile.TemporaryFile(dir=path.parent) as trial:
            trial.write(bytes(_ROOM_BYTES))
            trial.flush()
    except OSError as error:
        if error.errno in _NO_ROOM:  # others say only that this is no place for a trial
            reason = os.strerror(error.errno).lower()
            raise DatabaseUnavailableError(f"the database cannot be used: {reason}") from error


def sqlite_engine(path: Path, busy_seconds: float, pool_seconds: float) -> Engine:
    """`busy_seconds` for another one's change, `pool_seconds` for one of the pool's connections."""
    in_use = _InUse(path)
    engine = create_engine(
        "sqlite://",
        creator=lambda: in_use.connected(lambda: _connect(path, busy_seconds)),
        pool_size=4,
        max_overflow=4,
        pool_timeout=pool_seconds,
        poolclass=QueuePool,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once: a change that read first could not be sure of it.
        writes = connection.get_execution_options().get("writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine, "connect")
    def remember(connection: sqlite3.Connection, record: Any) -> None:
        record.info["files"] = in_use.files(connection)

    @event.listens_for(engine, "close")
    def forget(connection: sqlite3.Connection, _record: Any) -> None:
        in_use.closed(connection)

    @event.listens_for(engine, "checkout")
    def still_the_same(_connection: sqlite3.Connection, record: Any, _proxy: Any) -> None:
        # A file that was put in its place is another database, which the next connection opens.
        if record.info["files"].main != _identity(path):
            raise exc.DisconnectionError("the database file was replaced")

    return engine


class _InUse:
    """The files of all open connections: one that mixed an old `-wal` with a new one would read garbage."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._by_connection: dict[int, Files] = {}

    def connected(self, connect: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
        """Raises sqlite3.OperationalError where it would open other files than those before it."""
        with self._lock:
            self._check(Files.at(self._path))
        connection = connect()
        files = Files.at(self._path)  # opening made what was not there
        try:
            with self._lock:
                self._check(files)
                self._by_connection[id(connection)] = files
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def files(self, connection: sqlite3.Connection) -> Files:
        return self._by_connection[id(connection)]

    def closed(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            self._by_connection.pop(id(connection), None)

    def _check(self, found: Files) -> None:
        if any(held.main == found.main and held != found for held in self._by_connection.values()):
            raise sqlite3.OperationalError(COMPANION_GONE)


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
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
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # opens -wal and -shm
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
