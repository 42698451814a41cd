"""Idle, half-sent and unread connections against both programs' listeners, over real sockets."""

import asyncio
import logging
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import workflow_exporter.connections
import workflow_exporter.listeners
import workflow_releases.connections
import workflow_releases.listeners

pytestmark = pytest.mark.anyio

PROGRAMS = pytest.mark.parametrize(
    "program",
    [workflow_exporter.listeners, workflow_releases.listeners],
    ids=["workflow_exporter", "workflow_releases"],
)
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = REQUEST.replace(b"/", b"/large", 1)
LARGE_BYTES = 64 * 2**20  # 64 MiB
SHARED = b"x" * (8 * 2**20)
PAGE_BYTES = 60_000  # which the kernel takes at once
FOR_EVER = 10  # seconds; what these tests wait for is there in milliseconds or never

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Application:
    """Answers once it has the body, `/early` before; `/waits` when `released`.

    `/large` is 64 MiB, `/pieces` the same in pieces, `/shared` 8 MiB that are kept, `/page` 60 KB.
    """

    def __init__(self) -> None:
        self.waiting, self.released, self.answering = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.taken = 0  # of an answer in pieces, by the listener
        self.begun = 0
        self.headers: list[tuple[bytes, bytes]] = []  # of the newest request, once its body is read

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self.begun += 1
        while scope["path"] != "/early" and (await receive()).get("more_body"):
            pass
        self.headers = list(scope["headers"])
        if scope["path"] == "/waits":
            self.waiting.set()
            await self.released.wait()
        sizes = {"/large": LARGE_BYTES, "/pieces": LARGE_BYTES, "/page": PAGE_BYTES, "/shared": len(SHARED)}
        size = sizes.get(scope["path"], 5)
        length = str(size).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        self.answering.set()
        while scope["path"] == "/pieces" and self.taken < LARGE_BYTES - 2**14:
            await send({"type": "http.response.body", "body": b"x" * 2**14, "more_body": True})
            self.taken += 2**14
        body = SHARED if scope["path"] == "/shared" else b"x" * (size - self.taken)
        await send({"type": "http.response.body", "body": body})


class Served:
    """A listener under test, and those who connect to it."""

    def __init__(self, listener: Any, application: Application, held: AsyncExitStack) -> None:
        self.url: str = listener.url
        self.application = application
        self._address = listener.sock.getsockname()
        self._held = held
        self.stop = asyncio.Event()

    async def connect(self, sent: bytes = b"") -> Peer:
        reader, writer = await asyncio.open_connection(*self._address)
        self._held.callback(abort, writer)
        writer.write(sent)
        return reader, writer

    async def unread(self, sent: bytes = LARGE) -> Peer:
        """A connection whose answer has begun; no more of it is read than the client's buffers take."""
        peer = await self.connect(sent)
        async with asyncio.timeout(FOR_EVER):
            await peer[0].readuntil(b"\r\n\r\n")
        return peer

    @contextmanager
    def never_reading(self, sent: bytes) -> Iterator[socket.socket]:
        """A connection whose kernel takes 2 KB and acknowledges probes; closed at the end of a `with`."""
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect(self._address)
            peer.sendall(sent)
            yield peer

    async def request_seconds_pass(self) -> None:
        assert await is_closed(await self.connect())

    async def gone(self, peer: socket.socket) -> None:
        """Waits until the kernel keeps nothing of the server's side."""
        async with asyncio.timeout(FOR_EVER):
            while is_kept(self._address[1], peer):
                await self.request_seconds_pass()

    async def status(self) -> int:
        async with httpx.AsyncClient(trust_env=False, timeout=FOR_EVER) as client:
            return (await client.get(self.url)).status_code


def abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@asynccontextmanager
async def serving(program: Any, **limits: Any) -> AsyncIterator[Served]:
    async with AsyncExitStack() as held:
        application = Application()
        listener = program.bind("127.0.0.1", 0, "PORT")
        served = Served(listener, application, held)
        task = asyncio.create_task(program.serve_until(served.stop, listener, application, **limits))
        yield served
        application.released.set()
        served.stop.set()
        await asyncio.wait_for(task, FOR_EVER)


async def is_closed(peer: Peer) -> bool:
    """Waits for the end of what the server sends."""
    try:
        async with asyncio.timeout(FOR_EVER):
            while await peer[0].read(2**16):
                pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


async def length_of_rest(peer: Peer, taken: int = 0) -> int:
    """How much comes of the large answer's body, `taken` included, before the connection ends."""
    async with asyncio.timeout(FOR_EVER):
        while taken < LARGE_BYTES and (piece := await read(peer, min(2**20, LARGE_BYTES - taken))):
            taken += len(piece)
    return taken


async def read(peer: Peer, most: int) -> bytes:
    """What has come, or the next that comes; nothing where the connection has ended."""
    try:
        return await peer[0].read(most)
    except ConnectionError:
        return b""


def is_kept(port: int, peer: socket.socket) -> bool:
    """Whether the kernel still has the server's side of a connection, closed by the server or not."""
    numbers = (port, peer.getsockname()[1])
    if sys.platform == "darwin":  # which has no /proc
        told = subprocess.run(["netstat", "-an", "-p", "tcp"], capture_output=True, text=True, check=True)
        ends, rows = (
            [f".{number}" for number in numbers],
            [line.split()[3:] for line in told.stdout.splitlines()],
        )
    else:
        lines = Path("/proc/net/tcp").read_text().splitlines()
        ends, rows = [f":{number:04X}" for number in numbers], [line.split()[1:] for line in lines]
    return any(row[0].endswith(ends[0]) and row[1].endswith(ends[1]) for row in rows if len(row) > 1)


def rest(peer: socket.socket) -> bytes:
    """Everything that comes until the server closes."""
    peer.settimeout(FOR_EVER)
    return b"".join(iter(lambda: peer.recv(2**16), b""))


async def answer(peer: Peer, sent: bytes = REQUEST) -> bytes:
    """The body of one answer; raises when the connection was closed instead."""
    peer[1].write(sent)
    async with asyncio.timeout(FOR_EVER):
        await peer[0].readuntil(b"\r\n\r\n")
        return await peer[0].readexactly(5)


async def pour(writer: asyncio.StreamWriter, most: int) -> None:
    """Raises ConnectionError when the connection is closed before `most` bytes were sent."""
    for _ in range(most // 2**16):
        writer.write(b"y" * 2**16)
        await writer.drain()


@PROGRAMS
async def test_more_half_open_connections_than_a_listener_holds_stop_no_request(program: Any) -> None:
    async with serving(program, max_connections=4) as served:
        half_open = [await served.connect(sent) for sent in (b"", b"GET / HT") for _ in range(10)]

        statuses = [await served.status() for _ in range(3)]
        closed = [await is_closed(peer) for peer in half_open[:16]]

    assert statuses == [200, 200, 200]
    assert closed == [True] * 16


@PROGRAMS
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost:",
        b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
        REQUEST + b"GET / HT",
    ],
    ids=["nothing", "half of the headers", "empty lines", "half of the body", "half of a second request"],
)
async def test_a_connection_that_sends_no_whole_request_in_time_is_closed(program: Any, sent: bytes) -> None:
    async with serving(program, request_seconds=0.05) as served:
        assert await is_closed(await served.connect(sent))


WITHOUT_AN_END = {
    "a target": b"GET /",
    "a header": b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ",
    "a trailer": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Long: ",
}


@PROGRAMS
@pytest.mark.parametrize("begun", WITHOUT_AN_END.values(), ids=WITHOUT_AN_END)
async def test_a_head_that_does_not_end_is_cut_off_before_it_takes_memory(program: Any, begun: bytes) -> None:
    async with serving(program, request_seconds=10 * FOR_EVER) as served:
        _, writer = await served.connect(begun)
        with pytest.raises(ConnectionError):
            await pour(writer, 16 * 2**20)  # several times what two sockets buffer


@PROGRAMS
async def test_many_requests_and_large_bodies_on_one_connection_are_not_taken_for_a_long_head(
    program: Any,
) -> None:
    body = b"x" * 2**17
    chunks = b"1\r\nx\r\n" * 1000 + b"80\r\n" + b"x" * 128 + b"\r\n"
    head = b"POST / HTTP/1.1\r\nHost: x\r\n"
    async with serving(program) as served:
        kept = await served.connect()
        answers = [await answer(kept) for _ in range(2**16 // len(REQUEST) + 100)]
        answers.append(await answer(kept, head + b"Content-Length: %d\r\n\r\n" % len(body) + body))
        answers.append(
            await answer(kept, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        )

    assert set(answers) == {b"xxxxx"}


@PROGRAMS
@pytest.mark.parametrize(("size", "pieces", "closed"), [(1, 1024, False), (1, 2000, True), (70, 5000, False)])
async def test_a_body_has_a_thousand_pieces_and_one_for_each_64_bytes(
    program: Any, size: int, pieces: int, closed: bool
) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = head + b"%x\r\n%b\r\n" % (size, b"x" * size) * pieces + b"0\r\n\r\n"
    async with serving(program) as served:
        peer = await served.connect()
        if closed:
            peer[1].write(sent)
            assert await is_closed(peer)
        else:
            assert [await answer(peer, sent) for _ in range(3)] == [b"xxxxx"] * 3


@PROGRAMS
@pytest.mark.parametrize(("behind", "closed"), [(8, False), (9, True), (9_000, True)])
async def test_few_requests_wait_for_the_answer_to_another_on_the_same_connection(
    program: Any, behind: int, closed: bool
) -> None:
    async with serving(program, request_seconds=10 * FOR_EVER) as served:
        peer = await served.connect(REQUEST.replace(b"/", b"/waits", 1) + REQUEST * behind)
        if closed:
            assert await is_closed(peer)
        else:
            await served.application.waiting.wait()
            served.application.released.set()
            assert [await answer(peer, b"") for _ in range(1 + behind)] == [b"xxxxx"] * (1 + behind)
        assert await served.status() == 200


@PROGRAMS
async def test_a_trailer_is_no_header(program: Any) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    trailer = b"1\r\ny\r\n0\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n"
    async with serving(program) as served:
        peer = await served.connect()
        assert await answer(peer, head + trailer) == b"xxxxx"
        assert await answer(peer) == b"xxxxx"  # the connection goes on

        names = [name for name, _ in served.application.headers]
        await answer(peer, head + trailer)
        assert (names, served.application.headers) == (
            [b"host"],
            [(b"host", b"x"), (b"x-forwarded-for", b"192.0.2.1"), (b"transfer-encoding", b"chunked")],
        )


@PROGRAMS
async def test_empty_lines_on_a_kept_connection_do_not_hold_it(program: Any) -> None:
    async with serving(program, request_seconds=0.05) as served:
        kept = await served.connect()
        await answer(kept)

        kept[1].write(b"\r\n")
        assert await is_closed(kept)


@PROGRAMS
async def test_a_kept_connection_may_be_silent_for_longer_than_a_request_may_take(program: Any) -> None:
    async with serving(program, request_seconds=0.2) as served:
        scraper = await served.connect()
        first = await answer(scraper)

        assert await is_closed(await served.connect())  # so the same time has passed for the scraper
        assert (first, await answer(scraper)) == (b"xxxxx", b"xxxxx")


@PROGRAMS
async def test_the_longest_idle_connection_is_closed_for_a_new_one(program: Any) -> None:
    async with serving(program, max_connections=2) as served:
        scraper, idle = await served.connect(), await served.connect()
        await answer(scraper)

        new = await served.connect()
        bodies = [await answer(new), await answer(scraper)]

        assert await is_closed(idle)
    assert bodies == [b"xxxxx", b"xxxxx"]


@PROGRAMS
async def test_a_connection_that_waits_for_its_answer_is_not_closed_for_a_new_one(program: Any) -> None:
    async with serving(program, max_connections=1) as served:
        asking = await served.connect(REQUEST.replace(b"/ ", b"/waits ", 1))
        await served.application.waiting.wait()

        assert await is_closed(await served.connect(REQUEST))
        served.application.released.set()
        assert await answer(asking, b"") == b"xxxxx"


@PROGRAMS
async def test_a_new_connection_is_answered_although_all_others_wait_for_their_answers(program: Any) -> None:
    async with serving(program, max_connections=2) as served:
        waits = REQUEST.replace(b"/ ", b"/waits ", 1)
        asking = [await served.connect(waits) for _ in range(2)]
        await served.application.waiting.wait()
        probes = [await served.connect() for _ in range(2)]
        assert [await answer(probe) for probe in probes] == [b"xxxxx"] * 2

        asking += [await served.connect(waits) for _ in range(3)]
        statuses = [await served.status() for _ in range(3)]
        served.application.released.set()
        answered = [await answer(peer, b"") for peer in asking[-3:]]

        # Twice as many as it holds by rights, the oldest of which makes way.
        assert (statuses, answered) == ([200] * 3, [b"xxxxx"] * 3)
        assert await is_closed(asking[0])


@PROGRAMS
async def test_an_answer_that_nobody_fetches_stops_no_other(program: Any) -> None:
    async with serving(program, max_connections=1) as served:
        unread = await served.connect(LARGE)
        async with asyncio.timeout(FOR_EVER):
            await unread[0].readuntil(b"\r\n\r\n")

        assert await served.status() == 200


@PROGRAMS
async def test_more_unread_connections_than_a_listener_holds_stop_no_request(program: Any) -> None:
    async with serving(program, max_connections=4) as served:
        for _ in range(6):
            await served.unread(LARGE * 9)

        assert [await served.status() for _ in range(3)] == [200, 200, 200]


@PROGRAMS
@pytest.mark.parametrize("last", [b"", b"Connection: close\r\n"], ids=["kept", "closed after the answer"])
async def test_an_answer_of_which_nothing_is_taken_for_a_while_is_cut_off(program: Any, last: bytes) -> None:
    async with serving(
        program, request_seconds=0.3, answers=program.AnswerLimits(stall_seconds=0.1, look_seconds=0.02)
    ) as served:
        peer = await served.unread(LARGE.replace(b"\r\n\r\n", b"\r\n" + last + b"\r\n"))
        await served.request_seconds_pass()

        assert await length_of_rest(peer) < LARGE_BYTES


@PROGRAMS
async def test_an_answer_that_is_read_slowly_is_not_cut_off(program: Any) -> None:
    async with serving(
        program, request_seconds=0.05, answers=program.AnswerLimits(stall_seconds=0.5, look_seconds=0.02)
    ) as served:
        peer = await served.unread()
        began = asyncio.get_running_loop().time()
        taken = 0
        while asyncio.get_running_loop().time() < began + 1.5:
            taken += len(await peer[0].read(2**17))
            await served.request_seconds_pass()

        assert await length_of_rest(peer, taken) == LARGE_BYTES
        assert await answer(peer) == b"xxxxx"


@PROGRAMS
async def test_an_answer_that_is_read_slowly_has_an_end(program: Any) -> None:
    async with serving(
        program, request_seconds=0.05, answers=program.AnswerLimits(answer_seconds=0.3, look_seconds=0.02)
    ) as served:
        peer = await served.unread()
        taken = 0
        async with asyncio.timeout(FOR_EVER):
            while piece := await read(peer, 2**16):
                taken += len(piece)
                await served.request_seconds_pass()

        assert taken < LARGE_BYTES


@PROGRAMS
async def test_a_new_connection_takes_the_place_of_a_reader_who_takes_nothing(program: Any) -> None:
    limits = program.AnswerLimits(unread_bytes=3 * LARGE_BYTES, patience_seconds=0.2, look_seconds=0.02)
    async with serving(program, max_connections=4, request_seconds=0.05, answers=limits) as served:
        idle = await served.connect()
        await answer(idle)
        slow, stuck = await served.unread(), await served.unread()
        taken, began = 0, asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < began + 0.6:
            taken += len(await read(slow, 2**17))
            await served.request_seconds_pass()

        new = await served.connect()
        answers = [await answer(peer) for peer in (new, await served.connect(), idle)]
        assert answers == [b"xxxxx"] * 3
        assert await length_of_rest(slow, taken) == LARGE_BYTES
        assert await length_of_rest(stuck) < LARGE_BYTES


@PROGRAMS
async def test_answers_that_wait_for_their_readers_take_little_memory_together(program: Any) -> None:
    async with serving(program, answers=program.AnswerLimits(unread_bytes=LARGE_BYTES * 3 // 2)) as served:
        first, second = await served.unread(), await served.unread()

        assert await length_of_rest(first) < LARGE_BYTES
        assert await length_of_rest(second) == LARGE_BYTES


@PROGRAMS
async def test_many_readers_of_one_large_answer_all_get_it_and_take_no_copies(program: Any) -> None:
    request = REQUEST.replace(b"/", b"/shared", 1).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with serving(program) as served:
        tracemalloc.start()
        try:
            peers = [await served.unread(request) for _ in range(12)]
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert kept < 2 * len(SHARED)  # 12 times without pieces
        assert [await length_of_rest(peer) for peer in peers] == [len(SHARED)] * 12


@PROGRAMS
async def test_the_kernel_keeps_little_of_an_answer(program: Any) -> None:
    async with serving(program, request_seconds=0.2) as served:
        with served.never_reading(REQUEST.replace(b"/", b"/pieces", 1)):
            await served.request_seconds_pass()

            # 4 MB without the bound, also where there is one connection only
            assert 2**16 < served.application.taken < 2**20


ENDED_BY_THE_SERVER = {
    "cut off": LARGE,
    "closed after an answer that the kernel has": REQUEST.replace(b"/", b"/page", 1).replace(
        b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"
    ),
}


@PROGRAMS
@pytest.mark.parametrize("sent", ENDED_BY_THE_SERVER.values(), ids=ENDED_BY_THE_SERVER)
async def test_the_kernel_keeps_nothing_for_a_reader_who_takes_nothing(program: Any, sent: bytes) -> None:
    limits = program.AnswerLimits(stall_seconds=0.2, look_seconds=0.02)
    async with serving(program, request_seconds=0.05, answers=limits) as served:
        with served.never_reading(sent) as peer:
            await served.gone(peer)


@PROGRAMS
async def test_the_kernel_keeps_nothing_of_an_answer_whose_place_is_taken(program: Any) -> None:
    async with serving(program, max_connections=1, request_seconds=0.05) as served:
        with served.never_reading(LARGE) as peer:
            await served.application.answering.wait()
            assert await served.status() == 200

            await served.gone(peer)


@PROGRAMS
async def test_a_slow_reader_has_the_rest_of_its_answer_after_the_keep_alive_time(program: Any) -> None:
    async with serving(program, request_seconds=0.2, keep_alive_seconds=0) as served:
        with served.never_reading(REQUEST.replace(b"/", b"/page", 1)) as peer:
            await served.request_seconds_pass()

            assert len(await asyncio.to_thread(rest, peer)) > PAGE_BYTES


@PROGRAMS
async def test_a_body_that_the_application_does_not_take_is_not_kept(program: Any) -> None:
    sent = b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + b"y" * 50_000
    async with serving(program, request_seconds=10 * FOR_EVER) as served:
        tracemalloc.start()
        try:
            for _ in range(40):
                assert await answer(await served.connect(), sent) == b"xxxxx"
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert kept < 40 * 50_000 / 2


@PROGRAMS
async def test_a_request_waits_until_the_answer_before_it_is_read(program: Any) -> None:
    async with serving(program, request_seconds=0.05) as served:
        peer = await served.unread(LARGE + REQUEST)
        peer[1].write(REQUEST)
        await served.request_seconds_pass()
        begun = served.application.begun

        rest = await length_of_rest(peer)
        assert (begun, rest, [await answer(peer, b"") for _ in range(2)]) == (1, LARGE_BYTES, [b"xxxxx"] * 2)


@PROGRAMS
async def test_a_request_has_a_hundred_headers_at_most(program: Any) -> None:
    async with serving(program) as served:
        head = REQUEST.removesuffix(b"\r\n")
        assert await answer(await served.connect(), head + b"a:b\r\n" * 99 + b"\r\n") == b"xxxxx"
        assert await is_closed(await served.connect(head + b"a:b\r\n" * 100 + b"\r\n"))


@PROGRAMS
async def test_requests_that_wait_for_the_answer_to_another_are_small(program: Any) -> None:
    head = REQUEST.removesuffix(b"\r\n") + b"a: " + b"b" * 30_000 + b"\r\n\r\n"
    async with serving(program, request_seconds=10 * FOR_EVER) as served:
        assert await is_closed(await served.connect(REQUEST.replace(b"/", b"/waits", 1) + head * 4))


@PROGRAMS
async def test_each_of_many_connections_keeps_less(program: Any) -> None:
    async with serving(program, max_connections=300, request_seconds=10 * FOR_EVER) as served:
        head = REQUEST.removesuffix(b"\r\n") + b"a: " + b"b" * 10_000 + b"\r\n\r\n"
        peer = await served.connect()
        alone = await answer(peer, head), await answer(peer, REQUEST + REQUEST), await answer(peer, b"")
        for _ in range(256):
            await served.connect()

        small = await answer(await served.connect())
        closed = [
            await is_closed(await served.connect(sent))
            for sent in (head[:-4], REQUEST.replace(b"/", b"/waits", 1) + REQUEST)
        ]
        assert (alone, small, closed) == ((b"xxxxx",) * 3, b"xxxxx", [True, True])


BAD_REQUESTS = {
    "garbage": (b"\x16\x03\x01\r\n\r\n", "not HTTP, answered 400"),
    "a WebSocket": (
        REQUEST.removesuffix(b"\r\n") + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "asks for another protocol, which is ignored",
    ),
    "a long head": (b"GET /" + b"x" * 2**17, "a head or trailer that is too long, connection closed"),
    "a body in crumbs": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 2000,
        "a body in too many pieces, connection closed",
    ),
    "a queue": (REQUEST * 20, "too many requests behind an unanswered one, connection closed"),
}


@PROGRAMS
@pytest.mark.parametrize(("sent", "kind"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
async def test_a_flood_of_bad_requests_is_a_line_and_a_count(
    program: Any, sent: bytes, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(program) as served:
        port = served.url.rpartition(":")[2].rstrip("/")
        for _ in range(20):
            await read(await served.connect(sent), 2**16)

    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"port {port}: bad request: {kind}",
        f"port {port}: 19 more bad requests: {kind}",
    ]


@pytest.mark.parametrize("program", [workflow_exporter.connections, workflow_releases.connections])
async def test_a_kind_of_bad_request_has_a_line_a_minute(
    program: Any, caplog: pytest.LogCaptureFixture
) -> None:
    loop, minutes = asyncio.get_running_loop(), asyncio.Event()
    bad_requests = program.BadRequests(80, minute_seconds=0.05)
    for kind in ("a", "b", "a", "a"):
        bad_requests.note(kind)
    loop.call_later(0.06, bad_requests.note, "a")
    loop.call_later(0.3, minutes.set)
    await minutes.wait()
    bad_requests.note("a")
    bad_requests.close()

    assert [record.getMessage() for record in caplog.records] == [
        "port 80: bad request: a",
        "port 80: bad request: b",
        "port 80: 2 more bad requests: a",
        "port 80: 1 more bad requests: a",
        "port 80: bad request: a",
    ]


@PROGRAMS
async def test_it_stops_within_a_second_with_hundreds_of_half_open_connections(program: Any) -> None:
    listener = program.bind("127.0.0.1", 0, "PORT")
    async with AsyncExitStack() as held:
        served = Served(listener, Application(), held)
        task = asyncio.create_task(program.serve_until(served.stop, listener, served.application))
        half_sent = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"
        peers = [await served.connect(sent) for sent in (b"", b"GET / HT", half_sent) for _ in range(100)]
        peers.append(await served.connect(LARGE))
        async with asyncio.timeout(FOR_EVER):
            await peers[-1][0].readuntil(b"\r\n\r\n")

        served.stop.set()
        await asyncio.wait_for(task, 1)
        assert all([await is_closed(peer) for peer in peers])
