"""The client towards the store, on real sockets: kept connections, and every way in which an answer fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from workflow_releases.ingest.upstream import Answer, Upstream, UpstreamDownError
from workflow_releases.web_address import parse_web_address

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"authorization: Bearer t\r\n"


@dataclass(slots=True)
class Server:
    """One behaviour for each connection; the last one stays. `requests` as they arrived."""

    behaviours: Sequence[Behaviour]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behaviour = self.behaviours[min(self.connections, len(self.behaviours) - 1)]
        self.connections += 1
        try:
            await behaviour(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def read(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        self.requests.append(head + await reader.readexactly(length))


@asynccontextmanager
async def running(*answers: bytes | None, then: str = "stay") -> AsyncIterator[tuple[Server, Upstream]]:
    """Each connection gives these answers to its requests; None is silence. Then it stays, or closes."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await server.read(reader)
            if answer is None:
                await asyncio.Event().wait()
            else:
                writer.write(answer)
                await writer.drain()
        while then == "stay":
            await server.read(reader)
            writer.write(answers[-1] or b"")

    server = Server([behave])
    serving: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(server.accept(reader, writer)))

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    upstream = Upstream(
        parse_web_address(f"http://127.0.0.1:{server.port}/api/v1/write?x=1"), asyncio.get_running_loop().time
    )
    try:
        yield server, upstream
    finally:
        listening.close()
        upstream.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


ANSWERS: dict[str, tuple[bytes, Answer]] = {
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204)),
    "200 with a text": (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes", Answer(200)),
    "chunked": (b"HTTP/1.1 400 x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nbad\r\n0\r\n\r\n", Answer(400)),
    "after a 100": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 x\r\n\r\n", Answer(204)),
    "to come again": (b"HTTP/1.1 429 x\r\nRetry-After: 17\r\ncontent-length: 0\r\n\r\n", Answer(429, 17)),
    "to come again on a day": (
        b"HTTP/1.1 503 x\r\nretry-after: Fri, 31 Dec 2027 23:59:59 GMT\r\ncontent-length: 0\r\n\r\n",
        Answer(503),
    ),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("raw", "expected"), ANSWERS.values(), ids=ANSWERS)
async def test_answer_is_read_and_its_connection_is_kept(raw: bytes, expected: Answer) -> None:
    async with running(raw) as (server, upstream):
        answers = [await upstream.post(b"body %d" % number, HEAD, 5) for number in range(3)]

        assert (answers, server.connections) == ([expected] * 3, 1)
        assert (
            server.requests[1]
            == (
                f"POST /api/v1/write?x=1 HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n"
                "user-agent: workflow-releases\r\ncontent-type: application/x-protobuf\r\n"
                "content-encoding: snappy\r\nx-prometheus-remote-write-version: 0.1.0\r\n"
                "authorization: Bearer t\r\ncontent-length: 6\r\n\r\nbody 1"
            ).encode()
        )


CLOSING = {
    "says so": b"HTTP/1.1 204 x\r\nconnection: close\r\n\r\n",
    "closes where the text ends": b"HTTP/1.1 200 OK\r\n\r\nno length",
    "is of HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n",
}


@pytest.mark.anyio
@pytest.mark.parametrize("raw", CLOSING.values(), ids=CLOSING)
async def test_connection_that_closes_after_an_answer_is_not_used_again(raw: bytes) -> None:
    async with running(raw, then="close") as (server, upstream):
        statuses = [(await upstream.post(b"x", b"", 5)).status for _ in range(2)]

        assert server.connections == 2
        assert {status // 100 for status in statuses} == {2}


@pytest.mark.anyio
async def test_kept_connection_that_was_closed_meanwhile_costs_no_report() -> None:
    async with running(b"HTTP/1.1 204 x\r\n\r\n", then="close") as (server, upstream):
        statuses = [(await upstream.post(b"x", b"", 5)).status for _ in range(5)]

        assert (statuses, server.connections) == ([204] * 5, 5)


FAILURES: dict[str, tuple[tuple[bytes | None, ...], str]] = {
    "closes without an answer": ((), "ended before the answer"),
    "closes within the head": ((b"HTTP/1.1 20",), "ended before the answer"),
    "hangs": ((None,), "no answer within 0.5 s"),
    "hangs within the head": ((b"HTTP/1.1 204 x\r\n", None), "no answer within 0.5 s"),
    "is no HTTP": ((b"SSH-2.0-OpenSSH_9.2\r\n",), "not HTTP"),
    "never ends": ((b"HTTP/1.1 200 x\r\nx: " + b"y" * 200_000,), "does not end|not HTTP"),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("answers", "why"), FAILURES.values(), ids=FAILURES)
async def test_upstream_that_fails_is_down_and_the_next_request_connects_anew(
    answers: tuple[bytes | None, ...], why: str
) -> None:
    deadline = 0.5 if None in answers else 60.0  # the others fail by themselves, however slow the machine is
    async with running(*answers, then="close") as (server, upstream):
        for _ in range(2):
            with pytest.raises(UpstreamDownError, match=why):
                await upstream.post(b"x", b"", deadline)

        assert server.connections == 2


@pytest.mark.anyio
async def test_upstream_that_does_not_listen_is_down() -> None:
    async with running(b"") as (server, _):
        port = server.port
    upstream = Upstream(parse_web_address(f"http://127.0.0.1:{port}/"), asyncio.get_running_loop().time)

    with pytest.raises(UpstreamDownError, match="no connection"):
        await upstream.post(b"x", b"", 5)


@pytest.mark.anyio
async def test_requests_wait_for_a_free_connection_and_no_longer_than_their_deadline() -> None:
    async with running(None) as (server, _):
        address = parse_web_address(f"http://127.0.0.1:{server.port}/")
        upstream = Upstream(address, asyncio.get_running_loop().time, max_connections=2)

        # Two hold both connections for as long as the others wait.
        holding = [asyncio.create_task(upstream.post(b"x", b"", 60)) for _ in range(2)]
        async with asyncio.timeout(10):
            while server.connections < 2:  # noqa: ASYNC110 - lets both connect; nothing sets an event
                await asyncio.sleep(0)

        failed = await asyncio.gather(
            *(upstream.post(b"x", b"", 0.1) for _ in range(4)), return_exceptions=True
        )
        connections = server.connections
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)

        assert [type(one) for one in failed] == [UpstreamDownError] * 4
        assert connections == 2


@pytest.mark.anyio
async def test_many_requests_at_once_are_answered_each_with_its_own() -> None:
    async with running(b"HTTP/1.1 204 x\r\n\r\n") as (server, upstream):
        answers = await asyncio.gather(*(upstream.post(b"%d" % n, b"", 5) for n in range(200)))

        assert answers == [Answer(204)] * 200
        assert {int(one.rpartition(b"\r\n")[2]) for one in server.requests} == set(range(200))
        assert server.connections <= 64


@pytest.mark.anyio
async def test_connection_that_was_idle_for_a_minute_is_closed() -> None:
    now = 0.0
    async with running(b"HTTP/1.1 204 x\r\n\r\n") as (server, _):
        address = parse_web_address(f"http://127.0.0.1:{server.port}/")
        upstream = Upstream(address, lambda: now)
        await upstream.post(b"x", b"", 5)
        now = 59.0
        await upstream.post(b"x", b"", 5)
        kept = server.connections
        now = 120.0
        await upstream.post(b"x", b"", 5)
        upstream.close()

        assert (kept, server.connections) == (1, 2)
