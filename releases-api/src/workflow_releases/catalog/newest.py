"""Which release is newest: by line, then by SemVer precedence; never by date, never a yanked one. Pure."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from workflow_releases.catalog.model import Bundle, Release
from workflow_releases.version import parse_version

_Released = TypeVar("_Released", Release, Bundle)


def release_order(release: Release) -> tuple[int, str, str]:
    """Sort key of releases, oldest first."""
    version = parse_version(release.version)
    return (release.line, version.precedence, version.text)


def bundle_order(bundle: Bundle) -> tuple[str, str]:
    """Sort key of bundles, oldest first."""
    version = parse_version(bundle.version)
    return (version.precedence, version.text)


def newest_release(releases: Sequence[Release], train: str) -> Release | None:
    """The newest of the train, oldest first given; a pre-release only where nothing else was released."""
    return _newest(release for release in releases if release.train == train and not release.yanked)


def newest_bundle(bundles: Sequence[Bundle], train: str) -> Bundle | None:
    """The newest platform release of the train, oldest first given."""
    return _newest(bundle for bundle in bundles if bundle.train == train)


def _newest(ordered: Iterable[_Released]) -> _Released | None:
    candidates = list(ordered)
    finals = [item for item in candidates if not parse_version(item.version).is_prerelease]
    chosen = finals or candidates
    return chosen[-1] if chosen else None
