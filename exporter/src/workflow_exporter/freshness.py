"""Verdicts: how fresh each component is, by design section 4. Pure; the clock has no part in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from workflow_exporter.catalog import Catalog, ListedRelease, ReleaseOrder
from workflow_exporter.inventory import AbsentWorkload, Expectation, Inventory, Replicas, Workload
from workflow_exporter.observation import Comparable, Seen, WorkloadVersions, differ, observe, oldest
from workflow_exporter.version import Version


class Verdict(StrEnum):
    """What can be said of one component. All seven are always exported."""

    CURRENT = "current"
    OUTDATED = "outdated"
    AHEAD = "ahead"
    UNVERSIONED = "unversioned"
    UNKNOWN = "unknown"
    MISSING = "missing"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Observed:
    """Three observations of one component's version, as written; None: not to be seen.

    Of several workloads each is the oldest. An image given by digest only shows its digest.
    """

    declared: str | None  # annotation, else the template's app.kubernetes.io/version, else `template`
    template: str | None  # image tag in the workload
    running: str | None  # image tag of its pods; the oldest where they differ


@dataclass(frozen=True, slots=True)
class Newest:
    """Newest release in reach; None where that is not newer than what runs."""

    patch: str | None = None  # of the same minor
    minor: str | None = None  # of the same major
    major: str | None = None  # of all

    @property
    def furthest(self) -> str | None:
        """The newest of all in reach."""
        return self.major or self.minor or self.patch


@dataclass(frozen=True, slots=True)
class AssessedWorkload:
    workload: Workload
    version: str | None  # of this workload: running where its pods agree, else the oldest


@dataclass(frozen=True, slots=True)
class Assessment:
    """One component with its verdict."""

    component: str
    title: str
    verdict: Verdict
    version: str | None  # as written in the cluster; None where nothing runs
    observed: Observed
    newest: Newest = Newest()
    outdated_since: datetime | None = None  # release of the first newer one; None: not established
    security: bool = False  # a newer security release exists
    rolling: bool = False  # pods of one component differ
    reason: str | None = None  # in words: why this verdict, and what the verdict does not show
    notes_url: str | None = None  # of the newest release
    workloads: tuple[AssessedWorkload, ...] = ()
    # Required workloads of an installed component that do not exist, without those that OFF_CLUSTER names.
    missing_workloads: tuple[AbsentWorkload, ...] = ()

    @property
    def replicas(self) -> Replicas | None:
        """Of all workloads together; None: none of them has replicas."""
        counted = [a.workload.replicas for a in self.workloads if a.workload.replicas is not None]
        if not counted:
            return None
        return Replicas(ready=sum(one.ready for one in counted), desired=sum(one.desired for one in counted))


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that verdicts stand on beside the inventory."""

    catalog: Catalog | None
    problem: str | None  # why nothing can be judged by the catalog, in words; None: it can
    train: str
    # OFF_CLUSTER: `component`, or `component/workload`, that the operator runs outside the cluster.
    off_cluster: frozenset[str]
    down: Mapping[str, str]  # sources that do not answer -> why
    titles: Mapping[str, str]  # component -> title, where the catalog has none
    unrecorded: frozenset[str] = frozenset()  # sources of which the recording that is read has nothing
    # Source -> objects that cannot be decoded: what seems to be missing may be one of them.
    malformed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Judgement:
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    newest: Newest = Newest()
    outdated_since: datetime | None = None
    security: bool = False
    notes_url: str | None = None


def assess(inventory: Inventory, grounds: Grounds) -> tuple[Assessment, ...]:
    """One assessment for each component that is found or expected, sorted by component.

    Components that the profile does not observe get none.
    """
    expected = {expectation.component: expectation for expectation in inventory.expectations}
    found: dict[str, list[Workload]] = {}
    for workload in inventory.workloads:
        found.setdefault(workload.component, []).append(workload)
    hidden = {name for name, expectation in expected.items() if not expectation.observed}
    return tuple(
        _assess_found(name, found[name], expected.get(name), grounds)
        if name in found
        else _assess_not_found(expected[name], inventory.namespace, grounds)
        for name in sorted((found.keys() | expected.keys()) - hidden)
    )


def _assess_not_found(expectation: Expectation, namespace: str, grounds: Grounds) -> Assessment:
    name = expectation.component
    unseen = _why_not_seen(expectation, grounds)
    if name in grounds.off_cluster:
        verdict, reason = Verdict.ABSENT, "runs outside the cluster, says OFF_CLUSTER"
    elif unseen:
        verdict, reason = Verdict.UNKNOWN, unseen
    elif expectation.absent_workloads and not _expected_here(expectation, grounds):
        verdict, reason = Verdict.ABSENT, "all that it needs runs outside the cluster, says OFF_CLUSTER"
    elif expectation.required and (unread := _malformed_among(expectation.sources, grounds)):
        verdict, reason = Verdict.UNKNOWN, f"cannot be seen: {unread}"
    elif expectation.required:
        verdict = Verdict.MISSING
        reason = (
            f"required, and not in namespace {namespace}; "
            f"if it runs outside the cluster, name it in OFF_CLUSTER"
        )
    else:
        verdict, reason = Verdict.ABSENT, "optional, and not installed"
    return Assessment(name, _title(name, grounds), verdict, None, Observed(None, None, None), reason=reason)


def _why_not_seen(expectation: Expectation, grounds: Grounds) -> str | None:
    """Why what is absent may be there all the same; None: it would be seen."""
    down = [source for source in expectation.sources if source in grounds.down]
    if down:
        return "cannot be seen: " + "; ".join(f"{source}: {grounds.down[source]}" for source in down)
    carriers = {one.kind.source for one in expectation.absent_workloads} or set(expectation.sources)
    if carriers and carriers <= grounds.unrecorded:
        return f"not recorded: {', '.join(sorted(carriers))}"
    return None


def _malformed_among(sources: Iterable[str], grounds: Grounds) -> str:
    """How many objects of the sources cannot be read, in words; empty: none."""
    counts = ((grounds.malformed.get(source, 0), source) for source in sources)
    counted = [f"{count:,} of {source}" for count, source in counts if count]
    return f"{', '.join(counted)} cannot be read" if counted else ""


def _assess_found(
    name: str, workloads: list[Workload], expectation: Expectation | None, grounds: Grounds
) -> Assessment:
    component = grounds.catalog.components.get(name) if grounds.catalog else None
    order = component.order if component else ReleaseOrder()
    seen = [observe(workload, order.key) for workload in workloads]
    assessed = oldest((one.assessed for one in seen if one.assessed), order.key)
    judgement = _unseen(seen, grounds) or _judge(name, assessed, order, grounds)
    missing = tuple(_lost(expectation, grounds)) if expectation else ()
    reasons = (*judgement.reasons, *_remarks(seen, grounds), *_told_of_parts(expectation, missing, grounds))
    return Assessment(
        component=name,
        title=_title(name, grounds),
        verdict=judgement.verdict,
        version=assessed.text if assessed else None,
        observed=Observed(
            declared=_text(oldest((one.declared for one in seen if one.declared), order.key)),
            template=_text(oldest((one.template for one in seen if one.template), order.key)),
            running=_text(oldest((one.running for one in seen if one.running), order.key)),
        ),
        newest=judgement.newest,
        outdated_since=judgement.outdated_since,
        security=judgement.security,
        rolling=any(one.rolling for one in seen) or differ(one.running for one in seen),
        reason="; ".join(reasons) or None,
        notes_url=judgement.notes_url,
        workloads=tuple(AssessedWorkload(one.workload, _text(one.assessed)) for one in seen),
        missing_workloads=missing,
    )


def _expected_here(expectation: Expectation, grounds: Grounds) -> list[AbsentWorkload]:
    """Absent workloads without those that the operator runs elsewhere."""
    if expectation.component in grounds.off_cluster:
        return []
    words = [
        word
        for component, slash, word in (name.partition("/") for name in grounds.off_cluster)
        if slash and component == expectation.component
    ]
    return [one for one in expectation.absent_workloads if not any(map(one.is_named_by, words))]


def _lost(expectation: Expectation, grounds: Grounds) -> Iterable[AbsentWorkload]:
    """Absent workloads that the sources would show if they existed."""
    return (one for one in _expected_here(expectation, grounds) if _why_hidden(one, grounds) is None)


def _why_hidden(absent: AbsentWorkload, grounds: Grounds) -> str | None:
    """Why the workload may be there all the same; None: it would be seen."""
    if grounds.down.keys() & set(absent.sources) or _malformed_among(absent.sources, grounds):
        return "cannot be seen"
    return "not recorded" if absent.kind.source in grounds.unrecorded else None


def _told_of_parts(
    expectation: Expectation | None, missing: tuple[AbsentWorkload, ...], grounds: Grounds
) -> Iterable[str]:
    told: dict[str, list[AbsentWorkload]] = {"not there": list(missing)}
    for one in _expected_here(expectation, grounds) if expectation else ():
        if (why := _why_hidden(one, grounds)) is not None:
            told.setdefault(why, []).append(one)
    yield from (f"{why}: {', '.join(map(str, workloads))}" for why, workloads in told.items() if workloads)


def _unseen(seen: list[WorkloadVersions], grounds: Grounds) -> _Judgement | None:
    """Unknown, where pods decide and nobody can see them: what a template asks for need not run."""
    why = grounds.down.get("pods")
    if why is None or not any(one.running is None and one.workload.kind.has_pods for one in seen):
        return None
    return _Judgement(Verdict.UNKNOWN, (f"cannot be seen: pods: {why}",))


def _judge(name: str, assessed: Seen | None, order: ReleaseOrder, grounds: Grounds) -> _Judgement:
    if assessed is None:
        return _Judgement(Verdict.UNKNOWN, ("no image is to be seen",))
    if assessed.version is None:
        by_choice = assessed.comparable is Comparable.CHOICE
        return _Judgement(
            Verdict.UNVERSIONED if by_choice else Verdict.UNKNOWN, (assessed.reason or "it has no version",)
        )
    obstacle = _obstacle(name, grounds)
    if obstacle is not None:
        return _Judgement(Verdict.UNKNOWN, (obstacle,))
    if not order.releases:  # the authority was asked and has none: nothing would ever answer
        return _Judgement(Verdict.UNVERSIONED, (f"the catalog lists no release of {name}",))
    return _compare(assessed.version, order, grounds.train)


def _obstacle(name: str, grounds: Grounds) -> str | None:
    """Why versions of the component cannot be judged, in words."""
    if grounds.problem is not None:
        return grounds.problem
    if grounds.catalog is None:
        return "there is no catalog of releases"
    if grounds.train not in grounds.catalog.trains:
        return f"the catalog has no train {grounds.train}"
    if name not in grounds.catalog.components:
        return f"the catalog does not list {name}"
    return None


def _compare(running: Version, order: ReleaseOrder, train: str) -> _Judgement:
    """The verdict on a version against releases of the operator's train, and of its own if it is listed.

    Somebody on a component's release of another train is on that train with it: there is its "newest".
    """
    listed = order.find(running)
    trains = frozenset({train} if listed is None else {train, listed.release.train})
    newer = order.newer_than(running, trains)
    if newer:
        return _outdated(running, newer, order, listed)
    if listed is None:
        if not any(item.release.train in trains and not item.release.yanked for item in order.releases):
            return _Judgement(Verdict.UNKNOWN, (f"the catalog lists no release in train {train}",))
        return _Judgement(Verdict.AHEAD, (f"newer than any release offered in train {train}",))
    if listed.release.yanked:
        return _Judgement(Verdict.OUTDATED, (f"{running} was withdrawn, and nothing newer is released",))
    return _Judgement(Verdict.CURRENT, notes_url=listed.release.notes_url)


def _outdated(
    running: Version, newer: tuple[ListedRelease, ...], order: ReleaseOrder, listed: ListedRelease | None
) -> _Judgement:
    line, numbers = order.line_of(running), running.semver
    same_line = [item for item in newer if item.release.line == line]
    same_major = [item for item in same_line if item.version.semver.major == numbers.major]
    same_minor = [item for item in same_major if item.version.semver.minor == numbers.minor]
    return _Judgement(
        Verdict.OUTDATED,
        reasons=(f"{running} was withdrawn",) if listed and listed.release.yanked else (),
        newest=Newest(_last(same_minor), _last(same_major), _last(newer)),
        outdated_since=newer[0].release.released,
        security=any(item.release.security for item in newer),
        notes_url=newer[-1].release.notes_url,
    )


def _remarks(seen: list[WorkloadVersions], grounds: Grounds) -> Iterable[str]:
    """What the verdict alone would hide."""
    for one in seen:
        if one.rolling:
            yield f"pods of {one.workload.name} differ: {', '.join(one.running_texts)}"
        if one.mixed_containers:
            yield f"containers of {one.workload.name} differ"
        pods_seen = "pods" not in grounds.down and "pods" not in grounds.unrecorded
        if one.running is None and one.workload.replicas_desired and pods_seen:
            yield _told_without_pods(one.workload, grounds)
    if differ(one.assessed for one in seen):
        yield "workloads differ: " + ", ".join(
            f"{one.workload.name} {_text(one.assessed) or 'unreadable'}" for one in seen
        )


def _told_without_pods(workload: Workload, grounds: Grounds) -> str:
    if workload.replicas_ready or "pods" in grounds.malformed:  # as where not all pods are recorded
        return f"no pod of {workload.name} is seen: it is judged by its template"
    return f"no pod runs: {workload.name} is judged by its template"


def _title(name: str, grounds: Grounds) -> str:
    component = grounds.catalog.components.get(name) if grounds.catalog else None
    return component.title if component else grounds.titles.get(name, name)


def _text(seen: Seen | None) -> str | None:
    return seen.text if seen else None


def _last(items: list[ListedRelease] | tuple[ListedRelease, ...]) -> str | None:
    return items[-1].release.version if items else None
