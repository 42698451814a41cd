"""A live cluster: every resource read by a task of its own, held in memory, seen through `view`."""

import asyncio
from collections.abc import Callable, Mapping
from itertools import chain

import httpx

from workflow_exporter.cluster.addresses import (
    VERSION_ADDRESS,
    WATCHED,
    Address,
    collections,
    config_map_address,
    namespace_address,
)
from workflow_exporter.cluster.api_client import ApiClient
from workflow_exporter.cluster.api_errors import BadAnswerError, RefusedError
from workflow_exporter.cluster.contents import Contents, Room, Source
from workflow_exporter.cluster.detect import WORKLOADS, Located, locate, own_namespaces
from workflow_exporter.cluster.follower import Bounds, Follower
from workflow_exporter.cluster.intake import Intake
from workflow_exporter.cluster.objects import ClusterObjects, ClusterView, Resource
from workflow_exporter.cluster.single_objects import Reader
from workflow_exporter.cluster.timing import Surroundings, Timing
from workflow_exporter.errors import ClusterError
from workflow_exporter.platforms.profile import Profile

_KUBE_SYSTEM = "kube-system"
# Of 100, 500, 1,000 and all in one page, 500 was as fast as any; a page of nodes (16.5 KB each) is 8 MiB.
_PAGE_OBJECTS = 500
# Of one kind in one namespace, before the agent knows where to look: a platform has some dozens of workloads.
_PAGES_LOOKED_AT = 20


class LiveCluster:
    """Implements `ClusterReader` over a connection's HTTP client."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        candidates: tuple[Profile, ...],
        namespace: str,
        *,
        timing: Timing | None = None,
        surroundings: Surroundings | None = None,
        page_objects: int = _PAGE_OBJECTS,
    ) -> None:
        """`candidates`: one profile, or all shipped ones for `auto`; they say which config maps are read.
        `namespace`: the platform's."""
        timing, surroundings = timing or Timing(), surroundings or Surroundings()
        client = ApiClient(http, silence_seconds=timing.read_seconds)
        intake = Intake(candidates)
        room = Room()
        self._sources = {resource: Source(resource, intake, room) for resource in Resource}
        self._tasks: dict[Resource, Follower | Reader] = {
            resource: Follower(
                client,
                self._sources[resource],
                collections(resource, namespace),
                timing,
                surroundings,
                Bounds(page_objects),
            )
            for resource in WATCHED
        }
        for resource, addresses in _single_objects(candidates, namespace).items():
            self._tasks[resource] = Reader(client, self._sources[resource], addresses, timing, surroundings)

    def view(self) -> ClusterView:
        """What is known now. A resource's mapping is the same object until the resource changes."""
        sources = self._sources
        return ClusterView(
            ClusterObjects(
                known={resource: source.contents.known() for resource, source in sources.items()},
                unknown={r: count for r, s in sources.items() if (count := s.contents.unknown_count)},
                malformed={r: count for r, s in sources.items() if (count := s.contents.malformed_count)},
            ),
            tuple(source.state for source in sources.values()),
        )

    async def run(self, on_change: Callable[[], None]) -> None:
        """Reads until cancelled. Several changes may be told by one call, none is left untold.

        A source that has not answered until then is down: what it would show cannot be told.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for resource, task in self._tasks.items():
                    group.create_task(task.run(on_change), name=f"read {resource}")
        finally:
            for source in self._sources.values():
                if source.state.up is None:
                    source.fall("the API server had not answered in full when the time was over")

    def counts(self) -> Mapping[tuple[str, str], int]:
        """(source, what) -> how often since the start: lists, watches, readings, expired, bad_answers,
        short_watches, failures."""
        return dict(
            chain.from_iterable(
                (((str(resource), what), count) for what, count in task.counts.items())
                for resource, task in self._tasks.items()
            )
        )


async def look_for_platform(http: httpx.AsyncClient, candidates: tuple[Profile, ...]) -> Located:
    """Of the candidates' own namespaces the one that exists; of several, decided by the workloads in each.

    What may not be read (403) counts as not there; so do workloads of a kind that the server cannot list.
    Raises ClusterError where the server cannot be asked, or where that kind may be all that there is: the
    caller decides whether to ask again, since a guess would hold for the whole run.
    """
    client, intake = ApiClient(http), Intake(candidates)
    exists = {namespace: await _exists(client, namespace) for namespace in own_namespaces(candidates)}
    possible = [namespace for namespace, there in exists.items() if there is not False]
    if len(possible) == 1:
        return Located(possible[0])
    seen: dict[str, ClusterObjects] = {}
    failures: list[ClusterError] = []
    for namespace in possible:
        known = {
            resource: await _known_workloads(client, intake, resource, namespace, failures)
            for resource in WORKLOADS
        }
        seen[namespace] = ClusterObjects(known)
    if failures and not any(any(objects.known.values()) for objects in seen.values()):
        raise failures[0]
    return locate(seen, [namespace for namespace, there in exists.items() if there], candidates)


async def _exists(client: ApiClient, namespace: str) -> bool | None:
    """None: it may not be read, so its workloads may be there and be readable all the same."""
    try:
        await client.get(namespace_address(namespace))
    except RefusedError as error:
        if error.status not in {403, 404}:
            raise
        return False if error.status == 404 else None
    return True


async def _known_workloads(
    client: ApiClient, intake: Intake, resource: Resource, namespace: str, failures: list[ClusterError]
) -> Mapping[str, object]:
    """Those that a candidate knows; none where they cannot be listed. `failures` gets why."""
    contents = Contents(resource, intake)
    for address in collections(resource, namespace):
        try:
            await _put_all(client, address, contents)
        except RefusedError as error:
            if error.status == 404:
                continue  # an older API group may have it
            if error.status != 403:
                failures.append(error)
        except BadAnswerError as error:
            failures.append(error)
        break
    return contents.known()


async def _put_all(client: ApiClient, address: Address, contents: Contents) -> None:
    token = ""
    for _ in range(_PAGES_LOOKED_AT):
        with await client.page(address, token, limit=_PAGE_OBJECTS) as page:
            for item in page.items:
                contents.put(item)
            token = page.continue_token
        if not token:
            return


def _single_objects(candidates: tuple[Profile, ...], namespace: str) -> dict[Resource, tuple[Address, ...]]:
    config_maps = sorted({row.name for profile in candidates for row in profile.config_maps})
    return {
        Resource.CONFIG_MAPS: tuple(config_map_address(namespace, name) for name in config_maps),
        Resource.KUBE_SYSTEM: (namespace_address(_KUBE_SYSTEM),),
        Resource.NAMESPACE: (namespace_address(namespace),),
        Resource.VERSION: (VERSION_ADDRESS,),
    }
