"""The composition root: the only place that knows all parts."""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import anyio
from anyio import to_thread

from workflow_releases import __version__
from workflow_releases.access.tokens import Tokens
from workflow_releases.catalog.key_file import read_key_file
from workflow_releases.catalog.publish import Publisher
from workflow_releases.catalog.shipped import add_shipped
from workflow_releases.database import schema
from workflow_releases.database.engine import Database
from workflow_releases.errors import DatabaseUnavailableError
from workflow_releases.ingest.counts import IngestCounts
from workflow_releases.ingest.forward import Forwarder, Token
from workflow_releases.ingest.gateway import IngestGateway, Known, Limits
from workflow_releases.ingest.rates import Rates
from workflow_releases.ingest.upstream import Upstream
from workflow_releases.instances.audience import Marker
from workflow_releases.listeners import AsgiApp, Listener, bind, serve_until
from workflow_releases.refresh import Editions, follow
from workflow_releases.self_metrics import RequestCounts, self_registry
from workflow_releases.settings import Settings
from workflow_releases.web.metrics import metrics_app
from workflow_releases.web.routes import public_app
from workflow_releases.web.services import Services, database_limiter

_log = logging.getLogger(__name__)

# How long a thread that reads the database may keep the interpreter while answers wait for it. Python's
# 5 ms made p99 15 ms while a catalog of 50,000 releases was read; with half a millisecond it was 8.
_MAX_METRICS_CONNECTIONS = 128  # scrapers and probes; each scrape costs milliseconds of the event loop
_THREAD_SECONDS = 0.0005

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Application:
    """Both applications and what they stand on; made by `build`, without a socket or a task."""

    database: Database
    services: Services
    public: AsgiApp
    metrics: AsgiApp
    upstream: Upstream | None  # where reports go; None: there are none

    def close(self) -> None:
        """Ends what stays open towards others."""
        if self.upstream is not None:
            self.upstream.close()
        self.database.close()


def build(settings: Settings, clock: Clock = utc_now) -> Application:
    """Opens the database, adds the catalogs that ship, and makes the first edition.

    Raises SettingsError, DatabaseStateError, DatabaseUnavailableError: before anything listens.
    """
    keys = read_key_file(settings.signing_key_file) if settings.signing_key_file else None
    database = open_database(settings.database_url)
    publisher = Publisher(database, clock)
    for platform in add_shipped(publisher):
        _log.info("added the shipped catalog of %s", platform)
    editions = Editions(database, clock, keys, publisher.catalogs)
    counts = RequestCounts()
    services = Services(
        editions=editions,
        publisher=publisher,
        marker=Marker(database, clock),
        tokens=Tokens(database, clock),
        counts=counts,
        legacy_platform=settings.legacy_platform,
        public_keys=keys.public_keys if keys else (),
        clock=clock,
        limiter=database_limiter(),
    )
    own = self_registry(counts, lambda: editions.database_up, __version__)
    ingest, upstream = None, None
    if settings.upstream_write_url is not None:
        ingest_counts = IngestCounts()
        own.register(ingest_counts)
        upstream = Upstream(settings.upstream_write_url, time.monotonic)
        ingest = _ingest(settings, upstream, services, ingest_counts)
    return Application(
        database=database,
        services=services,
        public=public_app(services, ingest),
        metrics=metrics_app(lambda: editions.current, own),
        upstream=upstream,
    )


def _ingest(
    settings: Settings, upstream: Upstream, services: Services, counts: IngestCounts
) -> IngestGateway:
    """Raises SettingsError if the upstream's token cannot be read."""
    token_file = settings.upstream_bearer_token_file
    return IngestGateway(
        Known(lambda: services.editions.current.catalogs),
        Limits(
            sources=Rates(settings.ingest_source_rate_per_minute, 60, time.monotonic),
            instances=Rates(settings.ingest_instance_rate_per_hour, 3600, time.monotonic),
            trusted_proxies=settings.trusted_proxy_count,
        ),
        Forwarder(upstream, Token(token_file, time.monotonic) if token_file else None),
        counts,
        lambda: services.clock().timestamp(),
        requests=services.counts.by_route_and_status,
    )


def open_database(url: str) -> Database:
    """The database, ready to use: a SQLite file is made and migrated here, PostgreSQL only checked."""
    database = Database(url)
    if database.kind == "sqlite":
        schema.create_file_if_missing(database)
        schema.upgrade(database)
    else:
        schema.check(database)
    return database


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; then ends within a second."""
    public = bind(settings.host, settings.port, "PORT")
    metrics = bind(settings.host, settings.metrics_port, "METRICS_PORT")
    application = build(settings)
    try:
        asyncio.run(_serve(application, public, metrics))
    finally:
        application.close()


async def _serve(application: Application, public: Listener, metrics: Listener) -> None:
    sys.setswitchinterval(_THREAD_SECONDS)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    services = application.services
    following = asyncio.create_task(follow(_poll_of(services)))
    _log.info("serving catalogs at %s, metrics at %smetrics", public.url, metrics.url)
    try:
        await asyncio.gather(
            serve_until(stop, public, application.public),
            serve_until(stop, metrics, application.metrics, max_connections=_MAX_METRICS_CONNECTIONS),
        )
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


def _poll_of(services: Services) -> Callable[[], Awaitable[None]]:
    """In a thread of its own: it must not wait behind requests that wait for a database which is silent."""
    one = anyio.CapacityLimiter(1)
    # A stop does not wait for it either.
    return partial(to_thread.run_sync, _poll, services, limiter=one, abandon_on_cancel=True)


def _poll(services: Services) -> None:
    services.editions.refresh()
    if services.editions.ahead():
        with contextlib.suppress(DatabaseUnavailableError):  # the next refresh says so
            services.publisher.correct_future()
