import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clusters import as_running_objects, held, manifests
from factories import snapshot, source_states
from fakes.held_cluster import HeldCluster
from workflow_exporter.cluster.objects import ClusterObjects, Resource
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.refresh import GATHER_SECONDS, Composer, Refresher
from workflow_exporter.self_metrics import SelfMetrics
from workflow_exporter.snapshot import CatalogReading, Choices, Snapshot

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """Stands still until it is told; sleeping moves it on and lets others run."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


def refresher(
    compose: Callable[[datetime], Snapshot], clock: Clock, metrics: SelfMetrics | None = None
) -> Refresher:
    metrics = metrics or self_metrics()
    return Refresher(compose, metrics, now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep)


def self_metrics() -> SelfMetrics:
    return SelfMetrics(version="1", revision="r", python_version="3", process=False)


def refreshes(metrics: SelfMetrics, outcome: str) -> float | None:
    return metrics.registry.get_sample_value("workflow_exporter_refreshes_total", {"outcome": outcome})


def test_a_snapshot_that_cannot_be_made_leaves_the_last_good_one(caplog: pytest.LogCaptureFixture) -> None:
    good = snapshot()
    outcomes = iter([good, None, None])
    metrics = self_metrics()

    def compose(_: datetime) -> Snapshot:
        if (made := next(outcomes)) is None:
            raise ZeroDivisionError
        return made

    under_test = refresher(compose, Clock(), metrics)
    for _ in range(3):
        under_test.refresh()

    assert under_test.current() is good
    assert refreshes(metrics, "failed") == 2
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "no snapshot could be made; the last good one stays"
    ]


def test_an_attempt_that_shows_nothing_new_is_counted_as_unchanged() -> None:
    first = snapshot()
    snapshots = iter([first, replace(first, taken_at=first.taken_at + timedelta(minutes=1))])
    metrics = self_metrics()

    under_test = refresher(lambda _: next(snapshots), Clock(), metrics)
    under_test.refresh()
    under_test.refresh()

    assert (refreshes(metrics, "changed"), refreshes(metrics, "unchanged")) == (1, 1)


@pytest.mark.anyio
async def test_a_burst_of_changes_becomes_one_snapshot_within_a_second() -> None:
    clock = Clock()
    taken: list[datetime] = []

    def compose(now: datetime) -> Snapshot:
        taken.append(now)
        return snapshot()

    under_test = refresher(compose, clock)
    running = asyncio.create_task(under_test.run())
    await turns()
    for _ in range(50):
        under_test.on_change()
    await turns()
    running.cancel()

    assert taken == [BEGINNING, BEGINNING + timedelta(seconds=GATHER_SECONDS)]
    assert GATHER_SECONDS <= 1


@pytest.mark.anyio
async def test_a_change_while_changes_are_gathered_is_in_that_snapshot_or_the_next() -> None:
    clock = Clock()
    held, shown = ["old"], []

    def compose(_: datetime) -> Snapshot:
        shown.append(held[0])
        return snapshot()

    under_test = refresher(compose, clock)
    running = asyncio.create_task(under_test.run())
    await turns()
    under_test.on_change()
    await asyncio.sleep(0)
    held[0] = "new"
    under_test.on_change()
    await turns()
    running.cancel()

    assert shown[-1] == "new"


async def turns() -> None:
    """Lets every task that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_source_that_fails_and_returns_is_one_log_line_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    down = replace(snapshot(), sources=source_states("nodes", reason="forbidden"))
    snapshots = iter([down, down, replace(down, sources=source_states())])

    under_test = refresher(lambda _: next(snapshots), Clock())
    for _ in range(3):
        under_test.refresh()

    assert [record.message for record in caplog.records if "source" in record.message] == [
        "source nodes is down: forbidden",
        "source nodes is up again",
    ]


def test_platform_is_chosen_anew_when_anything_but_nodes_changes() -> None:
    profiles = shipped_profiles()
    cluster = HeldCluster()
    composer = Composer(cluster, profiles, "deis", choices=Choices(), identity_key=b"k" * 32)
    clusters = [
        held(as_running_objects(manifests(name)), profiles) for name in ("deis-v2.18.0", "hephy-v2.23.0")
    ]
    without_nodes = replace(clusters[1], known={**clusters[1].known, Resource.NODES: {}})

    shown = []
    for cluster.objects in (clusters[0], clusters[1], without_nodes, ClusterObjects()):
        inventory = composer.compose(BEGINNING, CatalogReading(None), None).inventory
        shown.append((inventory.platform, len(inventory.nodes) > 0))

    assert shown == [("deis", True), ("hephy", True), ("hephy", False), ("deis", False)]
    assert composer.profile().name == "deis"
