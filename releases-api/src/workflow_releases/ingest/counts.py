"""What became of requests, for the operator: counts by reason, and never by what a request said."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from workflow_releases.ingest.refusals import Reason

ACCEPTED = "accepted"
FAULT = "fault"  # of this program; logged with its traceback
PLATFORM, AGENT = "platform", "agent"  # whose versions: the platform's and its components', or the agent's
ALLOWED_TO = ("day", "source", "instance")  # whose allowance may be used up
REASONS = (ACCEPTED, *(reason.label for reason in Reason), FAULT)


class IngestCounts(Collector):
    """Counted in the event loop alone, so plain numbers are enough."""

    def __init__(self) -> None:
        self.by_reason: Counter[str] = Counter(dict.fromkeys(REASONS, 0))
        self.series_forwarded = 0
        self.under_way = 0
        self.unlisted = {PLATFORM: 0, AGENT: 0}
        self.not_admitted = Counter({(kind, of): 0 for kind in self.unlisted for of in ALLOWED_TO})

    def collect(self) -> Iterable[Metric]:
        """All reasons from the start on, so that an alert sees the first of each."""
        requests = CounterMetricFamily(
            "releases_ingest_requests",
            "Reports that were accepted or refused, by the reason.",
            labels=("reason",),
        )
        for reason, count in sorted(self.by_reason.items()):
            requests.add_metric((reason,), count)
        yield requests
        yield CounterMetricFamily(
            "releases_ingest_series_forwarded",
            "Series that the store has taken.",
            value=self.series_forwarded,
        )
        yield GaugeMetricFamily(
            "releases_ingest_reports_under_way",
            "Reports that are being read, checked or forwarded.",
            value=self.under_way,
        )
        yield from self._unlisted()

    def _unlisted(self) -> Iterable[Metric]:
        unlisted = GaugeMetricFamily(
            "releases_ingest_unlisted_versions",
            "Versions that no catalog lists and that count since 00:00 UTC.",
            labels=("subject",),
        )
        for kind, count in self.unlisted.items():
            unlisted.add_metric((kind,), count)
        yield unlisted
        not_admitted = CounterMetricFamily(
            "releases_ingest_versions_not_admitted",
            "Unlisted versions that became `other` because an allowance was used up, by whose.",
            labels=("subject", "allowance"),
        )
        for labels, count in self.not_admitted.items():
            not_admitted.add_metric(labels, count)
        yield not_admitted
