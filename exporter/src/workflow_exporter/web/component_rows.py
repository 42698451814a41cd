"""The components as an operator reads them: the worst first, with what to do next."""

from dataclasses import dataclass
from datetime import datetime

from workflow_exporter.freshness import Assessment, Newest, Verdict
from workflow_exporter.inventory import Replicas
from workflow_exporter.version import version_or_none
from workflow_exporter.web.links import Link, https_link
from workflow_exporter.web.wording import Moment, listed, moment_since, sentence

SECURITY = "security"  # shown in place of `outdated` where a newer release fixes a security problem
MARKS = (
    SECURITY,
    Verdict.OUTDATED.value,
    Verdict.MISSING.value,
    Verdict.UNKNOWN.value,
    Verdict.UNVERSIONED.value,
    Verdict.AHEAD.value,
    Verdict.CURRENT.value,
    Verdict.ABSENT.value,
)  # in the order in which they want attention


@dataclass(frozen=True, slots=True)
class NewerVersion:
    version: str
    step: str  # patch, minor, major: the smallest step that it is


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """One line of the components table."""

    component: str
    title: str
    mark: str  # one of MARKS
    version: str | None
    differing: tuple[str, ...]  # observations that differ from the version, in words
    newer: tuple[NewerVersion, ...]
    since: Moment | None
    replicas: Replicas | None  # None: no workload of it has replicas
    advice: str | None
    notes: Link | None
    reason: str | None  # a sentence


def component_rows(components: tuple[Assessment, ...], now: datetime) -> tuple[ComponentRow, ...]:
    """Sorted by how much they want attention, then by name."""
    return tuple(_row(assessment, now) for assessment in sorted(components, key=_order))


def _order(assessment: Assessment) -> tuple[int, str]:
    """One that has lost a workload wants as much attention as one that is missing, whatever its verdict."""
    lost = [Verdict.MISSING.value] if assessment.missing_workloads else []
    return min(map(MARKS.index, (mark_of(assessment), *lost))), assessment.component


def mark_of(assessment: Assessment) -> str:
    return SECURITY if assessment.security else assessment.verdict.value


def newer_versions(newest: Newest) -> tuple[NewerVersion, ...]:
    """Newest of the same minor, of the same major, of all; the same version is named once."""
    found: dict[str, str] = {}
    for step, version in (("patch", newest.patch), ("minor", newest.minor), ("major", newest.major)):
        if version is not None:
            found.setdefault(version, step)
    return tuple(NewerVersion(version, step) for version, step in found.items())


def _row(assessment: Assessment, now: datetime) -> ComponentRow:
    newer, since = newer_versions(assessment.newest), assessment.outdated_since
    return ComponentRow(
        component=assessment.component,
        title=assessment.title,
        mark=mark_of(assessment),
        version=assessment.version,
        differing=_differing(assessment),
        newer=newer,
        since=moment_since(since, now) if since else None,
        replicas=assessment.replicas,
        advice=_advice(assessment, newer),
        notes=https_link(assessment.notes_url, "Release notes"),
        reason=sentence(assessment.reason) if assessment.reason else None,
    )


def _differing(assessment: Assessment) -> tuple[str, ...]:
    observed, running = assessment.observed, assessment.version
    words = ["rolling: its pods differ"] if assessment.rolling else []
    declared = observed.declared if observed.declared != observed.template else None  # say it once
    if declared and not _same(declared, running):
        words.append(f"declared as {declared}")
    if observed.template and not _same(observed.template, running):
        words.append(f"workload asks for {observed.template}")
    return tuple(words)


def _same(one: str, other: str | None) -> bool:
    """Whether both mean one version: Drycc declares `1.8.1` where its catalog says `v1.8.1`."""
    version = version_or_none(one)
    return one == other or (version is not None and version == version_or_none(other))


def _advice(assessment: Assessment, newer: tuple[NewerVersion, ...]) -> str | None:
    if assessment.missing_workloads:
        return f"Restore {listed([str(one) for one in assessment.missing_workloads])}."
    if assessment.verdict is Verdict.OUTDATED:
        return _upgrade(newer, security=assessment.security)
    if assessment.verdict is Verdict.UNVERSIONED and version_or_none(assessment.version):
        return None  # it has a version, and the catalog has none of it
    return {
        Verdict.UNVERSIONED: "Run a released version to be told about newer ones.",
        Verdict.AHEAD: "Nothing: no newer release is offered.",
    }.get(assessment.verdict)


def _upgrade(newer: tuple[NewerVersion, ...], *, security: bool) -> str:
    if not newer:
        return "Replace it: this release was withdrawn."
    *smaller, furthest = newer
    step = f", or to {smaller[-1].version} as a smaller step" if smaller else ""
    hole = ". A newer release closes a security hole" if security else ""
    return f"Upgrade to {furthest.version}{step}{hole}."
