"""Whole clusters as operators have them, against tables in tests/data/clusters (`make golden`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters import (
    CLUSTERS,
    ENVIRONMENT_MARKER,
    TELLING_WORD,
    as_running_objects,
    builder_pods,
    held,
    manifests,
    platform_namespace,
    unknown_workloads,
)
from workflow_exporter.cluster.detect import choose_profile
from workflow_exporter.cluster.extract import extract
from workflow_exporter.cluster.objects import ClusterObjects
from workflow_exporter.inventory import Inventory, Workload
from workflow_exporter.platforms.reader import shipped_profiles

TABLES = Path(__file__).parents[2] / "data/clusters"


def read(cluster: str) -> tuple[ClusterObjects, Inventory]:
    """The cluster with a customer's builds and workloads in the platform's namespace, found by `auto`."""
    namespace, profiles = platform_namespace(cluster), shipped_profiles()
    built = [*manifests(cluster), *builder_pods(namespace), *unknown_workloads(namespace)]
    objects = held(as_running_objects(built), profiles)
    return objects, extract(objects, choose_profile(objects, namespace, profiles), namespace)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_cluster_is_extracted_as_tabled(cluster: str, *, rewrite_goldens: bool) -> None:
    table = TABLES / f"{cluster}.txt"
    _, inventory = read(cluster)
    text = "\n".join(_lines(inventory)) + "\n"
    if rewrite_goldens:
        table.write_text(text)

    assert text == table.read_text()


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_nothing_that_tells_of_a_customer_or_of_a_secret_is_kept(cluster: str) -> None:
    objects, inventory = read(cluster)

    for text in (repr(objects), repr(inventory)):
        assert TELLING_WORD not in text
        assert ENVIRONMENT_MARKER not in text
        assert "credentials-must-not-be-read" not in text


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_everything_in_an_inventory_is_sorted_by_what_identifies_it(cluster: str) -> None:
    _, found = read(cluster)

    assert list(found.workloads) == sorted(found.workloads, key=lambda w: (w.component, w.kind, w.name))
    for names in (
        [one.name for one in found.leftovers],
        [one.name for one in found.services],
        [one.name for one in found.nodes],
        *([one.name for one in workload.pods] for workload in found.workloads),
    ):
        assert names == sorted(names)
    assert [one.component for one in found.expectations] == sorted(e.component for e in found.expectations)


def _lines(inventory: Inventory) -> Iterator[str]:
    yield f"{inventory.platform} in {inventory.namespace}, {len(inventory.nodes)} nodes"
    yield ""
    yield f"{'component':25}{'kind':23}{'workload':35}{'declared':10}{'pods':6}image"
    yield from (_line(workload) for workload in inventory.workloads)
    yield ""
    for leftover in inventory.leftovers:
        yield f"leftover {leftover.name} of {leftover.component}"
    for service in inventory.services:
        yield f"service {service.name} of {service.component}: {service.type}"
    for one in inventory.expectations:
        if not one.required or not one.observed or one.absent_workloads:
            observed = "" if one.observed else ", not observed"
            yield f"expected {one.component}: {'required' if one.required else 'optional'}{observed}"
    yield f"unknown {dict(inventory.unknown_workloads)}"


def _line(workload: Workload) -> str:
    main = next((c for c in workload.containers if c.name == workload.main_container), workload.containers[0])
    others = f" and {len(workload.containers) - 1} more" if len(workload.containers) > 1 else ""
    pods = "-" if workload.replicas_desired is None else f"{len(workload.pods)}/{workload.replicas_desired}"
    return (
        f"{workload.component:25}{workload.kind:23}{workload.name:35}{workload.declared or '-':10}"
        f"{pods:6}{main.image}{others}"
    )
