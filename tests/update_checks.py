"""The update check over real sockets: a source as the agent builds it, and what a server serves to it."""

import gzip
import ssl
from pathlib import Path

import msgspec

from factories import NOW, catalog
from workflow_exporter.catalog import MAX_BODY_BYTES
from workflow_exporter.releases.api import CatalogApi
from workflow_exporter.releases.exchange import Exchange
from workflow_exporter.releases.signature import TrustedKeys
from workflow_exporter.web_address import WebAddress

TLS = Path(__file__).parent / "data" / "tls"
DOCUMENT = msgspec.json.encode(catalog())
PACKED = gzip.compress(DOCUMENT)


def source(
    address: WebAddress,
    *,
    keys: TrustedKeys | None = None,
    deadline_seconds: float = 20,
    proxy: str | None = None,
    ca_bundle: Path | None = None,
) -> CatalogApi:
    exchange = Exchange(
        address,
        proxy=proxy,
        ca_bundle=ca_bundle,
        most_bytes=MAX_BODY_BYTES,
        deadline_seconds=deadline_seconds,
    )
    return CatalogApi(exchange, keys or TrustedKeys(), authority=address.authority, now=lambda: NOW)


def server_tls(name: str) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(TLS / f"{name}.crt", TLS / f"{name}.key")
    return tls
