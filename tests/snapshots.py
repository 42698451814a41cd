"""Named snapshots: every state that the page has, made of true releases and true workloads.

Versions and days come from the facts on Hephy's and Deis' releases, workloads from tests/data/platforms.json;
what is wrong in each state is told beside it.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import factories as make
from workflow_exporter.bundle import BundleAssessment
from workflow_exporter.catalog import EndOfLife, Notice, Severity, Successor
from workflow_exporter.freshness import Assessment, Newest, Observed, Verdict
from workflow_exporter.inventory import (
    Container,
    Leftover,
    Node,
    Pod,
    Service,
    ServicePort,
    Workload,
    WorkloadKind,
)
from workflow_exporter.snapshot import CatalogFacts, Snapshot, SourceState

NOW = datetime(2026, 8, 20, 14, 5, 30, tzinfo=UTC)
TAKEN = NOW - timedelta(seconds=20)
NOTES = "https://docs.example.com/releases/{}"  # a reserved name, RFC 2606
_HERE = Path(__file__).parent
_TITLES = {"nsqd": "NSQ", "minio": "MinIO", "fluentd": "Fluentd", "redis": "Redis"}
_PORTS = {
    "builder": (ServicePort("ssh", 2222, "TCP"),),
    "controller": (ServicePort("http", 80, "TCP"),),
    "router": (
        ServicePort("http", 80, "TCP"),
        ServicePort("https", 443, "TCP"),
        ServicePort("builder", 2222, "TCP"),
    ),
}


@cache
def _facts(platform: str) -> dict[str, Any]:
    path = _HERE.parent / "releases-api" / "facts" / f"{platform}.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


@cache
def _platforms() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_HERE / "data" / "platforms.json").read_text("utf-8"))
    return document


def bundle_versions(platform: str, version: str) -> Mapping[str, str]:
    bundles = {bundle["version"]: bundle["components"] for bundle in _facts(platform)["bundles"]}
    versions: Mapping[str, str] = bundles[version]
    return versions


def _workloads(platform: str, versions: Mapping[str, str], mirror: str = "") -> list[Workload]:
    """One workload for each row of the platform, with as many pods as replicas, on a made-up day."""
    found = []
    for number, row in enumerate(_platforms()[platform]["components"]):
        version = versions.get(row["component"])
        if version is None or not row["required"]:
            continue
        image = f"{mirror}{row['image']}:{version}"
        kind = WorkloadKind(row["kind"])
        replicas = 3 if kind is WorkloadKind.DAEMON_SET or row["component"] == "router" else 1
        letters = f"{number * 7919 % 0xFFFFF:05x}"
        pods = [
            _pod(f"{row['name']}-{letters}{copy}", row["container"], image, restarts=number % 4 // 3)
            for copy in range(replicas)
        ]
        found.append(
            make.workload(
                row["component"],
                image,
                kind=kind,
                name=row["name"],
                declared=version,
                containers=[Container(row["container"], image)],
                pods=pods,
                replicas_desired=replicas,
                replicas_ready=replicas,
            )
        )
    return found


def _pod(name: str, container: str, image: str, restarts: int) -> Pod:
    return make.pod(
        image, name=name, container_name=container, restarts=restarts, created=NOW - timedelta(days=41)
    )


def _assess(workloads: list[Workload], versions: Mapping[str, str]) -> list[Assessment]:
    """All current; a state then says which are not."""
    return [
        make.assessment(
            component,
            version=versions[component],
            title=_TITLES.get(component, component.replace("-", " ").capitalize()),
            observed=Observed(versions[component], versions[component], versions[component]),
            workloads=[w for w in workloads if w.component == component],
        )
        for component in sorted({w.component for w in workloads})
    ]


def nodes(count: int = 5) -> tuple[Node, ...]:
    """Mixed ones: every fifth is older, every seventh is not ready."""
    return tuple(
        make.node(
            f"node-{number:04d}",
            os_image="Ubuntu 20.04.6 LTS" if number % 5 == 4 else "Ubuntu 22.04.5 LTS",
            kubelet_version="v1.30.6" if number % 5 == 4 else "v1.31.2",
            container_runtime_version="containerd://1.6.36" if number % 5 == 4 else "containerd://1.7.22",
            architecture="arm64" if number % 9 == 8 else "amd64",
            ready=number % 7 != 6,
            cpu_cores=8.0,
            memory_bytes=32_895_864_832,
        )
        for number in range(count)
    )


def _services(workloads: list[Workload]) -> list[Service]:
    return [
        make.service(
            w.name, w.component, type="LoadBalancer" if w.component == "router" else "ClusterIP", ports=ports
        )
        for w in workloads
        if (ports := _PORTS.get(w.component))
    ]


def _sources(**down: SourceState) -> tuple[SourceState, ...]:
    states = {name: make.source_state(name, last_success=TAKEN) for name in (*make.SOURCES, "catalog")}
    return tuple((states | {name.replace("_", "-"): state for name, state in down.items()}).values())


def _changed(snapshot: Snapshot, component: str, **changes: Any) -> Snapshot:
    return replace(
        snapshot,
        components=tuple(
            replace(a, **changes) if a.component == component else a for a in snapshot.components
        ),
    )


def _hephy(version: str = "v2.23.0", mirror: str = "") -> Snapshot:
    versions = bundle_versions("hephy", version)
    workloads = _workloads("hephy", versions, mirror)
    return make.snapshot(
        _assess(workloads, versions),
        taken_at=TAKEN,
        inventory=make.inventory(
            workloads,
            platform="hephy",
            platform_title="Hephy Workflow",
            cluster=make.cluster_facts(
                kubernetes_version="v1.31.2", instance_created=datetime(2019, 3, 4, tzinfo=UTC)
            ),
            services=_services(workloads),
            nodes=nodes(),
        ),
        bundle=BundleAssessment(
            version=version,
            train="stable",
            newest="v2.23.0",
            newest_released=datetime(2021, 5, 8, tzinfo=UTC),
            matching=len({w.component for w in workloads}),
            drifted=0,
            missing=0,
            notes_url=NOTES.format("hephy/v2.23.0"),
        ),
        catalog=CatalogFacts(title="Hephy Workflow", generated=datetime(2024, 1, 13, tzinfo=UTC)),
        sources=_sources(),
        identity=make.identity(),
        modes={
            "checks": "on: compared with the file hephy.json, locally; nobody is told anything",
            "reporting": "off: this version sends nothing",
        },
    )


def current() -> Snapshot:
    return _hephy()


def outdated() -> Snapshot:
    """v2.22.1 half way upgraded: one rolls, one is gone, one runs a build of its own."""
    snapshot = _hephy("v2.22.1", mirror="registry.internal.example.com:5000/")
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
        reason="git-4ab1c02 is a development build, chosen and not released",
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
    workloads = _workloads("deis", versions)
    snapshot = _hephy()
    return replace(
        snapshot,
        inventory=make.inventory(
            workloads,
            nodes=nodes(3),
            services=_services(workloads),
            leftovers=[Leftover(f"deis-{name}", name, 0) for name in ("builder", "controller", "router")],
        ),
        components=tuple(_assess(workloads, versions)),
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
    snapshot = _hephy("v2.22.1")
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
    problem = "update checks are off, as CHECK_VERSIONS is false"
    return replace(
        snapshot,
        catalog=CatalogFacts(problem=problem),
        components=tuple(replace(a, reason=problem) for a in snapshot.components),
        checks_enabled=False,
        modes={"checks": "off: CHECK_VERSIONS is false", "reporting": "off: this version sends nothing"},
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
    reason = (
        f'{resource} is forbidden: User "system:serviceaccount:deis:workflow-exporter" cannot list resource '
        f'"{resource}" in API group ""'
    )
    return SourceState(resource, up=False, reason=reason)


def forbidden() -> Snapshot:
    """No right on nodes and services was given; the components can be told all the same."""
    snapshot = current()
    return replace(
        snapshot,
        inventory=replace(snapshot.inventory, nodes=(), services=()),
        sources=_sources(nodes=_forbidden("nodes"), services=_forbidden("services")),
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
    return replace(current(), sources=_sources(**states))


def not_ready() -> Snapshot:
    """Two sources have not answered yet."""
    return replace(
        current(),
        sources=_sources(nodes=SourceState("nodes", up=None), pods=SourceState("pods", up=None)),
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
