"""Nodes as counts and totals: all that is said of them where their names must not appear."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from workflow_exporter.inventory import Node, known_sum


@dataclass(frozen=True, slots=True)
class FactCount:
    value: str
    nodes: int


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """Totals in base units, None where no node reports one; facts by falling count, then by name."""

    count: int
    ready: int
    cpu_cores: float | None
    memory_bytes: int | None
    ephemeral_storage_bytes: int | None
    pods: int | None  # how many the nodes have room for
    os_image: tuple[FactCount, ...]
    kubelet_version: tuple[FactCount, ...]
    container_runtime_version: tuple[FactCount, ...]
    architecture: tuple[FactCount, ...]


def count_node_facts(nodes: tuple[Node, ...]) -> NodeFacts:
    """One pass per fact; 5,000 nodes take a few milliseconds."""
    return NodeFacts(
        count=len(nodes),
        ready=sum(node.ready for node in nodes),
        cpu_cores=known_sum(node.cpu_cores for node in nodes),
        memory_bytes=known_sum(node.memory_bytes for node in nodes),
        ephemeral_storage_bytes=known_sum(node.ephemeral_storage_bytes for node in nodes),
        pods=known_sum(node.pods for node in nodes),
        os_image=_counted(node.os_image for node in nodes),
        kubelet_version=_counted(node.kubelet_version for node in nodes),
        container_runtime_version=_counted(node.container_runtime_version for node in nodes),
        architecture=_counted(node.architecture for node in nodes),
    )


def _counted(values: Iterable[str]) -> tuple[FactCount, ...]:
    counts = Counter(values)
    return tuple(
        FactCount(value, nodes) for value, nodes in sorted(counts.items(), key=lambda c: (-c[1], c[0]))
    )
