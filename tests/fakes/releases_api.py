"""A releases API that misbehaves as told, on a real socket; it keeps the bytes of every request.

A behaviour gets a request's head and the connection; when it returns, the connection is closed.
"""

import asyncio
import gzip
import hashlib
import socket
import ssl
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress

from workflow_exporter.web_address import WebAddress, parse_web_address

Behaviour = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]

JSON = {"Content-Type": "application/json"}
_MEBIBYTE = 1024 * 1024


class FakeReleasesApi:
    """Behaves as `behaviours` say, one for each connection; the last one stays. Use `running()`."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.behaviours = list(behaviours)
        self.connections = 0  # with or without a request
        self.requests: list[bytes] = []  # each head as it arrived
        self.port = 0
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> WebAddress:
        return parse_web_address(f"http://127.0.0.1:{self.port}")

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["FakeReleasesApi"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    def headers(self, number: int) -> dict[str, str]:
        """Of one request, by lower-case name."""
        lines = self.requests[number].decode().split("\r\n")[1:]
        return {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
        }

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None, "start_server runs its callback as a task"
        self._serving.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await self._serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()
            self._serving.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head)
        behave = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        await behave(head, writer)


# --- an honest server ----------------------------------------------------------------------------------


def serves(document: bytes, *, signatures: str | None = None, packed: bool = True) -> Behaviour:
    """As the contract says: the hash as ETag, 304 to who has it, `Catalog-Signature`."""
    digest = hashlib.sha256(document).hexdigest()
    etag = f'"{digest}-gzip"' if packed else f'"{digest}"'
    shared = {"ETag": etag, "Vary": "Accept-Encoding"}
    if signatures is not None:
        shared["Catalog-Signature"] = signatures
    encoding = {"Content-Encoding": "gzip"} if packed else {}
    body = gzip.compress(document, mtime=0) if packed else document
    whole = answers(200, {**JSON, **encoding, **shared}, body)
    unchanged = answers(304, shared)

    async def behave(head: bytes, writer: asyncio.StreamWriter) -> None:
        await (unchanged if digest.encode() in head else whole)(head, writer)

    return behave


def answers(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Behaviour:
    """One answer with its length."""
    fields = {**(headers or {}), "Content-Length": str(len(body))}
    return sends(answer_head(status, fields) + body)


def answer_head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


# --- dishonest ones ------------------------------------------------------------------------------------


def sends(data: bytes) -> Behaviour:
    """These bytes, and the end."""

    async def behave(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return behave


def drips(data: bytes, interval_seconds: float) -> Behaviour:
    """One byte after the other, so that no read ever takes long."""

    async def behave(_head: bytes, writer: asyncio.StreamWriter) -> None:
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(interval_seconds)

    return behave


def says_nothing() -> Behaviour:
    """Holds the connection until the fake ends."""

    async def behave(_head: bytes, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return behave


def never_ends(headers: Mapping[str, str], pieces: Iterable[bytes]) -> Behaviour:
    """A chunked body of `pieces`, which may be without end."""

    async def behave(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer_head(200, {**headers, "Transfer-Encoding": "chunked"}))
        for piece in pieces:
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()

    return behave


def resets_after(data: bytes) -> Behaviour:
    """These bytes, then a TCP reset."""

    async def behave(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        # Lingering for 0 s makes close() send RST, socket(7).
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return behave


def gzip_bomb(mebibytes: int) -> bytes:
    """Zeros that take a thousandth of their size."""
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    zeros = bytes(_MEBIBYTE)
    return b"".join(packer.compress(zeros) for _ in range(mebibytes)) + packer.flush()


def endless(piece: bytes) -> Iterable[bytes]:
    while True:
        yield piece


def endless_gzip_of_nothing() -> Iterable[bytes]:
    """Blocks that decompress to nothing, for ever: `00 00 00 ff ff` is an empty stored one, RFC 1951."""
    yield gzip.compress(b"")[:10]
    yield from endless(b"\x00\x00\x00\xff\xff" * 10_000)
