"""The words that the catalogs publish, and the versions that they do not list yet."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from workflow_releases.catalog.model import Catalog

MAX_UNLISTED_PER_DAY = 200  # of pairs of component and version; more would be somebody's doing

# Numbers of at most five digits; of pre-releases the usual ones.
_NUMBER = "(?:0|[1-9][0-9]{0,4})"
_VERSION = re.compile(rf"v{_NUMBER}[.]{_NUMBER}[.]{_NUMBER}(?:-(?:alpha|beta|rc)[.]?[0-9]{{1,5}})?")
_BUNDLE = ""  # stands for the platform as a whole in a pair


class Unlisted:
    """Versions of the right form that no catalog lists: so many of them count in a day, until 00:00 UTC."""

    def __init__(self, most: int = MAX_UNLISTED_PER_DAY) -> None:
        self._most = most
        self._admitted: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._admitted)

    def admits(self, subject: str, version: str) -> bool:
        pair = (subject, version)
        if pair not in self._admitted:
            if len(self._admitted) >= self._most:
                return False
            self._admitted.add(pair)
        return True


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is known at this edition of the catalogs, on this day."""

    platforms: Collection[str]
    trains: Collection[str]
    components: Collection[str]
    versions: Collection[tuple[str, str]]  # pairs of component and version, and of "" and bundle
    unlisted: Unlisted

    def knows_version(self, subject: str, version: str) -> bool:
        """Listed, or of a version's form and among the first unlisted ones of the day."""
        if (subject, version) in self.versions:
            return True
        return _VERSION.fullmatch(version) is not None and self.unlisted.admits(subject, version)


def vocabulary_of(catalogs: Iterable[Catalog], unlisted: Unlisted) -> Vocabulary:
    """Every word of all platforms: an agent says `deis` of its platform and may run a component of Hephy."""
    held = tuple(catalogs)
    versions = {(_BUNDLE, canonical(one.version)) for catalog in held for one in catalog.bundles}
    for catalog in held:
        for name, component in catalog.components.items():
            versions.update((name, canonical(release.version)) for release in component.releases)
    return Vocabulary(
        platforms=frozenset(catalog.platform for catalog in held),
        trains=frozenset(train for catalog in held for train in catalog.trains),
        components=frozenset(name for catalog in held for name in catalog.components),
        versions=frozenset(version for version in versions if _VERSION.fullmatch(version[1])),
        unlisted=unlisted,
    )


def canonical(version: str) -> str:
    """As reports spell it: with `v`, without build metadata."""
    return "v" + version.removeprefix("v").partition("+")[0]
