"""Which generation of a profile's rows a cluster shows, and what is then expected of it.

Rows of a profile may be alternatives: Drycc's `drycc-controller` became `drycc-controller-api` and
more. What is required is judged within the generation found, so that a stable install is not told
that it lacks what only the next release has.
"""

from collections.abc import Iterable, Mapping, Set
from fractions import Fraction

from workflow_exporter.cluster.objects import Resource
from workflow_exporter.inventory import Expectation, WorkloadKind
from workflow_exporter.platforms.profile import ConfigMapRow, Profile, ProfileComponent, WorkloadRow

Found = Set[tuple[WorkloadKind, str]]  # (kind, name) of every known workload that is there

SOURCES: Mapping[WorkloadKind, Resource] = {
    WorkloadKind.DEPLOYMENT: Resource.DEPLOYMENTS,
    WorkloadKind.DAEMON_SET: Resource.DAEMON_SETS,
    WorkloadKind.STATEFUL_SET: Resource.STATEFUL_SETS,
    WorkloadKind.CRON_JOB: Resource.CRON_JOBS,
    WorkloadKind.REPLICATION_CONTROLLER: Resource.REPLICATION_CONTROLLERS,
    WorkloadKind.CONFIG_MAP: Resource.CONFIG_MAPS,
}


def generation_found(profile: Profile, found: Found) -> str | None:
    """The generation whose own rows are best represented, ties to the newest; None: there is only one.

    Its own are the rows with a workload that not every generation has; the others tell nothing.
    """
    shared = frozenset.intersection(
        *(_workloads(rows_of(profile.rows, generation)) for generation in profile.generations or ("",))
    )
    best: str | None = None
    best_share = Fraction(-1)
    for generation in profile.generations:
        own = [row for row in rows_of(profile.rows, generation) if not _workloads([row]) <= shared]
        present = sum(1 for row in own if is_there(row, found))
        share = Fraction(present, len(own)) if own else Fraction(0)
        if share > best_share:  # a tie stays with the newer, which came first
            best, best_share = generation, share
    return best


def rows_of(rows: Iterable[WorkloadRow], generation: str | None) -> list[WorkloadRow]:
    """The rows that exist in a generation; with None, where there is only one, all of them."""
    return [row for row in rows if _exists_in(row, generation)]


def is_there(row: WorkloadRow, found: Found) -> bool:
    return any((kind, row.name) in found for kind in row.kinds)


def expectations(
    profile: Profile, generation: str | None, found: Found, components_found: Set[str]
) -> tuple[Expectation, ...]:
    """What is expected of each component, by component.

    A component that the generation does not have is listed only if it is there nevertheless.
    """
    expected = (
        _expectation(component, generation, found, present=name in components_found)
        for name, component in sorted(profile.components.items())
    )
    return tuple(expectation for expectation in expected if expectation is not None)


def _expectation(
    component: ProfileComponent, generation: str | None, found: Found, *, present: bool
) -> Expectation | None:
    if not component.observed:
        return Expectation(component.name, component.required, observed=False)
    rows = rows_of(component.rows, generation)
    config_map = component.config_map
    if config_map is not None and not _exists_in(config_map, generation):
        config_map = None
    if not rows and config_map is None and not present:
        return None
    absent = [
        (row.kinds[0], row.name)
        for row in sorted(rows, key=lambda row: row.name)
        if row.required and not is_there(row, found)
    ]
    if config_map is not None and config_map.required and _config_map(config_map) not in found:
        absent.append(_config_map(config_map))
    required = any(row.required for row in rows) or (config_map is not None and config_map.required)
    # Sources of all generations: a generation chosen with one source down may be the wrong one.
    sources = _sources(component) if absent or not present else ()
    return Expectation(
        component.name, required, observed=True, absent_workloads=tuple(absent), sources=sources
    )


def _sources(component: ProfileComponent) -> tuple[str, ...]:
    kinds = {kind for row in component.rows for kind in row.kinds}
    if component.config_map is not None:
        kinds.add(WorkloadKind.CONFIG_MAP)
    return tuple(sorted(SOURCES[kind].value for kind in kinds))


def _workloads(rows: Iterable[WorkloadRow]) -> frozenset[tuple[WorkloadKind, str]]:
    return frozenset((kind, row.name) for row in rows for kind in row.kinds)


def _config_map(row: ConfigMapRow) -> tuple[WorkloadKind, str]:
    return WorkloadKind.CONFIG_MAP, row.name


def _exists_in(row: WorkloadRow | ConfigMapRow, generation: str | None) -> bool:
    return generation is None or not row.generations or generation in row.generations
