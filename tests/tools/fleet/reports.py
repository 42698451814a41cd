"""Reports of made-up instances, by the agent's own code: snapshot -> series -> bytes. Pure."""

from datetime import UTC, datetime
from functools import cache, lru_cache

import factories as make
from tools.fleet.plan import Fleet, Instance
from tools.fleet.releases import bundle, components, newest
from workflow_exporter.freshness import Assessment, Newest, Verdict
from workflow_exporter.inventory import ClusterFacts, Node, Workload
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.report import Report
from workflow_exporter.reporter.identity import form_identity
from workflow_exporter.reporter.remote_write import encode
from workflow_exporter.reporter.series import make_report
from workflow_exporter.reporter.table import Material
from workflow_exporter.reporter.words import Words
from workflow_exporter.snapshot import CatalogFacts, Identity, Snapshot

_KEY = b"a key that belongs to nobody ...."  # 32 bytes are the least


def identity_of(instance: Instance) -> Identity:
    """By the agent's rule; the same for the same number."""
    identity = form_identity(_KEY, _facts(instance))
    if identity is None:
        raise AssertionError("made-up facts have both UIDs")
    return identity


def report_of(fleet: Fleet, instance: Instance, slot: int) -> Report:
    """What the agent would say of the hour that begins at `slot`."""
    material = Material(
        snapshot=_snapshot(fleet, instance, slot),
        slot=datetime.fromtimestamp(slot, UTC),
        audience=instance.audience,
        exporter_version=instance.agent_at(slot),
    )
    report = make_report(material, _words())
    if report is None:
        raise AssertionError("a made-up instance has an identity")
    return report


def bytes_of(fleet: Fleet, instance: Instance, slot: int) -> bytes:
    return encode(report_of(fleet, instance, slot))


def components_of(fleet: Fleet, instance: Instance, slot: int) -> dict[str, tuple[str, Verdict]]:
    """Version and verdict of each component that runs; what is newest is what this fleet has seen by then."""
    platform = instance.platform
    running = bundle(platform, instance.version_at(slot)).components
    offered = newest(platform, slot, fleet.end).components
    names = sorted(running)[: -1 if instance.missing else None]
    return {
        name: (
            running[name],
            Verdict.OUTDATED if offered.get(name, running[name]) != running[name] else Verdict.CURRENT,
        )
        for name in names
    }


def missing_of(instance: Instance, slot: int) -> str | None:
    """The component that is required and not there."""
    running = bundle(instance.platform, instance.version_at(slot)).components
    return max(running) if instance.missing else None


def _snapshot(fleet: Fleet, instance: Instance, slot: int) -> Snapshot:
    found = [_assessment(name, *told) for name, told in components_of(fleet, instance, slot).items()]
    if missing := missing_of(instance, slot):
        found.append(make.assessment(missing, Verdict.MISSING, None))
    return make.snapshot(
        found,
        inventory=make.inventory(
            [], platform=instance.platform, cluster=_facts(instance), nodes=_nodes(instance), services=[]
        ),
        bundle=make.bundle_assessment(instance.version_at(slot)),
        catalog=CatalogFacts(platform=instance.platform, components=components(instance.platform)),
        identity=identity_of(instance),
    )


def _assessment(name: str, version: str, verdict: Verdict) -> Assessment:
    return make.assessment(name, verdict, version, newest=Newest(), workloads=[_workload()])


@cache
def _workload() -> Workload:
    """One for all: a report asks only whether there is any."""
    return make.workload()


@lru_cache(maxsize=100_000)
def _facts(instance: Instance) -> ClusterFacts:
    return make.cluster_facts(
        f"00000000-0000-4000-8000-{instance.cluster.number:012d}",
        f"11111111-1111-4111-8111-{instance.number:012d}",
        cluster_created=datetime.fromtimestamp(instance.cluster.created, UTC),
        instance_created=datetime.fromtimestamp(instance.created, UTC),
        kubernetes_version=instance.cluster.nodes.kubelet,
    )


def _nodes(instance: Instance) -> list[Node]:
    nodes = instance.cluster.nodes
    return [
        make.node(
            f"node-{number}",
            os_image=nodes.os_image,
            kubelet_version=nodes.old_kubelet if number < nodes.old else nodes.kubelet,
            container_runtime_version=nodes.runtime,
            architecture=nodes.architecture,
            cpu_cores=nodes.cpu_cores,
            memory_bytes=nodes.memory_gib * 1024**3,
            created=datetime.fromtimestamp(nodes.oldest if number == 0 else nodes.newest, UTC),
        )
        for number in range(nodes.count)
    ]


@cache
def _words() -> Words:
    return Words.of_profiles(shipped_profiles())
