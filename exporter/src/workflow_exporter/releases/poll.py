"""Asks for the catalog: at once for a platform that was just recognised, then at its source's pace."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from workflow_exporter.releases.held import HeldCatalog
from workflow_exporter.releases.pace import Pace

_log = logging.getLogger(__name__)


class CatalogPoll:
    """Keeps one held catalog fresh, for the platform that it is told to follow."""

    def __init__(
        self,
        held: HeldCatalog,
        pace: Pace,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._held = held
        self._pace = pace
        self._sleep = sleep
        self._platform: str | None = None
        self._platform_changed = asyncio.Event()

    def follow(self, platform: str) -> None:
        """The platform whose catalog is wanted from now on."""
        if platform != self._platform:
            self._platform = platform
            self._platform_changed.set()

    async def run(self, on_change: Callable[[], None]) -> None:
        """Asks until cancelled; calls `on_change` when what is held would show differently."""
        while True:
            self._platform_changed.clear()
            if self._platform is None:
                await self._platform_changed.wait()
                continue
            if await self._ask(self._platform):
                on_change()
            await self._pause(self._pace.pause_seconds(self._held.failures, self._held.retry_after_seconds))

    async def _pause(self, seconds: float) -> None:
        """Ends early for another platform."""
        waits = [
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(self._platform_changed.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    async def _ask(self, platform: str) -> bool:
        before = self._held.state()
        try:
            changed = await self._held.refresh(platform)
        except Exception:  # noqa: BLE001 - a fault of ours in one catalog must not end the agent
            _log.exception("the catalog of %s could not be taken in", platform)
            return False
        after = self._held.state()
        if after.up and not before.up:
            _log.info("catalog of %s read from %s", platform, self._held.title)
        elif after.up is False and after.reason != before.reason:
            _log.warning("catalog of %s from %s: %s", platform, self._held.title, after.reason)
        return changed
