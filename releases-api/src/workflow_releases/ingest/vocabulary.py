"""The words that the catalogs publish, and the versions that they do not list yet."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from workflow_releases.catalog.model import Catalog
from workflow_releases.ingest.counts import AGENT, PLATFORM, IngestCounts

# Numbers of at most five digits; of pre-releases the usual ones.
_NUMBER = "(?:0|[1-9][0-9]{0,4})"
_VERSION = re.compile(rf"v{_NUMBER}[.]{_NUMBER}[.]{_NUMBER}(?:-(?:alpha|beta|rc)[.]?[0-9]{{1,5}})?")
_BUNDLE = ""  # stands for the platform as a whole in a pair
OF_AGENT = "exporter_version"  # stands for the agent

Admits = Callable[[str, str], bool]  # subject and version, of one sender's report


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many versions that no catalog lists may be new in a day: of all, and by whose report they came."""

    day: int
    source: int
    instance: int


# One instance may run a whole platform that no catalog lists yet: the largest has 30 components. No source
# alone uses up more than a fifth of the day, and none the agent's with the platform's.
ALLOWANCES: Mapping[str, Allowance] = {PLATFORM: Allowance(200, 40, 31), AGENT: Allowance(50, 5, 2)}


class Unlisted:
    """Versions of the right form that no catalog lists: so many of them count in a day, until 00:00 UTC.

    Once a version counts, it counts in everybody's reports.
    """

    def __init__(self, counts: IngestCounts, allowances: Mapping[str, Allowance] = ALLOWANCES) -> None:
        """`counts` is told what is used up."""
        self._counts = counts
        self._allowances = allowances
        self._admitted: set[tuple[str, str]] = set()
        self._by_sender = Counter[tuple[str, bytes | str]]()
        counts.unlisted = dict.fromkeys(counts.unlisted, 0)

    def of_sender(self, source: bytes, instance_id: str) -> Admits:
        """Whether a version counts in this sender's report."""

        def admits(subject: str, version: str) -> bool:
            if (subject, version) in self._admitted:
                return True
            kind = AGENT if subject == OF_AGENT else PLATFORM
            used_up = self._used_up(kind, source, instance_id)
            if used_up:
                self._counts.not_admitted[kind, used_up] += 1
                return False
            self._admitted.add((subject, version))
            self._by_sender.update(((kind, source), (kind, instance_id)))
            self._counts.unlisted[kind] += 1
            return True

        return admits

    def _used_up(self, kind: str, source: bytes, instance_id: str) -> str | None:
        most = self._allowances[kind]
        if self._counts.unlisted[kind] >= most.day:
            return "day"
        if self._by_sender[kind, source] >= most.source:
            return "source"
        return "instance" if self._by_sender[kind, instance_id] >= most.instance else None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is known at this edition of the catalogs, on this day, of one sender's report."""

    platforms: Collection[str]
    trains: Collection[str]
    components: Collection[str]
    versions: Collection[tuple[str, str]]  # pairs of component and version, and of "" and bundle
    admits: Admits  # of those that are not listed

    def knows_version(self, subject: str, version: str) -> bool:
        """Listed, or of a version's form and among the first unlisted ones of the day."""
        if (subject, version) in self.versions:
            return True
        return _VERSION.fullmatch(version) is not None and self.admits(subject, version)


def vocabulary_of(catalogs: Iterable[Catalog], admits: Admits) -> Vocabulary:
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
        admits=admits,
    )


def canonical(version: str) -> str:
    """As reports spell it: with `v`, without build metadata."""
    return "v" + version.removeprefix("v").partition("+")[0]
