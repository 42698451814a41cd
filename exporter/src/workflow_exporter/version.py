"""Versions: SemVer 2.0 with an optional leading `v`, ordered by SemVer's precedence and nothing else.

Deis and Hephy write `v2.18.0`, Drycc writes `1.8.1` in images and `v1.8.1` in its catalog: both spell
the same version. Tags that name a build and not a version (`canary`, `git-1a2b3c4`) are told apart
from text that is simply broken, because the first is somebody's choice.
"""

import re
from dataclasses import dataclass
from functools import total_ordering

import semver

from workflow_exporter.errors import VersionError

_MAX_LENGTH = 128  # an image tag's most, OCI distribution grammar
_DEVELOPMENT_TAG = re.compile(r"canary|latest|git-[0-9a-f]{7,40}|[0-9a-f]{7,40}")


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version; `str()` is the text as written. Equality and order are SemVer's precedence.

    So `v1.2.3`, `1.2.3` and `1.2.3+build` are equal: neither a leading v nor build metadata
    takes part in precedence (semver.org, item 10).
    """

    text: str
    semver: semver.Version

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._precedence == other._precedence

    def __lt__(self, other: "Version") -> bool:
        return self.semver.compare(other.semver) < 0

    def __hash__(self) -> int:
        return hash(self._precedence)

    @property
    def _precedence(self) -> tuple[int, int, int, str | None]:
        return (self.semver.major, self.semver.minor, self.semver.patch, self.semver.prerelease)

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


def parse_version(text: str) -> Version:
    """The version that `text` spells; raises VersionError for anything that is not SemVer 2.0."""
    if len(text) > _MAX_LENGTH:
        raise VersionError(f"version is longer than {_MAX_LENGTH} characters")
    if not text.isascii():  # `semver` accepts other scripts' digits
        raise VersionError("version has characters outside ASCII")
    try:
        parsed = semver.Version.parse(text.removeprefix("v"))
    except ValueError as error:
        raise VersionError(f"{text!r} is not a SemVer version") from error
    return Version(text, parsed)


def is_development_tag(tag: str) -> bool:
    """Whether a tag names a build by choice (`canary`, `latest`, `git-<sha>`, a bare git hash)."""
    return _DEVELOPMENT_TAG.fullmatch(tag) is not None
