"""A gateway with everything beneath it but the network, and a client for it."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import httpx

from fakes.store import FakeStore
from ingest_factories import HEADERS, INSTANCE, NOW
from releases_factories import make_catalog
from workflow_releases.catalog.model import Catalog
from workflow_releases.ingest.counts import IngestCounts
from workflow_releases.ingest.forward import Forwarder
from workflow_releases.ingest.gateway import IngestGateway, Known, Limits
from workflow_releases.ingest.label_sets import LabelSets, Told
from workflow_releases.ingest.rates import Rates
from workflow_releases.ingest.rebuild import rebuild
from workflow_releases.ingest.validate import check_labels
from workflow_releases.ingest.vocabulary import Admits, Unlisted


@dataclass(slots=True)
class Site:
    """`now` in seconds since 1970; it is every clock of the gateway."""

    now: float = NOW
    source_rate_per_minute: int = 1000
    instance_rate_per_hour: int = 1000
    new_instance_rate_per_hour: int = 1000
    trusted_proxies: int = 0
    max_under_way: int = 1024
    body_deadline_seconds: float = 10.0
    catalogs: Mapping[str, Catalog] = field(default_factory=lambda: {"deis": make_catalog()})
    store: FakeStore = field(default_factory=FakeStore)
    counts: IngestCounts = field(default_factory=IngestCounts)
    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    gateway: IngestGateway = field(init=False)
    known: Known = field(init=False)

    def __post_init__(self) -> None:
        self.known = Known(lambda: self.catalogs, self.counts)
        limits = Limits(
            Rates(self.source_rate_per_minute, 60, lambda: self.now),
            Rates(self.instance_rate_per_hour, 3600, lambda: self.now),
            Rates(self.new_instance_rate_per_hour, 3600, lambda: self.now),
            self.trusted_proxies,
            self.max_under_way,
            self.body_deadline_seconds,
        )
        self.gateway = IngestGateway(
            self.known,
            limits,
            Forwarder(self.store, None),
            self.counts,
            lambda: self.now,
            requests=self.requests,
        )

    async def post(
        self, body: bytes | AsyncIterator[bytes], peer: str = "192.0.2.1", **headers: str
    ) -> httpx.Response:
        """Headers replace those of a good request, `_` for `-`; an empty one is left out."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in {**HEADERS, **given}.items() if value}
        transport = httpx.ASGITransport(self.gateway, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
            return await client.post("/api/v1/write", content=body, headers=sent)

    @property
    def reasons(self) -> dict[str, int]:
        """What was counted so far."""
        return {reason: count for reason, count in self.counts.by_reason.items() if count}


def all_forms() -> Admits:
    """Admits what a gateway admits that has seen no unlisted version this day."""
    return Unlisted(IngestCounts()).of_sender(b"192.0.2.1", INSTANCE)


def told_of(payload: bytes) -> list[Told]:
    """What a report of INSTANCE tells, read series by series; one that goes on as it was sent."""
    site = Site()
    site.known.refresh(site.now)
    decoded = LabelSets().decode(payload)
    vocabulary = site.known.vocabulary(b"", INSTANCE)
    proven = check_labels(decoded, INSTANCE, vocabulary)
    told, rebuilt = rebuild(decoded, proven, vocabulary, site.known.label_sets)
    assert rebuilt == payload
    return told
