"""Who shall see what: the access file, checked before anything is asked of Grafana."""

from enum import Enum
from pathlib import Path
from typing import Literal

import msgspec

from permissions.errors import AccessFileError


class Level(Enum):
    """Grafana's numbers for what somebody may do with a folder (its folder permissions API)."""

    VIEW = 1
    EDIT = 2
    ADMIN = 4


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either a team or one of Grafana's basic roles, and what it may do."""

    may: Literal["view", "edit", "admin"]
    team: str | None = None
    role: Literal["Viewer", "Editor"] | None = None  # Admins may everything, always

    @property
    def level(self) -> Level:
        return Level[self.may.upper()]


class Folder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder of boards. Whoever is not listed sees nothing of it."""

    uid: str
    title: str
    access: tuple[Grant, ...]


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    teams: tuple[str, ...]
    folders: tuple[Folder, ...]


def read_access(path: Path) -> Access:
    """The file's content; raises AccessFileError with the path of what is wrong."""
    try:
        access = msgspec.json.decode(path.read_bytes(), type=Access)
    except OSError as error:
        raise AccessFileError(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise AccessFileError(f"{path}: {error}") from error
    for folder in access.folders:
        for grant in folder.access:
            if (grant.team is None) == (grant.role is None):
                raise AccessFileError(f"{path}: folder {folder.uid}: each access names a team or a role")
            if grant.team is not None and grant.team not in access.teams:
                raise AccessFileError(f"{path}: folder {folder.uid}: {grant.team!r} is not among the teams")
    return access


def read_token(path: Path) -> str:
    """A service account's token, as the only line of a file."""
    try:
        token = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise AccessFileError(f"{path}: {error.strerror}") from error
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise AccessFileError(f"{path}: not a token")
    return token
