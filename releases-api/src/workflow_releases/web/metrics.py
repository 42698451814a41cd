"""`/metrics`: what the edition says, one family a fact, and what the program counts about itself."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from workflow_releases.catalog.newest import newest_bundle, newest_release
from workflow_releases.edition import CATALOGS_PATH, Edition


class EditionCollector(Collector):
    """Families made from the current edition at each scrape."""

    def __init__(self, edition: Callable[[], Edition]) -> None:
        self._edition = edition

    def collect(self) -> Iterable[Metric]:
        edition = self._edition()
        yield from _latest(edition)
        yield from _catalogs(edition)
        marks = GaugeMetricFamily(
            "releases_instance_audience_info",
            "Instances whose audience staff have marked; the mark outranks what reports say.",
            labels=("instance_id", "audience"),
        )
        for instance_id, audience in edition.audiences.items():
            marks.add_metric((instance_id, audience), 1)
        yield marks


def metrics_app(edition: Callable[[], Edition], own: CollectorRegistry) -> Starlette:
    """The application of METRICS_PORT."""
    registry = CollectorRegistry()
    registry.register(EditionCollector(edition))

    def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        both = _Joined((registry, own))
        return Response(encode(both), headers={"content-type": content_type})

    def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    return Starlette(routes=[Route("/metrics", metrics), Route("/healthz", alive)])


class _Joined(CollectorRegistry):
    """Several registries as one exposition."""

    def __init__(self, registries: Iterable[CollectorRegistry]) -> None:
        super().__init__()
        self._registries = tuple(registries)

    def collect(self) -> Iterable[Metric]:
        for registry in self._registries:
            yield from registry.collect()


def _latest(edition: Edition) -> Iterable[Metric]:
    releases = GaugeMetricFamily(
        "releases_latest_info",
        "The newest release of each component, by train.",
        labels=("platform", "train", "component", "version"),
    )
    bundles = GaugeMetricFamily(
        "releases_latest_bundle_info",
        "The newest release of each platform, by train.",
        labels=("platform", "train", "version"),
    )
    for platform, catalog in edition.catalogs.items():
        for train in catalog.trains:
            bundle = newest_bundle(catalog.bundles, train)
            if bundle is not None:
                bundles.add_metric((platform, train, bundle.version), 1)
            for name, component in catalog.components.items():
                release = newest_release(component.releases, train)
                if release is not None:
                    releases.add_metric((platform, train, name, release.version), 1)
    return (releases, bundles)


def _catalogs(edition: Edition) -> Iterable[Metric]:
    generated = GaugeMetricFamily(
        "releases_catalog_generated_timestamp_seconds", "When the catalog last changed.", labels=("platform",)
    )
    size = GaugeMetricFamily(
        "releases_catalog_size_bytes", "Size of the catalog as served.", labels=("platform", "encoding")
    )
    for platform, catalog in edition.catalogs.items():
        prepared = edition.bodies[f"{CATALOGS_PATH}/{platform}"]
        generated.add_metric((platform,), catalog.generated.timestamp())
        size.add_metric((platform, "identity"), len(prepared.identity.body))
        size.add_metric((platform, "gzip"), len(prepared.gzip.body))
    return (generated, size)
