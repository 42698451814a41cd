"""Whole clusters as plain manifests, built from the established facts and never typed by hand.

`manifests(name)` is what an operator would apply; `as_running_objects` plays the control plane where
there is none. Here belong clusters; single objects with defaults belong in `factories`.
"""

from collections.abc import Callable

from clusters.customers import TELLING_WORD, builder_pods, near_misses, unknown_workloads
from clusters.deis import deis, hephy
from clusters.drycc import drycc
from clusters.objects import ENVIRONMENT_MARKER, Manifest
from clusters.reading import held
from clusters.running import as_running_objects

__all__ = [
    "CLUSTERS",
    "ENVIRONMENT_MARKER",
    "TELLING_WORD",
    "Manifest",
    "as_running_objects",
    "builder_pods",
    "held",
    "manifests",
    "near_misses",
    "platform_namespace",
    "unknown_workloads",
]

CLUSTERS: dict[str, Callable[[], list[Manifest]]] = {
    "deis-v2.0.0": lambda: deis("v2.0.0"),  # ReplicationControllers, before redis and nsqd
    "deis-v2.2.0": lambda: deis("v2.2.0"),  # ReplicationControllers, no annotation
    "deis-v2.3.0": lambda: deis("v2.3.0"),  # five Deployments with leftovers, no annotation
    "deis-v2.9.0": lambda: deis("v2.9.0"),  # a leftover beside every Deployment
    "deis-v2.18.0": lambda: deis("v2.18.0"),
    "hephy-v2.22.3": lambda: hephy("v2.22.3"),
    "hephy-v2.23.0": lambda: hephy("v2.23.0"),
    "drycc-stable": lambda: drycc("drycc-v1.8.3"),
    "drycc-testing": lambda: drycc("drycc-HEAD"),
    "drycc-retired": lambda: drycc("drycc-v1.8.1"),  # logger, prometheus, a registry-proxy of its own
}


def manifests(cluster_name: str) -> list[Manifest]:
    """Everything to apply for one cluster, its namespace first and its nodes last; a new list each time."""
    return CLUSTERS[cluster_name]()


def platform_namespace(cluster_name: str) -> str:
    """Where the platform of that cluster is installed."""
    return "drycc" if cluster_name.startswith("drycc") else "deis"
