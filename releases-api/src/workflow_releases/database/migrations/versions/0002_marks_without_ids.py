"""Lines of the audit trail on marks tell the hash of an instance's id, no longer the id.

The only migration that changes lines, for people who have their id deleted. What a replica of the version
before writes after this still tells the id: where that matters, stop those first.
"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_audit = sa.table(
    "audit",
    sa.column("number", sa.BigInteger),
    sa.column("action", sa.String),
    sa.column("subject", sa.Text),
)


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("LOCK TABLE audit IN EXCLUSIVE MODE")  # or a line could come between reading and rewriting
    marks = _audit.c.action.in_(("audience.marked", "audience.unmarked"))
    lines = connection.execute(sa.select(_audit.c.number, _audit.c.subject).where(marks)).all()
    if not lines:
        return
    _let_lines_change()
    for number, instance_id in lines:
        hashed = hashlib.sha256(instance_id.encode()).hexdigest()
        line = sa.update(_audit).where(_audit.c.number == number)
        connection.execute(line.values(subject=f"sha256:{hashed}"))
    _let_no_line_change()


def _let_lines_change() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_no_update")
    else:
        op.execute("ALTER TABLE audit DISABLE TRIGGER audit_no_change")


def _let_no_line_change() -> None:
    """As migration 0001 left it."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END"
        )
    else:
        op.execute("ALTER TABLE audit ENABLE TRIGGER audit_no_change")
