"""Named snapshots: every state that the page has. What is wrong in each is told beside it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import factories as make
from true_clusters import (
    NOTES,
    NOW,
    all_current,
    bundle_versions,
    hephy,
    nodes,
    services_of,
    sources_up,
    workloads_of,
)
from workflow_exporter.catalog import EndOfLife, Notice, Severity, Successor
from workflow_exporter.freshness import Newest, Observed, Verdict
from workflow_exporter.inventory import Leftover
from workflow_exporter.snapshot import CatalogFacts, Snapshot, SourceState


def _changed(snapshot: Snapshot, component: str, **changes: Any) -> Snapshot:
    return replace(
        snapshot,
        components=tuple(
            replace(a, **changes) if a.component == component else a for a in snapshot.components
        ),
    )


def current() -> Snapshot:
    return hephy()


def outdated() -> Snapshot:
    """v2.22.1 half way upgraded: one rolls, one is gone, one runs a build of its own."""
    snapshot = hephy("v2.22.1", mirror="registry.internal.example.com:5000/")
    changes: dict[str, dict[str, Any]] = {
        "controller": {
            "newest": Newest("v2.21.3", "v2.22.0", "v2.22.0"),
            "outdated_since": datetime(2020, 10, 20, tzinfo=UTC),
        },
        "fluentd": {
            "newest": Newest(None, "v2.15.1", "v2.15.1"),
            "outdated_since": datetime(2020, 11, 8, tzinfo=UTC),
        },
        "router": {
            "newest": Newest(None, "v2.19.0", "v2.19.0"),
            "outdated_since": datetime(2021, 4, 19, tzinfo=UTC),
            "rolling": True,
            "observed": Observed("v2.18.1", "v2.19.0", "v2.18.1"),
        },
        "database": {
            "newest": Newest("v2.7.6", "v2.7.6", "v2.7.6"),
            "outdated_since": datetime(2020, 10, 16, tzinfo=UTC),
        },
    }
    for component, change in changes.items():
        notes = NOTES.format(f"{component}/{change['newest'].major}")
        snapshot = _changed(snapshot, component, verdict=Verdict.OUTDATED, notes_url=notes, **change)
    snapshot = _changed(
        snapshot,
        "logger",
        verdict=Verdict.UNVERSIONED,
        version="git-4ab1c02",
        observed=Observed(None, "git-4ab1c02", "git-4ab1c02"),
        reason="git-4ab1c02 is a build without a version",
    )
    snapshot = _changed(
        snapshot,
        "minio",
        verdict=Verdict.MISSING,
        version=None,
        observed=Observed(None, None, None),
        workloads=(),
        reason="required, and not found; if it is off the cluster, name it in OFF_CLUSTER",
    )
    workloads = tuple(w for w in snapshot.inventory.workloads if w.component != "minio")
    inventory = replace(
        snapshot.inventory, workloads=workloads, unknown_workloads={"Deployment": 2, "Pod": 14}
    )
    return replace(
        snapshot, inventory=inventory, bundle=replace(snapshot.bundle, matching=8, drifted=2, missing=1)
    )


def security() -> Snapshot:
    """As outdated, and one of the newer releases closes a hole; the makers say so in a notice too."""
    snapshot = _changed(outdated(), "controller", security=True)
    notices = (
        Notice(
            id="2021-002",
            severity=Severity.CRITICAL,
            title="Upgrade the controller to v2.22.0",
            text="Earlier ones answer some requests without checking who asks.\n\n"
            "Until you can upgrade, keep the API’s router off the internet.",
            url=NOTES.format("notices/2021-002"),
            published=datetime(2021, 4, 18, tzinfo=UTC),
        ),
        Notice(
            id="2021-001",
            severity=Severity.INFO,
            title="Release days move to the first Tuesday of a month",
            published=datetime(2021, 2, 1, tzinfo=UTC),
        ),
    )
    return replace(snapshot, catalog=replace(snapshot.catalog, notices=notices))


def end_of_life() -> Snapshot:
    """Deis v2.18.0, the last one, with what Helm Classic left behind."""
    versions = bundle_versions("deis", "v2.18.0")
    workloads = workloads_of("deis", versions)
    snapshot = hephy()
    return replace(
        snapshot,
        inventory=make.inventory(
            workloads,
            nodes=nodes(3),
            services=services_of(workloads),
            leftovers=[Leftover(f"deis-{name}", name, 0) for name in ("builder", "controller", "router")],
        ),
        components=tuple(all_current(workloads, versions)),
        bundle=make.bundle_assessment(matching=len({w.component for w in workloads})),
        catalog=CatalogFacts(
            title="Deis Workflow",
            generated=datetime(2018, 3, 1, tzinfo=UTC),
            end_of_life=EndOfLife(date=datetime(2018, 3, 1, tzinfo=UTC)),
            successor=Successor(
                platform="hephy",
                title="Hephy Workflow",
                url="https://docs.example.com/hephy/upgrade-from-deis",
            ),
        ),
    )


def cannot_tell() -> Snapshot:
    """The catalog has expired: nothing is said to be current."""
    snapshot = hephy("v2.22.1")
    problem = (
        "the catalog expired 12 Jul 2026 and has not been replaced: https://releases.example.com answered 503"
    )
    return replace(
        snapshot,
        components=tuple(
            replace(a, verdict=Verdict.UNKNOWN, reason="the catalog has expired") for a in snapshot.components
        ),
        bundle=replace(snapshot.bundle, version=None, newest=None, newest_released=None, matching=0),
        catalog=replace(
            snapshot.catalog, expires=datetime(2026, 7, 12, tzinfo=UTC), expired=True, problem=problem
        ),
        unobserved=("imagebuilder",),
    )


def checks_off() -> Snapshot:
    snapshot = cannot_tell()
    problem = "update checks are off: CHECK_VERSIONS is false"
    return replace(
        snapshot,
        catalog=CatalogFacts(problem=problem),
        components=tuple(replace(a, reason=problem) for a in snapshot.components),
        checks_enabled=False,
        modes={
            "checks": "off: CHECK_VERSIONS is false",
            "reporting": "off: nothing is sent unless REPORTING_ENABLED is true",
        },
        sources=tuple(s for s in snapshot.sources if s.source != "catalog"),
    )


def empty_namespace() -> Snapshot:
    """The agent was pointed at a namespace where the platform is not."""
    snapshot = current()
    return replace(
        snapshot,
        inventory=replace(
            snapshot.inventory,
            workloads=(),
            services=(),
            namespace="default",
            unknown_workloads={"Deployment": 7},
        ),
        components=tuple(
            replace(
                a,
                verdict=Verdict.MISSING,
                version=None,
                observed=Observed(None, None, None),
                workloads=(),
                reason="required, and not found; if it is off the cluster, name it in OFF_CLUSTER",
            )
            for a in snapshot.components
        ),
        bundle=replace(snapshot.bundle, version=None, matching=0, missing=len(snapshot.components)),
    )


def _forbidden(resource: str) -> SourceState:
    where = "" if resource == "nodes" else " in namespace deis"
    reason = f"forbidden: no role allows to list {resource}{where} (403)"
    return SourceState(resource, up=False, reason=reason)


def forbidden() -> Snapshot:
    """No right on nodes and services was given; the components can be told all the same."""
    snapshot = current()
    return replace(
        snapshot,
        inventory=replace(snapshot.inventory, nodes=(), services=()),
        sources=sources_up(nodes=_forbidden("nodes"), services=_forbidden("services")),
    )


def forbidden_everything() -> Snapshot:
    """Nothing at all may be read."""
    snapshot = empty_namespace()
    return replace(
        snapshot,
        inventory=replace(snapshot.inventory, nodes=(), unknown_workloads={}),
        components=tuple(
            replace(a, verdict=Verdict.UNKNOWN, reason="deployments cannot be read")
            for a in snapshot.components
        ),
        bundle=replace(snapshot.bundle, missing=0),
        sources=tuple(_forbidden(name) for name in make.SOURCES),
        identity=None,
        identity_problem="the namespace kube-system cannot be read",
    )


def stale() -> Snapshot:
    """The API server went away 14 minutes ago; what was seen last is still shown."""
    seen = NOW - timedelta(minutes=14)
    reason = "the API server does not answer: connection refused"
    states = {name: SourceState(name, up=False, reason=reason, last_success=seen) for name in make.SOURCES}
    return replace(current(), sources=sources_up(**states))


def not_ready() -> Snapshot:
    """Two sources have not answered yet."""
    return replace(
        current(),
        sources=sources_up(nodes=SourceState("nodes", up=None), pods=SourceState("pods", up=None)),
    )


STATES = {
    state.__name__: state
    for state in (
        current,
        outdated,
        security,
        end_of_life,
        cannot_tell,
        checks_off,
        empty_namespace,
        forbidden,
        forbidden_everything,
        stale,
        not_ready,
    )
}
