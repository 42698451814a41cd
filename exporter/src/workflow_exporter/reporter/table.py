"""The series that a report has: the other half of the allow-list.

Reports, PRIVACY.md, the preview and the checks are made from this table, so what is not in it is neither
sent nor promised. A row says where its values come from and how coarse they are made.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow_exporter.freshness import Verdict
from workflow_exporter.inventory import known_sum
from workflow_exporter.report import SeriesText
from workflow_exporter.reporter import amounts
from workflow_exporter.reporter.labels import BOUNDS, LABELS
from workflow_exporter.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Material:
    """All that a report is made of."""

    snapshot: Snapshot
    slot: datetime  # the start of a UTC hour
    audience: str
    exporter_version: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a row found in the cluster. Nothing of it is reported but through the rules of its labels."""

    raw_labels: Mapping[str, str | None]
    amount: float | None  # None: not known


Combine = Callable[[float, float], float]


def _sum(one: float, other: float) -> float:
    return one + other


@dataclass(frozen=True, slots=True)
class Row:
    """One series of the report, with all its sets of labels."""

    text: SeriesText
    find: Callable[[Material], Iterable[Found]]
    combine: Combine  # of amounts whose labels became the same words
    coarse: Callable[[float], float | None]  # None: nothing may be said
    most: float  # a greater value is left out: it cannot be true
    most_sets: int = 1  # of labels; the rest are combined into one whose labels are all `other`

    @property
    def name(self) -> str:
        return self.text.name

    @property
    def labels(self) -> tuple[str, ...]:
        return self.text.labels


def _instance(material: Material) -> Iterator[Found]:
    snapshot = material.snapshot
    labels = {
        "cluster_id": snapshot.identity.cluster_id if snapshot.identity else None,
        "platform": snapshot.inventory.platform,
        "version": snapshot.bundle.version,
        "train": snapshot.bundle.train,
        "audience": material.audience,
        "exporter_version": material.exporter_version,
        "kubernetes_version": snapshot.inventory.cluster.kubernetes_version,
    }
    yield Found(labels, material.slot.timestamp())


def _components(material: Material) -> Iterator[Found]:
    for one in material.snapshot.components:
        if one.workloads:
            yield Found({"component": one.component, "version": one.version}, material.slot.timestamp())


def _instance_created(material: Material) -> Iterator[Found]:
    created = material.snapshot.inventory.cluster.instance_created
    yield Found({}, amounts.monday(created, material.slot))


def _cluster_created(material: Material) -> Iterator[Found]:
    created = material.snapshot.inventory.cluster.cluster_created
    yield Found({}, amounts.monday(created, material.slot))


def _nodes_created(material: Material) -> Iterator[Found]:
    created = [node.created for node in material.snapshot.inventory.nodes if node.created]
    if created:
        for bound, moment in zip(BOUNDS, (min(created), max(created)), strict=True):
            yield Found({"bound": bound}, amounts.monday(moment, material.slot))


def _verdicts(material: Material) -> Iterator[Found]:
    verdicts = [one.verdict for one in material.snapshot.components]
    for verdict in Verdict:
        yield Found({"verdict": verdict.value}, verdicts.count(verdict))


_NODE_FACTS = ("os_image", "kubelet_version", "container_runtime", "architecture")


def _nodes(material: Material) -> Iterator[Found]:
    # Counted before they are anonymised: thousands of nodes have a handful of combinations.
    combinations = Counter(
        (node.os_image, node.kubelet_version, node.container_runtime_version, node.architecture)
        for node in material.snapshot.inventory.nodes
    )
    for facts, count in combinations.items():
        yield Found(dict(zip(_NODE_FACTS, facts, strict=True)), count)


def _cpu_cores(material: Material) -> Iterator[Found]:
    yield Found({}, known_sum(node.cpu_cores for node in material.snapshot.inventory.nodes))


def _memory(material: Material) -> Iterator[Found]:
    yield Found({}, known_sum(node.memory_bytes for node in material.snapshot.inventory.nodes))


def _storage(material: Material) -> Iterator[Found]:
    yield Found({}, known_sum(node.ephemeral_storage_bytes for node in material.snapshot.inventory.nodes))


_MOST_SECONDS = 2.0**33  # the year 2242; a timestamp in milliseconds is beyond it
_MOST_COUNT = 1e6  # Kubernetes is tested up to 5,000 nodes
_MOST_CORES = 2.0**24
_MOST_BYTES = 2.0**60  # 1 EiB
_MOST_COMPONENTS = 39  # the largest shipped catalog has 30; with `other` the 40 that the gateway takes

SERIES = (
    Row(
        SeriesText(
            "fleet_instance_seen_timestamp_seconds",
            (
                "cluster_id",
                "platform",
                "version",
                "train",
                "audience",
                "exporter_version",
                "kubernetes_version",
            ),
            "the hour of the report, in seconds since 1970",
            "to count the installations that run, by release and age",
            "1795435200",
            "the minute at which anything happened",
        ),
        _instance,
        max,
        float,
        _MOST_SECONDS,
    ),
    Row(
        SeriesText(
            "fleet_component_seen_timestamp_seconds",
            ("component", "version"),
            "the hour of the report, in seconds since 1970, for each component that runs",
            "to know which releases of a component are still in use",
            "1795435200",
            "anything about applications: they are not components",
        ),
        _components,
        max,
        float,
        _MOST_SECONDS,
        _MOST_COMPONENTS,
    ),
    Row(
        SeriesText(
            "fleet_instance_created_timestamp_seconds",
            (),
            "the Monday of the week in which the platform's namespace was created, in seconds since 1970",
            "to know how old installations get",
            "1465171200",
            "the day or the time",
        ),
        _instance_created,
        max,
        float,
        _MOST_SECONDS,
    ),
    Row(
        SeriesText(
            "fleet_cluster_created_timestamp_seconds",
            (),
            "the Monday of the week in which the cluster was created, in seconds since 1970",
            "to know how old clusters get",
            "1464566400",
            "the day or the time",
        ),
        _cluster_created,
        max,
        float,
        _MOST_SECONDS,
    ),
    Row(
        SeriesText(
            "fleet_nodes_created_timestamp_seconds",
            ("bound",),
            "the Monday of the week in which the oldest and the newest node joined, in seconds since 1970",
            "to know whether nodes are replaced or kept",
            "1505088000",
            "the day or the time, or how many nodes came when",
        ),
        _nodes_created,
        max,
        float,
        _MOST_SECONDS,
        len(BOUNDS),
    ),
    Row(
        SeriesText(
            "fleet_components",
            ("verdict",),
            "how many components have this verdict",
            "to know how far behind installations are",
            "3",
            "which components they are",
        ),
        _verdicts,
        _sum,
        amounts.count,
        _MOST_COUNT,
        len(Verdict),
    ),
    Row(
        SeriesText(
            "fleet_nodes",
            _NODE_FACTS,
            "how many nodes have these facts in common; above 10 rounded to two digits; at most 8 "
            "combinations, and the rest as one",
            "to know what the platform must run on",
            "12",
            "a node's name, address or labels, or what is special about a single one of many",
        ),
        _nodes,
        _sum,
        amounts.rounded_count,
        _MOST_COUNT,
        8,
    ),
    Row(
        SeriesText(
            "fleet_capacity_cpu_cores",
            (),
            "processor cores of all nodes together, rounded up to a power of two",
            "to know the sizes of clusters",
            "64",
            "what is in use, or the exact number",
        ),
        _cpu_cores,
        max,
        amounts.power_of_two,
        _MOST_CORES,
    ),
    Row(
        SeriesText(
            "fleet_capacity_memory_bytes",
            (),
            "memory of all nodes together, in bytes, rounded up to a power of two of GiB",
            "to know the sizes of clusters",
            "274877906944",
            "what is in use, or the exact number",
        ),
        _memory,
        max,
        amounts.power_of_two_gibibytes,
        _MOST_BYTES,
    ),
    Row(
        SeriesText(
            "fleet_capacity_storage_bytes",
            (),
            "local storage of all nodes together, in bytes, rounded up to a power of two of GiB",
            "to know the sizes of clusters",
            "1099511627776",
            "what is in use or stored, or the exact number",
        ),
        _storage,
        max,
        amounts.power_of_two_gibibytes,
        _MOST_BYTES,
    ),
)

if unknown := {label for row in SERIES for label in row.labels} - LABELS.keys():
    raise AssertionError(f"no rule for the labels {unknown}")
