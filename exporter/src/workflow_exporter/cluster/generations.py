"""Which generation of a platform a cluster shows, and what is then expected of it. Pure.

A platform changed its shape from release to release: Drycc's `drycc-controller` became
`drycc-controller-api` and more, its redis became valkey. What is required is judged within the
generation that is installed, so that a release is not told to lack what another one has, and is told
what it has lost itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from fractions import Fraction
from operator import attrgetter

from workflow_exporter.cluster.objects import Resource
from workflow_exporter.inventory import AbsentWorkload, Expectation, WorkloadKind
from workflow_exporter.platforms.profile import ConfigMapRow, Profile, WorkloadRow
from workflow_exporter.version import Version

Key = tuple[WorkloadKind, str]  # kind and name, by which a namespace knows its workloads
Found = Mapping[Key, Version | None]  # every known workload that is there, and its version if it tells one

SOURCES: Mapping[WorkloadKind, Resource] = {
    WorkloadKind.DEPLOYMENT: Resource.DEPLOYMENTS,
    WorkloadKind.DAEMON_SET: Resource.DAEMON_SETS,
    WorkloadKind.STATEFUL_SET: Resource.STATEFUL_SETS,
    WorkloadKind.CRON_JOB: Resource.CRON_JOBS,
    WorkloadKind.REPLICATION_CONTROLLER: Resource.REPLICATION_CONTROLLERS,
    WorkloadKind.CONFIG_MAP: Resource.CONFIG_MAPS,
}
_ONLY = ""  # stands for the generation of a profile that names none


@dataclass(frozen=True, slots=True)
class _Part:
    """One row of a component in one generation, whatever it is found by."""

    keys: tuple[Key, ...]  # alternatives
    required: bool

    @property
    def absent(self) -> AbsentWorkload:
        kind, name = self.keys[0]
        return AbsentWorkload(kind, name, tuple(sorted({SOURCES[kind].value for kind, _ in self.keys})))

    def is_there(self, found: Set[Key]) -> bool:
        return not found.isdisjoint(self.keys)

    def can_be_seen(self, unread: Set[Resource]) -> bool:
        return any(SOURCES[kind] not in unread for kind, _ in self.keys)


class Generations:
    """A profile's generations: which one is there, and what it expects. Made once a profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._names = [one.name for one in profile.generations] or [_ONLY]
        self._parts = {name: _parts(profile, name) for name in self._names}
        self._owner = {
            key: component
            for name in reversed(self._names)  # the newest generation has the last word
            for component, parts in self._parts[name].items()
            for part in parts
            for key in part.keys
        }
        self._ranges = _ranges(profile)

    def installed(self, found: Found, unread: Set[Resource] = frozenset()) -> str | None:
        """The generation that is nearest to what is found, ties to the newest; None: there is only one.

        `unread`: resources of which nothing is known; their absence says nothing.
        """
        if not self._profile.generations:
            return None
        return min(self._names, key=lambda name: self._distance(name, found, unread))

    def has(self, generation: str | None, key: Key) -> bool:
        """Whether the generation has a workload of this kind and name."""
        parts = self._parts[generation or _ONLY].values()
        return any(key in part.keys for component in parts for part in component)

    def _distance(self, generation: str, found: Found, unread: Set[Resource]) -> Fraction:
        """0: all that is there is the generation's, and nothing is lacking.

        The mean over all components, so that losing one of two workloads weighs as much as three of six.
        What is there and should not be weighs twice what should be there and is not: things get deleted,
        and hardly ever become what another release had.
        """
        parts = self._parts[generation]
        extra = self._extra(generation, found)
        distances = []
        for component in parts.keys() | extra.keys():
            own = [part for part in parts.get(component, ()) if part.can_be_seen(unread)]
            there = [part for part in own if part.is_there(found.keys())]
            absent = sum(part.required and part not in there for part in own)
            foreign = extra.get(component, 0)
            if not (there or absent or foreign):
                continue  # optional and not installed
            distance = Fraction(absent + 2 * foreign, len(there) + absent + foreign)
            distances.append(distance + self._misfit(generation, component, there, found))
        return sum(distances, Fraction(0)) / len(distances) if distances else Fraction(1)

    def _extra(self, generation: str, found: Found) -> Mapping[str, int]:
        """Component -> how many of its workloads are there that the generation does not have."""
        own = {key for parts in self._parts[generation].values() for part in parts for key in part.keys}
        extra: defaultdict[str, int] = defaultdict(int)
        for key in found.keys() - own:
            if key in self._owner:
                extra[self._owner[key]] += 1
        return extra

    def _misfit(self, generation: str, component: str, there: Iterable[_Part], found: Found) -> Fraction:
        """0: it runs a version of this generation, or tells none; 1/2: of the next one, and so on up to 1."""
        keys = {key for part in there for key in part.keys}
        versions = [version for key in keys if (version := found.get(key)) is not None]
        here = self._names.index(generation)
        steps = [
            abs(position - here)
            for position, name in enumerate(self._names)
            if any(map(self._ranges[name, component].holds, versions))
        ]
        return 1 - Fraction(1, 2 ** min(steps, default=0))

    def expectations(
        self, generation: str | None, found: Found, components_found: Set[str]
    ) -> tuple[Expectation, ...]:
        """What is expected of each component, by component.

        A component that the generation does not have is listed only if it is there nevertheless.
        """
        expected = []
        for name, component in sorted(self._profile.components.items()):
            if not component.observed:
                expected.append(Expectation(name, component.required, observed=False))
                continue
            parts = self._parts[generation or _ONLY].get(name, [])
            present = name in components_found
            if not parts and not present:
                continue
            absent = _absent(parts, found.keys())
            expected.append(
                Expectation(
                    name,
                    required=any(part.required for part in parts),
                    observed=True,
                    absent_workloads=tuple(sorted(absent, key=attrgetter("name"))),
                    sources=_sources(parts) if absent or not present else (),
                )
            )
        return tuple(expected)


def _absent(parts: list[_Part], found: Set[Key]) -> list[AbsentWorkload]:
    """Required parts that are not there, in no kind that the platform ever gave that name.

    Where a generation has two workloads of one name, each is asked for by its kind.
    """
    names = Counter(part.absent.name for part in parts)
    there = {name for _, name in found}
    return [
        part.absent
        for part in parts
        if part.required
        and not part.is_there(found)
        and (part.absent.name not in there or names[part.absent.name] > 1)
    ]


def _sources(parts: Iterable[_Part]) -> tuple[str, ...]:
    return tuple(sorted({SOURCES[kind].value for part in parts for kind, _ in part.keys}))


def exists_in(row: WorkloadRow | ConfigMapRow, generation: str | None) -> bool:
    """Whether a generation has the row; with None, where there is only one, it has all of them."""
    return generation is None or not row.generations or generation in row.generations


def _parts(profile: Profile, generation: str) -> dict[str, list[_Part]]:
    """Component -> its rows in one generation, workloads before its config map."""
    named = generation if profile.generations else None
    parts: defaultdict[str, list[_Part]] = defaultdict(list)
    for row in profile.rows:
        if exists_in(row, named):
            required = row.required and generation not in row.optional_in
            parts[row.component].append(_Part(tuple((kind, row.name) for kind in row.kinds), required))
    for config_map in profile.config_maps:
        if exists_in(config_map, named):
            key = (WorkloadKind.CONFIG_MAP, config_map.name)
            parts[config_map.component].append(_Part((key,), config_map.required))
    return dict(parts)


@dataclass(frozen=True, slots=True)
class _Range:
    """The versions of one component that belong to one generation; None: open."""

    lowest: Version | None
    too_new: Version | None  # the first of the next generation
    highest: Version | None

    def holds(self, version: Version) -> bool:
        return (
            (self.lowest is None or version >= self.lowest)
            and (self.too_new is None or version < self.too_new)
            and (self.highest is None or version <= self.highest)
        )


def _ranges(profile: Profile) -> dict[tuple[str, str], _Range]:
    """(generation, component) -> the versions that belong there."""
    ranges: dict[tuple[str, str], _Range] = {}
    for component in profile.components:
        lowest: Version | None = None
        oldest_first = profile.generations[::-1]
        for position, generation in enumerate(oldest_first):
            lowest = generation.first_versions.get(component, lowest)
            newer = (later.first_versions.get(component) for later in oldest_first[position + 1 :])
            too_new = next((version for version in newer if version is not None), None)
            ranges[generation.name, component] = _Range(
                lowest, too_new, generation.last_versions.get(component)
            )
    return ranges
