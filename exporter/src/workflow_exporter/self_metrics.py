"""What the agent counts about itself, in a registry of its own; made once by `app`, then handed on.

What can be read off a snapshot is not counted here: `web.metric_families` renders that. Here is only
what a snapshot cannot tell: how often, how long, and what became of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class FamilyType(StrEnum):
    """Types of the text format that this program uses; values are its spelling."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family as it is documented in docs/metrics.md."""

    name: str  # as its samples are named; a counter's ends in `_total`
    help: str  # one line without quotes, so that both formats spell it alike
    labels: tuple[str, ...] = ()
    type: FamilyType = FamilyType.GAUGE


class RefreshOutcome(StrEnum):
    """What became of one attempt to take a snapshot."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"  # nothing that is shown differs but its time
    FAILED = "failed"  # the last good one stays


class ReportOutcome(StrEnum):
    """What became of one attempt to send a report."""

    SENT = "sent"
    RETRIED = "retried"  # failed in passing, will be tried again
    REPEATED = "repeated"  # refused with 400, perhaps as this hour's had been sent before
    REJECTED = "rejected"  # the receiver refused it for good
    DROPPED = "dropped"  # given up unsent: its slot is over


BUILD_INFO = Family(
    "workflow_exporter_build_info",
    "The agent's own version, the commit it was built from and the Python it runs on.",
    ("version", "revision", "python_version"),
)
SNAPSHOT_DURATION = Family(
    "workflow_exporter_snapshot_duration_seconds",
    "How long it took to make a snapshot from what the sources had delivered.",
    type=FamilyType.HISTOGRAM,
)
REFRESHES = Family(
    "workflow_exporter_refreshes_total",
    "Attempts to make a snapshot, by what became of them.",
    ("outcome",),
    FamilyType.COUNTER,
)
SOURCE_LISTS = Family(
    "workflow_exporter_source_lists_total",
    "Times a source was read from the beginning: at the start, and when a watch could not be resumed.",
    ("source",),
    FamilyType.COUNTER,
)
SOURCE_WATCHES = Family(
    "workflow_exporter_source_watches_total",
    "Times a watch of a source was opened: after each list, and when one ended or broke.",
    ("source",),
    FamilyType.COUNTER,
)
CATALOGS_REFUSED = Family(
    "workflow_exporter_catalogs_refused_total",
    "Catalogs that were read and not believed: malformed, of another platform, wrongly signed, or too old.",
    type=FamilyType.COUNTER,
)
REPORTS = Family(
    "workflow_exporter_reports_total",
    "Attempts to send a usage report, by what became of them; all 0 while reporting is off.",
    ("outcome",),
    FamilyType.COUNTER,
)
REPORT_LAST_SUCCESS = Family(
    "workflow_exporter_report_last_success_timestamp_seconds",
    "When the last usage report was accepted; absent before the first.",
)

SELF_FAMILIES = (
    BUILD_INFO,
    SNAPSHOT_DURATION,
    REFRESHES,
    SOURCE_LISTS,
    SOURCE_WATCHES,
    CATALOGS_REFUSED,
    REPORTS,
    REPORT_LAST_SUCCESS,
)

# Seconds. A snapshot of 60 pods takes about 1 ms, one of 15,000 nodes about 100 ms.
_DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class SelfMetrics:
    """The agent's counters. Not for threads: each method is called from the event loop.

    `sources` are the names whose series exist, at 0, from the start. Without `process` the registry
    holds nothing that differs between two runs (no CPU time, no memory).
    """

    def __init__(
        self,
        *,
        version: str,
        revision: str,
        python_version: str,
        sources: Iterable[str] = (),
        process: bool = True,
    ) -> None:
        self.registry: CollectorRegistry = _RegistryWithoutCreated()
        self._report_last_success = _ReportLastSuccess()
        build_info = Gauge(BUILD_INFO.name, BUILD_INFO.help, BUILD_INFO.labels, registry=self.registry)
        build_info.labels(version=version, revision=revision, python_version=python_version).set(1)
        self._snapshot_duration = Histogram(
            SNAPSHOT_DURATION.name, SNAPSHOT_DURATION.help, buckets=_DURATION_BUCKETS, registry=self.registry
        )
        self._refreshes = self._counter(REFRESHES, tuple(RefreshOutcome))
        self._reading = _Reading(tuple(sources))
        self._reports = self._counter(REPORTS, tuple(ReportOutcome))
        self.registry.register(self._reading)
        self.registry.register(self._report_last_success)
        if process:
            ProcessCollector(registry=self.registry)

    def refreshed(self, outcome: RefreshOutcome, duration_seconds: float) -> None:
        """Counts one attempt; only attempts that made a snapshot enter the durations."""
        self._refreshes.labels(outcome).inc()
        if outcome is not RefreshOutcome.FAILED:
            self._snapshot_duration.observe(duration_seconds)

    def ask_cluster(self, counts: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        """From now on each scrape asks the cluster's reader: (source, `lists` or `watches`) -> how often."""
        self._reading.cluster_counts = counts

    def ask_catalog(self, refused: Callable[[], int]) -> None:
        """From now on each scrape asks how many catalogs were refused."""
        self._reading.catalogs_refused = refused

    def report_attempted(self, outcome: ReportOutcome, at: datetime) -> None:
        """Counts one attempt; `at` is remembered when the report was accepted."""
        self._reports.labels(outcome).inc()
        if outcome is ReportOutcome.SENT:
            self._report_last_success.at = at

    def _counter(self, family: Family, values: tuple[str, ...] = ()) -> Counter:
        """A counter whose series for each of `values` exist from the start, at 0."""
        counter = Counter(family.name, family.help, family.labels, registry=self.registry)
        for value in values:
            counter.labels(value)
        return counter


class _RegistryWithoutCreated(CollectorRegistry):
    """Leaves `_created` samples out; the library's own switch for that is global to the process."""

    def collect(self) -> Iterable[Metric]:
        for metric in super().collect():
            metric.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield metric


class _Reading(Collector):
    """What the readers of cluster and catalog count themselves, asked at each scrape."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self._sources = sources
        self.cluster_counts: Callable[[], Mapping[tuple[str, str], int]] = dict
        self.catalogs_refused: Callable[[], int] = int

    def describe(self) -> Iterable[Metric]:
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        counts = self.cluster_counts()
        for family, what in ((SOURCE_LISTS, "lists"), (SOURCE_WATCHES, "watches")):
            metric = CounterMetricFamily(family.name, family.help, labels=family.labels)
            for source in self._sources:
                metric.add_metric((source,), counts.get((source, what), 0))
            yield metric
        yield CounterMetricFamily(CATALOGS_REFUSED.name, CATALOGS_REFUSED.help, value=self.catalogs_refused())


class _ReportLastSuccess(Collector):
    """Absent until there was one: a gauge of the library would say 1970 instead."""

    def __init__(self) -> None:
        self.at: datetime | None = None

    def describe(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(REPORT_LAST_SUCCESS.name, REPORT_LAST_SUCCESS.help)

    def collect(self) -> Iterable[Metric]:
        if self.at is not None:
            yield GaugeMetricFamily(
                REPORT_LAST_SUCCESS.name, REPORT_LAST_SUCCESS.help, value=self.at.timestamp()
            )
