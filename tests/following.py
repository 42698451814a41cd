"""Following one resource by a script of answers, without a server, a clock or a pause."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from fakes.script import Script, Step, answer
from workflow_exporter.cluster.addresses import collections
from workflow_exporter.cluster.api_client import ApiClient
from workflow_exporter.cluster.contents import Source
from workflow_exporter.cluster.follower import Bounds, Follower
from workflow_exporter.cluster.intake import Intake
from workflow_exporter.cluster.objects import Resource
from workflow_exporter.cluster.timing import Surroundings, Timing
from workflow_exporter.platforms.reader import shipped_profiles

_NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
# random() is always 0.5, so each pause is half of the full back-off, which starts with 1 s.
_TIMING = Timing(backoff_base_seconds=1, backoff_cap_seconds=30, watch_jitter_seconds=10)
_BOUNDS = Bounds(page_objects=500)


def watch_from(version: str, path: str = "/api/v1/nodes") -> str:
    return f"{path}?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds=50"


def node(name: str, version: int, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "resourceVersion": str(version)}, "status": status}


def nodes(version: int, *names: str, token: str = "") -> httpx.Response:
    items = [node(name, version) for name in names]
    return answer({"metadata": {"resourceVersion": str(version), "continue": token}, "items": items})


def bookmark(version: int) -> tuple[str, Any]:
    return ("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


class _Clock:
    """Stands still but for watches, which last as long as it is told; those beyond end at once."""

    def __init__(self, lasts: Iterable[float]) -> None:
        self._lasts = iter(lasts)
        self._seconds = 0.0
        self._watching = False

    def __call__(self) -> float:
        """Read as a watch is accepted and as it has ended."""
        if self._watching:
            self._seconds += next(self._lasts, 0)
        self._watching = not self._watching
        return self._seconds


@dataclass
class Told:
    """What following a script did."""

    requests: list[str]
    pauses: list[float]
    states: list[tuple[bool | None, str | None]]  # (up, reason) at each pause
    names: set[str] = field(default_factory=set)  # held at the end
    counts: dict[str, int] = field(default_factory=dict)
    read_timeouts: list[float | None] = field(default_factory=list)
    changes: int = 0


async def follow(
    *steps: Step,
    resource: Resource = Resource.NODES,
    timing: Timing = _TIMING,
    bounds: Bounds = _BOUNDS,
    intake: Intake | None = None,
    lasts: Iterable[float] = (),
) -> Told:
    """Follows until the script has come to its end; `lasts` are the seconds of the watches in a row."""
    script = Script(*steps)
    told = Told(script.requests, [], [])
    source = Source(resource, intake or Intake(shipped_profiles()))

    async def sleep(seconds: float) -> None:
        told.pauses.append(seconds)
        told.states.append((source.state.up, source.state.reason))
        await asyncio.sleep(0)

    def changed() -> None:
        told.changes += 1

    async with script.client() as http:
        follower = Follower(
            ApiClient(http),
            source,
            collections(resource, "deis"),
            timing,
            Surroundings(now=lambda: _NOW, random=lambda: 0.5, sleep=sleep, clock=_Clock(lasts)),
            bounds,
        )
        with suppress(asyncio.CancelledError):
            await follower.run(changed)
    told.names = set(source.contents.known())
    told.counts = dict(follower.counts)
    told.read_timeouts = script.read_timeouts
    return told
