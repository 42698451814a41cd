"""The tables as this version of the program uses them; migrations lead there from any older version."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator


class UtcMoment(TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no offsets, so it is taken off there and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)
        return moment


_json = JSON(none_as_null=True)
# SQLite numbers rows by itself only in a column of exactly this type.
_row_number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

# One row. Every change takes it first, so changes happen one after the other, also between replicas.
change_counter = Table(
    "change_counter",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

platforms = Table(
    "platforms",
    metadata,
    Column("platform", String(63), primary_key=True),
    Column("title", Text, nullable=False),
    Column("trains", _json, nullable=False),
    Column("end_of_life", _json),
    Column("successor", _json),
    Column("generated", UtcMoment, nullable=False),
    Column("change_number", BigInteger, nullable=False),  # of its last change
)

components = Table(
    "components",
    metadata,
    Column("platform", String(63), ForeignKey("platforms.platform"), primary_key=True),
    Column("component", String(63), primary_key=True),
    Column("title", Text, nullable=False),
    Column("images", _json, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("platform", String(63), primary_key=True),
    Column("component", String(63), primary_key=True),
    Column("precedence", Text, primary_key=True),  # version.Version.precedence: one spelling is one release
    Column("version", String(128), nullable=False),
    Column("line", Integer, nullable=False),
    Column("train", String(63), nullable=False),
    Column("released", UtcMoment),
    Column("security", Boolean, nullable=False),
    Column("yanked", Boolean, nullable=False),
    Column("digests", _json, nullable=False),
    Column("notes_url", Text),
    ForeignKeyConstraint(["platform", "component"], ["components.platform", "components.component"]),
)

bundles = Table(
    "bundles",
    metadata,
    Column("platform", String(63), ForeignKey("platforms.platform"), primary_key=True),
    Column("precedence", Text, primary_key=True),
    Column("version", String(128), nullable=False),
    Column("train", String(63), nullable=False),
    Column("released", UtcMoment),
    Column("members", _json, nullable=False),  # component -> version
    Column("derived", Boolean, nullable=False),
    Column("notes_url", Text),
)

notices = Table(
    "notices",
    metadata,
    Column("platform", String(63), ForeignKey("platforms.platform"), primary_key=True),
    Column("id", String(63), primary_key=True),
    Column("severity", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("url", Text),
    Column("published", UtcMoment),
    Column("expires", UtcMoment),
    Column("affects", _json, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("scopes", _json, nullable=False),
    Column("created", UtcMoment, nullable=False),
    Column("revoked", UtcMoment),
    UniqueConstraint("name", name="tokens_name_once"),
)

audiences = Table(
    "instance_audiences",
    metadata,
    Column("instance_id", String(32), primary_key=True),
    Column("audience", String(16), nullable=False),
    Column("marked", UtcMoment, nullable=False),
)

# Triggers refuse UPDATE and DELETE (migration 0001).
audit = Table(
    "audit",
    metadata,
    Column("number", _row_number, primary_key=True, autoincrement=True),
    Column("at", UtcMoment, nullable=False),
    Column("actor", Text, nullable=False),  # a token's name, or the command line
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False),  # never an instance's id, but its hash
    Column("detail", _json),
)
