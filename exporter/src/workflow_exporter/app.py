"""The composition root: the only place where the parts are built and know each other."""

import asyncio
import contextlib
import logging
import platform as python_platform
import random
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import msgspec

from workflow_exporter import __version__, terminal
from workflow_exporter.cluster.addresses import WATCHED
from workflow_exporter.cluster.connection import Connection, connect
from workflow_exporter.cluster.detect import Located
from workflow_exporter.cluster.lists_and_watches import LiveCluster, look_for_platform
from workflow_exporter.cluster.objects import ClusterReader
from workflow_exporter.cluster.recorded import RecordedCluster
from workflow_exporter.errors import ClusterError
from workflow_exporter.listeners import Listener, bind, serve_until
from workflow_exporter.outgoing import Way
from workflow_exporter.plain_text import escaped_json
from workflow_exporter.plan import Plan, Source, make_plan
from workflow_exporter.refresh import Composer, Refresher, unread_snapshot
from workflow_exporter.releases.held import HeldCatalog
from workflow_exporter.releases.poll import CatalogPoll
from workflow_exporter.reporter.assembly import make_desk, make_sender
from workflow_exporter.reporter.desk import Ready
from workflow_exporter.reporter.pace import Surroundings
from workflow_exporter.reporter.sender import Sender
from workflow_exporter.self_metrics import ReportOutcome, SelfMetrics
from workflow_exporter.settings import Settings
from workflow_exporter.snapshot import CatalogReading, Snapshot
from workflow_exporter.terminal import ExitStatus
from workflow_exporter.web.api import document_of_components
from workflow_exporter.web.metrics import MetricsEndpoint
from workflow_exporter.web.routes import metrics_app, public_app

_log = logging.getLogger(__name__)

_NAMESPACE_RETRY_SECONDS = 5.0
# How long after the start the first snapshot waits for a catalog: its absence must not make us unready.
_PATIENCE_WITH_CATALOG = timedelta(seconds=10)
_NO_CATALOG = CatalogReading(None, None)  # `choices.modes` says why


@dataclass(frozen=True, slots=True)
class Patience:
    """How long reading once may take, in seconds."""

    cluster_seconds: float = 50  # from the start until every source of the cluster has answered
    whole_seconds: float = 60  # from the start until the catalog has answered too


def serve(settings: Settings, source: Source, *, drawn: Callable[[], float] = random.random) -> None:
    """Serves until SIGTERM or SIGINT. Raises WorkflowExporterError where it cannot start.

    `drawn` gives 0 ≤ x < 1 and decides when reports are sent.
    """
    plan = make_plan(settings, source, now=_now)
    opened = _open(plan)  # first: a port that is bound while a credential plug-in hangs looks like an agent
    with (
        bind(settings.host, settings.port, "PORT") as page,
        bind(settings.host, settings.metrics_port, "METRICS_PORT") as metrics,
    ):
        asyncio.run(_serve(_Agent(plan, drawn), opened, page, metrics))


def check(
    settings: Settings,
    source: Source,
    *,
    output: str,
    everything: bool,
    colour: bool,
    patience: Patience | None = None,
) -> tuple[str, ExitStatus]:
    """Reads once; what to print, and the exit status. Raises WorkflowExporterError where it cannot start."""
    snapshot = read_once(make_plan(settings, source, now=_now), patience)
    status = terminal.exit_status(snapshot)
    if output == "json":
        document = msgspec.json.encode(document_of_components(snapshot))
        return escaped_json(msgspec.json.format(document).decode()) + "\n", status
    return terminal.render(snapshot, everything=everything, colour=colour), status


# --- the cluster -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reading:
    """A cluster that is being read: what it holds, and how to make snapshots of it."""

    reader: ClusterReader
    composer: Composer


# Called with what to do about a namespace that cannot be looked for yet.
_Opened = Callable[[Callable[[ClusterError], None]], contextlib.AbstractAsyncContextManager[_Reading]]


def _open(plan: Plan) -> _Opened:
    """Credentials or files are looked at now, so that what is wrong with them stops the start."""
    if plan.source.recording is not None:
        recorded = RecordedCluster(
            plan.source.recording, plan.profiles, namespace=plan.settings.namespace, read_at=_now()
        )
        twice = recorded.objects_with_several_uids
        reading = _Reading(recorded, _composer(plan, recorded, recorded.located, twice))
        return lambda _: contextlib.nullcontext(reading)
    kubeconfig = plan.source.kubeconfig
    return partial(_live, plan, connect(str(kubeconfig) if kubeconfig else None, plan.source.context))


@contextlib.asynccontextmanager
async def _live(
    plan: Plan, connection: Connection, on_problem: Callable[[ClusterError], None]
) -> AsyncIterator[_Reading]:
    _log.info("reading the cluster by %s", connection.origin)
    try:
        located = await _locate(plan, connection.http, on_problem)
        reader = LiveCluster(connection.http, plan.profiles, located.namespace)
        yield _Reading(reader, _composer(plan, reader, located))
    finally:
        await connection.aclose()


async def _locate(plan: Plan, http: httpx.AsyncClient, on_problem: Callable[[ClusterError], None]) -> Located:
    """Asks until the server answers, a guess would hold for the whole run; or until `on_problem` raises."""
    if plan.settings.namespace:
        return Located(plan.settings.namespace)
    while True:
        try:
            return await look_for_platform(http, plan.profiles)
        except ClusterError as error:
            on_problem(error)
            await asyncio.sleep(_NAMESPACE_RETRY_SECONDS)


def _composer(
    plan: Plan, reader: ClusterReader, located: Located, objects_with_several_uids: int = 0
) -> Composer:
    return Composer(
        reader,
        plan.profiles,
        located.namespace,
        choices=plan.choices,
        identity_key=plan.identity_key,
        elsewhere=located.elsewhere,
        objects_with_several_uids=objects_with_several_uids,
    )


# --- serving -----------------------------------------------------------------------------------------


class _Agent:
    """What runs while the agent serves. `snapshot` is None until there is one."""

    def __init__(self, plan: Plan, drawn: Callable[[], float]) -> None:
        self._plan = plan
        self._drawn = drawn
        self._refresher: Refresher | None = None
        self._unread: Snapshot | None = None  # while it is not even known where to look
        self._sender: Sender | None = None  # None: nothing is ever sent
        self.reports = make_desk(plan.reporting)
        self.metrics = SelfMetrics(
            version=__version__,
            revision=plan.settings.revision,
            python_version=python_platform.python_version(),
            sources=WATCHED,
        )

    def descriptions(self) -> dict[str, str]:
        """A sentence for each component that any profile knows."""
        return {
            name: component.description
            for profile in self._plan.profiles
            for name, component in profile.components.items()
        }

    def snapshot(self) -> Snapshot | None:
        return self._refresher.current() if self._refresher else self._unread

    def _not_yet(self, error: ClusterError) -> None:
        reason = f"the platform's namespace cannot be looked for: {error}"
        if self._unread is None or self._unread.identity_problem != reason:
            _log.warning("%s", reason)
        self._unread = unread_snapshot(_now(), self._plan.profiles[0], reason, self._plan.choices)

    async def read(self, opened: _Opened) -> None:
        """Reads cluster and catalog, and makes snapshots, until cancelled."""
        catalog = self._plan.update_check.held
        async with opened(self._not_yet) as reading, asyncio.TaskGroup() as group:
            started = _now()
            poll = CatalogPoll(catalog, self._plan.update_check.pace) if catalog else None

            def compose(now: datetime) -> Snapshot:
                snapshot = self._with_last_report(_compose(reading.composer, catalog, now, started))
                if poll and snapshot.cluster_read:
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
            if self._plan.reporting.way:
                self._sender = self._make_sender(self._plan.reporting.way, refresher.on_change)
                group.create_task(self._sender.run(), name="send reports")

    def _make_sender(self, way: Way, on_change: Callable[[], None]) -> Sender:
        def ready(now: datetime) -> Ready | None:
            snapshot = self.snapshot()
            return self.reports.ready(snapshot, now) if snapshot and snapshot.complete else None

        def count(outcome: ReportOutcome, at: datetime) -> None:
            self.metrics.report_attempted(outcome, at)
            on_change()

        return make_sender(self._plan.reporting, way, ready, count, Surroundings(_now, self._drawn))

    def _with_last_report(self, snapshot: Snapshot) -> Snapshot:
        """Says on page and status what became of the last report."""
        if self._sender is None or not snapshot.reporting_enabled:
            return snapshot
        words = f"{self._plan.reporting.words}; {self._sender.words}"
        return replace(snapshot, modes={**snapshot.modes, "reporting": words})


async def _serve(agent: _Agent, opened: _Opened, page: Listener, metrics: Listener) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    public = public_app(
        agent.snapshot,
        now=_now,
        exporter_version=__version__,
        descriptions=agent.descriptions(),
        reports=agent.reports,
    )
    inside = metrics_app(
        agent.snapshot,
        MetricsEndpoint(agent.snapshot, agent.metrics.registry),
        now=_now,
        exporter_version=__version__,
        reports=agent.reports,
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


def read_once(plan: Plan, patience: Patience | None = None) -> Snapshot:
    """What the sources hold now. Raises WorkflowExporterError where they cannot be opened."""
    return asyncio.run(_read_once(plan, _open(plan), patience or Patience()))


async def _read_once(plan: Plan, opened: _Opened, patience: Patience) -> Snapshot:
    """The first complete snapshot, or what is known when the time is over."""
    began = asyncio.get_running_loop().time()
    cluster_until = began + patience.cluster_seconds
    async with contextlib.AsyncExitStack() as stack:
        try:
            async with asyncio.timeout_at(cluster_until):
                reading = await stack.enter_async_context(opened(_give_up))
        except TimeoutError as error:
            seconds = patience.cluster_seconds
            raise ClusterError(f"the API server did not answer within {seconds:g} s") from error
        await _read_cluster(reading, cluster_until)
        catalog = plan.update_check.held
        if catalog:
            platform = reading.composer.profile().name
            if plan.update_check.file:  # a verdict without the file that was named is not what was asked for
                # Of a cluster that shows nothing, the platform is a guess.
                plan.update_check.file.check(platform if reading.reader.view().objects.known else None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(began + patience.whole_seconds):
                    await catalog.refresh(platform)
        # A catalog that has not come by now does not come: no patience is left.
        return _compose(reading.composer, catalog, _now(), started=datetime.min.replace(tzinfo=UTC))


async def _read_cluster(reading: _Reading, until: float) -> None:
    """Returns when every source has answered, or at `until` of the loop's clock."""
    changed = asyncio.Event()
    task = asyncio.create_task(reading.reader.run(changed.set))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            while not reading.composer.compose(_now(), _NO_CATALOG, None).complete:
                changed.clear()
                await changed.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _give_up(error: ClusterError) -> None:
    raise error


def _compose(composer: Composer, catalog: HeldCatalog | None, now: datetime, started: datetime) -> Snapshot:
    if catalog is None:
        return composer.compose(now, _NO_CATALOG, None)
    state = catalog.state()
    if state.up is None and now - started > _PATIENCE_WITH_CATALOG:
        state = replace(state, up=False, reason="has not answered yet")
    return composer.compose(now, catalog.reading(), state)


def _now() -> datetime:
    return datetime.now(UTC)
