"""Database -> edition: at start, after a change here, and within a second or so of one elsewhere."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from workflow_releases.catalog import body, store
from workflow_releases.catalog.held import HeldCatalogs
from workflow_releases.catalog.model import MAX_AHEAD
from workflow_releases.catalog.signature import SigningKeys
from workflow_releases.database import changes, schema
from workflow_releases.database.engine import Database
from workflow_releases.edition import Edition, make_edition
from workflow_releases.errors import DatabaseStateError, DatabaseUnavailableError
from workflow_releases.instances.audience import load_audiences

POLL_SECONDS = 1.0  # a replica may take 5 s to see a change; the question costs one row
# Longer than a healthy database is busy, shorter than a statement waits for its answer (database/postgresql).
_SILENT_SECONDS = 6.0

_log = logging.getLogger(__name__)


class Editions:
    """The edition that reads are answered from; swapped whole, kept while the database is away."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        keys: SigningKeys | None,
        stored: HeldCatalogs | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads everything once; raises DatabaseUnavailableError. `stored`: the publisher's, to read less."""
        self._database = database
        self._clock = clock
        self._keys = keys
        self._stored = stored or HeldCatalogs()
        self._monotonic = monotonic
        self._lock = threading.Lock()  # the poll and a publication may refresh at the same moment
        self._continued = True  # the database answered last time
        self._file = database.file
        self.current = self._made(None)
        self._usable = True
        self._answered = monotonic()

    @property
    def database_up(self) -> bool:
        """Whether it answered within the last seconds, and could have stored a change."""
        return self._usable and self._monotonic() - self._answered < _SILENT_SECONDS

    def ahead(self) -> bool:
        """Whether a catalog says that it changed in the future: a clock was wrong, or is."""
        latest = self._clock() + MAX_AHEAD
        return any(catalog.generated > latest for catalog in self.current.catalogs.values())

    def refresh(self) -> None:
        """Catches up, and finds out whether a change could be stored; blocks, so call it in a thread.

        A database that is away, locked or full is logged once; reads go on from what is there.
        """
        try:
            self.catch_up()
            changes.check_possible(self._database)
        except (DatabaseUnavailableError, DatabaseStateError) as error:
            if self._usable:
                _log.error("%s; reads go on from memory, publishing is refused", error)
            self._usable = False
        else:
            if not self._usable:
                _log.info("the database is back")
            self._answered = self._monotonic()
            self._usable = True

    def catch_up(self) -> None:
        """Makes a new edition if the database, or the week, is another.

        Raises DatabaseUnavailableError or DatabaseStateError, and leaves the edition as it is: what was
        stored may then not be served yet, so it must not be acknowledged.
        """
        with self._lock:
            try:
                self.current = self._made(self.current)
            except (DatabaseUnavailableError, DatabaseStateError):
                self._continued = False
                raise
            self._continued = True

    def _made(self, previous: Edition | None) -> Edition:
        week = body.week_start(self._clock())
        file = self._database.file
        continued = self._continued and file == self._file
        if not continued:
            schema.check(self._database)  # what came back may be an older backup, or another file
        with self._database.reading() as connection:
            number = changes.current_number(connection)
            if (
                previous is not None
                and continued
                and (number, week) == (previous.change_number, previous.week)
            ):
                return previous
            # After an outage, in another file, or when the number went back it may be another history.
            known = previous if previous is not None and continued else None
            since = known.change_number if known is not None and known.change_number <= number else -1
            if since < 0:
                self._stored.forget()
            catalogs = dict(known.catalogs) if known is not None and since >= 0 else {}
            for platform in store.platforms_changed_since(connection, since):
                catalog = self._stored.load(connection, platform)
                if catalog is not None:
                    catalogs[platform] = catalog
            audiences = load_audiences(connection)
        self._file = file
        return make_edition(
            change_number=number,
            week=week,
            catalogs=catalogs,
            audiences=audiences,
            keys=self._keys,
            previous=previous,
        )


async def follow(
    refresh: Callable[[], Awaitable[None]], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Refreshes for ever, POLL_SECONDS between the end of one and the start of the next."""
    while True:
        await sleep(POLL_SECONDS)
        try:
            await refresh()
        except Exception:  # noqa: BLE001 - a fault in one round must not end all later ones; it is logged
            _log.exception("the catalogs could not be refreshed; trying again")
