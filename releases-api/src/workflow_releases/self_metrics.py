"""What the program counts about itself. Requests are counted by route and status; by nothing else."""

import platform
from collections import Counter
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class RequestCounts:
    """Requests by route and status. Counted in the event loop alone, so plain numbers are enough."""

    def __init__(self) -> None:
        self.by_route_and_status: Counter[tuple[str, int]] = Counter()

    def add(self, route: str, status: int) -> None:
        self.by_route_and_status[route, status] += 1


class _SelfCollector(Collector):
    def __init__(self, counts: RequestCounts, database_up: Callable[[], bool], version: str) -> None:
        self._counts = counts
        self._database_up = database_up
        self._version = version

    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily(
            "releases_requests", "Requests answered, by route and status.", labels=("route", "status")
        )
        for (route, status), count in sorted(self._counts.by_route_and_status.items()):
            requests.add_metric((route, str(status)), count)
        yield requests
        yield GaugeMetricFamily(
            "releases_database_up",
            "Whether the database answered last time; reads go on without it.",
            value=float(self._database_up()),
        )
        build = GaugeMetricFamily(
            "releases_build_info", "This program.", labels=("version", "python_version")
        )
        build.add_metric((self._version, platform.python_version()), 1)
        yield build


def self_registry(counts: RequestCounts, database_up: Callable[[], bool], version: str) -> CollectorRegistry:
    """A registry with the program's own families and the process's."""
    registry = CollectorRegistry()
    registry.register(_SelfCollector(counts, database_up, version))
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
