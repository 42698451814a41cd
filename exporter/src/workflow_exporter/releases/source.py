"""The seam between a place that serves catalogs and everything above it."""

from typing import Protocol

from workflow_exporter.catalog import Catalog
from workflow_exporter.catalog_document import parse_catalog
from workflow_exporter.releases.signature import TrustedKeys


class CatalogSource(Protocol):
    """A place that serves catalogs."""

    @property
    def title(self) -> str:
        """The place in words, for operators: `the file catalog.json`. No path, it may be shown in public."""
        ...

    async def load(self, platform: str) -> Catalog:
        """That platform's catalog as it is now.

        Raises CatalogUnavailableError where there is none, CatalogError for one that must not be believed.
        """
        ...


def believe(body: bytes, platform: str | None, keys: TrustedKeys, signatures: str) -> Catalog:
    """The catalog in a document as fetched: the one place that every source's bytes pass.

    `platform` None: of any. `signatures` as they came with it, empty for none. Raises CatalogError. The
    signature comes first, so that nothing is decoded that nobody vouches for.
    """
    keys.check(body, signatures)
    return parse_catalog(body, platform)
