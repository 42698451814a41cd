"""The agent's own counters by hand against prometheus_client, which is the authority on their bytes."""

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_open_metrics

from workflow_exporter.self_metrics import RefreshOutcome, ReportOutcome, SelfMetrics
from workflow_exporter.web.metrics_registry import render_registry


def used() -> CollectorRegistry:
    """Every family of the agent with values, without those of the process, which differ each time."""
    own = SelfMetrics(
        version="1.2.3", revision="abc", python_version="3.11", sources=("pods", "nodes"), process=False
    )
    for seconds in (0.0004, 0.02, 7.5):
        own.refreshed(RefreshOutcome.CHANGED, seconds)
    own.refreshed(RefreshOutcome.FAILED, 0.1)
    own.report_attempted(ReportOutcome.SENT, datetime(2026, 1, 5, 10, tzinfo=UTC))
    return own.registry


def odd_label() -> CollectorRegistry:
    registry = CollectorRegistry()
    gauge = Gauge("odd", "Help with a \\ and an é.", ("zone", "area"), registry=registry)
    gauge.labels(zone='a "quoted" one', area="two\nlines \\ é").set(12_345_678.5)
    return registry


@pytest.mark.parametrize("registry", [used(), odd_label(), CollectorRegistry()], ids=["used", "odd", "empty"])
def test_both_formats_are_byte_for_byte_the_librarys(registry: CollectorRegistry) -> None:
    plain, open_metrics = (render_registry(registry, open_metrics=form) for form in (False, True))

    assert plain == generate_latest(registry)
    assert open_metrics == generate_open_metrics(registry)  # type: ignore[no-untyped-call]  # the library's own


def test_values_of_the_process_are_there() -> None:
    own = SelfMetrics(version="1", revision="", python_version="3.11")

    text = render_registry(own.registry, open_metrics=False)
    types = {tuple(line.split()[2:]) for line in text.decode().splitlines() if line.startswith("# TYPE")}
    assert types >= {("process_cpu_seconds_total", "counter"), ("process_resident_memory_bytes", "gauge")}
