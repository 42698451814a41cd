"""The change counter and the audit trail: what every change writes besides itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

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
