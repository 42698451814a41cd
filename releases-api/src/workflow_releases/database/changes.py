"""The change counter and the audit trail: what every change writes besides itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from workflow_releases.database.engine import Database
from workflow_releases.database.tables import audit, change_counter


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, and when."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any] | None


def take_turn(connection: Connection) -> int:
    """The number of the change that this transaction is; held until it ends, so numbers never go back.

    Call it first: what is read afterwards is what the change before left.
    """
    connection.execute(update(change_counter).values(number=change_counter.c.number + 1))
    return current_number(connection)


def current_number(connection: Connection) -> int:
    """The number of the last change."""
    number: int = connection.execute(select(change_counter.c.number)).scalar_one()
    return number


def now_for_all(connection: Connection, now: datetime) -> datetime:
    """The later of `now`, by this program's clock, and PostgreSQL's, so that all replicas can agree on it.

    A replica whose clock is behind would else take what the others write for the future.
    """
    if connection.dialect.name == "sqlite":
        return now
    theirs: datetime = connection.execute(select(func.now())).scalar_one()
    return max(now, theirs)


def check_possible(database: Database) -> None:
    """Raises DatabaseUnavailableError while a change could not be stored: SQLite is locked, a disk is full.

    Asks PostgreSQL nothing until a change has failed; then one that changes nothing is tried, until it works.
    """
    database.check_room()
    if database.kind == "sqlite" or database.change_failed:
        failed = database.change_failed
        with database.writing() as connection:
            if failed:
                # SQLite writes no page for a row that stays the same; one that changed twice is written.
                take_turn(connection)
                connection.execute(update(change_counter).values(number=change_counter.c.number - 1))


def record(
    connection: Connection,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Adds a line to the audit trail, in the same transaction as what it is about."""
    connection.execute(
        insert(audit).values(at=at, actor=actor, action=action, subject=subject, detail=detail)
    )


def read_audit(connection: Connection, limit: int) -> list[AuditEntry]:
    """The newest `limit` entries, newest last."""
    rows = connection.execute(select(audit).order_by(audit.c.number.desc()).limit(limit)).all()
    return [AuditEntry(*row) for row in reversed(rows)]
