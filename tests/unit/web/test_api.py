"""The JSON documents, whole."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

import factories as make
import snapshots
from true_clusters import NOW
from web_client import ask, metrics, public
from workflow_exporter.catalog import EndOfLife, Notice, Severity, Successor
from workflow_exporter.freshness import Newest, Observed, Verdict
from workflow_exporter.inventory import AbsentWorkload, Container, Leftover, ServicePort, WorkloadKind
from workflow_exporter.snapshot import CatalogFacts
from workflow_exporter.web.api import (
    document_of_components,
    document_of_nodes,
    document_of_status,
    document_of_workloads,
)
from workflow_exporter.web.node_facts import count_node_facts

MADE = "2017-09-20T12:00:00Z"


def test_document_of_components_is_exactly_as_designed() -> None:
    workload = make.workload(
        "router",
        kind=WorkloadKind.DAEMON_SET,
        name="deis-router",
        containers=[Container("sidecar", "a:1"), Container("deis-router", "deis/router:v2.12.0")],
        main_container="deis-router",
        replicas_desired=3,
        replicas_ready=2,
    )
    snapshot = make.snapshot(
        [
            make.assessment(
                "router",
                Verdict.OUTDATED,
                "v2.12.0",
                observed=Observed("v2.12.0", "v2.13.3", "v2.12.0"),
                newest=Newest(None, "v2.13.3", "v2.13.3"),
                outdated_since=datetime(2017, 8, 8, tzinfo=UTC),
                security=True,
                rolling=True,
                workloads=[workload],
                missing_workloads=[
                    AbsentWorkload(WorkloadKind.DEPLOYMENT, "deis-router-api", ("deployments",))
                ],
            ),
            make.assessment(
                "minio", Verdict.MISSING, None, observed=Observed(None, None, None), reason="why"
            ),
        ],
        bundle=make.bundle_assessment(matching=1, drifted=1, missing=1),
    )

    assert document_of_components(snapshot) == {
        "taken_at": MADE,
        "platform": "deis",
        "bundle": {
            "version": "v2.18.0",
            "train": "stable",
            "newest": "v2.18.0",
            "matching": 1,
            "drifted": 1,
            "missing": 1,
        },
        "components": [
            {
                "component": "minio",
                "verdict": "missing",
                "version": None,
                "observed": {"declared": None, "template": None, "running": None},
                "newest": {"patch": None, "minor": None, "major": None},
                "outdated_since": None,
                "security": False,
                "rolling": False,
                "reason": "why",
                "missing_workloads": [],
                "workloads": [],
            },
            {
                "component": "router",
                "verdict": "outdated",
                "version": "v2.12.0",
                "observed": {"declared": "v2.12.0", "template": "v2.13.3", "running": "v2.12.0"},
                "newest": {"patch": None, "minor": "v2.13.3", "major": "v2.13.3"},
                "outdated_since": "2017-08-08T00:00:00Z",
                "security": True,
                "rolling": True,
                "reason": None,
                "missing_workloads": [{"kind": "Deployment", "name": "deis-router-api"}],
                "workloads": [
                    {
                        "kind": "DaemonSet",
                        "name": "deis-router",
                        "container": "deis-router",
                        "version": "v2.12.0",
                        "replicas": {"desired": 3, "ready": 2},
                    }
                ],
            },
        ],
    }


def test_document_of_workloads() -> None:
    workload = make.workload(declared="v2.12.0", replicas_desired=None, replicas_ready=None)
    inventory = make.inventory(
        [workload],
        services=[make.service(ports=[ServicePort(None, 22, "TCP")])],
        leftovers=[Leftover("deis-builder", "builder", 0)],
        unknown_workloads={"Deployment": 2},
    )

    image = "quay.io/deis/builder:v2.12.0"
    assert document_of_workloads(make.snapshot(inventory=inventory)) == {
        "taken_at": MADE,
        "platform": "deis",
        "namespace": "deis",
        "workloads": [
            {
                "component": "builder",
                "kind": "Deployment",
                "name": "deis-builder",
                "declared": "v2.12.0",
                "created": MADE,
                "replicas": {"desired": None, "ready": None},
                "containers": [{"name": "deis-builder", "image": image, "digest": None}],
                "pods": [
                    {
                        "name": "deis-builder-1",
                        "phase": "Running",
                        "ready": True,
                        "restarts": 0,
                        "terminating": False,
                        "created": MADE,
                        "containers": [{"name": "deis-builder", "image": image, "digest": make.DIGEST}],
                    }
                ],
            }
        ],
        "services": [
            {
                "name": "deis-builder",
                "component": "builder",
                "type": "ClusterIP",
                "ports": [{"name": None, "port": 22, "protocol": "TCP"}],
                "created": MADE,
            }
        ],
        "leftovers": [{"name": "deis-builder", "component": "builder", "replicas": {"desired": 0}}],
        "unknown_workloads": {"Deployment": 2},
    }


def test_document_of_status() -> None:
    nodes = (make.node("a"), make.node("b", ready=False, kubelet_version="v1.30.6"))
    snapshot = make.snapshot(
        [make.assessment("builder"), make.assessment("router", Verdict.OUTDATED, security=True)],
        unobserved=["imagebuilder"],
        inventory=make.inventory(nodes=nodes, malformed_objects={"nodes": 1}),
        sources=[make.source_state("nodes", up=False, reason="forbidden")],
        catalog=CatalogFacts(
            title="Deis Workflow",
            generated=make.NOW,
            end_of_life=EndOfLife(date=make.NOW),
            successor=Successor(platform="hephy", title="Hephy Workflow"),
            notices=(Notice(id="1", severity=Severity.INFO, title="Hello"),),
        ),
    )

    assert document_of_status(snapshot, count_node_facts(nodes), "0.1.0") == {
        "taken_at": MADE,
        "exporter_version": "0.1.0",
        "platform": "deis",
        "platform_title": "Deis Workflow",
        "namespace": "deis",
        "kubernetes_version": "v1.7.5",
        "cluster_created": "2016-06-01T00:00:00Z",
        "instance_created": "2016-06-10T00:00:00Z",
        "identity_problem": "no identity in this test",
        "verdicts": {
            "current": 1,
            "outdated": 1,
            "ahead": 0,
            "unversioned": 0,
            "unknown": 0,
            "missing": 0,
            "absent": 0,
        },
        "security_updates": 1,
        "unobserved": ["imagebuilder"],
        "checks": {"enabled": True, "mode": "a catalog file"},
        "reporting": {"enabled": False, "mode": "off"},
        "catalog": {
            "title": "Deis Workflow",
            "generated": MADE,
            "expires": None,
            "expired": False,
            "problem": None,
        },
        "end_of_life": {"date": MADE, "text": None},
        "successor": {"platform": "hephy", "title": "Hephy Workflow", "url": None},
        "notices": [
            {
                "id": "1",
                "severity": "info",
                "title": "Hello",
                "text": "",
                "url": None,
                "published": None,
                "expires": None,
            }
        ],
        "sources": [{"source": "nodes", "up": False, "reason": "forbidden", "last_success": None}],
        "malformed_objects": {"nodes": 1},
        "nodes": {
            "count": 2,
            "ready": 1,
            "capacity": {
                "cpu_cores": 8.0,
                "memory_bytes": 32 * 1024**3,
                "ephemeral_storage_bytes": 200 * 1024**3,
                "pods": 220,
            },
            "os_image": [{"value": "Ubuntu 22.04.5 LTS", "nodes": 2}],
            "kubelet_version": [{"value": "v1.30.6", "nodes": 1}, {"value": "v1.31.2", "nodes": 1}],
            "container_runtime_version": [{"value": "containerd://1.7.22", "nodes": 2}],
            "architecture": [{"value": "amd64", "nodes": 2}],
        },
    }


def test_document_of_nodes() -> None:
    assert document_of_nodes(make.snapshot()) == {
        "taken_at": MADE,
        "nodes": [
            {
                "name": "node-1",
                "os_image": "Ubuntu 22.04.5 LTS",
                "kernel_version": "5.15.0-119-generic",
                "kubelet_version": "v1.31.2",
                "container_runtime_version": "containerd://1.7.22",
                "architecture": "amd64",
                "operating_system": "linux",
                "ready": True,
                "created": MADE,
                "capacity": {
                    "cpu_cores": 4.0,
                    "memory_bytes": 16 * 1024**3,
                    "ephemeral_storage_bytes": 100 * 1024**3,
                    "pods": 110,
                },
            }
        ],
    }


def test_capacity_that_no_node_reports_is_null_and_else_the_sum_of_those_that_do() -> None:
    nodes = (
        make.node("a", ephemeral_storage_bytes=None, pods=None),
        make.node("b", cpu_cores=None, ephemeral_storage_bytes=None),
    )
    snapshot = make.snapshot(inventory=make.inventory(nodes=nodes))

    status: Any = document_of_status(snapshot, count_node_facts(nodes), "0.1.0")
    by_name: Any = document_of_nodes(snapshot)["nodes"]

    assert status["nodes"]["capacity"] == {
        "cpu_cores": 4.0, "memory_bytes": 32 * 1024**3, "ephemeral_storage_bytes": None, "pods": 110,
    }  # fmt: skip
    assert (by_name[0]["capacity"]["pods"], by_name[1]["capacity"]["cpu_cores"]) == (None, None)


@pytest.mark.anyio
async def test_public_and_metrics_listener_agree_but_for_the_registry() -> None:
    snapshot = snapshots.outdated()

    inside = (await ask(metrics(snapshot), "/api/v1/workloads")).text
    outside = (await ask(public(snapshot), "/api/v1/workloads")).text

    assert "registry.internal.example.com" not in outside
    bare = inside.replace("registry.internal.example.com:5000/quay.io/", "").replace(
        "registry.internal.example.com:5000/", ""
    )
    assert msgspec.json.decode(bare) == msgspec.json.decode(outside)


@pytest.mark.anyio
async def test_a_later_snapshot_is_answered_at_once() -> None:
    shown = [snapshots.current()]
    app = public(lambda: shown[0])
    before = (await ask(app, "/api/v1/components")).json()

    shown[0] = replace(shown[0], taken_at=NOW)
    after = (await ask(app, "/api/v1/components")).json()

    assert (before["taken_at"], after["taken_at"]) == ("2026-08-20T14:05:10Z", "2026-08-20T14:05:30Z")
