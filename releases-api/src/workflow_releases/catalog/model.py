"""The catalog as values, in the wire's own names and order (schema_version 1). Times are UTC.

Fields with a default are left out of the wire when they have it: a release is then 74 bytes, and
50,000 of them stay below what an agent accepts.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

SCHEMA_VERSION = 1
MAX_BODY_BYTES = 4 * 1024 * 1024  # 4 MiB: agents refuse a larger catalog
MAX_AHEAD = timedelta(minutes=10)  # of `generated`, between clocks: agents refuse a catalog from the future
MAX_NOTICES = 200  # a platform; an operator's page shows all of them

Severity = Literal["info", "warning", "critical"]


class Release(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One published version of a component."""

    version: str
    train: str
    released: datetime | None  # None: the day is not established
    security: bool = False
    yanked: bool = False
    # Numbering restarts raise the line: releases are ordered by line, then by SemVer precedence.
    line: int = 0
    digests: Mapping[str, str] = {}  # architecture -> sha256:…
    notes_url: str | None = None


class Component(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    images: tuple[str, ...]  # repositories without tag; the first is where releases go
    releases: tuple[Release, ...]  # oldest first


class Bundle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A release of the whole platform; a component it does not list is not established."""

    version: str
    train: str
    released: datetime | None
    components: Mapping[str, str]  # component -> version
    derived: bool = False  # versions follow from a stated rule, not from a published list
    notes_url: str | None = None


class EndOfLife(msgspec.Struct, frozen=True, kw_only=True):
    date: datetime
    text: str | None = None


class Successor(msgspec.Struct, frozen=True, kw_only=True):
    """The platform that carries on where this one ended."""

    platform: str
    title: str
    url: str | None = None


class Affects(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a notice concerns: empty means everyone. `versions` is a list of exact versions."""

    components: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    severity: Severity
    title: str
    text: str
    url: str | None
    published: datetime | None
    expires: datetime | None
    affects: Affects


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """One platform's releases."""

    schema_version: int
    platform: str
    title: str
    generated: datetime  # last change
    expires: datetime | None  # None: never
    trains: tuple[str, ...]
    end_of_life: EndOfLife | None
    successor: Successor | None
    bundles: tuple[Bundle, ...]  # oldest first
    components: Mapping[str, Component]
    notices: tuple[Notice, ...]
