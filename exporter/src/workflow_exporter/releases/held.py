"""The catalog held: the last good one stays across failures, and an older one never takes its place."""

from collections.abc import Callable
from datetime import datetime

from workflow_exporter.catalog import Catalog
from workflow_exporter.catalog_document import check_not_older
from workflow_exporter.errors import CatalogError, CatalogUnavailableError
from workflow_exporter.releases.source import CatalogSource
from workflow_exporter.snapshot import CATALOG_SOURCE, CatalogReading, SourceState


class HeldCatalog:
    """What one source has given so far. For one event loop; `refresh` is not called twice at a time."""

    def __init__(self, source: CatalogSource, now: Callable[[], datetime]) -> None:
        self._source = source
        self._now = now
        self._catalog: Catalog | None = None
        self._problem: str | None = None
        self._last_success: datetime | None = None
        self._asked = False
        self.refused = 0  # catalogs that were there and must not be believed, since the start
        self.failures = 0  # in a row, until now
        self.retry_after_seconds: float | None = None  # what the server asked for with the last failure

    @property
    def title(self) -> str:
        """Where the catalog comes from, in words."""
        return self._source.title

    async def refresh(self, platform: str) -> bool:
        """Asks the source once; whether anything that is shown differs afterwards, `last_success` aside.

        Never raises CatalogError: what went wrong is in `state` and, with nothing held, in `reading`.
        """
        before = (self._catalog, self._problem, self._asked)
        held = self._catalog if self._catalog and self._catalog.platform == platform else None
        self.retry_after_seconds = None
        try:
            loaded = await self._source.load(platform)
            check_not_older(loaded, held)
        except CatalogError as error:
            self._problem = str(error)
            self.failures += 1
            if isinstance(error, CatalogUnavailableError):
                self.retry_after_seconds = error.retry_after_seconds
            else:
                self.refused += 1
        else:
            # The same content stays the same object, and with it the orders that were sorted once.
            self._catalog = held if loaded == held else loaded
            self._problem = None
            self.failures = 0
            self._last_success = self._now()
        self._asked = True
        return before != (self._catalog, self._problem, self._asked)

    def reading(self) -> CatalogReading:
        """What to judge by: the catalog held, whatever has failed since; else why there is none."""
        if self._catalog is not None:
            return CatalogReading(self._catalog)
        return CatalogReading(None, self._problem or "the catalog has not been read yet")

    def state(self) -> SourceState:
        """The source as operators see it; up None before the first answer."""
        up = self._problem is None if self._asked else None
        return SourceState(CATALOG_SOURCE, up, self._problem, self._last_success)
