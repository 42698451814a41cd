"""Verdicts: how fresh each component is, by design section 4. Pure; `now` is an argument."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workflow_exporter.inventory import Workload


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
    """Three observations of one component's version, as written; None: not to be seen."""

    declared: str | None  # workload's annotation, else the template's app.kubernetes.io/version
    template: str | None  # image tag in the workload
    running: str | None  # image tag of its pods; the oldest where they differ


@dataclass(frozen=True, slots=True)
class Newest:
    """Newest release in reach; None where that is not newer than what runs."""

    patch: str | None = None  # of the same minor
    minor: str | None = None  # of the same major
    major: str | None = None  # of all


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
    reason: str | None = None  # in words: why unknown, unversioned, missing, absent
    notes_url: str | None = None  # of the newest release
    workloads: tuple[AssessedWorkload, ...] = ()
