"""Versions: SemVer 2.0 with an optional leading `v`, ordered by SemVer's precedence and nothing else.

Deis and Hephy write `v2.18.0`, Drycc writes `1.8.1` in images and `v1.8.1` in its catalog: both spell
the same version. Tags that name a build and not a version (`canary`, `git-1a2b3c4`) are told apart
from text that is simply broken, because the first is somebody's choice.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache, total_ordering

import semver

from workflow_exporter.errors import VersionError

_MAX_LENGTH = 128  # an image tag's most, OCI distribution grammar
_DEVELOPMENT_TAG = re.compile(r"canary|latest|git-[0-9a-f]{7,40}|[0-9a-f]{7,40}")


# Identifiers of a pre-release: numbers below words (item 11.4.3); a release is above all its pre-releases.
_Identifier = tuple[int, int, str]
_Precedence = tuple[int, int, int, bool, tuple[_Identifier, ...]]


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version; `str()` is the text as written. Equality and order are SemVer's precedence.

    So `v1.2.3`, `1.2.3` and `1.2.3+build` are equal: neither a leading v nor build metadata
    takes part in precedence (semver.org, item 10).
    """

    text: str
    semver: semver.Version
    # Worked out once: a snapshot compares and hashes versions thousands of times.
    precedence: _Precedence = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "precedence", _precedence(self.semver))

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.precedence == other.precedence

    def __lt__(self, other: "Version") -> bool:
        return self.precedence < other.precedence

    def __hash__(self) -> int:
        return hash(self.precedence)

    @property
    def canonical(self) -> str:
        """`vX.Y.Z[-pre]`: with v, without build metadata."""
        return f"v{self.semver.replace(build=None)}"

    @property
    def release_line(self) -> tuple[int, int, int]:
        """major, minor, patch: what a pre-release and the release it leads to have in common."""
        return (self.semver.major, self.semver.minor, self.semver.patch)

    @property
    def is_prerelease(self) -> bool:
        return self.semver.prerelease is not None


def _precedence(version: semver.Version) -> _Precedence:
    """SemVer 2.0, item 11, as a tuple that sorts; build metadata has no part in it."""
    words = version.prerelease.split(".") if version.prerelease else ()
    identifiers = tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in words)
    return (version.major, version.minor, version.patch, not words, identifiers)


@lru_cache(maxsize=1024)
def parse_version(text: str) -> Version:
    """The version that `text` spells; raises VersionError for anything that is not SemVer 2.0."""
    if len(text) > _MAX_LENGTH:
        raise VersionError(f"version is longer than {_MAX_LENGTH} characters")
    if not text.isascii():  # `semver` 3.0 accepts other scripts' digits
        raise VersionError("version has characters outside ASCII")
    try:
        parsed = semver.Version.parse(text.removeprefix("v"))
    except ValueError as error:
        raise VersionError(f"{text!r} is not a SemVer version") from error
    return Version(text, parsed)


def version_or_none(text: str | None) -> Version | None:
    """The version that `text` spells, None where it spells none."""
    try:
        return None if text is None else parse_version(text)
    except VersionError:
        return None


def is_development_tag(tag: str) -> bool:
    """Whether a tag names a build by choice (`canary`, `latest`, `git-<sha>`, a bare git hash)."""
    return _DEVELOPMENT_TAG.fullmatch(tag) is not None
