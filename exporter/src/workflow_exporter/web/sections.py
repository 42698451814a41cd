"""The page's sections below the components: workloads, pods, services, leftovers, nodes, sources."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from workflow_exporter.errors import ImageReferenceError
from workflow_exporter.freshness import AssessedWorkload
from workflow_exporter.image import parse_image
from workflow_exporter.inventory import Container, Inventory, Pod, Replicas, Service, Workload
from workflow_exporter.snapshot import Snapshot, SourceState
from workflow_exporter.web.node_facts import FactCount, NodeFacts
from workflow_exporter.web.wording import Moment, cores, counted, listed, moment_ago, size

_Amount = TypeVar("_Amount", int, float)

_DIGEST_LETTERS = 12  # of the hex part, as container tools shorten it


@dataclass(frozen=True, slots=True)
class ContainerLine:
    name: str
    image: str


@dataclass(frozen=True, slots=True)
class WorkloadRow:
    name: str
    kind: str
    component: str
    version: str | None
    replicas: Replicas | None
    containers: tuple[ContainerLine, ...]


@dataclass(frozen=True, slots=True)
class PodRow:
    name: str
    component: str
    phase: str  # Kubernetes' word, or Terminating
    ready: bool
    restarts: int
    versions: tuple[str, ...]  # of its containers, each once
    started: Moment | None


@dataclass(frozen=True, slots=True)
class ServiceRow:
    name: str
    component: str | None
    type: str
    ports: str  # `ssh 2222/TCP, http 80/TCP`


@dataclass(frozen=True, slots=True)
class SourceRow:
    source: str
    state: str  # up, down, waiting, not recorded
    last_success: Moment | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class FactList:
    """One fact of the nodes: its values with how many nodes share each."""

    name: str
    values: tuple[FactCount, ...]
    nodes: int  # of all values together


@dataclass(frozen=True, slots=True)
class NodeSection:
    """`problem` is why nodes cannot be read; then what is shown is the last that was seen, if any."""

    count: int
    totals: tuple[tuple[str, str], ...]  # name, amount in words
    facts: tuple[FactList, ...]
    problem: str | None


def workload_rows(snapshot: Snapshot) -> tuple[WorkloadRow, ...]:
    versions = {
        (a.workload.kind, a.workload.name): a.version for c in snapshot.components for a in c.workloads
    }
    return tuple(
        _workload_row(AssessedWorkload(w, versions.get((w.kind, w.name))))
        for w in snapshot.inventory.workloads
    )


def _workload_row(assessed: AssessedWorkload) -> WorkloadRow:
    workload = assessed.workload
    return WorkloadRow(
        name=workload.name,
        kind=workload.kind.value,
        component=workload.component,
        version=assessed.version,
        replicas=workload.replicas,
        containers=tuple(ContainerLine(c.name, c.image) for c in workload.containers),
    )


def pod_rows(inventory: Inventory, now: datetime) -> tuple[PodRow, ...]:
    """By component, then by name."""
    pods = ((workload, pod) for workload in inventory.workloads for pod in workload.pods)
    rows = (_pod_row(workload, pod, now) for workload, pod in pods)
    return tuple(sorted(rows, key=lambda row: (row.component, row.name)))


def _pod_row(workload: Workload, pod: Pod, now: datetime) -> PodRow:
    return PodRow(
        name=pod.name,
        component=workload.component,
        phase="Terminating" if pod.terminating else pod.phase,
        ready=pod.ready,
        restarts=pod.restarts,
        versions=tuple(dict.fromkeys(_image_version(c) for c in pod.containers)),
        started=moment_ago(pod.created, now) if pod.created else None,
    )


def _image_version(container: Container) -> str:
    """The image's tag, else its digest shortened."""
    try:
        image = parse_image(container.image)
    except ImageReferenceError:
        return container.image
    if image.tag or not image.digest:
        return image.tag or "latest"  # no tag and no digest means latest, OCI distribution's default
    algorithm, _, letters = image.digest.partition(":")
    return f"{algorithm}:{letters[:_DIGEST_LETTERS]}…"


def service_rows(inventory: Inventory) -> tuple[ServiceRow, ...]:
    return tuple(ServiceRow(s.name, s.component, s.type, _ports(s)) for s in inventory.services)


def _ports(service: Service) -> str:
    return ", ".join(
        f"{p.name} {p.port}/{p.protocol}" if p.name else f"{p.port}/{p.protocol}" for p in service.ports
    )


def source_rows(sources: tuple[SourceState, ...], now: datetime) -> tuple[SourceRow, ...]:
    words = {True: "up", False: "down", None: "waiting"}
    return tuple(
        SourceRow(
            source=state.source,
            state=words[state.up] if state.recorded else "not recorded",
            last_success=moment_ago(state.last_success, now) if state.last_success else None,
            reason=state.reason if state.recorded else None,  # the state says it
        )
        for state in sources
    )


def node_section(facts: NodeFacts, sources: tuple[SourceState, ...]) -> NodeSection:
    problem = next(
        (s.reason or "no reason given" for s in sources if s.source == "nodes" and s.up is False), None
    )
    return NodeSection(
        count=facts.count,
        totals=(
            ("Ready", f"{facts.ready:,} of {facts.count:,}"),
            ("CPU", _known(facts.cpu_cores, counted_cores)),
            ("Memory", _known(facts.memory_bytes, size)),
            ("Ephemeral storage", _known(facts.ephemeral_storage_bytes, size)),
            ("Room for pods", _known(facts.pods, "{:,}".format)),
        ),
        facts=(
            FactList("Operating system", facts.os_image, facts.count),
            FactList("Kubelet", facts.kubelet_version, facts.count),
            FactList("Container runtime", facts.container_runtime_version, facts.count),
            FactList("Architecture", facts.architecture, facts.count),
        ),
        problem=problem,
    )


def _known(amount: _Amount | None, words: Callable[[_Amount], str]) -> str:
    return "not reported" if amount is None else words(amount)


def counted_cores(number: float) -> str:
    return f"{cores(number)} {'core' if number == 1 else 'cores'}"


def unknown_workloads_sentence(unknown: Mapping[str, int]) -> str | None:
    """Counts by kind of what the profile does not know; its names are nobody's business."""
    kinds = [counted(number, kind) for kind, number in sorted(unknown.items()) if number]
    return f"Not shown, as the platform does not know them: {listed(kinds)}." if kinds else None
