"""What the routes work with; `app` makes it once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
from anyio import to_thread

from workflow_releases.access.tokens import Tokens
from workflow_releases.catalog.model import Catalog
from workflow_releases.catalog.publish import Publisher
from workflow_releases.instances.audience import Marker
from workflow_releases.refresh import Editions
from workflow_releases.self_metrics import RequestCounts

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

_THREADS = 6  # for the database, whose pool has eight connections; the poll has a thread of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that requests are answered with."""

    editions: Editions
    publisher: Publisher
    marker: Marker
    tokens: Tokens
    counts: RequestCounts
    legacy_platform: str
    public_keys: tuple[str, ...]  # of catalogs' signatures; empty: unsigned
    clock: Callable[[], datetime]
    limiter: anyio.CapacityLimiter

    def catalog(self, platform: str) -> Catalog | None:
        return self.editions.current.catalogs.get(platform)

    async def in_thread(
        self, call: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> _Result:
        """Runs what blocks on the database outside the event loop."""
        return await to_thread.run_sync(partial(call, *args, **kwargs), limiter=self.limiter)


def database_limiter() -> anyio.CapacityLimiter:
    """So that requests wait here, and not in the pool until it gives up."""
    return anyio.CapacityLimiter(_THREADS)
