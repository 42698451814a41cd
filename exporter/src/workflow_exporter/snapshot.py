"""The snapshot: the one immutable value from which everything shown or sent is made."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from workflow_exporter.bundle import BundleAssessment, assess_bundle
from workflow_exporter.catalog import Affects, Catalog, EndOfLife, Notice, Severity, Successor
from workflow_exporter.freshness import Assessment, Grounds, assess
from workflow_exporter.inventory import Inventory
from workflow_exporter.version import Version, version_or_none

_SEVEREST_FIRST = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
CATALOG_SOURCE = "catalog"
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SourceState:
    """One thing the agent reads: a Kubernetes resource, or `catalog`."""

    source: str  # plural resource name (`pods`), `namespace`, `kube-system`, `version`, `catalog`
    up: bool | None  # None: has not answered yet, or is not in the recording
    reason: str | None = None  # why it is not up, in one line
    last_success: datetime | None = None
    recorded: bool = True  # False: a recording is read that has nothing of it, which is no fault

    @property
    def answered(self) -> bool:
        """All is heard of it that will be heard for now."""
        return self.up is not None or not self.recorded


@dataclass(frozen=True, slots=True)
class CatalogFacts:
    """What is shown of the catalog beside the verdicts; all None or empty without one."""

    platform: str | None = None  # this and the next two: words that its makers published, so reports may
    components: tuple[str, ...] = ()
    trains: tuple[str, ...] = ()
    title: str | None = None
    generated: datetime | None = None
    expires: datetime | None = None
    expired: bool = False
    end_of_life: EndOfLife | None = None
    successor: Successor | None = None
    notices: tuple[Notice, ...] = ()  # the catalog's that concern this cluster and have not expired
    problem: str | None = None  # why verdicts cannot be told; None: they can


@dataclass(frozen=True, slots=True)
class Identity:
    """Ids by design section 7; none of them is ever shown on the public listener but `local_id`."""

    cluster_id: str
    instance_id: str
    local_id: str  # for the legacy `/id`; cannot be linked to reports
    instance_secret: str = field(repr=False)  # bearer token of reports


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Swapped whole. Two snapshots that compare equal but for `taken_at` show the same."""

    taken_at: datetime
    inventory: Inventory
    components: tuple[Assessment, ...]  # by component
    unobserved: tuple[str, ...]  # components the profile knows and does not read: no verdict, no count
    bundle: BundleAssessment
    catalog: CatalogFacts
    sources: tuple[SourceState, ...]
    identity: Identity | None
    identity_problem: str | None  # why there is no identity
    checks_enabled: bool  # effective: somebody to ask, and allowed to
    reporting_enabled: bool  # effective: on, with an address, and an identity
    modes: Mapping[str, str] = field(default_factory=dict)  # in words, by `checks` and `reporting`
    own_notices: tuple[Notice, ...] = ()  # what the agent itself has to say, whatever the catalog

    @property
    def notices(self) -> tuple[Notice, ...]:
        """All that are shown."""
        return (*self.own_notices, *self.catalog.notices)

    @property
    def incomplete(self) -> tuple[Assessment, ...]:
        """Components that are there and have lost a workload that they need."""
        return tuple(one for one in self.components if one.missing_workloads)

    @property
    def cluster_read(self) -> bool:
        """Every Kubernetes source has answered once, with data or with why it is down."""
        return all(state.answered for state in self.sources if state.source != CATALOG_SOURCE)

    @property
    def complete(self) -> bool:
        """Every source has answered once. Before that, a restart would show verdicts nobody means."""
        return all(state.answered for state in self.sources)


@dataclass(frozen=True, slots=True)
class CatalogReading:
    """The catalog to judge by; without one, why there is none, in words."""

    catalog: Catalog | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the operator decided, as far as a snapshot depends on it."""

    train: str = "stable"
    off_cluster: frozenset[str] = frozenset()
    checks_enabled: bool = True  # effective: somebody to ask, and allowed to
    reporting_enabled: bool = False  # on, and with an address
    modes: Mapping[str, str] = field(default_factory=dict)  # in words, by `checks` and `reporting`


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an inventory is found to be, by the grounds of one moment."""

    components: tuple[Assessment, ...]  # by component
    bundle: BundleAssessment


def judge(inventory: Inventory, grounds: Grounds) -> Judgement:
    """Verdicts of the components, and of the platform that they make up."""
    components = assess(inventory, grounds)
    judged = grounds.problem is None
    return Judgement(components, assess_bundle(components, grounds.catalog, grounds.train, judged=judged))


class Judge:
    """`judge`, but what was judged last is not judged again while nothing that it rests on has changed.

    Not for several threads.
    """

    def __init__(self) -> None:
        self._last: tuple[Inventory, Grounds, Judgement] | None = None

    def __call__(self, inventory: Inventory, grounds: Grounds) -> Judgement:
        # Nodes change all the time and are never judged. What did not change is mostly the same object, so
        # that comparing takes microseconds.
        judged = replace(inventory, nodes=())
        if self._last is None or (judged, grounds) != self._last[:2]:
            self._last = judged, grounds, judge(judged, grounds)
        return self._last[2]


def make_snapshot(  # noqa: PLR0913  all that a snapshot is made of, each by its name
    *,
    now: datetime,
    inventory: Inventory,
    sources: tuple[SourceState, ...],
    reading: CatalogReading,
    identity: Identity | str,
    choices: Choices,
    titles: Mapping[str, str],
    own_notices: tuple[Notice, ...] = (),
    judge: Callable[[Inventory, Grounds], Judgement] = judge,
) -> Snapshot:
    """Judges the inventory. `identity` may be the reason why there is none; `titles` are the profile's.
    `judge`: for a row of snapshots a Judge is faster.

    Whatever the catalog, nothing is judged by it if checks are off, if it has expired at `now`, or if it
    is another platform's.
    """
    reading = _believable(reading, inventory, choices, now)
    grounds = Grounds(
        catalog=reading.catalog,
        problem=reading.problem,
        train=choices.train,
        off_cluster=choices.off_cluster,
        down=_down(sources),
        malformed=inventory.malformed_objects,
        unrecorded=frozenset(state.source for state in sources if not state.recorded),
        titles=titles,
    )
    judgement = judge(inventory, grounds)
    known = identity if isinstance(identity, Identity) else None
    return Snapshot(
        taken_at=now,
        inventory=inventory,
        components=judgement.components,
        unobserved=tuple(sorted(e.component for e in inventory.expectations if not e.observed)),
        bundle=judgement.bundle,
        catalog=_catalog_facts(reading, judgement, now),
        sources=sources,
        identity=known,
        identity_problem=identity if isinstance(identity, str) else None,
        checks_enabled=choices.checks_enabled,
        reporting_enabled=choices.reporting_enabled and known is not None,
        modes=_modes(choices, identity),
        own_notices=own_notices,
    )


def _modes(choices: Choices, identity: Identity | str) -> Mapping[str, str]:
    """Without an id nothing is reported, whatever was chosen, and that is what is said."""
    if isinstance(identity, Identity) or not choices.reporting_enabled:
        return choices.modes
    return {**choices.modes, "reporting": f"off: no id can be formed, as {identity}"}


def _believable(
    reading: CatalogReading, inventory: Inventory, choices: Choices, now: datetime
) -> CatalogReading:
    catalog = reading.catalog
    if not choices.checks_enabled:
        why = f"update checks are {choices.modes.get('checks', 'off')}"
        return CatalogReading(None, reading.problem or why)
    if catalog is None:
        return CatalogReading(None, reading.problem or "there is no catalog of releases")
    if catalog.platform != inventory.platform:
        problem = f"the catalog is of platform {catalog.platform}, and {inventory.platform} runs here"
        return CatalogReading(None, problem)
    if catalog.expires is not None and catalog.is_expired(now):
        return CatalogReading(catalog, f"the catalog expired on {catalog.expires:%Y-%m-%d}")
    return reading


def _down(sources: tuple[SourceState, ...]) -> dict[str, str]:
    """Sources that do not tell what is there, with the reason in words."""
    return {
        state.source: state.reason or ("has not answered yet" if state.up is None else "down")
        for state in sources
        if not state.up and state.recorded
    }


def _catalog_facts(reading: CatalogReading, judgement: Judgement, now: datetime) -> CatalogFacts:
    catalog = reading.catalog
    if catalog is None:
        return CatalogFacts(problem=reading.problem)
    return CatalogFacts(
        platform=catalog.platform,
        components=tuple(sorted(catalog.components)),
        trains=catalog.trains,
        title=catalog.title,
        generated=catalog.generated,
        expires=catalog.expires,
        expired=catalog.is_expired(now),
        end_of_life=catalog.end_of_life,
        successor=catalog.successor,
        notices=_notices(catalog, judgement, now),
        problem=reading.problem,
    )


def _notices(catalog: Catalog, judgement: Judgement, now: datetime) -> tuple[Notice, ...]:
    """Published, not expired, and about something that runs here: the severest first, then the newest."""
    running = {one.component: _versions(one) for one in judgement.components if one.workloads}
    platform = _parsed([judgement.bundle.version])
    shown = [
        notice
        for notice in catalog.notices
        if (notice.published is None or notice.published <= now)
        and (notice.expires is None or notice.expires > now)
        and _concerns(notice.affects, running, platform)
    ]
    shown.sort(key=lambda notice: notice.id)
    shown.sort(key=lambda notice: notice.published or _BEGINNING, reverse=True)
    shown.sort(key=lambda notice: _SEVEREST_FIRST.index(notice.severity))
    return tuple(shown)


def _concerns(
    affects: Affects, running: Mapping[str, frozenset[Version]], platform: frozenset[Version]
) -> bool:
    wanted = _parsed(affects.versions)
    if affects.components:
        present = [running[name] for name in affects.components if name in running]
        return any(not affects.versions or wanted & versions for versions in present)
    return not affects.versions or bool(wanted & platform)


def _versions(assessment: Assessment) -> frozenset[Version]:
    return _parsed([assessment.version, *(one.version for one in assessment.workloads)])


def _parsed(texts: Iterable[str | None]) -> frozenset[Version]:
    """Those of the texts that are versions."""
    found = map(version_or_none, texts)
    return frozenset(version for version in found if version is not None)
