"""The composition root: the only place where the parts are built and know each other."""

import asyncio
import contextlib
import logging
import os
import platform as python_platform
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec

from workflow_exporter import __version__, terminal
from workflow_exporter.cluster.addresses import WATCHED
from workflow_exporter.cluster.connection import Connection, connect
from workflow_exporter.cluster.lists_and_watches import LiveCluster, find_namespace
from workflow_exporter.cluster.objects import ClusterReader
from workflow_exporter.cluster.recorded import RecordedCluster
from workflow_exporter.errors import ClusterError, SettingsError
from workflow_exporter.listeners import Listener, bind, serve_until
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.platforms.reader import profile_from_file, shipped_profiles
from workflow_exporter.refresh import Composer, Refresher
from workflow_exporter.releases.choice import UpdateCheck, choose
from workflow_exporter.releases.held import HeldCatalog
from workflow_exporter.releases.poll import CatalogPoll
from workflow_exporter.reporter.identity import read_key
from workflow_exporter.self_metrics import SelfMetrics
from workflow_exporter.settings import Settings
from workflow_exporter.snapshot import CatalogReading, Choices, Snapshot
from workflow_exporter.terminal import ExitStatus
from workflow_exporter.web.api import document_of_components
from workflow_exporter.web.metrics import MetricsEndpoint
from workflow_exporter.web.routes import metrics_app, public_app

_log = logging.getLogger(__name__)

_CHECK_SECONDS = 60.0  # how long `check` waits until every source has answered
_NAMESPACE_RETRY_SECONDS = 5.0
_NO_CATALOG = CatalogReading(None, None)  # `choices.modes` says why


@dataclass(frozen=True, slots=True)
class Source:
    """What to read, by the command line: a recording, or a cluster."""

    recording: Path | None = None
    kubeconfig: Path | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that was decided before the first request: settings, and the files they name."""

    settings: Settings
    profiles: tuple[Profile, ...]  # one, or all among which `auto` chooses
    identity_key: bytes
    choices: Choices
    update_check: UpdateCheck
    source: Source


def serve(settings: Settings, source: Source) -> None:
    """Serves until SIGTERM or SIGINT. Raises WorkflowExporterError where it cannot start."""
    plan = _plan(settings, source)
    with (
        bind(settings.host, settings.port, "PORT") as page,
        bind(settings.host, settings.metrics_port, "METRICS_PORT") as metrics,
    ):
        asyncio.run(_serve(plan, _open(plan), page, metrics))


def check(
    settings: Settings, source: Source, *, output: str, everything: bool, colour: bool
) -> tuple[str, ExitStatus]:
    """Reads once; what to print, and the exit status. Raises WorkflowExporterError where it cannot start."""
    plan = _plan(settings, source)
    snapshot = asyncio.run(_read_once(plan, _open(plan)))
    status = terminal.exit_status(snapshot)
    if output == "json":
        document = msgspec.json.encode(document_of_components(snapshot))
        return msgspec.json.format(document).decode() + "\n", status
    return terminal.render(snapshot, everything=everything, colour=colour), status


# --- what is decided before anything starts ----------------------------------------------------------


def _plan(settings: Settings, source: Source) -> _Plan:
    update_check = choose(settings, os.environ, now=_now)
    choices = Choices(
        train=settings.train,
        off_cluster=settings.off_cluster,
        checks_enabled=update_check.held is not None,
        modes={"checks": update_check.words, "reporting": "off: this version sends nothing"},
    )
    return _Plan(settings, _profiles(settings), read_key(settings.id_key_file), choices, update_check, source)


def _profiles(settings: Settings) -> tuple[Profile, ...]:
    if settings.profile_file is not None:
        return (profile_from_file(settings.profile_file),)
    shipped = shipped_profiles()
    if settings.platform == "auto":
        return shipped
    chosen = tuple(profile for profile in shipped if profile.name == settings.platform)
    if not chosen:
        names = ", ".join(sorted(profile.name for profile in shipped))
        raise SettingsError(
            f"PLATFORM={settings.platform!r} is no shipped profile: auto, {names}; "
            "PROFILE_FILE takes one of your own"
        )
    return chosen


# --- the cluster -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reading:
    """A cluster that is being read: what it holds, and how to make snapshots of it."""

    reader: ClusterReader
    composer: Composer


_Opened = contextlib.AbstractAsyncContextManager[_Reading]


def _open(plan: _Plan) -> _Opened:
    """Credentials or files are looked at now, so that what is wrong with them stops the start."""
    if plan.source.recording is not None:
        recorded = RecordedCluster(
            plan.source.recording, plan.profiles, namespace=plan.settings.namespace, read_at=_now()
        )
        return contextlib.nullcontext(_Reading(recorded, _composer(plan, recorded, recorded.namespace)))
    kubeconfig = plan.source.kubeconfig
    return _live(plan, connect(str(kubeconfig) if kubeconfig else None, plan.source.context))


@contextlib.asynccontextmanager
async def _live(plan: _Plan, connection: Connection) -> AsyncIterator[_Reading]:
    _log.info("reading the cluster by %s", connection.origin)
    try:
        namespace = plan.settings.namespace or await _find_namespace(plan, connection.http)
        reader = LiveCluster(connection.http, plan.profiles, namespace)
        yield _Reading(reader, _composer(plan, reader, namespace))
    finally:
        await connection.aclose()


async def _find_namespace(plan: _Plan, http: httpx.AsyncClient) -> str:
    """Asks until the server answers: a guess would hold for the whole run."""
    candidates = tuple(dict.fromkeys(profile.namespace for profile in plan.profiles))
    while True:
        try:
            return await find_namespace(http, candidates)
        except ClusterError as error:
            _log.warning("the platform's namespace cannot be looked for yet: %s", error)
            await asyncio.sleep(_NAMESPACE_RETRY_SECONDS)


def _composer(plan: _Plan, reader: ClusterReader, namespace: str) -> Composer:
    return Composer(reader, plan.profiles, namespace, choices=plan.choices, identity_key=plan.identity_key)


# --- serving -----------------------------------------------------------------------------------------


class _Agent:
    """What runs while the agent serves. `snapshot` is None until there is one."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._refresher: Refresher | None = None
        self.metrics = SelfMetrics(
            version=__version__,
            revision=plan.settings.revision,
            python_version=python_platform.python_version(),
            sources=WATCHED,
        )

    def snapshot(self) -> Snapshot | None:
        return self._refresher.current() if self._refresher else None

    async def read(self, opened: _Opened) -> None:
        """Reads cluster and catalog, and makes snapshots, until cancelled."""
        catalog = self._plan.update_check.held
        async with opened as reading, asyncio.TaskGroup() as group:
            poll = CatalogPoll(catalog, self._plan.update_check.pace) if catalog else None

            def compose(now: datetime) -> Snapshot:
                snapshot = _compose(reading.composer, catalog, now)
                if poll and snapshot.complete:
                    poll.follow(snapshot.inventory.platform)
                return snapshot

            refresher = self._refresher = Refresher(compose, self.metrics, now=_now, monotonic=time.monotonic)
            self.metrics.ask_cluster(reading.reader.counts)
            if catalog:
                self.metrics.ask_catalog(lambda: catalog.refused)
            group.create_task(reading.reader.run(refresher.on_change), name="read the cluster")
            group.create_task(refresher.run(), name="make snapshots")
            if poll:
                group.create_task(poll.run(refresher.on_change), name="read the catalog")


async def _serve(plan: _Plan, opened: _Opened, page: Listener, metrics: Listener) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    agent = _Agent(plan)
    descriptions = {
        name: component.description
        for profile in plan.profiles
        for name, component in profile.components.items()
    }
    public = public_app(agent.snapshot, now=_now, exporter_version=__version__, descriptions=descriptions)
    inside = metrics_app(
        agent.snapshot, MetricsEndpoint(agent.snapshot, agent.metrics.registry), exporter_version=__version__
    )
    _log.info("page on %s metrics on %smetrics", page.url, metrics.url)
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(agent.read(opened), name="read")
        group.create_task(serve_until(stop, page, public), name="serve the page")
        group.create_task(serve_until(stop, metrics, inside), name="serve metrics")
        await stop.wait()
        _log.info("told to end")
        reading.cancel()


# --- reading once ------------------------------------------------------------------------------------


async def _read_once(plan: _Plan, opened: _Opened) -> Snapshot:
    """The first complete snapshot, or what is known after a minute."""
    changed = asyncio.Event()
    async with opened as reading:
        task = asyncio.create_task(reading.reader.run(changed.set))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CHECK_SECONDS):
                while not reading.composer.compose(_now(), _NO_CATALOG, None).complete:
                    changed.clear()
                    await changed.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        catalog = plan.update_check.held
        if catalog:
            await catalog.refresh(reading.composer.profile().name)
        return _compose(reading.composer, catalog, _now())


def _compose(composer: Composer, catalog: HeldCatalog | None, now: datetime) -> Snapshot:
    if catalog is None:
        return composer.compose(now, _NO_CATALOG, None)
    return composer.compose(now, catalog.reading(), catalog.state())


def _now() -> datetime:
    return datetime.now(UTC)
