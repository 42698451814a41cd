"""Sources -> Snapshot: on change, gathered for about a second, and at least once a minute.

A snapshot is swapped whole. One that cannot be made leaves the last good one, which says how old it is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

from workflow_exporter.catalog import Notice, Severity
from workflow_exporter.cluster.detect import Elsewhere, choose_profile
from workflow_exporter.cluster.extract import Extractor, extract
from workflow_exporter.cluster.objects import ClusterObjects, ClusterReader, Resource
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.reporter.identity import form_identity
from workflow_exporter.self_metrics import RefreshOutcome, SelfMetrics
from workflow_exporter.snapshot import (
    CATALOG_SOURCE,
    CatalogReading,
    Choices,
    Judge,
    Snapshot,
    SourceState,
    make_snapshot,
)

_log = logging.getLogger(__name__)

GATHER_SECONDS = 0.75  # a rollout is a burst of events; one snapshot shows it, within a second of the first
FIRST_GATHER_SECONDS = 0.05  # before the first whole snapshot somebody is waiting
INTERVAL_SECONDS = 60.0  # expiry and ages must show although nothing changed
FIRST_INTERVAL_SECONDS = 1.0  # before the first whole snapshot: patience with a source ends without a change


class Composer:
    """Makes a snapshot of what the sources hold at one moment. No I/O; not for several threads."""

    def __init__(
        self,
        reader: ClusterReader,
        profiles: Sequence[Profile],
        namespace: str,
        *,
        choices: Choices,
        identity_key: bytes,
        elsewhere: Sequence[Elsewhere] = (),
        objects_with_several_uids: int = 0,
    ) -> None:
        """`profiles`: one, or all among which `auto` chooses anew each time."""
        self._reader = reader
        self._profiles = profiles
        self._namespace = namespace
        self._notices = (
            *_several_uids(objects_with_several_uids),
            *(_also_runs(one) for one in elsewhere),
        )
        self._choices = choices
        self._identity_key = identity_key
        self._extractors: dict[str, Extractor] = {}  # by profile: each remembers what it converted
        self._judge = Judge()
        self._chosen: tuple[ClusterObjects, Profile] | None = None  # the last choice and what it rests on

    def profile(self) -> Profile:
        """The platform that the cluster shows now."""
        return self._choose(self._reader.view().objects)

    def _choose(self, objects: ClusterObjects) -> Profile:
        if self._chosen is None or not objects.same_but_nodes(self._chosen[0]):
            self._chosen = objects, choose_profile(objects, self._namespace, self._profiles)
        return self._chosen[1]

    def compose(self, now: datetime, reading: CatalogReading, catalog_state: SourceState | None) -> Snapshot:
        """`reading` is what to judge by; `catalog_state` None: there is no such source."""
        view = self._reader.view()
        profile = self._choose(view.objects)
        if profile.name not in self._extractors:
            self._extractors = {profile.name: Extractor(profile, self._namespace)}
        unread = frozenset(Resource(state.source) for state in view.sources if state.last_success is None)
        inventory = self._extractors[profile.name].extract(view.objects, unread)
        identity = form_identity(self._identity_key, inventory.cluster)
        return make_snapshot(
            now=now,
            inventory=inventory,
            sources=(*view.sources, catalog_state) if catalog_state else view.sources,
            reading=reading,
            identity=identity or _why_no_identity(view.sources),
            choices=self._choices,
            titles={name: component.title for name, component in profile.components.items()},
            own_notices=self._notices,
            judge=self._judge,
        )


def _also_runs(elsewhere: Elsewhere) -> Notice:
    place = elsewhere.namespace
    return Notice(
        id=f"also-in-{place}",
        severity=Severity.INFO,
        title=f"{elsewhere.platform_title} also runs in namespace {place}; "
        "set WORKFLOW_NAMESPACE to look at it",
    )


def _several_uids(count: int) -> Iterable[Notice]:
    if count:
        yield Notice(
            id="recorded-with-several-uids",
            severity=Severity.WARNING,
            title=f"Objects that are recorded with several UIDs: {count:,}; "
            "perhaps the recording is of two clusters",
        )


def unread_snapshot(now: datetime, profile: Profile, reason: str, choices: Choices) -> Snapshot:
    """What can be said before the platform's namespace is known: nothing, and why. Never complete."""
    sources = tuple(
        SourceState(resource, up=False, reason=reason)
        if resource is Resource.NAMESPACE
        else SourceState(resource, up=None)
        for resource in Resource
    )
    return make_snapshot(
        now=now,
        inventory=extract(ClusterObjects(), profile, profile.namespace),
        sources=sources,
        reading=CatalogReading(None, reason),
        identity=reason,
        choices=choices,
        titles={},
    )


def _why_no_identity(sources: tuple[SourceState, ...]) -> str:
    for state in sources:
        if state.source not in {Resource.KUBE_SYSTEM, Resource.NAMESPACE}:
            continue
        if not state.recorded:
            return f"the namespace behind {state.source} is not in the recording"
        if not state.up:
            return f"the namespace behind {state.source} cannot be read: {state.reason or 'no answer yet'}"
    return "the UIDs of kube-system and of the platform's namespace are not known"


class Refresher:
    """Holds the current snapshot. `compose` makes one of what the sources hold now; it does no I/O."""

    def __init__(
        self,
        compose: Callable[[datetime], Snapshot],
        metrics: SelfMetrics,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._compose = compose
        self._metrics = metrics
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._changed = asyncio.Event()
        self._snapshot: Snapshot | None = None
        self._failing = False

    def current(self) -> Snapshot | None:
        """The last good snapshot; None before the first."""
        return self._snapshot

    def on_change(self) -> None:
        """To be called by sources when what they hold would show differently."""
        self._changed.set()

    async def run(self) -> None:
        """Makes snapshots until cancelled."""
        while True:
            self._changed.clear()
            self.refresh()
            whole = self._snapshot is not None and self._snapshot.complete
            try:
                async with asyncio.timeout(INTERVAL_SECONDS if whole else FIRST_INTERVAL_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                continue
            await self._sleep(GATHER_SECONDS if whole else FIRST_GATHER_SECONDS)

    def refresh(self) -> None:
        """Makes one snapshot now; a fault is logged and counted, and the last good one stays."""
        began = self._monotonic()
        try:
            snapshot = self._compose(self._now())
        except Exception:  # noqa: BLE001 - a fault of ours in one snapshot must not end the agent
            self._metrics.refreshed(RefreshOutcome.FAILED, self._monotonic() - began)
            if not self._failing:
                _log.exception("no snapshot could be made; the last good one stays")
            self._failing = True
            return
        self._metrics.refreshed(_outcome(self._snapshot, snapshot), self._monotonic() - began)
        if self._failing:
            _log.info("snapshots are made again")
        self._failing = False
        _log_changes(self._snapshot, snapshot)
        self._snapshot = snapshot


def _outcome(before: Snapshot | None, after: Snapshot) -> RefreshOutcome:
    # Unchanged values are the same objects, so this costs microseconds even with thousands of nodes.
    if before and (before.inventory, before.components, before.catalog) == (
        after.inventory,
        after.components,
        after.catalog,
    ):
        return RefreshOutcome.UNCHANGED
    return RefreshOutcome.CHANGED


def _log_changes(before: Snapshot | None, after: Snapshot) -> None:
    """One line per change of a source's state, and one when the cluster is first read whole."""
    known = {state.source: state for state in before.sources} if before else {}
    for state in after.sources:
        if state.source == CATALOG_SOURCE:
            continue  # who asks for it says more: where from, and each new reason
        _log_source(known.get(state.source), state)
    if after.complete and not (before and before.complete):
        counts = f"{len(after.components)} components, {len(after.inventory.nodes)} nodes"
        _log.info("read %s in namespace %s: %s", after.inventory.platform, after.inventory.namespace, counts)


def _log_source(before: SourceState | None, after: SourceState) -> None:
    was_up = before.up if before else None
    if after.up is False and was_up is not False:
        _log.warning("source %s is down: %s", after.source, after.reason)
    elif after.up and was_up is False:
        _log.info("source %s is up again", after.source)
