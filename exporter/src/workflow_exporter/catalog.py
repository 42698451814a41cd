"""The catalog: what the platform's makers released. Its JSON is decoded straight into these values.

The wire's schema is `releases-api/schema/catalog.schema.json` (schema_version 1); fields that a newer
API adds are ignored. A catalog is believed only after `parse_catalog` returned it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

SCHEMA_VERSION = 1
MAX_BODY_BYTES = 4 * 1024 * 1024  # 4 MiB, decompressed; Drycc's whole history is 40 KB


class Severity(StrEnum):
    """How loud a notice is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One published version of a component."""

    version: str
    train: str = "stable"
    released: datetime | None = None  # None: the day is not established
    security: bool = False
    yanked: bool = False
    # Numbering restarts raise the line: releases are ordered by line, then by SemVer precedence.
    line: int = 0
    digests: Mapping[str, str] = {}  # architecture -> sha256:…
    notes_url: str | None = None


class Component(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    images: tuple[str, ...] = ()  # repositories without tag; the first is where releases go
    releases: tuple[Release, ...] = ()


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A release of the whole platform; a component it does not list is not established."""

    version: str
    train: str = "stable"
    released: datetime | None = None
    components: Mapping[str, str] = {}  # component -> version
    derived: bool = False  # versions follow from a stated rule, not from a published list
    notes_url: str | None = None


class EndOfLife(msgspec.Struct, frozen=True, kw_only=True):
    date: datetime
    text: str | None = None


class Affects(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a notice concerns: empty means everyone. `versions` is a list of exact versions."""

    components: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    severity: Severity
    title: str
    text: str = ""
    url: str | None = None
    published: datetime | None = None
    expires: datetime | None = None
    affects: Affects = Affects()


class Successor(msgspec.Struct, frozen=True, kw_only=True):
    """The platform that carries on where this one ended."""

    platform: str
    title: str
    url: str | None = None


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """One platform's releases. Times are UTC."""

    schema_version: int
    platform: str
    title: str
    generated: datetime  # last change
    expires: datetime | None = None  # None: never
    trains: tuple[str, ...] = ("stable",)
    end_of_life: EndOfLife | None = None
    successor: Successor | None = None
    bundles: tuple[Bundle, ...] = ()
    components: Mapping[str, Component] = {}
    notices: tuple[Notice, ...] = ()
