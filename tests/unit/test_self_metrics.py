"""What the agent counts about itself, as it is exposed."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from prometheus_client import generate_latest

from workflow_exporter.self_metrics import RefreshOutcome, ReportOutcome, SelfMetrics

_AT = datetime(2024, 5, 1, tzinfo=UTC)


def _metrics() -> SelfMetrics:
    return SelfMetrics(
        version="1.2.3", revision="abc", python_version="3.11.7", sources=("pods",), process=False
    )


def _samples(metrics: SelfMetrics) -> dict[str, float]:
    lines = [line for line in generate_latest(metrics.registry).decode().splitlines() if line[0] != "#"]
    return {series: float(value) for series, value in (line.rsplit(" ", 1) for line in lines)}


def test_every_series_that_can_be_foreseen_exists_at_zero_from_the_start() -> None:
    samples = _samples(_metrics())

    buckets = {name for name in samples if "_bucket" in name}
    assert len(buckets) == 11
    assert {name: value for name, value in samples.items() if name not in buckets} == {
        'workflow_exporter_build_info{python_version="3.11.7",revision="abc",version="1.2.3"}': 1,
        "workflow_exporter_snapshot_duration_seconds_count": 0,
        "workflow_exporter_snapshot_duration_seconds_sum": 0,
        'workflow_exporter_refreshes_total{outcome="changed"}': 0,
        'workflow_exporter_refreshes_total{outcome="unchanged"}': 0,
        'workflow_exporter_refreshes_total{outcome="failed"}': 0,
        'workflow_exporter_source_lists_total{source="pods"}': 0,
        'workflow_exporter_source_watches_total{source="pods"}': 0,
        "workflow_exporter_catalogs_refused_total": 0,
        'workflow_exporter_reports_total{outcome="sent"}': 0,
        'workflow_exporter_reports_total{outcome="retried"}': 0,
        'workflow_exporter_reports_total{outcome="repeated"}': 0,
        'workflow_exporter_reports_total{outcome="rejected"}': 0,
        'workflow_exporter_reports_total{outcome="dropped"}': 0,
    }


@pytest.mark.parametrize(
    ("happen", "changed"),
    [
        (
            lambda m: m.refreshed(RefreshOutcome.FAILED, 0.3),
            {'workflow_exporter_refreshes_total{outcome="failed"}': 1},
        ),
        (
            lambda m: m.ask_cluster(lambda: {("pods", "lists"): 1, ("pods", "failures"): 3}),
            {'workflow_exporter_source_lists_total{source="pods"}': 1},
        ),
        (
            lambda m: m.ask_cluster(lambda: {("pods", "watches"): 2}),
            {'workflow_exporter_source_watches_total{source="pods"}': 2},
        ),
        (lambda m: m.ask_catalog(lambda: 1), {"workflow_exporter_catalogs_refused_total": 1}),
        (
            lambda m: m.report_attempted(ReportOutcome.REJECTED, _AT),
            {'workflow_exporter_reports_total{outcome="rejected"}': 1},
        ),
        (
            lambda m: m.report_attempted(ReportOutcome.SENT, _AT),
            {
                'workflow_exporter_reports_total{outcome="sent"}': 1,
                "workflow_exporter_report_last_success_timestamp_seconds": 1714521600,
            },
        ),
    ],
)
def test_each_event_counts_in_its_own_series_only(
    happen: Callable[[SelfMetrics], None], changed: dict[str, float]
) -> None:
    metrics = _metrics()
    before = _samples(metrics)

    happen(metrics)

    assert _samples(metrics) == before | changed


@pytest.mark.parametrize("outcome", [RefreshOutcome.CHANGED, RefreshOutcome.UNCHANGED])
def test_a_snapshot_that_was_made_enters_the_durations(outcome: RefreshOutcome) -> None:
    metrics = _metrics()

    metrics.refreshed(outcome, 0.02)

    samples = _samples(metrics)
    assert samples["workflow_exporter_snapshot_duration_seconds_sum"] == 0.02
    assert samples['workflow_exporter_snapshot_duration_seconds_bucket{le="0.01"}'] == 0
    assert samples['workflow_exporter_snapshot_duration_seconds_bucket{le="0.025"}'] == 1
    assert samples[f'workflow_exporter_refreshes_total{{outcome="{outcome}"}}'] == 1


def test_two_agents_in_one_process_share_nothing() -> None:
    first, second = _metrics(), _metrics()

    first.ask_catalog(lambda: 1)

    assert _samples(second)["workflow_exporter_catalogs_refused_total"] == 0


def test_the_process_shows_its_memory_and_cpu_unless_told_otherwise() -> None:
    metrics = SelfMetrics(version="1", revision="r", python_version="3")

    names = {name.partition("{")[0] for name in _samples(metrics)}

    assert {"process_resident_memory_bytes", "process_cpu_seconds_total"} <= names
    assert not any(name.endswith("_created") for name in names)
