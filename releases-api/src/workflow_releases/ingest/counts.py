"""What became of requests, for the operator: counts by reason, and never by what a request said."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from workflow_releases.ingest.refusals import Reason

ACCEPTED = "accepted"
FAULT = "fault"  # of this program; logged with its traceback
REASONS = (ACCEPTED, *(reason.label for reason in Reason), FAULT)


class IngestCounts(Collector):
    """Counted in the event loop alone, so plain numbers are enough."""

    def __init__(self) -> None:
        self.by_reason: Counter[str] = Counter(dict.fromkeys(REASONS, 0))
        self.series_forwarded = 0
        self.under_way = 0

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
