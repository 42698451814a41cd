"""Asks for the catalog: at once for a platform that was just recognised, then at an interval."""

import asyncio
import logging
from collections.abc import Callable

from workflow_exporter.releases.held import HeldCatalog

_log = logging.getLogger(__name__)


class CatalogPoll:
    """Keeps one held catalog fresh, for the platform that it is told to follow."""

    def __init__(self, held: HeldCatalog, interval_seconds: float) -> None:
        self._held = held
        self._interval_seconds = interval_seconds
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
            if self._platform is not None and await self._ask(self._platform):
                on_change()
            try:
                async with asyncio.timeout(self._interval_seconds):
                    await self._platform_changed.wait()
            except TimeoutError:
                pass

    async def _ask(self, platform: str) -> bool:
        before = self._held.state()
        changed = await self._held.refresh(platform)
        after = self._held.state()
        if after.up and not before.up:
            _log.info("catalog of %s read from %s", platform, self._held.title)
        elif after.up is False and after.reason != before.reason:
            _log.warning("catalog of %s from %s: %s", platform, self._held.title, after.reason)
        return changed
