"""Every series that rules, alerts and boards may read: names and labels, from the programs themselves."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from releases_factories import INSTANCE, make_catalog
from workflow_exporter.reporter.labels import INSTANCE_ID
from workflow_exporter.reporter.table import SERIES
from workflow_exporter.self_metrics import SELF_FAMILIES
from workflow_exporter.web.metric_families import CLUSTER_FAMILIES, EXPORTER_FAMILIES, NODE_FAMILIES
from workflow_releases.edition import make_edition
from workflow_releases.ingest.counts import IngestCounts
from workflow_releases.self_metrics import RequestCounts, self_registry
from workflow_releases.web.metrics import EditionCollector

_FAMILIES = (
    *(entry.family for entry in (*CLUSTER_FAMILIES, *EXPORTER_FAMILIES)),
    *(entry.family for entry in NODE_FAMILIES),
    *SELF_FAMILIES,
)

REPORTS = {row.name for row in SERIES}
LABELS_OF_REPORTS = {INSTANCE_ID} | {label for row in SERIES for label in row.labels}
AGENT = {family.name for family in _FAMILIES}
LABELS_OF_AGENT = {label for family in _FAMILIES for label in family.labels}


def _releases_api() -> list[Metric]:
    edition = make_edition(
        change_number=1,
        week=datetime(2017, 9, 18, tzinfo=UTC),
        catalogs={"deis": make_catalog()},
        audiences={INSTANCE: "staff"},
        keys=None,
    )
    counts = RequestCounts()
    counts.add("/", 200)
    registry: CollectorRegistry = self_registry(counts, lambda: True, "v1.0.0")
    registry.register(EditionCollector(lambda: edition))
    registry.register(IngestCounts())
    return list(registry.collect())


_SAMPLES = [sample for family in _releases_api() for sample in family.samples]
RELEASES_API = {sample.name for sample in _SAMPLES}
LABELS_OF_RELEASES_API = {label for sample in _SAMPLES for label in sample.labels}
