"""Direct connections to the API server: httpcore's pool over asyncio's own transports.

httpx's own transport awaits each TLS record (16 KB at most) through three layers, which doubles the CPU
of reading thousands of nodes. asyncio decrypts whatever has arrived and hands it over at once.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

# Received and not yet read; beyond it the server is made to wait. A page of nodes is 8 MiB.
_MOST_UNREAD_BYTES = 512 * 1024


class DirectTransport(httpx.AsyncBaseTransport):
    """What `httpx.AsyncHTTPTransport` is without a proxy; raises the same exceptions."""

    def __init__(self, tls: ssl.SSLContext, limits: httpx.Limits) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        with _as_httpx():
            answer = await self._pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:  # httpcore types it as sync or async
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """httpcore's exceptions as httpx's, which have the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error


class _Backend(httpcore.AsyncNetworkBackend):
    """Connections by asyncio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature, here and below
        local_address: str | None = None,  # noqa: ARG002  see below
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002  see below
    ) -> httpcore.AsyncNetworkStream:
        """Neither `local_address` nor `socket_options` is ever given: the pool above sets none."""
        loop = asyncio.get_running_loop()
        failures = {TimeoutError: httpcore.ConnectTimeout, OSError: httpcore.ConnectError}
        with _as_httpcore(failures):
            async with asyncio.timeout(timeout):
                transport, received = await loop.create_connection(_Received, host, port)
        return _Stream(transport, received)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Received(asyncio.Protocol):
    """What has arrived on one connection and was not read yet."""

    def __init__(self) -> None:
        self._parts: deque[bytes] = deque()
        self._unread_bytes = 0
        self._ended = False
        self._error: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Called once more when TLS begins: reading pauses on the transport that delivers.
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  what asyncio makes of a TCP connection
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        self._unread_bytes += len(data)
        if self._unread_bytes > _MOST_UNREAD_BYTES and self._transport and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        self._wake()

    @property
    def is_readable(self) -> bool:
        """Whether a read would return at once; on an idle connection that means the server has closed it."""
        return self._ended or bool(self._parts)

    async def read(self, max_bytes: int) -> bytes:
        """What has arrived; nothing at the end. Raises OSError where the connection broke."""
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._take(max_bytes)

    def _take(self, max_bytes: int) -> bytes:
        part = self._parts.popleft()
        if len(part) > max_bytes:
            self._parts.appendleft(part[max_bytes:])
            part = part[:max_bytes]
        self._unread_bytes -= len(part)
        if self._paused and self._transport and self._unread_bytes <= _MOST_UNREAD_BYTES // 2:
            self._paused = False
            self._transport.resume_reading()
        return part

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, transport: asyncio.Transport, received: _Received) -> None:
        self._transport = transport
        self._received = received

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore's signature
        with _as_httpcore({TimeoutError: httpcore.ReadTimeout, OSError: httpcore.ReadError}):
            async with asyncio.timeout(timeout):
                return await self._received.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109, ARG002  httpcore's
        """Returns at once: requests to the API server are a few hundred bytes and have no body."""
        if self._transport.is_closing():
            raise httpcore.WriteError("the connection is closed")
        self._transport.write(buffer)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        failures = {TimeoutError: httpcore.ConnectTimeout, OSError: httpcore.ConnectError}
        try:
            with _as_httpcore(failures):
                async with asyncio.timeout(timeout):
                    transport = await loop.start_tls(
                        self._transport, self._received, ssl_context, server_hostname=server_hostname
                    )
        except BaseException:  # a cancellation, too, must not leave the connection open
            self._transport.abort()
            raise
        assert transport is not None  # noqa: S101  None is only for transports that are closing
        self._received.connection_made(transport)
        return _Stream(transport, self._received)

    async def aclose(self) -> None:
        # Without a farewell: asyncio would wait up to 30 s for the server's.
        self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._received.is_readable
        return self._transport.get_extra_info(
            {"server_addr": "peername", "client_addr": "sockname"}.get(info, info)
        )


@contextmanager
def _as_httpcore(failures: Mapping[type[OSError], type[Exception]]) -> Iterator[None]:
    """The first entry that an exception is an instance of; TimeoutError is an OSError, so it stands first."""
    try:
        yield
    except OSError as error:
        for kind, failure in failures.items():
            if isinstance(error, kind):
                raise failure(str(error)) from error
        raise
