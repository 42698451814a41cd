"""Catalogs as they are stored, held in memory: one is read again only when its last change is another.

Reading a catalog of 50,000 releases takes half a second of Python, which every reader at that moment
would feel; a publication changes one of them.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from workflow_releases.catalog import store
from workflow_releases.catalog.model import Catalog


@dataclass(frozen=True, slots=True)
class HeldCatalogs:
    """Shared by threads: each entry is replaced whole, and believed only for the change it came with."""

    _by_platform: dict[str, tuple[int, Catalog]] = field(default_factory=dict)

    def load(self, connection: Connection, platform: str) -> Catalog | None:
        """What `store.load` gives, often without reading it."""
        number = store.change_number(connection, platform)
        if number is None:
            return None
        held = self._by_platform.get(platform)
        if held is not None and held[0] == number:
            return held[1]
        catalog = store.load(connection, platform)
        if catalog is not None:
            self._by_platform[platform] = (number, catalog)
        return catalog

    def committed(self, number: int, catalog: Catalog) -> None:
        """Tells what a change stored. Not before its commit: what was undone gives its number back."""
        self._by_platform[catalog.platform] = (number, catalog)

    def forget(self) -> None:
        """The database may have another history from here on, with the same numbers."""
        self._by_platform.clear()
