"""Versions: SemVer 2.0 with an optional leading `v`, ordered by SemVer's precedence and nothing else."""

from dataclasses import dataclass
from functools import lru_cache

import semver

from workflow_releases.errors import VersionError

_MAX_LENGTH = 128  # an image tag's most, OCI distribution grammar
_MAX_DIGITS = 18  # of one number; a length has two digits in `precedence`
_FINAL = "~"  # sorts after every character of a pre-release


@dataclass(frozen=True, slots=True)
class Version:
    """A version. `precedence` is text whose byte order is SemVer's order, equal for `v1.2.3`, `1.2.3`
    and `1.2.3+build`; it is what makes two spellings one release in the store.
    """

    text: str
    precedence: str
    is_prerelease: bool
    build: str | None


@lru_cache(maxsize=65536)  # `semver` takes 7 µs a version; a catalog of 50,000 releases is read often
def parse_version(text: str) -> Version:
    """The version that `text` spells; raises VersionError for anything that is not SemVer 2.0."""
    if len(text) > _MAX_LENGTH:
        raise VersionError(f"is longer than {_MAX_LENGTH} characters")
    if not text.isascii():  # `semver` accepts other scripts' digits
        raise VersionError("has characters outside ASCII")
    try:
        parsed = semver.Version.parse(text.removeprefix("v"))
    except ValueError as error:
        raise VersionError("is not a SemVer version, such as v2.19.0") from error
    numbers = "".join(_number(str(part)) for part in (parsed.major, parsed.minor, parsed.patch))
    prerelease = (
        "!".join(_identifier(part) for part in parsed.prerelease.split(".")) if parsed.prerelease else _FINAL
    )
    return Version(text, f"{numbers}.{prerelease}", parsed.prerelease is not None, parsed.build)


def _number(digits: str) -> str:
    """Digits behind their own length, so that 9 comes before 10 in byte order."""
    if len(digits) > _MAX_DIGITS:
        raise VersionError(f"has a number of more than {_MAX_DIGITS} digits")
    return f"{len(digits):02d}{digits}"


def _identifier(part: str) -> str:
    """Numeric identifiers before others (semver.org, item 11.4.3); `!` between them sorts first."""
    return f"1{_number(part)}" if part.isdigit() else f"2{part}"
