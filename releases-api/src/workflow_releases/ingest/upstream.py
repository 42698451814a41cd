"""Step 14, the wire: POST to one address over kept connections, on asyncio and httptools.

Not httpx, because it is measured: a request through it costs 1 to 3 ms of CPU, fifteen times what all
checks of a report cost; this costs 0.04 ms. It is the one client that runs once for each report.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import httptools

from workflow_releases.web_address import WebAddress

MAX_CONNECTIONS = 64  # Prometheus appends with a few cores; more would only wait there
_MAX_ANSWER_BYTES = 64 * 1024  # of an answer whose text nobody reads
_IDLE_SECONDS = 60.0  # shorter than Prometheus keeps an idle connection (5 min, --web.read-timeout)


class UpstreamDownError(Exception):
    """No answer: refused, reset, closed, not in time, or not HTTP. The text names the cause, for the log."""


class _ConnectionLostError(UpstreamDownError):
    """The connection ended before an answer began."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the upstream said: a final status, and `Retry-After` where it is a number of seconds."""

    status: int
    retry_after_seconds: int | None = None


class Upstream:
    """Sends bodies; each call is one request, repeated only on a kept connection that had been closed."""

    def __init__(
        self,
        address: WebAddress,
        clock: Callable[[], float],
        tls: ssl.SSLContext | None = None,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        """`clock` gives seconds and never goes back; `tls` is for addresses with https."""
        self._address = address
        self._head = (
            f"POST {address.path} HTTP/1.1\r\nhost: {address.authority}\r\nuser-agent: workflow-releases\r\n"
            "content-type: application/x-protobuf\r\ncontent-encoding: snappy\r\n"
            "x-prometheus-remote-write-version: 0.1.0\r\n"
        ).encode("ascii")
        self._clock = clock
        self._tls = (tls or ssl.create_default_context()) if address.is_tls else None
        self._free = asyncio.Semaphore(max_connections)
        self._idle: deque[tuple[_Connection, float]] = deque()
        self._open: set[_Connection] = set()

    async def post(self, body: bytes, head: bytes, deadline_seconds: float) -> Answer:
        """`head` is header lines for this request, each ended; raises UpstreamDownError."""
        request = self._head + head + b"content-length: %d\r\n\r\n" % len(body) + body
        try:
            async with asyncio.timeout(deadline_seconds), self._free:
                kept = self._kept_connection()
                if kept is not None:
                    try:
                        return await self._exchange(kept, request)
                    except _ConnectionLostError:
                        pass  # it was closed while it was idle; the same samples twice are taken once
                return await self._exchange(await self._connect(), request)
        except TimeoutError as error:
            raise UpstreamDownError(f"no answer within {deadline_seconds:g} s") from error
        except OSError as error:
            raise UpstreamDownError(f"no connection: {error.strerror or type(error).__name__}") from error

    def close(self) -> None:
        for connection in tuple(self._open):
            connection.abort()
        self._idle.clear()

    async def _exchange(self, connection: "_Connection", request: bytes) -> Answer:
        try:
            answer = await connection.exchange(request)
        except BaseException:
            connection.abort()
            raise
        if connection.is_reusable:
            self._idle.append((connection, self._clock()))
        else:
            connection.abort()
        return answer

    def _kept_connection(self) -> "_Connection | None":
        """The one used last, so that those that are too many grow old and are closed."""
        while self._idle and self._clock() - self._idle[0][1] > _IDLE_SECONDS:
            self._idle.popleft()[0].abort()
        while self._idle:
            connection, _ = self._idle.pop()
            if connection.is_reusable:
                return connection
        return None

    async def _connect(self) -> "_Connection":
        address = self._address
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(self._open),
            address.host,
            address.port,
            ssl=self._tls,
            server_hostname=address.host if self._tls else None,
        )
        return connection


class _Connection(asyncio.Protocol):
    """One connection: one request at a time, its answer parsed as it arrives."""

    def __init__(self, opened: "set[_Connection]") -> None:
        self._opened = opened
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[Answer] | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._retry_after: int | None = None
        self._status = 0  # of a final answer, once its head is whole
        self._received = 0
        self.is_reusable = False

    async def exchange(self, request: bytes) -> Answer:
        if self._transport is None or self._transport.is_closing():
            raise _ConnectionLostError("the connection was closed")
        self._answered = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._retry_after, self._status, self._received = None, 0, 0
        self.is_reusable = False
        self._transport.write(request)
        return await self._answered

    def abort(self) -> None:
        self.is_reusable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        self._opened.add(self)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._parser is None or self._answered is None or self._answered.done():
            self.abort()  # nobody asked for this
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail(UpstreamDownError("the answer is not HTTP"))
        else:
            if self._received > _MAX_ANSWER_BYTES and not self._answered.done():
                self._fail(UpstreamDownError("the answer does not end"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._opened.discard(self)
        self.is_reusable = False
        if self._status and self._answered is not None and not self._answered.done():
            self._answered.set_result(Answer(self._status, self._retry_after))  # its text ends by closing
            return
        cause = type(exc).__name__ if exc else "closed"
        lost = _ConnectionLostError if self._received == 0 else UpstreamDownError
        self._fail(lost(f"the connection ended before the answer did: {cause}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) < 6:
            self._retry_after = int(value)

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code() if self._parser else 0
        if status >= 200:  # before it come informational ones (RFC 9110, 15.2)
            self._status = status

    def on_message_complete(self) -> None:
        if self._status and self._parser is not None and self._answered is not None:
            self.is_reusable = self._parser.should_keep_alive()
            if not self._answered.done():
                self._answered.set_result(Answer(self._status, self._retry_after))

    def _fail(self, error: UpstreamDownError) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error)
        if self._transport is not None:
            self._transport.abort()
