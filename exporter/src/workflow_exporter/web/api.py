"""The JSON documents of `/api/v1/*`, as plain dictionaries; openapi.yaml is their contract.

Absent facts are null, moments are RFC 3339 in UTC, amounts are in base units. The same functions serve
both listeners: on the public one they are handed a disclosed snapshot.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workflow_exporter.freshness import AssessedWorkload, Assessment, Verdict
from workflow_exporter.inventory import Container, Node, Pod, Service, Workload
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.node_facts import FactCount, NodeFacts
from workflow_exporter.web.wording import rfc3339

Document = dict[str, Any]


def document_of_components(snapshot: Snapshot) -> Document:
    """`/api/v1/components`, and what `check --output json` prints."""
    bundle = snapshot.bundle
    return {
        "taken_at": rfc3339(snapshot.taken_at),
        "platform": snapshot.inventory.platform,
        "bundle": {
            "version": bundle.version,
            "train": bundle.train,
            "newest": bundle.newest,
            "matching": bundle.matching,
            "drifted": bundle.drifted,
            "missing": bundle.missing,
        },
        "components": [_component(a) for a in snapshot.components],
    }


def document_of_workloads(snapshot: Snapshot) -> Document:
    """`/api/v1/workloads`: workloads with their pods, services, and what is left over."""
    inventory = snapshot.inventory
    return {
        "taken_at": rfc3339(snapshot.taken_at),
        "platform": inventory.platform,
        "namespace": inventory.namespace,
        "workloads": [_workload(w) for w in inventory.workloads],
        "services": [_service(s) for s in inventory.services],
        "leftovers": [
            {"name": left.name, "component": left.component, "replicas": {"desired": left.replicas_desired}}
            for left in inventory.leftovers
        ],
        "unknown_workloads": dict(inventory.unknown_workloads),
    }


def document_of_status(snapshot: Snapshot, nodes: NodeFacts, exporter_version: str) -> Document:
    """`/api/v1/status`: what the verdicts rest on, and nodes as counts."""
    inventory, catalog = snapshot.inventory, snapshot.catalog
    verdicts = [a.verdict for a in snapshot.components]
    end, successor = catalog.end_of_life, catalog.successor
    return {
        "taken_at": rfc3339(snapshot.taken_at),
        "exporter_version": exporter_version,
        "platform": inventory.platform,
        "platform_title": inventory.platform_title,
        "namespace": inventory.namespace,
        "kubernetes_version": inventory.cluster.kubernetes_version,
        "cluster_created": _moment(inventory.cluster.cluster_created),
        "instance_created": _moment(inventory.cluster.instance_created),
        "identity_problem": snapshot.identity_problem,
        "verdicts": {verdict.value: verdicts.count(verdict) for verdict in Verdict},
        "security_updates": sum(a.security for a in snapshot.components),
        "unobserved": list(snapshot.unobserved),
        "checks": _mode(snapshot, "checks", snapshot.checks_enabled),
        "reporting": _mode(snapshot, "reporting", snapshot.reporting_enabled),
        "catalog": {
            "title": catalog.title,
            "generated": _moment(catalog.generated),
            "expires": _moment(catalog.expires),
            "expired": catalog.expired,
            "problem": catalog.problem,
        },
        "end_of_life": {"date": rfc3339(end.date), "text": end.text} if end else None,
        "successor": (
            {"platform": successor.platform, "title": successor.title, "url": successor.url}
            if successor
            else None
        ),
        "notices": _notices(snapshot),
        "sources": [
            {"source": s.source, "up": s.up, "reason": s.reason, "last_success": _moment(s.last_success)}
            for s in snapshot.sources
        ],
        "malformed_objects": dict(inventory.malformed_objects),
        "nodes": _node_facts(nodes),
    }


def document_of_nodes(snapshot: Snapshot) -> Document:
    """`/api/v1/nodes`, for the metrics listener only: nodes by name."""
    return {"taken_at": rfc3339(snapshot.taken_at), "nodes": [_node(n) for n in snapshot.inventory.nodes]}


def _component(assessment: Assessment) -> Document:
    observed, newest = assessment.observed, assessment.newest
    return {
        "component": assessment.component,
        "verdict": assessment.verdict.value,
        "version": assessment.version,
        "observed": {
            "declared": observed.declared,
            "template": observed.template,
            "running": observed.running,
        },
        "newest": {"patch": newest.patch, "minor": newest.minor, "major": newest.major},
        "outdated_since": _moment(assessment.outdated_since),
        "security": assessment.security,
        "rolling": assessment.rolling,
        "reason": assessment.reason,
        "missing_workloads": [
            {"kind": one.kind.value, "name": one.name} for one in assessment.missing_workloads
        ],
        "workloads": [_assessed_workload(a) for a in assessment.workloads],
    }


def _assessed_workload(assessed: AssessedWorkload) -> Document:
    workload = assessed.workload
    return {
        "kind": workload.kind.value,
        "name": workload.name,
        "container": workload.main.name if workload.main else None,
        "version": assessed.version,
        "replicas": _replicas(workload),
    }


def _replicas(workload: Workload) -> Document:
    return {"desired": workload.replicas_desired, "ready": workload.replicas_ready}


def _workload(workload: Workload) -> Document:
    return {
        "component": workload.component,
        "kind": workload.kind.value,
        "name": workload.name,
        "declared": workload.declared,
        "created": _moment(workload.created),
        "replicas": _replicas(workload),
        "containers": [_container(c) for c in workload.containers],
        "pods": [_pod(pod) for pod in workload.pods],
    }


def _pod(pod: Pod) -> Document:
    return {
        "name": pod.name,
        "phase": pod.phase,
        "ready": pod.ready,
        "restarts": pod.restarts,
        "terminating": pod.terminating,
        "created": _moment(pod.created),
        "containers": [_container(c) for c in pod.containers],
    }


def _container(container: Container) -> Document:
    return {"name": container.name, "image": container.image, "digest": container.digest}


def _service(service: Service) -> Document:
    return {
        "name": service.name,
        "component": service.component,
        "type": service.type,
        "ports": [{"name": p.name, "port": p.port, "protocol": p.protocol} for p in service.ports],
        "created": _moment(service.created),
    }


def _notices(snapshot: Snapshot) -> list[Document]:
    return [
        {
            "id": notice.id,
            "severity": notice.severity.value,
            "title": notice.title,
            "text": notice.text,
            "url": notice.url,
            "published": _moment(notice.published),
            "expires": _moment(notice.expires),
        }
        for notice in snapshot.notices
    ]


def _mode(snapshot: Snapshot, name: str, enabled: bool) -> Document:
    return {"enabled": enabled, "mode": snapshot.modes.get(name)}


def _node(node: Node) -> Document:
    return {
        "name": node.name,
        "os_image": node.os_image,
        "kernel_version": node.kernel_version,
        "kubelet_version": node.kubelet_version,
        "container_runtime_version": node.container_runtime_version,
        "architecture": node.architecture,
        "operating_system": node.operating_system,
        "ready": node.ready,
        "created": _moment(node.created),
        "capacity": _capacity(node),
    }


def _node_facts(facts: NodeFacts) -> Document:
    return {
        "count": facts.count,
        "ready": facts.ready,
        "capacity": _capacity(facts),
        "os_image": _counts(facts.os_image),
        "kubelet_version": _counts(facts.kubelet_version),
        "container_runtime_version": _counts(facts.container_runtime_version),
        "architecture": _counts(facts.architecture),
    }


def _capacity(of: Node | NodeFacts) -> Mapping[str, float | None]:
    return {
        "cpu_cores": of.cpu_cores,
        "memory_bytes": of.memory_bytes,
        "ephemeral_storage_bytes": of.ephemeral_storage_bytes,
        "pods": of.pods,
    }


def _counts(counts: tuple[FactCount, ...]) -> list[Document]:
    return [{"value": count.value, "nodes": count.nodes} for count in counts]


def _moment(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
