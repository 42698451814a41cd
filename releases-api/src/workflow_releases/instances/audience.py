"""The audience marks: what may be asked, and their table."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select

from workflow_releases.database import changes
from workflow_releases.database.engine import Database
from workflow_releases.database.tables import audiences
from workflow_releases.errors import Fault, InvalidError, NotFoundError

AUDIENCES = ("customer", "staff", "ci", "test")
_INSTANCE_ID = re.compile(r"[0-9a-f]{32}")

Effect = Literal["created", "changed", "unchanged"]


def read_mark(raw: Any, instance_id: str) -> str:
    """The audience asked for; raises InvalidError with the path of each fault."""
    faults = check_id(instance_id)
    if not isinstance(raw, dict):
        faults.append(Fault("", "is not an object"))
    else:
        faults += [Fault(name, "is not a field that is taken here") for name in raw.keys() - {"audience"}]
        if "audience" not in raw:
            faults.append(Fault("audience", "is missing"))
        elif raw["audience"] not in AUDIENCES:
            faults.append(Fault("audience", f"is none of {', '.join(AUDIENCES)}"))
    if faults:
        raise InvalidError("the mark is not one", faults)
    audience: str = raw["audience"]
    return audience


def check_id(instance_id: str) -> list[Fault]:
    """A fault unless it has the form of an instance's id."""
    if _INSTANCE_ID.fullmatch(instance_id):
        return []
    return [Fault("instance_id", "is not 32 lower-case hexadecimal digits, as an agent's page shows them")]


def audit_subject(instance_id: str) -> str:
    """What the audit trail calls an instance: whoever has the id finds its lines, and no line tells an id.

    Nothing ever leaves the trail, and people may have their id deleted (PRIVACY.md). Ids are 128 bits that
    nobody can guess, so a bare hash does.
    """
    return f"sha256:{hashlib.sha256(instance_id.encode()).hexdigest()}"


def load_audiences(connection: Connection) -> Mapping[str, str]:
    """Instance id -> audience, by id."""
    query = select(audiences.c.instance_id, audiences.c.audience).order_by(audiences.c.instance_id)
    return {row.instance_id: row.audience for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Marker:
    """Writes marks; each with its line in the audit trail."""

    database: Database
    clock: Callable[[], datetime]

    def mark(self, actor: str, instance_id: str, audience: str) -> Effect:
        now = self.clock()
        with self.database.writing() as connection:
            changes.take_turn(connection)
            held = _audience(connection, instance_id)
            if held == audience:
                return "unchanged"
            connection.execute(delete(audiences).where(audiences.c.instance_id == instance_id))
            row = insert(audiences).values(instance_id=instance_id, audience=audience, marked=now)
            connection.execute(row)
            subject = audit_subject(instance_id)
            changes.record(connection, now, actor, "audience.marked", subject, {"audience": audience})
        return "changed" if held else "created"

    def unmark(self, actor: str, instance_id: str) -> None:
        """Raises NotFoundError if it has no mark."""
        faults = check_id(instance_id)
        if faults:
            raise InvalidError("the id is not one", faults)
        now = self.clock()
        with self.database.writing() as connection:
            changes.take_turn(connection)
            if _audience(connection, instance_id) is None:
                raise NotFoundError("this instance has no mark")
            connection.execute(delete(audiences).where(audiences.c.instance_id == instance_id))
            changes.record(connection, now, actor, "audience.unmarked", audit_subject(instance_id))


def _audience(connection: Connection, instance_id: str) -> str | None:
    query = select(audiences.c.audience).where(audiences.c.instance_id == instance_id)
    return connection.execute(query).scalar_one_or_none()
