"""How many connections a listener holds, for how long and in how much memory, so that they stop no others.

uvicorn's own limit answers 503 to everybody, a liveness probe included. It waits for ever for a request, and
for the reader of an answer.
"""

import asyncio
import fcntl
import logging
import socket
import struct
import termios
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_log = logging.getLogger(__name__)

# In a row, of what is no part of a body: a head, empty lines, trailers. Proxies take 8 to 32 KiB; the parser
# has no bound of its own, keeps all of it, and copies it with each piece that comes.
_MAX_BYTES_WITHOUT_BODY = 64 * 1024
_MAX_HEADERS = 100  # of a request, as Apache's LimitRequestFields; each takes up to 25 times its bytes
# In which a body comes, and one more for each so many bytes of it: each costs as much as a kilobyte. Senders
# write pieces of some kilobytes.
_MAX_PIECES = 1024
_BYTES_FOR_A_PIECE = 64
# Requests behind the one that is being answered. Neither browsers nor scrapers nor proxies send any; uvicorn
# would parse and keep as many as come, each of which takes a hundred times the bytes that were sent.
_MAX_QUEUED = 8
# With more connections than these, each may keep less: this much of a head, and no requests that wait.
_CROWD = 256
_MAX_BYTES_WITHOUT_BODY_IN_A_CROWD = 8 * 1024
# Of each answer before it is sent; else the kernel takes up to 4 MB. For a scrape of 4 MB, to wake up 30
# times costs half a millisecond.
_MAX_BYTES_IN_KERNEL = 128 * 1024
# A body that is larger is given to uvicorn in pieces, and each waits until the one before is in the kernel.
# So a slow reader costs a piece in this process, and not a copy of the answer.
_MAX_BYTES_WHOLE = 64 * 1024
_BYTES_OF_PIECE = 32 * 1024
# SO_LINGER of socket(7): on, and 0 seconds. The kernel then drops what is not sent and resets the connection.
_DROP_UNSENT = struct.pack("ii", 1, 0)

_NOT_HTTP = "not HTTP, answered 400"
_OTHER_PROTOCOL = "asks for another protocol, which is ignored"
_LONG_HEAD = "a head or trailer that is too long, connection closed"
_MANY_HEADERS = f"more than {_MAX_HEADERS} headers, connection closed"
_CRUMBS = "a body in too many pieces, connection closed"
_QUEUED = "too many requests behind an unanswered one, connection closed"


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """What the readers of one listener's answers are given."""

    # In which a reader takes at least a byte. Lost packets are sent again sooner; nginx waits for 60 s.
    stall_seconds: float = 30
    # For a whole answer, from when its reader is first waited for: 200 KB, a large page, at 1 KB/s.
    answer_seconds: float = 300
    # Of all answers that wait for their readers; what several wait for counts once, and one that is
    # larger alone is kept all the same.
    unread_bytes: int = 16 * 1024 * 1024
    # Without progress, after which a new connection takes the reader's place and not that of an idle one.
    patience_seconds: float = 5
    look_seconds: float = 1  # between two looks at all readers, a microsecond for each


class BadRequests:
    """The log of bad requests on one port: a line for the first of a kind, then one a minute with a count."""

    def __init__(self, port: int, minute_seconds: float = 60) -> None:
        self._port, self._minute_seconds = port, minute_seconds
        self._more: dict[str, int] = {}  # by kind, since its last line
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def note(self, kind: str) -> None:
        if kind in self._more:
            self._more[kind] += 1
            return
        _log.warning("port %d: bad request: %s", self._port, kind)
        self._begin_minute(kind)

    def close(self) -> None:
        """Logs what was counted and not yet logged."""
        for kind, timer in self._timers.items():
            timer.cancel()
            self._tell(kind)
        self._more.clear()
        self._timers.clear()

    def _begin_minute(self, kind: str) -> None:
        self._more[kind] = 0
        self._timers[kind] = asyncio.get_running_loop().call_later(
            self._minute_seconds, self._end_minute, kind
        )

    def _end_minute(self, kind: str) -> None:
        if self._more[kind]:
            self._tell(kind)
            self._begin_minute(kind)
        else:
            del self._more[kind], self._timers[kind]

    def _tell(self, kind: str) -> None:
        if self._more[kind]:
            _log.warning("port %d: %d more bad requests: %s", self._port, self._more[kind], kind)


@dataclass(slots=True)
class _Reader:
    """How far the reader of an answer is."""

    since: float  # when it was first waited for
    moved: float  # when it was last seen to have taken something
    unread: int  # bytes, the kernel's included
    buffered: int  # of them, the bytes in this process
    body: bytes  # of which the rest is not written yet; empty for none


class Readers:
    """The connections of a listener whose answers wait for their readers."""

    def __init__(self, limits: AnswerLimits) -> None:
        self._limits = limits
        self.stall_milliseconds = max(1, round(limits.stall_seconds * 1000))  # 0 would mean: for ever
        # The longest without progress first. A dict, because it keeps that order.
        self.waiting: dict[Connection, _Reader] = {}
        self._looking = False
        self._kept_bytes = 0
        self._waiting_for: Counter[int] = Counter()  # readers of a body, by its id: most share one

    def add(self, connection: "Connection", since: float) -> None:
        """`since` is when this answer was first waited for; makes room for it first."""
        buffered = connection.transport.get_write_buffer_size()
        unread = buffered + connection.bytes_in_kernel()
        reader = _Reader(since, connection.loop.time(), unread, buffered, connection.body)
        self._keep(reader)
        while self.waiting and self._kept_bytes > self._limits.unread_bytes:
            next(iter(self.waiting)).abort()
        self.waiting[connection] = reader
        self._look_later(connection.loop)

    def discard(self, connection: "Connection") -> None:
        reader = self.waiting.pop(connection, None)
        if reader is None:
            return
        self._kept_bytes -= reader.buffered
        self._waiting_for[id(reader.body)] -= 1
        if not self._waiting_for[id(reader.body)]:
            del self._waiting_for[id(reader.body)]
            self._kept_bytes -= len(reader.body)

    def _keep(self, reader: _Reader) -> None:
        self._kept_bytes += reader.buffered
        self._waiting_for[id(reader.body)] += 1
        if self._waiting_for[id(reader.body)] == 1:
            self._kept_bytes += len(reader.body)

    def stuck(self, now: float) -> "Connection | None":
        """The one that has taken nothing for the longest time, if that is longer than patience."""
        for connection, reader in self.waiting.items():
            return connection if now - reader.moved >= self._limits.patience_seconds else None
        return None

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.waiting and not self._looking:
            self._looking = True
            loop.call_later(self._limits.look_seconds, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looking = False
        now = loop.time()
        for connection, reader in list(self.waiting.items()):
            self._update(connection, reader, now)
            stalled = now - reader.moved >= self._limits.stall_seconds
            if stalled or now - reader.since >= self._limits.answer_seconds:
                connection.abort()
        self._look_later(loop)

    def _update(self, connection: "Connection", reader: _Reader, now: float) -> None:
        buffered = connection.transport.get_write_buffer_size()
        unread = buffered + connection.bytes_in_kernel()
        if unread < reader.unread:
            reader.moved = now
            self.waiting[connection] = self.waiting.pop(connection)
        self._kept_bytes += buffered - reader.buffered
        reader.unread, reader.buffered = unread, buffered


class Connection(HttpToolsProtocol):
    """One connection of a listener; `connection_class` makes the class of each listener."""

    most: ClassVar[int]
    request_seconds: ClassVar[float]
    bad_requests: ClassVar[BadRequests]
    # Who is in which state, the longest first. Dicts, because they keep that order.
    idle: ClassVar[dict["Connection", None]]  # no whole request to answer
    busy: ClassVar[dict["Connection", None]]  # a request that is being answered
    queueing: ClassVar[dict["Connection", None]]  # requests behind the one that is being answered
    readers: ClassVar[Readers]  # those with an answer that is not wholly handed to the kernel

    body = b""  # of the answer under way, while it is written in pieces
    _partial = False  # a request has begun and its end has not come
    _deadline: asyncio.TimerHandle | None = None
    _bytes_without_body = 0
    _bytes_queued = 0
    _pieces = 0  # of the body under way
    _body_bytes = 0
    _in_head = False
    _answered = False  # the application has ended, and its answer waits for the reader
    _reader_since: float | None = None  # when the reader of the answer under way was first waited for

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._application, self.app = self.app, self._run

    def _run(self, scope: Any, receive: Any, send: Any) -> Any:
        """The application, with large bodies in pieces. Small ones pass without a coroutine more."""

        def in_pieces(message: Any) -> Any:
            large = len(message.get("body", b"")) > _MAX_BYTES_WHOLE
            return self._send_in_pieces(send, message) if large else send(message)

        return self._application(scope, receive, in_pieces)

    async def _send_in_pieces(self, send: Any, message: Any) -> None:
        """`send` waits between two pieces until the reader has made room for the next."""
        body = self.body = message["body"]
        more = message.get("more_body", False)
        for end in range(_BYTES_OF_PIECE, len(body) + _BYTES_OF_PIECE, _BYTES_OF_PIECE):
            last = end >= len(body)
            if last:
                self.body = b""
            piece = body[end - _BYTES_OF_PIECE : end]
            await send({"type": "http.response.body", "body": piece, "more_body": more or not last})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        # `pause_writing` is called as soon as anything has to wait, `resume_writing` when nothing does.
        transport.set_write_buffer_limits(high=0)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MAX_BYTES_IN_KERNEL)
        # Holds after a close too: to a peer that takes nothing and acknowledges probes, the kernel would
        # offer the rest of an answer without an end.
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # on Linux
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self.readers.stall_milliseconds)
        if len(self.connections) > self.most and (in_the_way := self._in_the_way()):
            in_the_way.abort()
        self.idle[self] = None
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._unset_keepalive_if_required()  # uvicorn leaves it after an error
        super().connection_lost(exc)
        self.app = self._application  # no cycle that only the garbage collector would end

    def data_received(self, data: bytes) -> None:
        self._bytes_without_body += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.bad_requests.note(_OTHER_PROTOCOL)
        except httptools.HttpParserError:
            if not self.transport.is_closing():
                self.bad_requests.note(_NOT_HTTP)
                self.send_400_response("Invalid HTTP request received.")
        if self.transport.is_closing():
            return
        if self._bytes_without_body > self._most_bytes_without_body():
            self._cut_off(_LONG_HEAD)
            return
        if self.pipeline:
            self._bytes_queued += len(data)
            if self._bytes_queued > _MAX_BYTES_WITHOUT_BODY:
                self._cut_off(_QUEUED)
                return
        # Not only for a request that has begun: empty lines before one would keep a connection open too.
        if self._partial or self in self.idle:
            self._expect_request()

    def on_message_begin(self) -> None:
        self._partial = self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes behind the body is a trailer, and none of the headers that proxies vouch for.
        if not self._in_head or self.transport.is_closing():
            return
        super().on_header(name, value)
        if len(self.headers) > _MAX_HEADERS:
            self._cut_off(_MANY_HEADERS)

    def on_headers_complete(self) -> None:
        self._bytes_without_body = self._pieces = self._body_bytes = 0
        self._in_head = False
        if self.transport.is_closing():
            return  # aborted, and the parser still has the rest of what was read
        super().on_headers_complete()
        if self.pipeline:
            self.busy.pop(self, None)
            self.queueing[self] = None
            if len(self.pipeline) > (0 if self._in_a_crowd() else _MAX_QUEUED):
                self._cut_off(_QUEUED)

    def on_body(self, body: bytes) -> None:
        self._bytes_without_body = 0
        self._pieces += 1
        self._body_bytes += len(body)
        if self._pieces > _MAX_PIECES + self._body_bytes // _BYTES_FOR_A_PIECE:
            self._cut_off(_CRUMBS)
            raise ConnectionAbortedError(_CRUMBS)  # so that the parser leaves the rest of what was read
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._partial = False
        self._end_deadline()
        if not self.cycle.response_complete:  # it is, when the answer did not wait for the body
            self.idle.pop(self, None)
            if not self.pipeline:
                self.busy[self] = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.busy.pop(self, None)
        if self.flow.write_paused:
            self._answered = True  # the next request begins when this answer is read: one at most is kept
            return
        self._reader_since = None
        if len(self.pipeline) == 1:  # the next to be answered
            self.queueing.pop(self, None)
            self.busy[self] = None
        if not self.pipeline:
            self.cycle.body = bytearray()  # of which the application took nothing; uvicorn keeps it
            self._bytes_queued = 0
            self.idle.pop(self, None)
            self.idle[self] = None
            if len(self.connections) > self.most:
                self.transport.close()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.flow.pause_reading()
        self.busy.pop(self, None)  # the answer is late because of its reader
        self._reader_since = self._reader_since or self.loop.time()
        self.readers.add(self, self._reader_since)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.readers.discard(self)
        if self._answered:
            self._answered = False
            self.on_response_complete()
            return
        if self not in self.queueing and self not in self.idle:
            self.busy[self] = None
        if not self.pipeline:
            self.flow.resume_reading()

    def timeout_keep_alive_handler(self) -> None:
        self._leave()  # a slow reader still gets the rest of its answer, which the kernel has

    def abort(self) -> None:
        """Closes at once, and drops what the kernel has of the answer; the peer sees a reset."""
        with suppress(OSError):  # closed already
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_UNSENT)
        self._leave()

    def _leave(self) -> None:
        """Makes room at once: `connection_lost` comes in a later turn of the loop."""
        self.connections.discard(self)
        self._forget()
        self.pipeline.clear()
        self.transport.abort()

    def bytes_in_kernel(self) -> int:
        """Sent bytes that the other side has not acknowledged, and those not yet sent: SIOCOUTQ of tcp(7)."""
        sock = self.transport.get_extra_info("socket")
        try:
            (count,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)))
        except OSError:
            return 0  # not on Linux: then progress shows only in steps of the kernel's buffer
        return int(count)

    def _in_the_way(self) -> "Connection | None":
        """Whose place a new connection takes. It is perhaps a probe, so it is not the one that is closed."""
        stuck = self.readers.stuck(self.loop.time())
        if stuck is not None:
            return stuck
        # A flood makes one group the largest, and what comes meanwhile is in another, or the youngest in it.
        groups: list[Mapping[Connection, object]]
        groups = [self.readers.waiting, self.queueing, self.idle, self.busy]
        largest = max(groups, key=len)
        # All may be busy for a moment, and deserve their answers.
        if largest is self.busy and len(self.connections) <= 2 * self.most:
            return None
        return next(iter(largest), None)

    def _cut_off(self, kind: str) -> None:
        self.bad_requests.note(kind)
        self.abort()

    def _forget(self) -> None:
        self.idle.pop(self, None)
        self.queueing.pop(self, None)
        self.busy.pop(self, None)
        self.readers.discard(self)
        self._end_deadline()

    def _in_a_crowd(self) -> bool:
        return len(self.connections) > _CROWD

    def _most_bytes_without_body(self) -> int:
        return _MAX_BYTES_WITHOUT_BODY_IN_A_CROWD if self._in_a_crowd() else _MAX_BYTES_WITHOUT_BODY

    def _expect_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.request_seconds, self.abort)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def connection_class(
    most: int, request_seconds: float, answers: AnswerLimits, bad_requests: BadRequests
) -> type[Connection]:
    """Connections of one listener: `most` at a time, and each request sent whole in `request_seconds`."""

    class ListenerConnection(Connection):
        idle: ClassVar[dict[Connection, None]] = {}
        queueing: ClassVar[dict[Connection, None]] = {}
        busy: ClassVar[dict[Connection, None]] = {}
        readers: ClassVar[Readers] = Readers(answers)

    ListenerConnection.most = most
    ListenerConnection.request_seconds = request_seconds
    ListenerConnection.bad_requests = bad_requests
    return ListenerConnection


def abort_all(connections: Iterable[object]) -> None:
    """Ends the connections of a server that are still open."""
    for connection in list(connections):
        if isinstance(connection, Connection):
            connection.abort()
