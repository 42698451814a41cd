"""The program on real sockets: a report's way to a store, slow senders, and what is never said or logged."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cramjam import snappy

from fakes.receiver import SocketReceiver
from fakes.releases_api import answers
from fakes.store import read
from gateways import Site
from ingest_factories import HEADERS, INSTANCE, OTHER_SECRET, SECRET, pack, small
from workflow_releases.app import build
from workflow_releases.listeners import AsgiApp, bind, serve_until
from workflow_releases.settings import settings_from_environment


@dataclass(frozen=True, slots=True)
class Served:
    public: str  # addresses, each with its slash
    metrics: str
    store: SocketReceiver


@asynccontextmanager
async def listening(application: AsgiApp) -> AsyncIterator[str]:
    stop, listener = asyncio.Event(), bind("127.0.0.1", 0, "PORT")
    serving = asyncio.create_task(serve_until(stop, listener, application))
    try:
        yield listener.url
    finally:
        stop.set()
        await serving


@asynccontextmanager
async def program(folder: Path) -> AsyncIterator[Served]:
    """Everything as `serve` builds it, with its real clocks, before a store that takes the first report."""
    (folder / "token").write_text("store-token\n")
    async with SocketReceiver(answers(204), answers(500)).running() as store:
        environment = {
            "DATABASE_URL": f"sqlite:///{folder / 'releases.db'}",
            "UPSTREAM_WRITE_URL": str(store.address),
            "UPSTREAM_BEARER_TOKEN_FILE": str(folder / "token"),
        }
        application = build(settings_from_environment(environment))
        try:
            async with listening(application.public) as public, listening(application.metrics) as metrics:
                yield Served(public, metrics, store)
        finally:
            application.close()


def of_this_hour(instance_id: str = INSTANCE) -> bytes:
    return small(instance_id, int(time.time()) // 3600 * 3600)


@pytest.mark.anyio
async def test_report_reaches_the_store_rebuilt_and_with_the_stores_own_token(tmp_path: Path) -> None:
    async with program(tmp_path) as served, httpx.AsyncClient(base_url=served.public) as client:
        report = of_this_hour()
        answer = await client.post("/api/v1/write", content=pack(report), headers=HEADERS)
        exposed = (await client.get(f"{served.metrics}metrics")).text

        assert (answer.status_code, answer.content) == (204, b"")
        (received,) = served.store.received
        assert received.header("authorization") == "Bearer store-token"
        assert SECRET not in str(received.headers)
        sent, told = read(report), read(bytes(snappy.decompress_raw(received.body)))
        assert sorted(map(str, told)) == sorted(map(str, sent))
        assert 'releases_ingest_requests_total{reason="accepted"} 1.0' in exposed
        assert 'releases_requests_total{route="/api/v1/write",status="204"} 1.0' in exposed


@pytest.mark.anyio
async def test_nothing_of_a_request_is_logged_or_exposed_whatever_becomes_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary-5f2e"
    with caplog.at_level(logging.DEBUG):
        async with program(tmp_path) as served, httpx.AsyncClient(base_url=served.public) as client:
            for status, secret, body in (
                (204, SECRET, pack(of_this_hour())),
                (400, SECRET, pack(of_this_hour().replace(b"deis", canary.encode()[:4]))[:-1]),
                (403, OTHER_SECRET, pack(of_this_hour())),
                (401, canary, pack(of_this_hour())),
                (400, SECRET, canary.encode()),
            ):
                sent = {**HEADERS, "authorization": f"Bearer {secret}", "x-forwarded-for": canary}
                answer = await client.post("/api/v1/write", content=body, headers=sent)
                assert answer.status_code == status
                assert canary not in answer.text
            down = await client.post("/api/v1/write", content=pack(of_this_hour()), headers=HEADERS)
            exposed = (await client.get(f"{served.metrics}metrics")).text

    # httpx and httpcore are the test's own client, and log what it asks.
    told = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    assert down.status_code == 503
    assert "the upstream takes no reports" in told
    for secret in (canary, SECRET, OTHER_SECRET, INSTANCE, "store-token"):
        assert secret not in exposed
        assert secret not in told


async def exchange(url: str, *pieces: bytes) -> bytes:
    """Everything that comes back until the server closes, or nothing comes for half a second."""
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    received = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65536), 0.5):
            received += chunk
    except TimeoutError:
        received += b"<still open>"
    writer.close()
    return received


def head(**headers: str) -> bytes:
    lines = {"host": "x", **HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"POST /api/v1/write HTTP/1.1\r\n{text}\r\n".encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


CHUNKED = {"transfer_encoding": "chunked"}

# what is sent, the status, and whether the connection stays for the next request
WIRE: dict[str, tuple[list[bytes], int, bool]] = {
    "in one piece": ([head(content_length=str(len(pack(small())))), pack(small())], 204, True),
    "chunked": ([head(**CHUNKED), chunk(pack(small())), chunk(b"")], 204, True),
    "announced as too long": ([head(content_length="65537")], 413, False),
    "announced as 4 GB": ([head(content_length="4294967296")], 413, False),
    "chunked and too long": ([head(**CHUNKED), *[chunk(bytes(8192))] * 9], 413, False),
    "never sent": ([head(content_length="10")], 408, False),
    "chunked and never ended": ([head(**CHUNKED), chunk(b"x")], 408, False),
    "without a secret, announced": ([head(authorization="", content_length="3"), b"abc"], 401, True),
    "without a secret, chunked": ([head(authorization="", **CHUNKED), chunk(b"x")], 401, False),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("pieces", "status", "stays"), WIRE.values(), ids=WIRE)
async def test_body_is_read_no_further_than_it_is_wanted(
    pieces: list[bytes], status: int, *, stays: bool
) -> None:
    site = Site(body_deadline_seconds=0.2)
    async with listening(site.gateway) as url:
        received = await exchange(url, *pieces)

    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert received.endswith(b"<still open>") == stays
    assert site.counts.under_way == 0


@pytest.mark.anyio
async def test_sender_that_goes_away_midway_leaves_nothing_behind() -> None:
    site = Site()
    async with listening(site.gateway) as url:
        address = httpx.URL(url)
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(head(content_length="100") + b"half")
        await writer.drain()
        async with asyncio.timeout(5):
            while site.counts.under_way == 0:  # noqa: ASYNC110 - a counter has no event to wait for
                await asyncio.sleep(0)
            writer.close()
            while site.counts.under_way:  # noqa: ASYNC110 - a counter has no event to wait for
                await asyncio.sleep(0)

    assert site.reasons == {"cut_short": 1}
