"""Tokens `wfr_<id>_<secret>`: made, found, compared in constant time, revoked."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from workflow_releases.access.scopes import SCOPES
from workflow_releases.database import changes
from workflow_releases.database.engine import Database
from workflow_releases.database.tables import tokens
from workflow_releases.errors import ForbiddenError, SettingsError, UnauthorizedError

_ACTOR = "command line"
_TOKEN = re.compile(r"wfr_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@/-]{0,63}")
_NOBODY = hashlib.sha256(b"nobody").hexdigest()  # compared with when there is no such token


@dataclass(frozen=True, slots=True)
class Token:
    """What may be told about a token; never its secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created: datetime
    revoked: datetime | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens in the store."""

    database: Database
    clock: Callable[[], datetime]

    def create(self, name: str, scopes: Sequence[str]) -> str:
        """The new token, to be shown once. Raises SettingsError for a name that is taken or unusable."""
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown or not scopes:
            raise SettingsError(f"scope {', '.join(unknown) or '(none)'}: the scopes are {', '.join(SCOPES)}")
        if not _NAME.fullmatch(name):
            raise SettingsError(f"{name!r} is not a name: at most 64 letters, digits, spaces and . _ @ / -")
        token_id = secrets.token_hex(6)
        secret = secrets.token_urlsafe(32)  # 256 bits, so a fast hash keeps it safe
        now = self.clock()
        ordered = sorted(set(scopes), key=SCOPES.index)
        with self.database.writing() as connection:
            changes.take_turn(connection)
            if connection.execute(select(tokens.c.id).where(tokens.c.name == name)).first():
                raise SettingsError(
                    f"there is a token named {name} already; names tell people apart in the audit trail"
                )
            row = {
                "id": token_id,
                "name": name,
                "secret_sha256": _hash(secret),
                "scopes": ordered,
                "created": now,
            }
            connection.execute(insert(tokens).values(**row))
            changes.record(
                connection, now, _ACTOR, "token.created", name, {"id": token_id, "scopes": ordered}
            )
        return f"wfr_{token_id}_{secret}"

    def all(self) -> list[Token]:
        """Oldest first, revoked ones too."""
        with self.database.reading() as connection:
            rows = connection.execute(select(tokens).order_by(tokens.c.created, tokens.c.id)).all()
        return [Token(row.id, row.name, tuple(row.scopes), row.created, row.revoked) for row in rows]

    def revoke(self, name_or_id: str) -> Token:
        """Revokes at once and for good. Raises SettingsError if there is no such token."""
        now = self.clock()
        with self.database.writing() as connection:
            changes.take_turn(connection)
            here = (tokens.c.id == name_or_id) | (tokens.c.name == name_or_id)
            row = connection.execute(select(tokens).where(here).order_by(tokens.c.id != name_or_id)).first()
            if row is None:
                raise SettingsError(f"there is no token {name_or_id}: see workflow-releases token list")
            if row.revoked is None:
                connection.execute(update(tokens).where(tokens.c.id == row.id).values(revoked=now))
                changes.record(connection, now, _ACTOR, "token.revoked", row.name, {"id": row.id})
        return Token(row.id, row.name, tuple(row.scopes), row.created, row.revoked or now)

    def authorize(self, authorization: str | None, scope: str) -> str:
        """The name of the token in an `Authorization` header, if it is valid and has the scope.

        Raises UnauthorizedError for no, an unknown, or a revoked token, which look the same from
        outside; ForbiddenError for a scope it lacks. Takes as long whether or not the id exists.
        """
        token_id, secret = _split(authorization)
        with self.database.reading() as connection:
            row = connection.execute(select(tokens).where(tokens.c.id == token_id)).one_or_none()
        held = row.secret_sha256 if row is not None else _NOBODY
        matches = hmac.compare_digest(_hash(secret), held)
        if row is None or not matches or row.revoked is not None:
            raise UnauthorizedError("the token is unknown or was revoked")
        if scope not in row.scopes:
            raise ForbiddenError(f"the token {row.name} lacks the scope {scope}")
        name: str = row.name
        return name


def _split(authorization: str | None) -> tuple[str, str]:
    kind, _, raw_token = (authorization or "").strip().partition(" ")
    if kind.lower() != "bearer" or not raw_token.strip():
        raise UnauthorizedError("a bearer token is needed: Authorization: Bearer wfr_…")
    match = _TOKEN.fullmatch(raw_token.strip())
    if match is None:
        raise UnauthorizedError("the token is unknown or was revoked")
    return match.group(1), match.group(2)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
