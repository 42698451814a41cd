"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_components()
    _create_announcements()
    _create_rights()
    _create_audit()
    op.execute("INSERT INTO change_counter (id, number) VALUES (1, 0)")


def _create_components() -> None:
    op.create_table(
        "change_counter",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "platforms",
        sa.Column("platform", sa.String(63), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("trains", sa.JSON, nullable=False),
        sa.Column("end_of_life", sa.JSON),
        sa.Column("successor", sa.JSON),
        sa.Column("generated", _moment, nullable=False),
        sa.Column("change_number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "components",
        sa.Column("platform", sa.String(63), sa.ForeignKey("platforms.platform"), primary_key=True),
        sa.Column("component", sa.String(63), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("images", sa.JSON, nullable=False),
    )
    op.create_table(
        "releases",
        sa.Column("platform", sa.String(63), primary_key=True),
        sa.Column("component", sa.String(63), primary_key=True),
        sa.Column("precedence", sa.Text, primary_key=True),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("train", sa.String(63), nullable=False),
        sa.Column("released", _moment),
        sa.Column("security", sa.Boolean, nullable=False),
        sa.Column("yanked", sa.Boolean, nullable=False),
        sa.Column("digests", sa.JSON, nullable=False),
        sa.Column("notes_url", sa.Text),
        sa.ForeignKeyConstraint(["platform", "component"], ["components.platform", "components.component"]),
    )


def _create_announcements() -> None:
    op.create_table(
        "bundles",
        sa.Column("platform", sa.String(63), sa.ForeignKey("platforms.platform"), primary_key=True),
        sa.Column("precedence", sa.Text, primary_key=True),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("train", sa.String(63), nullable=False),
        sa.Column("released", _moment),
        sa.Column("members", sa.JSON, nullable=False),
        sa.Column("derived", sa.Boolean, nullable=False),
        sa.Column("notes_url", sa.Text),
    )
    op.create_table(
        "notices",
        sa.Column("platform", sa.String(63), sa.ForeignKey("platforms.platform"), primary_key=True),
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("published", _moment),
        sa.Column("expires", _moment),
        sa.Column("affects", sa.JSON, nullable=False),
    )


def _create_rights() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created", _moment, nullable=False),
        sa.Column("revoked", _moment),
        sa.UniqueConstraint("name", name="tokens_name_once"),
    )
    op.create_table(
        "instance_audiences",
        sa.Column("instance_id", sa.String(32), primary_key=True),
        sa.Column("audience", sa.String(16), nullable=False),
        sa.Column("marked", _moment, nullable=False),
    )


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("at", _moment, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_is_final() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is never changed'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_final()"
    )
