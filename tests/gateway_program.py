"""The releases API with its gateway on real sockets, and what is written to them byte by byte."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from fakes.receiver import SocketReceiver
from fakes.releases_api import Behaviour
from ingest_factories import HEADERS, INSTANCE, small
from workflow_releases.app import build
from workflow_releases.listeners import AsgiApp, bind, serve_until
from workflow_releases.settings import settings_from_environment

STORE_TOKEN = "store-token"


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
async def program(folder: Path, *store_behaviours: Behaviour, **environment: str) -> AsyncIterator[Served]:
    """Everything as `serve` builds it, with its real clocks, before a store that behaves as told."""
    (folder / "token").write_text(f"{STORE_TOKEN}\n")
    async with SocketReceiver(*store_behaviours).running() as store:
        application = build(
            settings_from_environment(
                {
                    "DATABASE_URL": f"sqlite:///{folder / 'releases.db'}",
                    "UPSTREAM_WRITE_URL": str(store.address),
                    "UPSTREAM_BEARER_TOKEN_FILE": str(folder / "token"),
                    **environment,
                }
            )
        )
        try:
            async with listening(application.public) as public, listening(application.metrics) as metrics:
                yield Served(public, metrics, store)
        finally:
            application.close()


def this_hour() -> int:
    return int(time.time()) // 3600 * 3600


def of_this_hour(instance_id: str = INSTANCE) -> bytes:
    return small(instance_id, this_hour())


async def exchange(url: str, pieces: Iterable[bytes], pause_seconds: float = 0.0) -> bytes:
    """Everything that comes back until the server closes, or nothing comes for half a second.

    With a pause, each piece is written when nothing has come for so long, and no more after something has.
    """
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    received = b""
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        if pause_seconds:
            received += await _within(reader, pause_seconds) or b""
        if received:
            break
    while chunk := await _within(reader, 0.5):
        received += chunk
    if chunk is None:
        received += b"<still open>"
    writer.close()
    return received


async def first_line(url: str, pieces: Iterable[bytes]) -> str:
    """Of the answer, such as `HTTP/1.1 204 No Content`; empty if the connection is closed without one."""
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        writer.writelines(pieces)
        async with asyncio.timeout(30):
            return (await reader.readline()).decode().rstrip()
    except ConnectionError:
        return ""
    finally:
        writer.close()


async def _within(reader: asyncio.StreamReader, seconds: float) -> bytes | None:
    """None: nothing came, and the connection is open."""
    try:
        return await asyncio.wait_for(reader.read(65536), seconds)
    except TimeoutError:
        return None


def head(**headers: str) -> bytes:
    lines = {"host": "x", **HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"POST /api/v1/write HTTP/1.1\r\n{text}\r\n".encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
