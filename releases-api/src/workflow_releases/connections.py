"""How many connections a listener holds and for how long, so that idle ones can stop nobody else.

uvicorn's own limit answers 503 to everybody, a liveness probe included, and waits for ever for a request.
"""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# In a row, of what is no part of a body: a head, empty lines, trailers. Proxies take 8 to 32 KiB; the parser
# has no bound of its own, keeps all of it, and copies it with each piece that comes.
_MAX_BYTES_WITHOUT_BODY = 64 * 1024
# Requests behind the one that is being answered. Neither browsers nor scrapers nor proxies send any; uvicorn
# would parse and keep as many as come, each of which takes a hundred times the bytes that were sent.
_MAX_QUEUED = 8


class Connection(HttpToolsProtocol):
    """One connection of a listener; `connection_class` makes the class of each listener."""

    most: ClassVar[int]
    request_seconds: ClassVar[float]
    # Those with no whole request to answer, the longest idle first. A dict, because it keeps that order.
    idle: ClassVar[dict["Connection", None]]

    _partial = False  # a request has begun and its end has not come
    _deadline: asyncio.TimerHandle | None = None
    _bytes_without_body = 0
    _in_head = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        if len(self.connections) > self.most:
            # The longest idle one has had its chance; a new one is perhaps a probe. Unless all are busy.
            next(iter(self.idle), self).abort()
        if not transport.is_closing():
            self.idle[self] = None
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self.idle.pop(self, None)
        self._end_deadline()
        self._unset_keepalive_if_required()  # uvicorn leaves it after an error
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._bytes_without_body += len(data)
        super().data_received(data)
        if self._bytes_without_body > _MAX_BYTES_WITHOUT_BODY:
            self.abort()
            return
        # Not only for a request that has begun: empty lines before one would keep a connection open too.
        if self._partial or self in self.idle:
            self._expect_request()

    def on_message_begin(self) -> None:
        self._partial = self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes behind the body is a trailer, and none of the headers that proxies vouch for.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._bytes_without_body = 0
        self._in_head = False
        if self.transport.is_closing():
            return  # aborted, and the parser still has the rest of what was read
        super().on_headers_complete()
        if len(self.pipeline) > _MAX_QUEUED:
            self.pipeline.clear()
            self.abort()

    def on_body(self, body: bytes) -> None:
        self._bytes_without_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._partial = False
        self._end_deadline()
        if not self.cycle.response_complete:  # it is, when the answer did not wait for the body
            self.idle.pop(self, None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if not self.pipeline:
            self.idle.pop(self, None)
            self.idle[self] = None
        super().on_response_complete()
        if self.transport.is_closing():  # once its reader has fetched what is buffered, which may be never
            self._end_deadline()
            self._deadline = self.loop.call_later(self.timeout_keep_alive, self.abort)

    def timeout_keep_alive_handler(self) -> None:
        self.abort()  # closing would wait for a reader that fetches nothing

    def abort(self) -> None:
        """Closes at once, and makes room at once: `connection_lost` comes in a later turn of the loop."""
        self.connections.discard(self)
        self.idle.pop(self, None)
        self.transport.abort()

    def _expect_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.request_seconds, self.abort)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def connection_class(most: int, request_seconds: float) -> type[Connection]:
    """Connections of one listener: `most` at a time, and each request sent whole in `request_seconds`."""

    class ListenerConnection(Connection):
        idle: ClassVar[dict[Connection, None]] = {}

    ListenerConnection.most = most
    ListenerConnection.request_seconds = request_seconds
    return ListenerConnection


def abort_all(connections: Iterable[object]) -> None:
    """Ends the connections of a server that are still open."""
    for connection in list(connections):
        if isinstance(connection, Connection):
            connection.abort()
