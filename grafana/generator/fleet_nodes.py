"""What the fleet runs on: operating systems, kubelets, runtimes, architectures, sizes, ages of nodes."""

from generator.board import STAFF, Board
from generator.fleet import FLEET_VARIABLES, MOST_ROWS, OF_AUDIENCE, ZERO, each, held, one
from generator.panels import BYTES, COUNT, SECONDS, Panel, Query, bar_list, graph, row, stat
from generator.tables import Column, table

_ALL = "audience_os_image_kubelet_version_container_runtime_architecture:fleet_nodes:sum"
_FACTS = "os_image, kubelet_version, container_runtime, architecture"
_ROUNDED = "Above 10 nodes, reports round their counts to two digits."


def _now(number: int, title: str, label: str) -> Panel:
    return bar_list(
        number,
        title,
        Query(
            f"sort_desc({each(f'audience_{label}:fleet_nodes:sum', label)})", f"{{{{{label}}}}}", at_once=True
        ),
        also=_ROUNDED,
        width=6,
        height=10,
    )


def _course(number: int, title: str, label: str) -> Panel:
    query = Query(each(f"audience_{label}:fleet_nodes:sum", label), f"{{{{{label}}}}}")
    return graph(number, title, query, also=_ROUNDED, stacked=True)


FLEET_NODES = Board(
    "fleet-nodes",
    "Fleet: nodes",
    "What instances run on: Kubernetes, operating systems, kubelets, runtimes, architectures and sizes.",
    STAFF,
    FLEET_VARIABLES,
    (
        row(1, "Now"),
        stat(2, "Nodes", f"sum({each('audience_architecture:fleet_nodes:sum', 'architecture')}) or {ZERO}"),
        stat(3, "Processor cores", one("audience:fleet_capacity_cpu_cores:sum")),
        stat(4, "Memory", one("audience:fleet_capacity_memory_bytes:sum"), BYTES),
        stat(5, "Local storage", one("audience:fleet_capacity_storage_bytes:sum"), BYTES),
        stat(
            6,
            "Age of oldest nodes",
            one("audience_bound:fleet_node_age_seconds:avg", 'bound="oldest"'),
            SECONDS,
            decimals=1,
        ),
        stat(
            7,
            "Age of newest nodes",
            one("audience_bound:fleet_node_age_seconds:avg", 'bound="newest"'),
            SECONDS,
            decimals=1,
        ),
        row(20, "What nodes run now"),
        _now(21, "Operating systems", "os_image"),
        _now(22, "Kubelets", "kubelet_version"),
        _now(23, "Container runtimes", "container_runtime"),
        _now(24, "Architectures", "architecture"),
        row(30, "Over time"),
        _course(31, "Operating systems", "os_image"),
        _course(32, "Kubelets", "kubelet_version"),
        _course(33, "Container runtimes", "container_runtime"),
        graph(
            34,
            "Instances, by Kubernetes",
            Query(
                each("audience_kubernetes_version:fleet_instances:count", "kubernetes_version"),
                "{{kubernetes_version}}",
            ),
            stacked=True,
        ),
        graph(
            35,
            "Processor cores",
            Query(one("audience:fleet_capacity_cpu_cores:sum"), "Processor cores"),
        ),
        graph(
            36,
            "Memory and storage",
            Query(one("audience:fleet_capacity_memory_bytes:sum"), "Memory"),
            Query(one("audience:fleet_capacity_storage_bytes:sum"), "Local storage"),
            unit=BYTES,
        ),
        row(40, "In detail"),
        table(
            41,
            "Combinations",
            (f"topk({MOST_ROWS}, {held(_ALL, _FACTS, OF_AUDIENCE)})",),
            (
                Column("os_image", "Operating system"),
                Column("kubelet_version", "Kubelet"),
                Column("container_runtime", "Container runtime"),
                Column("architecture", "Architecture"),
                Column("A", "Nodes", COUNT),
            ),
            also=f"At most {MOST_ROWS}, the most frequent ones.",
            height=12,
            sort=("Nodes", True),
        ),
    ),
)
