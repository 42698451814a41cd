"""A LiveCluster at work for the length of one test, over a connection made as the agent makes it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from api_server import ApiServer
from clusters.objects import service
from workflow_exporter.cluster.addresses import Address
from workflow_exporter.cluster.api_client import ApiClient, Event, Page
from workflow_exporter.cluster.connection import connect
from workflow_exporter.cluster.lists_and_watches import LiveCluster
from workflow_exporter.cluster.objects import ClusterView, Resource
from workflow_exporter.cluster.timing import Timing
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.snapshot import SourceState

# Watches do not end by themselves within a test; all else is quick.
LONG_WATCHES = Timing(
    reread_seconds=0.3, list_again_seconds=0.3, backoff_base_seconds=0.05, backoff_cap_seconds=0.5
)
_LOOK_SECONDS = 0.02
_DEADLINE_SECONDS = 60.0  # on a busy machine


class Reading:
    """What the cluster's reader shows, and how often it said that something changed."""

    def __init__(self, cluster: LiveCluster) -> None:
        self.cluster = cluster
        self.changes = 0

    def count_change(self) -> None:
        self.changes += 1

    def view(self) -> ClusterView:
        return self.cluster.view()

    def objects(self, resource: Resource) -> dict[str, Any]:
        """The known ones by name; by `version` what has none."""
        known = self.view().objects.known[resource]
        return {getattr(getattr(o, "metadata", None), "name", uid): o for uid, o in known.items()}

    def state(self, resource: Resource) -> SourceState:
        return next(state for state in self.view().sources if state.source == str(resource))

    def up(self) -> dict[str, bool | None]:
        return {state.source: state.up for state in self.view().sources}

    def count(self, resource: Resource, what: str) -> int:
        return self.cluster.counts().get((str(resource), what), 0)

    async def until(self, holds: Callable[[], object], seconds: float = _DEADLINE_SECONDS) -> None:
        """Looks again and again; raises AssertionError with the sources' states after `seconds`."""
        await until(holds, lambda: f"{self.view().sources} {self.cluster.counts()}", seconds)

    async def until_complete(self) -> None:
        await self.until(lambda: all(up is not None for up in self.up().values()))


async def until(
    holds: Callable[[], object], otherwise: Callable[[], str] = str, seconds: float = _DEADLINE_SECONDS
) -> None:
    """Returns when `holds()` is true; fails with `otherwise()` after `seconds`."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while not holds():
        assert clock() < deadline, otherwise()
        await asyncio.sleep(_LOOK_SECONDS)


@cache
def _profiles() -> tuple[Profile, ...]:
    return shipped_profiles()


def shortest_watch_seconds(server: ApiServer) -> int:
    """For a watch that is to end, with a bookmark before: a real server sends its last 2 s before the end."""
    return 1 if server.name == "fake" else 4


def short_watches(server: ApiServer) -> Timing:
    """Watches that end often, by themselves: silence is waited for as long as in service."""
    return replace(LONG_WATCHES, watch_seconds=shortest_watch_seconds(server), watch_jitter_seconds=0)


def impatient(server: ApiServer) -> Timing:
    """Short watches, and hangs that are noticed soon. On a busy machine a good server may look like one."""
    return replace(short_watches(server), silence_margin_seconds=1, read_seconds=2)


@asynccontextmanager
async def reading(
    kubeconfig: Path, namespace: str, timing: Timing = LONG_WATCHES, page_objects: int = 500
) -> AsyncIterator[Reading]:
    """Reads with the shipped profiles until the context ends."""
    connection = connect(str(kubeconfig), environment={})
    cluster = LiveCluster(connection.http, _profiles(), namespace, timing=timing, page_objects=page_objects)
    running = Reading(cluster)
    task = asyncio.create_task(cluster.run(running.count_change))
    try:
        yield running
        assert not task.done(), task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await connection.aclose()


class Services:
    """Services in a namespace of the test's own, as the test and as the agent's client see them."""

    def __init__(self, api_server: ApiServer, namespace: str, http: httpx.AsyncClient) -> None:
        self.client = ApiClient(http, silence_seconds=5)
        self.address = Address(
            f"/api/v1/namespaces/{namespace}/services", f"services in namespace {namespace}"
        )
        self._api_server = api_server

    async def create(self, *names: str) -> None:
        for name in names:
            metadata = {"name": name, "labels": {"step": "0"}}
            await self._api_server.create(self.address.path, service(metadata, {}, {"http": 80}))

    async def change(self, name: str, step: int) -> None:
        await self._api_server.patch(
            f"{self.address.path}/{name}", {"metadata": {"labels": {"step": str(step)}}}
        )

    async def delete(self, name: str) -> None:
        await self._api_server.delete(f"{self.address.path}/{name}")

    async def page(self, continue_token: str = "", limit: int = 500) -> Page:
        return await self.client.page(self.address, continue_token, limit=limit)

    async def watch(
        self, version: str, *, accepted: Callable[[], None] | None = None, seconds: int | None = None
    ) -> list[Event]:
        """All events until the watch ends; `accepted` is called when the server has answered."""
        ends_after = seconds or shortest_watch_seconds(self._api_server)
        async with self.client.watch(
            self.address, version, ends_after_seconds=ends_after, silence_seconds=ends_after + 10
        ) as events:
            if accepted:
                accepted()
            return [event async for event in events]
