"""The catalog from the releases API. The question is the same for every agent of a platform.

The ETag of the contract is a hash of the body. It goes back only where the agent computes the same one,
and always in the same spelling, so that it says no more than the catalog itself: which one is held.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from workflow_exporter.catalog import Catalog
from workflow_exporter.errors import CatalogUnavailableError
from workflow_exporter.releases.answer import check_answer
from workflow_exporter.releases.exchange import Answer
from workflow_exporter.releases.signature import TrustedKeys
from workflow_exporter.releases.source import believe


class Asks(Protocol):
    """One exchange with the server; see `releases.exchange.Exchange`."""

    async def get(self, path: str, headers: Mapping[str, str]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class _Known:
    """The catalog last believed, so that the server need not send it again."""

    platform: str
    catalog: Catalog
    if_none_match: str


class CatalogApi:
    """A releases API. For one event loop; `load` is not called twice at a time."""

    def __init__(
        self, exchange: Asks, keys: TrustedKeys, *, authority: str, now: Callable[[], datetime]
    ) -> None:
        """`authority`: host and port, to be shown."""
        self._exchange = exchange
        self._keys = keys
        self._authority = authority
        self._now = now
        self._known: _Known | None = None

    @property
    def title(self) -> str:
        return f"the releases API {self._authority}"

    async def load(self, platform: str) -> Catalog:
        """See CatalogSource. Unchanged content is the same object as the time before."""
        known = self._known if self._known and self._known.platform == platform else None
        headers = {"If-None-Match": known.if_none_match} if known else {}
        answer = await self._exchange.get(f"/v1/catalogs/{quote(platform, safe='')}", headers)
        if answer.status == 304:
            if known is None:
                raise CatalogUnavailableError("the releases API says unchanged (304) to who has nothing yet")
            return known.catalog
        check_answer(answer.status, answer.headers, platform, self._now())
        signatures = answer.headers.get("catalog-signature", "")
        # In a thread: the largest catalog takes a while to decode, and pages are served meanwhile.
        catalog = await asyncio.to_thread(believe, answer.body, platform, self._keys, signatures)
        condition = if_none_match(answer.body, answer.headers.get("etag", ""))
        self._known = _Known(platform, catalog, condition) if condition else None
        return catalog


def if_none_match(body: bytes, etag: str) -> str | None:
    """The header for the next request; None unless the server's ETag is the hash of the decoded body.

    Both forms of the contract, whichever came and whether or not a proxy made it weak (`W/`): a choice
    between them would be the server's to make, and with it a mark of one bit.
    """
    digest = hashlib.sha256(body).hexdigest()
    forms = (f'"{digest}"', f'"{digest}-gzip"')
    return ", ".join(forms) if etag.strip().removeprefix("W/") in forms else None
