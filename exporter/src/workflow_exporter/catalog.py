"""The catalog: what the platform's makers released, and how its versions are ordered.

Its JSON is decoded straight into these values (`catalog_document`); the wire's schema is
`releases-api/schema/catalog.schema.json` (schema_version 1). What a value here promises holds however
it was made: a link is https or absent, a text has no character that cannot be seen, an order is sorted
once and kept with the catalog.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated

import msgspec

from workflow_exporter.plain_text import CONTROL, marked
from workflow_exporter.version import Version, read_version
from workflow_exporter.web_address import is_safe_link

SCHEMA_VERSION = 1
MAX_BODY_BYTES = 4 * 1024 * 1024  # 4 MiB, decompressed; Drycc's whole history is 45 KB

# A component, platform or train: a DNS label (RFC 1123), as it becomes a metric label and a part of URLs.
Word = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z", max_length=63)]
# Shown on a page and in a terminal: no control characters; only prose may have several lines.
Title = Annotated[str, msgspec.Meta(pattern=rf"\A[^{CONTROL}]+\Z", max_length=200)]
_PROSE = r"\A[^\x00-\x09\x0b-\x1f\x7f-\x9f]*\Z"
Prose = Annotated[str, msgspec.Meta(pattern=_PROSE, max_length=4000)]
NoticeId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z", max_length=63)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Line = Annotated[int, msgspec.Meta(ge=0)]


def _drop_unsafe_link(value: msgspec.Struct, name: str) -> None:
    """A link is shown to operators as something to click: anything but plain https: becomes None."""
    link = getattr(value, name)
    if link is not None and not (link.startswith("https://") and is_safe_link(link)):
        msgspec.structs.force_setattr(value, name, None)


def _mark_text(value: msgspec.Struct, *names: str) -> None:
    """Emoji and Persian have invisible characters for good reason: they become U+FFFD, the rest is read."""
    for name in names:
        text = getattr(value, name)
        if text is not None:
            msgspec.structs.force_setattr(value, name, marked(text))


class Severity(StrEnum):
    """How loud a notice is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One published version of a component."""

    version: str
    train: Word = "stable"
    released: Moment | None = None  # None: the day is not established
    security: bool = False
    yanked: bool = False
    # Numbering restarts raise the line: releases are ordered by line, then by SemVer precedence.
    line: Line = 0
    digests: Mapping[str, str] = {}  # architecture -> sha256:…
    notes_url: str | None = None

    def __post_init__(self) -> None:
        _drop_unsafe_link(self, "notes_url")


@dataclass(frozen=True, slots=True)
class ListedRelease:
    """A release with its version parsed."""

    version: Version
    release: Release

    def offered_to(self, running: Version) -> bool:
        """Never yanked; a pre-release only to a pre-release of the same major.minor.patch."""
        if self.release.yanked:
            return False
        if not self.version.is_prerelease:
            return True
        return running.is_prerelease and running.release_line == self.version.release_line


class ReleaseOrder:
    """The releases of one component, oldest first: by line, then by SemVer precedence, never by date."""

    __slots__ = ("_by_version", "_line_of_major", "_newest_line", "releases")

    def __init__(self, releases: tuple[Release, ...] = ()) -> None:
        listed = [ListedRelease(read_version(release.version), release) for release in releases]
        # Of a release and its rebuilds the plain spelling is last, so that it is the one that is named.
        listed.sort(key=lambda item: (item.release.line, item.version, -len(item.version.text)))
        self.releases = tuple(listed)
        self._by_version = {item.version: item for item in listed}
        # In ascending order of lines, so that of two lines with the same major the newer one stays.
        self._line_of_major = {item.version.semver.major: item.release.line for item in listed}
        self._newest_line = max((item.release.line for item in listed), default=0)

    def find(self, version: Version) -> ListedRelease | None:
        return self._by_version.get(version)

    def line_of(self, version: Version) -> int:
        """The listed line; unlisted, the line of the same major; else the newest line there is."""
        found = self.find(version)
        if found is not None:
            return found.release.line
        return self._line_of_major.get(version.semver.major, self._newest_line)

    def key(self, version: Version) -> tuple[int, Version]:
        """What to sort versions of this component by, listed or not."""
        return (self.line_of(version), version)

    def newer_than(self, running: Version, trains: frozenset[str]) -> tuple[ListedRelease, ...]:
        """What those trains offer above `running`, oldest first."""
        floor = self.key(running)
        return tuple(
            item
            for item in self.releases
            if (item.release.line, item.version) > floor
            and item.release.train in trains
            and item.offered_to(running)
        )


class Component(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    title: Title
    images: tuple[str, ...] = ()  # repositories without tag; the first is where releases go
    releases: tuple[Release, ...] = ()

    def __post_init__(self) -> None:
        _mark_text(self, "title")

    @cached_property
    def order(self) -> ReleaseOrder:
        """Sorted at the first use and kept; raises VersionError if a version is not SemVer."""
        return ReleaseOrder(self.releases)


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A release of the whole platform; a component it does not list is not established."""

    version: str
    train: Word = "stable"
    released: Moment | None = None
    components: Mapping[Word, str] = {}  # component -> version
    derived: bool = False  # versions follow from a stated rule, not from a published list
    notes_url: str | None = None

    def __post_init__(self) -> None:
        _drop_unsafe_link(self, "notes_url")


@dataclass(frozen=True, slots=True)
class ListedBundle:
    """A bundle with its versions parsed."""

    version: Version
    bundle: Bundle
    components: Mapping[str, Version]


class EndOfLife(msgspec.Struct, frozen=True, kw_only=True):
    date: Moment
    text: Prose | None = None

    def __post_init__(self) -> None:
        _mark_text(self, "text")


class Affects(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a notice concerns: empty means everyone.

    `versions` are exact: of the components named, or of the platform's bundle where none is named.
    """

    components: tuple[Word, ...] = ()
    versions: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    id: NoticeId
    severity: Severity
    title: Title
    text: Prose = ""
    url: str | None = None
    published: Moment | None = None
    expires: Moment | None = None
    affects: Affects = Affects()

    def __post_init__(self) -> None:
        _mark_text(self, "title", "text")
        _drop_unsafe_link(self, "url")


class Successor(msgspec.Struct, frozen=True, kw_only=True):
    """The platform that carries on where this one ended."""

    platform: Word
    title: Title
    url: str | None = None

    def __post_init__(self) -> None:
        _mark_text(self, "title")
        _drop_unsafe_link(self, "url")


class Catalog(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One platform's releases. Times are UTC."""

    schema_version: int
    platform: Word
    title: Title
    generated: Moment  # last change
    expires: Moment | None = None  # None: never
    trains: tuple[Word, ...] = ("stable",)
    end_of_life: EndOfLife | None = None
    successor: Successor | None = None
    bundles: tuple[Bundle, ...] = ()
    components: Mapping[Word, Component] = {}
    # Each is a paragraph of a page and a series: more than a person reads would only be an attack.
    notices: Annotated[tuple[Notice, ...], msgspec.Meta(max_length=200)] = ()

    def __post_init__(self) -> None:
        _mark_text(self, "title")

    def is_expired(self, now: datetime) -> bool:
        """Whether the catalog says of itself that it must not be judged by any more."""
        return self.expires is not None and now >= self.expires

    @cached_property
    def ordered_bundles(self) -> tuple[ListedBundle, ...]:
        """Bundles by SemVer precedence, oldest first; raises VersionError if a version is not SemVer."""
        listed = (
            ListedBundle(
                read_version(bundle.version),
                bundle,
                {name: read_version(version) for name, version in bundle.components.items()},
            )
            for bundle in self.bundles
        )
        return tuple(sorted(listed, key=lambda item: item.version))
