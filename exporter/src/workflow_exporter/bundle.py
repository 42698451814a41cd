"""The platform as a whole: which platform release runs, and how far the components drifted from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow_exporter.catalog import Catalog, ListedBundle
from workflow_exporter.freshness import Assessment, Verdict
from workflow_exporter.version import Version, version_or_none


@dataclass(frozen=True, slots=True)
class BundleAssessment:
    """`version` None: no platform release agrees with half of what runs; the report says `other`."""

    version: str | None
    train: str
    newest: str | None  # newest bundle of the train; None without a catalog that may be believed
    newest_released: datetime | None
    matching: int
    drifted: int
    missing: int  # components that the profile requires and that are not there
    notes_url: str | None = None  # of the newest bundle


@dataclass(frozen=True, slots=True)
class _Agreement:
    listed: ListedBundle
    matching: int
    differing: int  # they run something else
    missing: int  # they should run and do not

    @property
    def holds(self) -> bool:
        """At least half of what the bundle lists and can be observed agrees."""
        return self.matching > 0 and self.matching >= self.differing + self.missing


def assess_bundle(
    assessments: Iterable[Assessment], catalog: Catalog | None, train: str, *, judged: bool = True
) -> BundleAssessment:
    """The bundle of `train` that most components agree with, if at least half of the observable do.

    Of the components that a bundle lists, those count as observable that have an assessment and are not
    absent: so a component that is off the cluster or optional, one that the profile does not read, and
    one whose source is down leave the denominator, while one that is missing stays in it. Builds without
    a version and broken tags are to be seen and do not agree. What a bundle does not list is neither
    match nor drift. Ties: the one that fewer components differ from, then the newest.

    `judged` False (the catalog has expired): what runs is still recognised, but nothing is called newest.
    """
    assessed = tuple(assessments)
    missing = sum(one.verdict is Verdict.MISSING for one in assessed)
    bundles = [item for item in (catalog.ordered_bundles if catalog else ()) if item.bundle.train == train]
    observable = {one.component: version_or_none(one.version) for one in assessed if _is_observable(one)}
    absent = frozenset(one.component for one in assessed if one.verdict is Verdict.MISSING)
    agreements = [_agree(item, observable, absent) for item in bundles]
    best = max(
        (agreement for agreement in agreements if agreement.holds),
        key=lambda one: (one.matching, -one.differing - one.missing, one.listed.version),
        default=None,
    )
    newest = bundles[-1].bundle if bundles and judged else None
    return BundleAssessment(
        version=best.listed.bundle.version if best else None,
        train=train,
        newest=newest.version if newest else None,
        newest_released=newest.released if newest else None,
        matching=best.matching if best else 0,
        drifted=best.differing if best else 0,
        missing=missing,
        notes_url=newest.notes_url if newest else None,
    )


def _agree(
    listed: ListedBundle, observable: Mapping[str, Version | None], missing: frozenset[str]
) -> _Agreement:
    seen = [(version, observable[name]) for name, version in listed.components.items() if name in observable]
    matching = sum(wanted == running for wanted, running in seen)
    return _Agreement(
        listed=listed,
        matching=matching,
        differing=len(seen) - matching,
        missing=len(missing & listed.components.keys()),
    )


def _is_observable(assessment: Assessment) -> bool:
    """Whether something of the component is there to be compared."""
    return bool(assessment.workloads)
