"""Whole, healthy clusters of Hephy and Deis, made of true releases and true workloads.

Versions and days come from the facts on their releases, workloads from tests/data/platforms.json.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import factories as make
from workflow_exporter.bundle import BundleAssessment
from workflow_exporter.freshness import Assessment, Observed
from workflow_exporter.inventory import Container, Node, Pod, Service, ServicePort, Workload, WorkloadKind
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


def workloads_of(platform: str, versions: Mapping[str, str], mirror: str = "") -> list[Workload]:
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


def all_current(workloads: list[Workload], versions: Mapping[str, str]) -> list[Assessment]:
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


def services_of(workloads: list[Workload]) -> list[Service]:
    return [
        make.service(
            w.name, w.component, type="LoadBalancer" if w.component == "router" else "ClusterIP", ports=ports
        )
        for w in workloads
        if (ports := _PORTS.get(w.component))
    ]


def sources_up(**down: SourceState) -> tuple[SourceState, ...]:
    states = {name: make.source_state(name, last_success=TAKEN) for name in (*make.SOURCES, "catalog")}
    return tuple((states | {name.replace("_", "-"): state for name, state in down.items()}).values())


def hephy(version: str = "v2.23.0", mirror: str = "") -> Snapshot:
    versions = bundle_versions("hephy", version)
    workloads = workloads_of("hephy", versions, mirror)
    return make.snapshot(
        all_current(workloads, versions),
        taken_at=TAKEN,
        inventory=make.inventory(
            workloads,
            platform="hephy",
            platform_title="Hephy Workflow",
            cluster=make.cluster_facts(
                kubernetes_version="v1.31.2", instance_created=datetime(2019, 3, 4, tzinfo=UTC)
            ),
            services=services_of(workloads),
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
        sources=sources_up(),
        identity=make.identity(),
        modes={
            "checks": "on: compared with the file hephy.json, locally; nobody is told anything",
            "reporting": "off: nothing is sent unless REPORTING_ENABLED is true",
        },
    )
