"""The catalog held: the last good one stays across failures, and an older one does not take its place."""

from collections.abc import Callable
from datetime import datetime, timedelta

from workflow_exporter.catalog import Catalog
from workflow_exporter.catalog_document import (
    check_not_from_the_future,
    check_not_older,
    is_from_the_future,
)
from workflow_exporter.errors import CatalogError, CatalogUnavailableError
from workflow_exporter.releases.source import CatalogSource
from workflow_exporter.snapshot import CATALOG_SOURCE, CatalogReading, SourceState

# How long a catalog without a signature keeps older ones out after the source last gave it: one answer of a
# stranger, dated today, would otherwise keep out every honest catalog until the next publication.
_UNSIGNED_KEEPS_OUT = timedelta(days=1)


class HeldCatalog:
    """What one source has given so far. For one event loop; `refresh` is not called twice at a time."""

    def __init__(
        self, source: CatalogSource, now: Callable[[], datetime], *, is_signed: bool = False
    ) -> None:
        """`is_signed`: the source gives only what a trusted key has signed, so that dates can be trusted."""
        self._source = source
        self._now = now
        self._is_signed = is_signed
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
            now = self._now()
            check_not_from_the_future(loaded, now)
            check_not_older(loaded, held if self._keeps_older_out(now) else None)
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
            self._last_success = now
        self._asked = True
        return before != (self._catalog, self._problem, self._asked)

    def _keeps_older_out(self, now: datetime) -> bool:
        """Whether the date of the catalog held is still to be relied on."""
        if self._catalog is None or self._last_success is None:
            return False
        if is_from_the_future(self._catalog, now):  # taken while the clock here was wrong
            return False
        return self._is_signed or abs(now - self._last_success) <= _UNSIGNED_KEEPS_OUT

    def reading(self) -> CatalogReading:
        """What to judge by: the catalog held, whatever has failed since; else why there is none."""
        if self._catalog is not None:
            return CatalogReading(self._catalog)
        return CatalogReading(None, self._problem or "the catalog has not been read yet")

    def state(self) -> SourceState:
        """The source as operators see it; up None before the first answer."""
        up = self._problem is None if self._asked else None
        return SourceState(CATALOG_SOURCE, up, self._problem, self._last_success)
